//! The parts of an expression, for what looks at every part alike.
//!
//! Comes in: an expression. Goes out: its direct parts ([`children`]), or a call for each part at any depth ([`each`]).
//! `f(a, b.c)` → `f`, `a`, `b.c`, `b`.

use scope_syntax::ast::{Argument, Element, Expr, ExprKind, Generator, RecordEntry, Text, TextPart};

/// Calls `visit` for the expression and every part of it, the whole before its parts.
pub(super) fn each<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    let mut waiting = vec![expr];
    while let Some(expr) = waiting.pop() {
        visit(expr);
        let mut parts = children(expr);
        parts.reverse();
        waiting.append(&mut parts);
    }
}

/// The direct parts, in the order written.
pub(super) fn children(expr: &Expr) -> Vec<&Expr> {
    match &*expr.kind {
        ExprKind::Error
        | ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::Name(_)
        | ExprKind::Scope(_) => Vec::new(),
        ExprKind::Text(text) => of_text(text),
        ExprKind::Record(entries) => entries
            .iter()
            .flat_map(|entry| match entry {
                RecordEntry::Field { key, value } => {
                    let mut parts = of_text(key);
                    parts.push(value);
                    parts
                }
                RecordEntry::Spread(base) => vec![base],
                RecordEntry::Error { .. } => Vec::new(),
            })
            .collect(),
        ExprKind::List(elements) => elements
            .iter()
            .map(|element| match element {
                Element::Value(value) | Element::Spread(value) => value,
            })
            .collect(),
        ExprKind::ListFor { generator, value } => {
            let mut parts = of_generator(generator);
            parts.push(value);
            parts
        }
        ExprKind::MapFor { generator, key, value } => {
            let mut parts = of_generator(generator);
            parts.extend([key, value]);
            parts
        }
        ExprKind::Field { base, .. } => vec![base],
        ExprKind::Index { base, index } => vec![base, index],
        ExprKind::Call { callee, args } => {
            std::iter::once(callee).chain(args.iter().map(|Argument { value, .. }| value)).collect()
        }
        ExprKind::Unary { operand, .. } => vec![operand],
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Chain { operands, .. } => operands.iter().collect(),
        ExprKind::If { branches, otherwise } => branches
            .iter()
            .flat_map(|(condition, value)| [condition, value])
            .chain(std::iter::once(otherwise))
            .collect(),
    }
}

fn of_text(text: &Text) -> Vec<&Expr> {
    text.parts
        .iter()
        .filter_map(|part| match part {
            TextPart::Chars(_) => None,
            TextPart::Interpolation(expr) => Some(expr),
        })
        .collect()
}

fn of_generator(generator: &Generator) -> Vec<&Expr> {
    std::iter::once(&generator.source).chain(&generator.condition).collect()
}
