//! `param x: any`, and `any` in a driver's attributes: nothing is checked any more from there on.
//!
//! What a function of a driver is given of a `body`, and one of a policy of `resources`, has no other type: these are left alone.

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{ItemKind, Line, LineKind, TypeExpr, TypeKind};

use super::{Input, reports::Reports};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        let is_policy = input.modules.policies.iter().any(|id| input.modules.get(*id).file == module.file);
        let has_driver = module.tree.items.iter().any(|item| matches!(item.kind, ItemKind::Driver(_)));
        for item in &module.tree.items {
            let mut types: Vec<&TypeExpr> = Vec::new();
            match &item.kind {
                ItemKind::Param(param) => types.extend(&param.ty),
                ItemKind::Let(item) => types.extend(&item.ty),
                ItemKind::Type(alias) => types.push(&alias.ty),
                ItemKind::Function(_) if is_policy || has_driver => {}
                ItemKind::Function(function) => {
                    types.extend(function.params.iter().filter_map(|param| param.ty.as_ref()));
                    types.extend(&function.result);
                }
                ItemKind::Driver(driver) => lines(&driver.body, &mut types),
                _ => {}
            }
            types.into_iter().for_each(|ty| one(ty, reports));
        }
    }
}

fn lines<'a>(body: &'a [Line], types: &mut Vec<&'a TypeExpr>) {
    for line in body {
        match &line.kind {
            LineKind::Attribute(attribute) => types.push(&attribute.ty),
            LineKind::Phrase(phrase) => lines(phrase.body.as_deref().unwrap_or_default(), types),
            _ => {}
        }
    }
}

fn one(ty: &TypeExpr, reports: &mut Reports) {
    match ty.kind.as_ref() {
        TypeKind::Named { path, args } => {
            if args.is_empty() && path.names.len() == 1 && path.names[0].text == "any" {
                reports.push(
                    Diagnostic::new(codes::W0331, ty.span, "`any` is not checked")
                        .label("fits everything")
                        .help("write the type that is meant, such as `string` or `{ name: string }`"),
                );
            }
            args.iter().for_each(|arg| one(arg, reports));
        }
        TypeKind::Union(types) => types.iter().for_each(|ty| one(ty, reports)),
        TypeKind::Optional(inner)
        | TypeKind::In(inner, _)
        | TypeKind::Matching(inner, _)
        | TypeKind::By(inner, _) => one(inner, reports),
        TypeKind::Record(attributes) => attributes.iter().for_each(|attribute| one(&attribute.ty, reports)),
        TypeKind::Error | TypeKind::Literal(_) => {}
    }
}
