//! Families of sites: `site "${s.name}" for s in yaml("inventory.yaml") { … }` is a site for each element, known by its name
//! in the whole program.
//!
//! They are named before anything else is evaluated, so that what they iterate may use files, lets and parameters, but no
//! site. Where one is in error, what is called as no site is may be of it: that is not told ([`Context::report_undeclared`]).

use std::collections::BTreeMap;

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::ItemKind;

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{SiteId, Value};
use crate::modules::ModuleId;
use crate::names::{DeclaredSite, declared_twice};

impl Context<'_> {
    /// The sites of families, and of single sites with a computed name, after those declared by name.
    pub fn expand_sites(&mut self, declared: &mut Vec<DeclaredSite>, families: &[(ModuleId, usize)]) {
        let mut found = Vec::new();
        for (module, item) in families {
            let (sites, is_whole) = self.family_of_sites(*module, *item);
            found.extend(sites);
            self.names.lacks_sites |= !is_whole;
        }
        let mut first_of: BTreeMap<String, Span> =
            self.names.sites.iter().map(|(name, (_, span))| (name.clone(), *span)).collect();
        let mut named: BTreeMap<ModuleId, Vec<(String, Span)>> = BTreeMap::new();
        for site in found {
            let ItemKind::Site(tree) = &self.item(site.module, site.item).kind else { continue };
            let span = tree.name.span;
            if let Some(first) = first_of.get(&site.name) {
                self.report(declared_twice(&site.name, span, *first));
                continue;
            }
            first_of.insert(site.name.clone(), span);
            let id = SiteId(u32::try_from(declared.len()).expect("bounded by the steps of evaluation"));
            self.names.sites.insert(site.name.clone(), (id, span));
            named.entry(site.module).or_default().push((site.name.clone(), span));
            declared.push(site);
        }
        let reports = self.names.clashes_with_family_sites(self.modules, &named);
        self.report_all(reports);
        let reports = self.names.resolve_family_sites(self.modules);
        self.report_all(reports);
    }

    /// The sites of a family that have a name, and whether these are all of them.
    fn family_of_sites(&self, module: ModuleId, item: usize) -> (Vec<DeclaredSite>, bool) {
        let ItemKind::Site(site) = &self.item(module, item).kind else { return (Vec::new(), true) };
        let frame = Frame::new(module);
        let frames = match &site.family {
            Some(generator) => self.iterate(generator, &frame),
            None => Some(vec![frame]),
        };
        let mut is_whole = frames.is_some();
        let frames = frames.unwrap_or_default();
        if let (Some(alias), Some(_)) = (&site.alias, &site.family) {
            self.report(
                Diagnostic::new(codes::E0103, alias.span, "one name cannot stand for a family of sites")
                    .label("an alias of several sites")
                    .help("leave it out: each site is known by its own name"),
            );
        }
        let mut sites = Vec::with_capacity(frames.len());
        for frame in frames {
            match self.text(&site.name, &frame) {
                Value::Text(name) if !name.trim().is_empty() => {
                    sites.push(DeclaredSite { module, item, name, frame });
                }
                other => {
                    is_whole = false;
                    self.mismatch("the name of a site, known when compiling", &other, site.name.span);
                }
            }
        }
        (sites, is_whole)
    }
}
