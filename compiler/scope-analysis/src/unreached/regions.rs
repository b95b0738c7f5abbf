//! The parts of an item that were not evaluated.
//!
//! `let a = if true then 1 else nope`, of which the whole and `1` were evaluated → `nope`.

use scope_diagnostics::Span;
use scope_syntax::ast::{BinaryOp, ChainOp, Clause, Expr, ExprKind, Generator, Item, ItemKind, TextPart};

use crate::lint::walk::expressions;

/// The places of an item where evaluating did not come; the item's own, where it was not evaluated at all.
pub(super) fn unreached(item: &Item, is_reached: &dyn Fn(Span) -> bool) -> Vec<Span> {
    let mut regions = Vec::new();
    for (position, root) in roots(item).into_iter().enumerate() {
        if !is_reached(root.span) && !matches!(root.kind.as_ref(), ExprKind::Scope(_)) {
            // The first is what the item is.
            regions.push(if position == 0 { item.span } else { root.span });
        }
        expressions(root, &mut |expr| {
            let skipped = skippable(expr).into_iter().filter(|part| !is_reached(part.span));
            regions.extend(skipped.map(|part| part.span));
            // Of what is not there nothing is asked for.
            if let ExprKind::Field { name, optional: true, .. } = expr.kind.as_ref() {
                regions.push(name.span);
            }
        });
    }
    regions
}

/// The expressions that an item is evaluated from, what it is in front; none of those that are not read through.
fn roots(item: &Item) -> Vec<&Expr> {
    let mut roots: Vec<&Expr> = Vec::new();
    match &item.kind {
        ItemKind::Param(param) => roots.extend(&param.default),
        ItemKind::Let(item) => roots.push(&item.value),
        ItemKind::Function(function) => {
            roots.push(&function.body);
            roots.extend(function.params.iter().filter_map(|param| param.default.as_ref()));
        }
        ItemKind::Output(output) => {
            roots.push(&output.value);
            roots.extend(condition(&output.family));
        }
        ItemKind::Require(require) => {
            roots.push(&require.condition);
            roots.extend(&require.message);
            roots.extend(condition(&require.family));
        }
        ItemKind::Site(site) => {
            roots.push(&site.body);
            roots.extend(condition(&site.family));
        }
        ItemKind::Thing(thing) => {
            roots.extend(&thing.body);
            roots.extend(&thing.condition);
            roots.extend(condition(&thing.family));
            for clause in &thing.clauses {
                match clause {
                    Clause::Scope(written) | Clause::With(written) => roots.push(written),
                    Clause::At { sites, patch } => roots.extend([sites, patch]),
                }
            }
        }
        ItemKind::Native(item) => {
            let parts = item.native.words.iter().flat_map(|word| &word.parts);
            roots.extend(parts.filter_map(|part| match part {
                TextPart::Interpolation(value) => Some(value),
                TextPart::Chars(_) => None,
            }));
        }
        ItemKind::Import(_)
        | ItemKind::Entry(_)
        | ItemKind::Type(_)
        | ItemKind::Link(_)
        | ItemKind::Sequence(_)
        | ItemKind::Test(_)
        | ItemKind::Driver(_)
        | ItemKind::Error { .. } => {}
    }
    roots
}

fn condition(family: &Option<Generator>) -> Option<&Expr> {
    family.as_ref()?.condition.as_ref()
}

/// The parts of an expression that may be left out when it is evaluated.
fn skippable(expr: &Expr) -> Vec<&Expr> {
    match expr.kind.as_ref() {
        ExprKind::If { branches, otherwise } => {
            let mut parts: Vec<&Expr> = branches.iter().skip(1).map(|(condition, _)| condition).collect();
            parts.extend(branches.iter().map(|(_, value)| value).chain([otherwise]));
            parts
        }
        ExprKind::Chain { op: ChainOp::LogicalAnd | ChainOp::LogicalOr, operands } => {
            operands.iter().skip(1).collect()
        }
        ExprKind::Binary { op: BinaryOp::Default | BinaryOp::Where, right, .. } => vec![right],
        ExprKind::ListFor { generator, value } => generator.condition.iter().chain([value]).collect(),
        ExprKind::MapFor { generator, key, value } => {
            generator.condition.iter().chain([key, value]).collect()
        }
        ExprKind::Scope(scope) => scope.entries.iter().map(|entry| &entry.location).collect(),
        _ => Vec::new(),
    }
}
