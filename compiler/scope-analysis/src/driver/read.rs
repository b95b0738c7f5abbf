//! Small shapes that a driver's lines are made of: a name, a list of texts, a time, a record of expressions.
//!
//! Comes in: an expression. Goes out: the plain value, or a report that says what was expected.
//! `[identity, image]` → `["identity", "image"]`, `10min` → 600000 ms.

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::{
    ast::{self, Element, ExprKind, NumberValue, RecordEntry, TextPart},
    units::{self, Dimension},
};

/// The name of an entry whose record is spread, here and in the plan.
pub(super) const SPREAD: &str = "...";

/// A bare name.
pub(super) fn name(expr: &ast::Expr) -> Option<&str> {
    match &*expr.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

/// `a.b.c` as names.
pub(crate) fn path(expr: &ast::Expr) -> Option<Vec<String>> {
    match &*expr.kind {
        ExprKind::Name(name) => Some(vec![name.clone()]),
        ExprKind::Field { base, name, optional: false } => {
            let mut names = path(base)?;
            names.push(name.text.clone());
            Some(names)
        }
        _ => None,
    }
}

/// A plain text.
pub(super) fn text(expr: &ast::Expr) -> Option<String> {
    match &*expr.kind {
        ExprKind::Text(text) => text.literal(),
        _ => None,
    }
}

/// A text whose only holes are names: `"~/${x}"` keeps its `${x}`.
pub(super) fn template(expr: &ast::Expr) -> Option<String> {
    let ExprKind::Text(text) = &*expr.kind else { return None };
    let mut out = String::new();
    for part in &text.parts {
        match part {
            TextPart::Chars(chars) => out.push_str(chars),
            TextPart::Interpolation(hole) => {
                out.push_str("${");
                out.push_str(name(hole)?);
                out.push('}');
            }
        }
    }
    Some(out)
}

/// The elements of a list, each read by `element`.
pub(super) fn list<T>(expr: &ast::Expr, element: impl Fn(&ast::Expr) -> Option<T>) -> Option<Vec<T>> {
    let ExprKind::List(elements) = &*expr.kind else { return None };
    elements
        .iter()
        .map(|written| match written {
            Element::Value(value) => element(value),
            Element::Spread(_) => None,
        })
        .collect()
}

/// A name or a plain text.
pub(super) fn word(expr: &ast::Expr) -> Option<String> {
    name(expr).map(str::to_owned).or_else(|| text(expr))
}

/// A time in milliseconds.
pub(super) fn milliseconds(expr: &ast::Expr) -> Option<u64> {
    let ExprKind::Number(number) = &*expr.kind else { return None };
    let NumberValue::Quantity(count, unit) = &number.value else { return None };
    match units::find(unit)? {
        (Dimension::Duration, factor) => Some((count * factor * 1000.0).round().max(0.0) as u64),
        _ => None,
    }
}

/// The fields of a record in order; a spread one is called [`SPREAD`]. `None` where a key is not plain.
pub(super) fn fields(expr: &ast::Expr) -> Option<Vec<(String, ast::Expr)>> {
    match &*expr.kind {
        ExprKind::Record(entries) => entries
            .iter()
            .filter_map(|entry| match entry {
                RecordEntry::Field { key, value } => Some(key.literal().map(|key| (key, value.clone()))),
                RecordEntry::Spread(base) => Some(Some((SPREAD.to_owned(), base.clone()))),
                RecordEntry::Error { .. } => None,
            })
            .collect(),
        // A record that is computed as a whole.
        ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::List(_) => None,
        _ => Some(vec![(SPREAD.to_owned(), expr.clone())]),
    }
}

/// The value read by `read`, or a report of what was expected.
pub(super) fn expect<T>(
    value: Option<T>,
    expr: &ast::Expr,
    expected: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    if value.is_none() && !matches!(&*expr.kind, ExprKind::Error) {
        diagnostics.push(Diagnostic::new(codes::E0401, expr.span, format!("expected {expected}")));
    }
    value
}
