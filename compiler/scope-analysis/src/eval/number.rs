//! Number words to values: `50ms` → 50,000,000 ns, `2GiB` → bytes, `1Gbps` → bits per second, `25%` → 25.0.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Number, NumberValue};
use scope_syntax::units::{self, Dimension};

use crate::context::Context;
use crate::hir::{Type, Value};

impl Context<'_> {
    pub(super) fn number(&self, number: &Number, span: Span) -> Value {
        let (amount, unit) = match &number.value {
            NumberValue::Int(value) => return Value::Int(*value),
            NumberValue::Float(value) => return Value::Float(*value),
            NumberValue::Quantity(amount, unit) => (*amount, unit),
        };
        let Some((dimension, factor)) = units::find(unit) else { return Value::Error };
        // Seconds are too coarse for a whole number of them.
        let scaled = if dimension == Dimension::Duration { amount * factor * 1e9 } else { amount * factor };
        if !scaled.is_finite() || scaled.abs() > 9.0e18 {
            self.report(
                Diagnostic::new(codes::E0005, span, format!("`{}` is too large", number.text))
                    .label("out of range")
                    .help("write a smaller amount"),
            );
            return Value::Error;
        }
        match dimension {
            Dimension::Duration => Value::Duration(scaled.round() as i64),
            Dimension::Size => Value::Size(scaled.round().max(0.0) as u64),
            Dimension::Rate => Value::Rate(scaled.round().max(0.0) as u64),
            Dimension::Percent => Value::Percent(amount),
        }
    }
}

/// A duration as a person writes it: `90s`, `1.5s`, `2min`.
pub(crate) fn duration_text(nanoseconds: i64) -> String {
    crate::hir::amount_text(&Type::Duration, nanoseconds as f64)
}
