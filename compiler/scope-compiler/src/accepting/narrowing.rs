//! A scope without the sites at which a resource is gone.
//!
//! `scope { nantes & paris }`, gone at paris → `scope { nantes }`

use scope_diagnostics::{Edit, Span};
use scope_syntax::ast::{ChainOp, Clause, Expr, ExprKind, Thing};

/// The edit that takes these sites out of an item's scope; nothing where they are not parts of the one `&` in it.
pub(super) fn without(thing: &Thing, sites: &[&str], snippet: impl Fn(Span) -> String) -> Option<Edit> {
    let mut scopes = thing.clauses.iter().filter_map(|clause| match clause {
        Clause::Scope(value) => match value.kind.as_ref() {
            ExprKind::Scope(scope) => Some(scope),
            _ => None,
        },
        _ => None,
    });
    let scope = scopes.next()?;
    let mut chains = scope.entries.iter().filter_map(|entry| match entry.location.kind.as_ref() {
        ExprKind::Chain { op: ChainOp::And, operands } => Some((entry.location.span, operands)),
        _ => None,
    });
    let (span, operands) = chains.next()?;
    let is_gone = |operand: &Expr| name(operand).is_some_and(|name| sites.contains(&name.as_str()));
    let n_gone = operands.iter().filter(|operand| is_gone(operand)).count();
    if chains.next().is_some() || n_gone != sites.len() {
        return None;
    }
    let left = operands.iter().filter(|operand| !is_gone(operand)).map(|operand| snippet(operand.span));
    let replacement = left.collect::<Vec<_>>().join(" & ");
    (!replacement.is_empty()).then_some(Edit { span, replacement })
}

/// The site that a part of a scope names by itself.
fn name(operand: &Expr) -> Option<String> {
    match operand.kind.as_ref() {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Text(text) => text.literal(),
        _ => None,
    }
}
