//! The entry site: where a program starts, and what is said where it does not say.
//!
//! `entry nantes` → [`Context::entry`]; `--at paris` goes before it.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::as_name;
use scope_syntax::ast::ItemKind;

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{LocationKind, Value};
use crate::modules::ModuleId;

impl Context<'_> {
    /// Finds the entry site: `--at`, else the `entry` of the program or of a file it imports.
    pub fn find_entry(&self) {
        if let Some(name) = &self.options.entry {
            let file = self.sources.borrow_mut().add("--at", name.as_str());
            let span = Span::new(file, 0, name.len() as u32);
            match self.names.sites.get(name) {
                Some((site, _)) => self.entry.set(Some(*site)),
                None => self.report_undeclared(self.unknown_site(name, span)),
            }
            return;
        }
        let mut first: Option<Span> = None;
        for (index, module) in self.modules.modules.iter().enumerate() {
            for item in &module.tree.items {
                let ItemKind::Entry(expr) = &item.kind else { continue };
                if let Some(first) = first {
                    // The program's own entry wins over one of an imported file; two in one program do not go.
                    if first.file == item.span.file {
                        self.report(
                            Diagnostic::new(codes::E0103, item.span, "the program has two entries")
                                .label("again here")
                                .secondary(first, "first here")
                                .help("keep one: a program is entered at one site"),
                        );
                    }
                    continue;
                }
                first = Some(item.span);
                let value = self.eval_location(expr, &Frame::new(ModuleId(index as u32)));
                match value.map(|location| location.kind) {
                    Some(LocationKind::Site(site)) => self.entry.set(Some(site)),
                    Some(LocationKind::Error) | None => {}
                    Some(_) => self.report(
                        Diagnostic::new(codes::E0108, expr.span, "a program is entered at one site")
                            .label("expected one site")
                            .help("name one site"),
                    ),
                }
            }
        }
    }

    /// `local` as a value.
    pub fn entry_value(&self, span: Span) -> Value {
        match self.entry.get() {
            Some(site) => Value::Site(site),
            None => {
                self.report_undeclared(self.no_entry("this", span));
                Value::Error
            }
        }
    }

    /// The report for a request whose place depends on an entry site that is not given.
    pub fn no_entry(&self, what: &str, span: Span) -> Diagnostic {
        let mut sites: Vec<String> = self.sites.borrow().iter().map(|site| site.name.clone()).collect();
        // What is said does not depend on the order in which they are declared.
        sites.sort();
        let mut report = Diagnostic::new(codes::E0105, span, format!("where does {what} start?"))
            .label("needs the entry site, and the program has no `entry`");
        if let Some(first) = sites.first() {
            let first = as_name(first);
            let listed = sites.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
            let more = if sites.len() > 8 { ", …" } else { "" };
            report = report
                .help(format!("--at {first}, or `entry {first}` in the program (sites: {listed}{more})"));
        } else {
            report = report.help("declare a site and name it: `site a { … }`, `entry a`");
        }
        report
    }
}
