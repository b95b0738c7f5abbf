//! Names: what a name means where it stands, and the likeliest reason why one means nothing.
//!
//! A local name, then `here`, `local`, `sites`, then what the module declares or imports.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Expr, ExprKind};

use super::Frame;
use crate::context::Context;
use crate::hir::{Location, LocationKind, Value};
use crate::names::Definition;

impl Context<'_> {
    pub fn name_value(&self, name: &str, span: Span, frame: &Frame) -> Value {
        if let Some((_, value)) = frame.locals.iter().rev().find(|(local, _)| local == name) {
            return value.clone();
        }
        match name {
            "here" => {
                return match frame.here {
                    Some(site) => Value::Site(site),
                    None => Value::Location(Location { kind: LocationKind::Here, span }),
                };
            }
            "local" => return self.entry_value(span),
            "sites" => return self.all_sites(span),
            _ => {}
        }
        let Some(named) = self.names.get(frame.module, name) else {
            self.report(self.unknown_name(name, span, frame));
            return Value::Error;
        };
        let definition = named.definition.clone();
        let declared = named.span;
        self.record_use(span, declared, self.hover(name, &definition));
        match definition {
            Definition::Site(site) => Value::Site(site),
            Definition::Value(module, item) => self.item_value(module, item, span),
            Definition::Resource(resource) => Value::Resource(resource),
            Definition::Hole => Value::Error,
            Definition::Driver(_) => self.no_value(name, "a driver", span, declared),
            Definition::Function(..) => self.no_value(name, "a function", span, declared),
            Definition::Type(..) => self.no_value(name, "a type", span, declared),
            Definition::Module(_) => self.no_value(name, "a module", span, declared),
            Definition::NoValue(what) => self.no_value(name, what, span, declared),
            Definition::ForeignResource(..) => {
                self.unavailable(span, "a resource of an imported module");
                Value::Error
            }
        }
    }

    fn no_value(&self, name: &str, what: &str, span: Span, declared: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0201, span, format!("expected a value, found {what}"))
                .label(format!("`{name}` is {what}"))
                .secondary(declared, "declared here")
                .help("name a value here"),
        );
        Value::Error
    }

    /// The report for a name that nothing declares, with the likeliest reason.
    pub fn unknown_name(&self, name: &str, span: Span, frame: &Frame) -> Diagnostic {
        let mut report =
            Diagnostic::new(codes::E0102, span, format!("nothing is called `{name}`")).label("not declared");
        let declared = |word: &str| {
            self.names.get(frame.module, word).is_some()
                || frame.locals.iter().any(|(local, _)| local == word)
                || word.parse::<i64>().is_ok()
        };
        let parts: Vec<&str> = name.split('-').collect();
        if parts.len() > 1 && parts.iter().all(|part| declared(part)) {
            let difference = parts.join(" - ");
            return report
                .note("names may hold dashes: this is one name")
                .help(format!("did you mean the difference `{difference}`?"))
                .fix(format!("write `{difference}`"), vec![Edit::new(span, difference)]);
        }
        let locals = frame.locals.iter().map(|(local, _)| local.as_str());
        let candidates = self
            .names
            .all(frame.module)
            .map(|(name, _)| name)
            .chain(locals)
            .chain(["here", "local", "sites"]);
        if let Some(nearest) = similar::nearest(name, candidates) {
            if let Some(named) = self.names.get(frame.module, nearest) {
                report = report.secondary(named.span, format!("`{nearest}` is declared here"));
            }
            let nearest = nearest.to_string();
            return report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]);
        }
        if name.contains('-') {
            report = report.note("names may hold dashes");
        }
        report
            .help(format!("a text of its own is written with quotes: \"{name}\""))
            .fix("write it as text", vec![Edit::new(span, format!("\"{name}\""))])
    }

    /// `module.member`, where `base` names an imported module; `Err` gives the value of any other base.
    pub(super) fn module_member(
        &self,
        base: &Expr,
        name: &ast::Ident,
        frame: &Frame,
    ) -> Result<Value, Value> {
        if let ExprKind::Name(module_name) = base.kind.as_ref()
            && frame.locals.iter().all(|(local, _)| local != module_name)
            && let Some(named) = self.names.get(frame.module, module_name)
            && let Definition::Module(module) = named.definition
        {
            self.record_use(base.span, named.span, format!("module `{module_name}`"));
            return Ok(self.name_value(&name.text, name.span, &Frame { module, ..frame.clone() }));
        }
        Err(self.eval(base, frame))
    }
}
