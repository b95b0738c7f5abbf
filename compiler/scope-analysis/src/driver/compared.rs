//! Comparisons in a driver: `status == 3` of a status that is a text is never true.
//!
//! Comes in: an operator, and the operands with their types as far as they can be followed. Goes out: the report of what can
//! never be the same (E0339), or of a text that is none of an enumeration's words (E0205).

use scope_diagnostics::Diagnostic;
use scope_syntax::ast::{BinaryOp, Element, Expr, ExprKind};

use crate::check::no_such_word;
use crate::comparison::{
    Side, base, cannot_be_compared, has_order, is_never_in, literal, misfit, not_a_key, path, without_order,
    words,
};
use crate::hir::Type;

/// What is wrong with `left op right`, if anything is.
pub(super) fn check(
    op: BinaryOp,
    (left, left_type): (&Expr, &Type),
    (right, right_type): (&Expr, &Type),
) -> Option<Diagnostic> {
    let left_side = Side { expr: left, ty: left_type, value: None };
    let right_side = Side { expr: right, ty: right_type, value: None };
    match op {
        BinaryOp::In | BinaryOp::NotIn => match base(right_type) {
            Type::List(inner) if misfit(left_type, inner).is_some() => {
                Some(is_never_in(left_side, right_side))
            }
            Type::Record(_) | Type::Map(_) | Type::String if misfit(left_type, &Type::String).is_some() => {
                Some(not_a_key(left_side, right_side))
            }
            Type::List(_) => {
                let ExprKind::List(elements) = right.kind.as_ref() else { return None };
                elements.iter().find_map(|element| match element {
                    Element::Value(one) => no_word(one, left, left_type),
                    Element::Spread(_) => None,
                })
            }
            _ => None,
        },
        op if misfit(left_type, right_type).is_some() => Some(cannot_be_compared(op, left_side, right_side)),
        BinaryOp::Equal | BinaryOp::NotEqual => {
            no_word(right, left, left_type).or_else(|| no_word(left, right, right_type))
        }
        _ if !has_order(left_type) || !has_order(right_type) => Some(without_order(left_side, right_side)),
        _ => None,
    }
}

fn no_word(written: &Expr, other: &Expr, ty: &Type) -> Option<Diagnostic> {
    let text = literal(written)?;
    let words = words(ty).filter(|words| !words.contains(&text))?;
    let what = path(other).unwrap_or_else(|| "what it is compared with".into());
    Some(no_such_word(&words, &text, written.span, &what))
}
