//! `cross by …` of a type: how one resource is divided over several sites.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, ExprKind};

use super::super::{phrases::malformed, read};
use super::known_attribute;
use crate::hir::{Attribute, Cross, Division, Relation, ResourceType, Type};

/// `cross by sum(value, link: origin)`, `cross by parts`, `cross by parts(link: origin)`, `cross by none because "…"`
pub(super) fn cross(
    phrase: &ast::Phrase,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cross> {
    const WRITTEN: &str = "cross by sum(ATTRIBUTE, link: ATTRIBUTE)`, `cross by parts(link: ATTRIBUTE)` or `cross by none because \"…\"";
    let link = |word: &str| phrase.links.iter().find(|link| link.word.text == word).map(|link| &link.value);
    let by = link("by");
    if by.and_then(read::name) == Some("none")
        && let Some(because) = link("because").and_then(read::text)
    {
        return Some(Cross::None { because });
    }
    if let Some(by) = by.filter(|by| read::name(by) == Some("parts")) {
        return has_parts(ty, by.span, diagnostics)
            .then_some(Cross::By(Division { divided: Vec::new(), link: None }));
    }
    let Some(ExprKind::Call { callee, args }) = by.map(|by| &*by.kind) else {
        diagnostics.push(malformed(phrase.span, "`cross` says how the resource is divided", WRITTEN));
        return None;
    };
    let is_by_parts = read::name(callee) == Some("parts");
    if !is_by_parts && read::name(callee) != Some("sum") {
        diagnostics.push(malformed(callee.span, "parts are divided and read by `sum`", WRITTEN));
        return None;
    }
    if is_by_parts && !has_parts(ty, callee.span, diagnostics) {
        return None;
    }
    let mut division = Division { divided: Vec::new(), link: None };
    for argument in args {
        let key = argument.name.as_ref().map(|name| name.text.as_str());
        let path = read::expect(read::path(&argument.value), &argument.value, "an attribute", diagnostics)?;
        if !known_attribute(&path[0], argument.value.span, ty, diagnostics) {
            return None;
        }
        let name = path.join(".");
        let attribute = &ty.attributes[&path[0]];
        let is_number = matches!(below(&attribute.ty, &path[1..]).map(number), Some(Type::Int | Type::Size));
        match key {
            None if is_by_parts => {
                let said = "`parts` divides no number: what the resource is composed of is divided";
                diagnostics.push(malformed(argument.value.span, said, WRITTEN));
                return None;
            }
            None if division.divided.contains(&name) => {
                let said = format!("`{name}` is divided twice");
                diagnostics.push(malformed(argument.value.span, said, WRITTEN));
                return None;
            }
            None if is_number && attribute.is_settable => division.divided.push(name),
            Some("link") if division.link.is_some() => {
                let said = "the other parts name the prime in one attribute";
                diagnostics.push(malformed(argument.value.span, said, WRITTEN));
                return None;
            }
            None => {
                let said = format!("`{name}` cannot be divided: it is no number that a program sets");
                diagnostics.push(
                    malformed(argument.value.span, said, WRITTEN).secondary(attribute.span, "declared here"),
                );
                return None;
            }
            Some("link") if attribute.is_settable && path.len() == 1 => division.link = Some(name),
            Some("link") => {
                let said = format!("`{name}` cannot name the prime: it is given by the site");
                diagnostics.push(
                    malformed(argument.value.span, said, WRITTEN).secondary(attribute.span, "declared here"),
                );
                return None;
            }
            Some(other) => {
                let said = format!("a division has no `{other}`");
                diagnostics.push(malformed(argument.value.span, said, WRITTEN));
                return None;
            }
        }
    }
    if division.divided.is_empty() && !is_by_parts {
        diagnostics.push(malformed(phrase.span, "`cross by sum()` divides nothing", WRITTEN));
        return None;
    }
    Some(Cross::By(division))
}

/// A type that is divided through its parts is composed of some.
fn has_parts(ty: &ResourceType, span: Span, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let is_part = |attribute: &Attribute| {
        attribute.reference.as_ref().is_some_and(|rule| rule.relation == Relation::Composed)
    };
    if ty.attributes.values().any(is_part) {
        return true;
    }
    diagnostics.push(
        Diagnostic::new(codes::E0320, span, format!("`{}` is composed of nothing", ty.short_name))
            .label("divided through its parts")
            .help("mark the attributes that name its parts: `pods: list<pod> composed`"),
    );
    false
}

/// The type of a field at any depth.
fn below<'t>(ty: &'t Type, path: &[String]) -> Option<&'t Type> {
    let Some((field, rest)) = path.split_first() else { return Some(ty) };
    match ty.required() {
        Type::Record(fields) => below(&Type::field(fields, field)?.ty, rest),
        _ => None,
    }
}

/// The type without `?` and range.
fn number(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) | Type::InRange(inner, ..) => number(inner),
        Type::Named(named) => number(named.meaning()),
        other => other,
    }
}
