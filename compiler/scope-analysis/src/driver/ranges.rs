//! Bounds of numbers and amounts: `int in 1..100`, `size in 1GiB..64GiB`, `duration in 1s..5min`.
//!
//! Comes in: the bounded type and the range as written. Goes out: the type with its bounds, in what its values count; or a
//! report where they bound something else (`size in 1..64`), or nothing lies between them.

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{BinaryOp, Expr, ExprKind, NumberValue, UnaryOp};
use scope_syntax::units::{self, Dimension};

use crate::comparison::type_of_number;
use crate::hir::{Type, amount_text};

/// The type with the bounds of a range.
pub(super) fn in_range(inner: Type, range: &Expr, diagnostics: &mut Vec<Diagnostic>) -> Type {
    if inner == Type::Error {
        return Type::Error;
    }
    let Some(example) = example(&inner) else {
        let report = Diagnostic::new(
            codes::E0201,
            range.span,
            format!("a range bounds numbers and amounts, not `{inner}`"),
        )
        .label(format!("bounds `{inner}`, which is neither"));
        diagnostics.push(match inner {
            Type::InRange(..) => report.help("write one range"),
            _ => report.help("leave the bounds out here, and say them by `require … else \"…\"`"),
        });
        return inner;
    };
    let ends = match range.kind.as_ref() {
        ExprKind::Binary { op: BinaryOp::Range, left, right } => Some((left, right)),
        _ => None,
    };
    let Some(((low_type, low), (high_type, high))) =
        ends.and_then(|(left, right)| amount(left).zip(amount(right)))
    else {
        diagnostics.push(
            Diagnostic::new(codes::E0201, range.span, format!("expected a range such as `{example}`"))
                .label("not a range")
                .help("both ends are written out, with `..` between them"),
        );
        return Type::Error;
    };
    let is_of = |ty: &Type| match inner {
        Type::Int | Type::Float => matches!(ty, Type::Int | Type::Float),
        _ => *ty == inner,
    };
    let (left, right) = ends.unwrap_or((range, range));
    for (end, ty) in [(left, &low_type), (right, &high_type)] {
        if !is_of(ty) {
            let is_bare = matches!(ty, Type::Int | Type::Float);
            let label = match is_bare {
                true => "a number without a unit".to_owned(),
                false => format!("a {ty}"),
            };
            diagnostics.push(
                Diagnostic::new(
                    codes::E0211,
                    end.span,
                    format!("the bounds of `{inner}` are of its own kind"),
                )
                .label(label)
                .help(format!("for example `{inner} in {example}`")),
            );
            return Type::Error;
        }
    }
    if low > high {
        let (low, high) = (amount_text(&inner, low), amount_text(&inner, high));
        diagnostics.push(
            Diagnostic::new(codes::E0201, range.span, format!("nothing is in {low}..{high}"))
                .label("the lower end is above the upper one")
                .help(format!("write the lower end first: `{high}..{low}`")),
        );
        return Type::Error;
    }
    Type::InRange(Box::new(inner), low, high)
}

/// A range of a type that can be bounded.
fn example(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Int | Type::Float => "1..100",
        Type::Duration => "1s..5min",
        Type::Size => "1GiB..64GiB",
        Type::Rate => "1Mbps..1Gbps",
        Type::Percent => "10%..50%",
        _ => return None,
    })
}

/// A number as it is written, and of which type it is; in what values of that type count.
pub(super) fn amount(expr: &Expr) -> Option<(Type, f64)> {
    match expr.kind.as_ref() {
        ExprKind::Number(number) => {
            let amount = match &number.value {
                NumberValue::Int(value) => *value as f64,
                NumberValue::Float(value) => *value,
                NumberValue::Quantity(amount, unit) => match units::find(unit)? {
                    (Dimension::Duration, factor) => (amount * factor * 1e9).round(),
                    (Dimension::Size | Dimension::Rate, factor) => (amount * factor).round(),
                    (Dimension::Percent, _) => *amount,
                },
            };
            Some((type_of_number(number), amount))
        }
        ExprKind::Unary { op: UnaryOp::Negate, operand } => amount(operand).map(|(ty, amount)| (ty, -amount)),
        _ => None,
    }
}
