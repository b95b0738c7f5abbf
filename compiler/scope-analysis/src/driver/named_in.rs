//! Fields of declared types that hold the name of a resource: what the hand-written part of a driver says of an imported one.
//!
//! `type ServiceAccount { named in types.PodSpec.serviceAccountName }` → that field takes a `ServiceAccount` of the program as
//! well as a text. Read before any declared type is, so that all of them have it.

use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{self, Element, ExprKind, ItemKind, LineKind, TypeKind};

use super::{likeness, phrases::malformed, read};
use crate::context::Context;
use crate::modules::ModuleId;
use crate::names::Definition;

const WRITTEN: &str = "named in types.PodSpec.serviceAccountName";

impl Context<'_> {
    /// Reads every `named in` of a driver or a part of one.
    pub(crate) fn read_names(&self, module: ModuleId, driver: &ast::Driver) {
        let services = driver.body.iter().filter_map(|line| phrase(line, "service"));
        let types = services.flat_map(|service| service.body.iter().flatten());
        for ty in types.filter_map(|line| phrase(line, "type")).filter(|ty| !likeness::is_abstract(ty)) {
            let Some(name) = ty.values.first().and_then(read::name) else { continue };
            let target = format!("{}.{name}", driver.name.text);
            for named in ty.body.iter().flatten().filter_map(|line| phrase(line, "named")) {
                self.named_in(module, named, &target);
            }
        }
    }

    fn named_in<'a>(&self, module: ModuleId, phrase: &'a ast::Phrase, target: &str) {
        let [link] = phrase.links.as_slice() else { return };
        if link.word.text != "in" {
            return;
        }
        let places: Vec<&ast::Expr> = match &*link.value.kind {
            ExprKind::List(elements) => {
                let of = |element: &'a Element| match element {
                    Element::Value(value) | Element::Spread(value) => value,
                };
                elements.iter().map(of).collect()
            }
            _ => vec![&link.value],
        };
        for place in places {
            let Some(path) = read::path(place).filter(|path| path.len() >= 2) else {
                self.report_all(vec![malformed(
                    place.span,
                    "`named in` is followed by fields of declared types",
                    WRITTEN,
                )]);
                continue;
            };
            self.one_place(module, &path, place.span, target);
        }
    }

    fn one_place(&self, module: ModuleId, path: &[String], span: Span, target: &str) {
        let (field, of) = path.split_last().expect("there are two at least");
        let found = self.record_item(module, of);
        let Some((of_module, item, fields)) = found else {
            let report =
                Diagnostic::new(codes::E0416, span, format!("`{}` is no declared record", of.join(".")))
                    .label("no type that has fields");
            return self
                .report(report.help(
                    "name a field of a `type` of a module that this one imports: `types.Pod.account`",
                ));
        };
        let Some(declared) = fields.iter().find(|declared| declared.name.text == *field) else {
            let report =
                Diagnostic::new(codes::E0416, span, format!("`{}` has no field `{field}`", of.join(".")))
                    .label("no such field");
            let near = similar::nearest(field, fields.iter().map(|field| field.name.text.as_str()));
            return self.report(match near {
                Some(near) => report.help(format!("did you mean `{}.{near}`?", of.join("."))),
                None => report.help("name a field that is there, or leave this out"),
            });
        };
        if !is_text(&declared.ty) {
            let report = Diagnostic::new(codes::E0416, span, format!("`{}` is no text", path.join(".")))
                .label("a name is a text")
                .secondary(declared.name.span, "declared here");
            return self.report(report.help("name the field within it that holds the name"));
        }
        self.types.hold_name(of_module, item, field, target);
    }

    /// The item that declares a record, and its fields.
    fn record_item(&self, module: ModuleId, path: &[String]) -> Option<(ModuleId, usize, &[ast::Attribute])> {
        let definition =
            |module: ModuleId, name: &str| self.names.get(module, name).map(|named| &named.definition);
        let found = match path {
            [name] => definition(module, name)?,
            [alias, name] => match definition(module, alias)? {
                Definition::Module(target) => definition(*target, name)?,
                _ => return None,
            },
            _ => return None,
        };
        let Definition::Type(module, item) = found else { return None };
        let ItemKind::Type(alias) = &self.item(*module, *item).kind else { return None };
        match &*alias.ty.kind {
            TypeKind::Record(fields) => Some((*module, *item, fields)),
            _ => None,
        }
    }
}

fn phrase<'a>(line: &'a ast::Line, word: &str) -> Option<&'a ast::Phrase> {
    match &line.kind {
        LineKind::Phrase(phrase) if phrase.word.text == word => Some(phrase),
        _ => None,
    }
}

fn is_text(written: &ast::TypeExpr) -> bool {
    match &*written.kind {
        TypeKind::Optional(inner) | TypeKind::Matching(inner, _) => is_text(inner),
        TypeKind::Named { path, .. } => matches!(path.names.as_slice(), [name] if name.text == "string"),
        _ => false,
    }
}
