//! `password: "hunter2"`: whoever reads the program has it, and so has everyone who reads its history.

use std::collections::BTreeMap;

use scope_diagnostics::{Diagnostic, Edit, FileId, Span, codes};
use scope_syntax::ast::{Expr, ExprKind, ItemKind, RecordEntry};

use super::{Input, reports::Reports, walk};
use crate::hir::{Attribute, ResourceType, Type};

/// Words that, alone or as the last part of a name, say that a value is secret.
const SECRET: [&str; 6] = ["password", "passwd", "secret", "token", "api_key", "private_key"];

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    let types = types_by_place(input);
    for module in input.own_modules() {
        for item in &module.tree.items {
            match &item.kind {
                ItemKind::Let(item) => {
                    named(&item.name.text, &item.value, None, reports);
                    below(&item.value, None, reports);
                }
                ItemKind::Param(param) => {
                    if let Some(default) = &param.default {
                        named(&param.name.text, default, None, reports);
                    }
                }
                // What a simulated site holds is no secret.
                ItemKind::Site(site) => match site.body.kind.as_ref() {
                    ExprKind::Record(entries) => entries.iter().for_each(|entry| match entry {
                        RecordEntry::Field { key, value } if key.literal().as_deref() != Some("simulate") => {
                            below(value, None, reports);
                        }
                        _ => {}
                    }),
                    _ => below(&site.body, None, reports),
                },
                ItemKind::Thing(thing) => {
                    let Span { file, start, end } = item.span;
                    let ty = types.range((file, start)..(file, end)).next().map(|(_, ty)| *ty);
                    thing.body.iter().for_each(|body| of_thing(body, ty, input, reports));
                }
                _ => {}
            }
        }
    }
}

/// The types of the program's resources, by where their names stand.
fn types_by_place<'a>(input: &Input<'a>) -> BTreeMap<(FileId, u32), &'a ResourceType> {
    let resources = input.program.resources.iter();
    let types = resources.filter_map(|resource| {
        let driver = input.program.drivers.get(resource.ty.split_once('.')?.0)?;
        Some(((resource.span.file, resource.span.start), driver.types.get(&resource.ty)?))
    });
    types.collect()
}

/// What a resource sets: what its type keeps where it would be seen takes no secret, and so none is advised.
fn of_thing(body: &Expr, ty: Option<&ResourceType>, input: &Input<'_>, reports: &mut Reports) {
    let (ExprKind::Record(entries), Some(ty)) = (body.kind.as_ref(), ty) else {
        return below(body, None, reports);
    };
    for entry in entries {
        match entry {
            RecordEntry::Field { key, value } => {
                let name = key.literal().unwrap_or_default();
                let seen = ty.attributes.get(&name).filter(|attribute| !takes_secret(attribute));
                let instead = seen.map(|attribute| instead_of(attribute, ty, input));
                named(&name, value, instead.as_deref(), reports);
                below(value, instead.as_deref(), reports);
            }
            RecordEntry::Spread(value) => below(value, None, reports),
            RecordEntry::Error { .. } => {}
        }
    }
}

fn takes_secret(attribute: &Attribute) -> bool {
    fn holds_secret(ty: &Type) -> bool {
        match ty {
            Type::Secret(_) => true,
            Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => holds_secret(inner),
            Type::Record(fields) => fields.iter().any(|field| holds_secret(&field.ty)),
            _ => false,
        }
    }
    attribute.is_secret || holds_secret(&attribute.ty)
}

/// Where the driver keeps secrets: in another attribute of the type, or in one of this name of another type.
fn instead_of(attribute: &Attribute, ty: &ResourceType, input: &Input<'_>) -> String {
    let is_place = |attribute: &&Attribute| takes_secret(attribute) && attribute.is_settable;
    let types = ty.name.split_once('.').and_then(|(driver, _)| input.program.drivers.get(driver));
    let mut others = types.iter().flat_map(|driver| driver.types.values());
    let seen = format!("`{}` of `{}` is not kept secret", attribute.name, ty.name);
    if let Some(own) = ty.attributes.values().find(is_place) {
        return format!("{seen}; its `{}` is", own.name);
    }
    let has_it =
        |other: &&ResourceType| other.attributes.get(&attribute.name).is_some_and(|own| is_place(&own));
    match others.find(has_it) {
        Some(other) => format!("{seen}; that of `{}` is", other.name),
        None => format!("{seen}, and nothing else that it sets is: let the application fetch it"),
    }
}

/// Every entry of every record.
fn below(value: &Expr, instead: Option<&str>, reports: &mut Reports) {
    walk::expressions(value, &mut |inner| {
        let ExprKind::Record(entries) = inner.kind.as_ref() else { return };
        for entry in entries {
            if let RecordEntry::Field { key, value } = entry
                && let Some(name) = key.literal()
            {
                named(&name, value, instead, reports);
            }
        }
    });
}

fn named(name: &str, value: &Expr, instead: Option<&str>, reports: &mut Reports) {
    let lower = name.to_lowercase();
    let is_secret = SECRET.iter().any(|word| lower == *word || lower.ends_with(&format!("_{word}")));
    let ExprKind::Text(text) = value.kind.as_ref() else { return };
    if is_secret && text.literal().is_some_and(|text| !text.is_empty()) {
        reports.push(report(name, value.span, instead));
    }
}

fn report(name: &str, span: Span, instead: Option<&str>) -> Diagnostic {
    let variable = name.to_uppercase();
    let report = Diagnostic::new(codes::W0324, span, format!("`{name}` is written into the program"))
        .label("readable by everyone who reads this file, now or in its history");
    match instead {
        Some(instead) => report.help(instead),
        None => report.help(format!("write `secret(\"{variable}\")` and give it in the environment")).fix(
            format!("take it from the environment variable `{variable}`"),
            vec![Edit::new(span, format!("secret(\"{variable}\")"))],
        ),
    }
}
