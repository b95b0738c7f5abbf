//! Every expression below one, itself first.

use scope_syntax::ast::{Element, Expr, ExprKind, RecordEntry, TextPart};

/// Calls `visit` for `value` and all below it. Trees are bounded in depth.
pub(crate) fn expressions<'a>(value: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(value);
    let mut below = |inner: &'a Expr| expressions(inner, visit);
    match value.kind.as_ref() {
        ExprKind::Error | ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Name(_) => {}
        ExprKind::Text(text) => text.parts.iter().for_each(|part| {
            if let TextPart::Interpolation(inner) = part {
                below(inner);
            }
        }),
        ExprKind::Record(entries) => entries.iter().for_each(|entry| match entry {
            RecordEntry::Field { value, .. } | RecordEntry::Spread(value) => below(value),
            RecordEntry::Error { .. } => {}
        }),
        ExprKind::List(elements) => elements.iter().for_each(|element| match element {
            Element::Value(value) | Element::Spread(value) => below(value),
        }),
        ExprKind::ListFor { generator, value } => {
            below(&generator.source);
            generator.condition.iter().for_each(&mut below);
            below(value);
        }
        ExprKind::MapFor { generator, key, value } => {
            below(&generator.source);
            generator.condition.iter().for_each(&mut below);
            below(key);
            below(value);
        }
        ExprKind::Field { base, .. } => below(base),
        ExprKind::Index { base, index } => [base, index].into_iter().for_each(below),
        ExprKind::Call { callee, args } => {
            below(callee);
            args.iter().for_each(|argument| below(&argument.value));
        }
        ExprKind::Unary { operand, .. } => below(operand),
        ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(below),
        ExprKind::Chain { operands, .. } => operands.iter().for_each(below),
        ExprKind::If { branches, otherwise } => {
            for (condition, value) in branches {
                below(condition);
                below(value);
            }
            below(otherwise);
        }
        ExprKind::Scope(scope) => scope.entries.iter().for_each(|entry| below(&entry.location)),
    }
}
