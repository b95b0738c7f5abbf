//! Names: what each module declares and imports, and what a name means in it.
//!
//! One namespace a module. A second declaration of a name is reported at the second; the first stands. Sites, besides,
//! have one table for the whole program, by their real names: JSON forms (`"New York"`) are looked up there.

use std::collections::{BTreeMap, BTreeSet};

use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::RESERVED_WORDS;
use scope_syntax::ast::{self, ImportSource, ItemKind};

use crate::driver::types::BUILT_IN;
use crate::eval::Frame;
use crate::hir::SiteId;
use crate::modules::{ModuleId, Modules};

/// Words that cannot be declared: they are predeclared or read differently in expressions.
const RESERVED: [&str; 4] = ["here", "local", "sites", "resources"];

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Definition {
    /// A declared site.
    Site(SiteId),
    /// A driver, by its name.
    Driver(String),
    /// `let`, `param`: module and item.
    Value(ModuleId, usize),
    /// `fn`, `operator`: module and item.
    Function(ModuleId, usize),
    /// `type`: module and item.
    Type(ModuleId, usize),
    /// A resource, existing, call or bound `$` line: module and item. What it stands for depends on the use of the module.
    Resource(ModuleId, usize),
    /// An imported module under its alias.
    Module(ModuleId),
    /// An output, sequence or test: declared, but no value.
    NoValue(&'static str),
    /// Declared by an item in error: fits everything, reported already.
    Hole,
}

/// A definition and where its name was declared.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub definition: Definition,
    pub span: Span,
}

/// All names of a program.
#[derive(Default)]
pub(crate) struct Names {
    modules: Vec<BTreeMap<String, Named>>,
    /// Every site of the program by its real name and its alias.
    pub sites: BTreeMap<String, (SiteId, Span)>,
    /// A family of sites is in error, in whole or in part: what nothing declares may be a site of it.
    pub lacks_sites: bool,
    /// Names imported from files with families of sites.
    pending: Vec<Pending>,
}

/// A site, named and not yet evaluated.
pub(crate) struct DeclaredSite {
    pub module: ModuleId,
    pub item: usize,
    pub name: String,
    /// With the names of the family's element.
    pub frame: Frame,
}

/// A name imported from a file that has families of sites: it may be one of theirs.
struct Pending {
    into: ModuleId,
    from: ModuleId,
    name: ast::Ident,
}

/// What collecting gives, besides the names.
pub(crate) struct Collected {
    pub names: Names,
    /// Sites declared by name, in the order of [`SiteId`]s.
    pub sites: Vec<DeclaredSite>,
    /// Families of sites and sites whose name is computed, to be expanded: module, item.
    pub site_families: Vec<(ModuleId, usize)>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Names {
    pub fn get(&self, module: ModuleId, name: &str) -> Option<&Named> {
        self.modules[module.0 as usize].get(name)
    }

    pub fn all(&self, module: ModuleId) -> impl Iterator<Item = (&str, &Named)> {
        self.modules[module.0 as usize].iter().map(|(name, named)| (name.as_str(), named))
    }

    /// Gives names imported from files with families of sites their meaning, once the families are expanded.
    pub fn resolve_family_sites(&mut self, modules: &Modules) -> Vec<Diagnostic> {
        let mut reports = Vec::new();
        for Pending { into, from, name } in std::mem::take(&mut self.pending) {
            let definition = match self.sites.get(&name.text) {
                Some((site, _)) => Definition::Site(*site),
                None => {
                    let own =
                        self.modules[from.0 as usize].iter().map(|(name, named)| (name.as_str(), named.span));
                    let sites = self.sites.iter().map(|(name, (_, span))| (name.as_str(), *span));
                    if !self.lacks_sites {
                        reports.push(not_declared(&name, &modules.get(from).path, own.chain(sites)));
                    }
                    Definition::Hole
                }
            };
            let span = self.sites.get(&name.text).map_or(name.span, |(_, span)| *span);
            let table = &mut self.modules[into.0 as usize];
            match table.get(&name.text) {
                Some(first) if is_another(first, &definition) => {
                    reports.push(declared_twice(&name.text, name.span, first.span));
                    table.insert(name.text, Named { definition: Definition::Hole, span });
                }
                Some(_) => {}
                None => drop(table.insert(name.text, Named { definition, span })),
            }
        }
        reports
    }

    /// Reports what has the name of a site of a family where that is known: in its own file, and where the whole file is
    /// imported. `families` are the sites of each file.
    pub fn clashes_with_family_sites(
        &mut self,
        modules: &Modules,
        families: &BTreeMap<ModuleId, Vec<(String, Span)>>,
    ) -> Vec<Diagnostic> {
        let mut reports = Vec::new();
        for (index, table) in self.modules.iter_mut().enumerate() {
            let module = modules.get(ModuleId(index as u32));
            let imports = module.tree.items.iter().filter_map(|item| match &item.kind {
                ItemKind::Import(import) => Some(import),
                _ => None,
            });
            let whole = imports.zip(&module.imports).filter_map(|(import, target)| {
                let is_whole = import.names.is_none() && import.alias.is_none();
                target.filter(|_| is_whole && matches!(import.source, ImportSource::File(_)))
            });
            let known: BTreeSet<ModuleId> = whole.chain([ModuleId(index as u32)]).collect();
            for (name, span) in known.iter().filter_map(|module| families.get(module)).flatten() {
                let Some(named) = table.get_mut(name) else { continue };
                if matches!(named.definition, Definition::Hole | Definition::Site(_)) {
                    continue;
                }
                reports.push(declared_twice(name, named.span, *span));
                named.definition = Definition::Hole;
            }
        }
        reports
    }

    /// The nearest name of a module that `accept`s.
    pub fn nearest(
        &self,
        module: ModuleId,
        word: &str,
        accept: impl Fn(&Definition) -> bool,
    ) -> Option<(&str, &Named)> {
        let candidates =
            self.all(module).filter(|(_, named)| accept(&named.definition)).map(|(name, _)| name);
        let name = similar::nearest(word, candidates)?;
        self.modules[module.0 as usize].get_key_value(name).map(|(name, named)| (name.as_str(), named))
    }
}

/// Collects the declarations of every module, then resolves the imports between them.
pub(crate) fn collect(modules: &Modules) -> Collected {
    let mut collector = Collector {
        modules,
        sites: Vec::new(),
        site_families: Vec::new(),
        pending: Vec::new(),
        site_table: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    let mut tables: Vec<BTreeMap<String, Named>> = (0..modules.modules.len())
        .map(|index| collector.declarations(ModuleId(u32::try_from(index).expect("few modules"))))
        .collect();
    let own = tables.clone();
    for (index, table) in tables.iter_mut().enumerate() {
        collector.imports(ModuleId(index as u32), table, &own);
    }
    Collected {
        names: Names {
            modules: tables,
            sites: collector.site_table,
            lacks_sites: false,
            pending: collector.pending,
        },
        sites: collector.sites,
        site_families: collector.site_families,
        diagnostics: collector.diagnostics,
    }
}

struct Collector<'a> {
    modules: &'a Modules,
    sites: Vec<DeclaredSite>,
    site_families: Vec<(ModuleId, usize)>,
    pending: Vec<Pending>,
    site_table: BTreeMap<String, (SiteId, Span)>,
    diagnostics: Vec<Diagnostic>,
}

impl Collector<'_> {
    fn declarations(&mut self, module: ModuleId) -> BTreeMap<String, Named> {
        let mut table = BTreeMap::new();
        for (index, item) in self.modules.get(module).tree.items.iter().enumerate() {
            match &item.kind {
                ItemKind::Param(param) => {
                    self.declare(&mut table, &param.name, Definition::Value(module, index));
                }
                ItemKind::Let(item) => self.declare(&mut table, &item.name, Definition::Value(module, index)),
                ItemKind::Function(function) => {
                    self.declare(&mut table, &function.name, Definition::Function(module, index));
                }
                ItemKind::Type(alias) => {
                    self.declare(&mut table, &alias.name, Definition::Type(module, index));
                }
                ItemKind::Site(site) => self.site(&mut table, module, index, site),
                ItemKind::Thing(thing) => {
                    self.declare(&mut table, &thing.name, Definition::Resource(module, index));
                }
                ItemKind::Native(native) => {
                    if let Some(name) = &native.name {
                        self.declare(&mut table, name, Definition::Resource(module, index));
                    }
                }
                ItemKind::Driver(driver) => {
                    self.declare(&mut table, &driver.name, Definition::Driver(driver.name.text.clone()));
                }
                ItemKind::Sequence(sequence) => {
                    self.declare(&mut table, &sequence.name, Definition::NoValue("a sequence"));
                }
                ItemKind::Error { name: Some(name), .. } => {
                    self.declare(&mut table, name, Definition::Hole);
                }
                ItemKind::Import(_)
                | ItemKind::Entry(_)
                | ItemKind::Link(_)
                | ItemKind::Output(_)
                | ItemKind::Require(_)
                | ItemKind::Test(_)
                | ItemKind::Error { name: None, .. } => {}
            }
        }
        table
    }

    fn site(
        &mut self,
        table: &mut BTreeMap<String, Named>,
        module: ModuleId,
        index: usize,
        site: &ast::Site,
    ) {
        let (Some(name), None) = (site.name.literal(), &site.family) else {
            self.site_families.push((module, index));
            return;
        };
        let id = SiteId(u32::try_from(self.sites.len()).expect("bounded by the file's size"));
        self.sites.push(DeclaredSite { module, item: index, name: name.clone(), frame: Frame::new(module) });
        let ident = ast::Ident { text: name.clone(), span: site.name.span };
        if let Some((_, first)) = self.site_table.get(&name) {
            self.diagnostics.push(declared_twice(&name, site.name.span, *first));
        } else {
            self.site_table.insert(name, (id, site.name.span));
        }
        if !table.contains_key(&ident.text) {
            self.declare(table, &ident, Definition::Site(id));
        }
        if let Some(alias) = &site.alias {
            self.declare(table, alias, Definition::Site(id));
            self.site_table.entry(alias.text.clone()).or_insert((id, alias.span));
        }
    }

    fn declare(&mut self, table: &mut BTreeMap<String, Named>, name: &ast::Ident, definition: Definition) {
        let is_type = matches!(definition, Definition::Type(..));
        // A site is named in quotes, too.
        let is_word = RESERVED_WORDS.contains(&name.text.as_str())
            && !matches!(definition, Definition::Site(_) | Definition::Hole);
        if is_word {
            self.diagnostics.push(
                Diagnostic::new(codes::E0109, name.span, format!("`{}` is a word of expressions", name.text))
                    .label("cannot be declared: nothing could refer to it")
                    .help(format!("choose another name, such as `{}_`", name.text)),
            );
            return;
        }
        if RESERVED.contains(&name.text.as_str()) || is_type && BUILT_IN.contains(&name.text.as_str()) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::E0109,
                    name.span,
                    format!("`{}` is a name of the language", name.text),
                )
                .label("cannot be declared")
                .help("choose another name"),
            );
            return;
        }
        match table.get(&name.text) {
            // What an item in error, or a file that could not be read, is thought to declare gives way.
            Some(first) if first.definition == Definition::Hole => {}
            Some(_) if definition == Definition::Hole => return,
            Some(first) => {
                self.diagnostics.push(declared_twice(&name.text, name.span, first.span));
                return;
            }
            None => {}
        }
        table.insert(name.text.clone(), Named { definition, span: name.span });
    }

    fn imports(
        &mut self,
        module: ModuleId,
        table: &mut BTreeMap<String, Named>,
        own: &[BTreeMap<String, Named>],
    ) {
        let tree = &self.modules.get(module).tree;
        let items = tree.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Import(import) => Some(import),
            _ => None,
        });
        for (import, target) in items.zip(&self.modules.get(module).imports) {
            let Some(target) = *target else {
                self.unread(table, import);
                continue;
            };
            let exported = &own[target.0 as usize];
            if let Some(names) = &import.names {
                for name in names {
                    let has_family = self.site_families.iter().any(|(module, _)| *module == target);
                    if has_family && !exported.contains_key(&name.text) {
                        self.pending.push(Pending { into: module, from: target, name: name.clone() });
                        continue;
                    }
                    self.import_name(table, name, exported, &self.modules.get(target).path.clone());
                }
                if let Some(alias) = &import.alias {
                    self.declare(table, alias, Definition::Module(target));
                }
                continue;
            }
            if let Some(name) = import.library_name() {
                // A library module declares one driver, known by the module's name.
                let driver = exported.values().find_map(|named| match &named.definition {
                    Definition::Driver(name) => Some(Definition::Driver(name.clone())),
                    _ => None,
                });
                self.declare(table, name, driver.unwrap_or(Definition::Module(target)));
                continue;
            }
            match (&import.source, &import.alias) {
                (ImportSource::Library(_), _) => {}
                (ImportSource::File(_), Some(alias)) => {
                    self.declare(table, alias, Definition::Module(target));
                }
                (ImportSource::File(path), None) => {
                    for (name, named) in exported {
                        match table.get(name) {
                            Some(first) if self.is_told(first, named) => {}
                            Some(_) if named.definition == Definition::Hole => {}
                            Some(first) if first.definition == Definition::Hole => {
                                table.insert(name.clone(), named.clone());
                            }
                            Some(first) => {
                                let is_site = [first, named]
                                    .iter()
                                    .any(|named| matches!(named.definition, Definition::Site(_)));
                                self.diagnostics.push(
                                    Diagnostic::new(
                                        codes::E0103,
                                        path.span,
                                        format!("this import declares `{name}`, which is declared already"),
                                    )
                                    .label(format!("brings `{name}` in"))
                                    .secondary(first.span, "declared here")
                                    .secondary(named.span, "and here, in the imported file")
                                    .help("import it under an alias: `import \"…\" as other`"),
                                );
                                // Whichever is meant, it is not also wrong that it is the other.
                                if is_site {
                                    let span = first.span;
                                    table.insert(name.clone(), Named { definition: Definition::Hole, span });
                                }
                            }
                            None => {
                                table.insert(name.clone(), named.clone());
                            }
                        }
                    }
                }
            }
        }
    }

    /// The names that an import brings which could not be read, and was reported.
    fn unread(&mut self, table: &mut BTreeMap<String, Named>, import: &ast::Import) {
        let name = import.library_name().or(import.alias.as_ref());
        for name in import.names.iter().flatten().chain(name) {
            self.declare(table, name, Definition::Hole);
        }
    }

    /// Whether two declarations of a name are one, or two sites of one name: those are told where they are declared.
    fn is_told(&self, first: &Named, second: &Named) -> bool {
        let site = |named: &Named| match named.definition {
            Definition::Site(id) => self.sites.get(id.0 as usize).map(|site| site.name.as_str()),
            _ => None,
        };
        first.definition == second.definition || site(first).is_some() && site(first) == site(second)
    }

    fn import_name(
        &mut self,
        table: &mut BTreeMap<String, Named>,
        name: &ast::Ident,
        exported: &BTreeMap<String, Named>,
        path: &str,
    ) {
        if let Some(named) = exported.get(&name.text) {
            if table.get(&name.text).is_some_and(|first| self.is_told(first, named)) {
                return;
            }
            if let Some(first) = table.get(&name.text).filter(|first| first.definition != Definition::Hole) {
                self.diagnostics.push(declared_twice(&name.text, name.span, first.span));
                return;
            }
            table.insert(name.text.clone(), named.clone());
            return;
        }
        let report =
            not_declared(name, path, exported.iter().map(|(name, named)| (name.as_str(), named.span)));
        self.diagnostics.push(report);
        table.insert(name.text.clone(), Named { definition: Definition::Hole, span: name.span });
        // The one that is meant is there, so that it is not missed where it is used.
        let meant = similar::nearest(&name.text, exported.keys().map(String::as_str));
        if let Some((meant, named)) = meant.and_then(|meant| exported.get_key_value(meant)) {
            table.entry(meant.clone()).or_insert_with(|| named.clone());
        }
    }
}

/// Whether a name stands for something else already.
fn is_another(named: &Named, definition: &Definition) -> bool {
    named.definition != *definition && named.definition != Definition::Hole && *definition != Definition::Hole
}

/// So many of what a file declares are named in a report.
const MOST_NAMED: usize = 8;

/// The report for a name that a file does not declare; `declared` is what it does.
fn not_declared<'n>(
    name: &ast::Ident,
    path: &str,
    declared: impl Iterator<Item = (&'n str, Span)> + Clone,
) -> Diagnostic {
    let mut report =
        Diagnostic::new(codes::E0113, name.span, format!("`{path}` declares no `{}`", name.text))
            .label("not declared there");
    let nearest = similar::nearest(&name.text, declared.clone().map(|(name, _)| name));
    if let Some((nearest, span)) =
        nearest.and_then(|nearest| declared.clone().find(|(name, _)| *name == nearest))
    {
        report = report
            .secondary(span, format!("`{nearest}` is"))
            .help(format!("did you mean `{nearest}`?"))
            .fix(format!("write `{nearest}`"), vec![scope_diagnostics::Edit::new(name.span, nearest)]);
    } else {
        let mut names: Vec<&str> = declared.map(|(name, _)| name).collect();
        names.sort_unstable();
        let more = if names.len() > MOST_NAMED { ", …" } else { "" };
        names.truncate(MOST_NAMED);
        report = match names.is_empty() {
            true => report.help("it declares nothing that can be imported"),
            false => report.help(format!("it declares {}{more}", names.join(", "))),
        };
    }
    report
}

pub(crate) fn declared_twice(name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::new(codes::E0103, second, format!("`{name}` is declared twice"))
        .label("again here")
        .secondary(first, "first declared here")
        .help("give one of them another name")
}
