//! Comparison, membership and ranges: `a < b`, `x in xs`, `1..9`.

use std::cmp::Ordering;

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::BinaryOp;

use super::arithmetic::as_number;
use super::describe;
use super::operators::{deferred, waits};
use crate::context::Context;
use crate::hir::Value;

/// The order of two known values of one kind.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Size(a), Value::Size(b)) | (Value::Rate(a), Value::Rate(b)) => Some(a.cmp(b)),
        (Value::Percent(a), Value::Percent(b)) => a.partial_cmp(b),
        _ => as_number(left)?.partial_cmp(&as_number(right)?),
    }
}

impl Context<'_> {
    pub(super) fn compare(&self, op: BinaryOp, left: Value, right: Value, span: Span) -> Value {
        let name = match op {
            BinaryOp::Less => "less",
            BinaryOp::LessEqual => "less_equal",
            BinaryOp::Greater => "greater",
            _ => "greater_equal",
        };
        if waits(&left) || waits(&right) {
            return deferred(name, left, right);
        }
        let order = order(&left, &right);
        let Some(order) = order else {
            self.report(
                Diagnostic::new(
                    codes::E0211,
                    span,
                    format!("{} and {} cannot be compared", describe(&left), describe(&right)),
                )
                .label("different kinds")
                .help("compare values of one kind"),
            );
            return Value::Error;
        };
        Value::Bool(match op {
            BinaryOp::Less => order.is_lt(),
            BinaryOp::LessEqual => order.is_le(),
            BinaryOp::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    /// Equality of known values, wherever they were written; a site equals a location of only it.
    pub(super) fn is_same(&self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.is_same(&a.value, &b.value))
            }
            (Value::Record(a), Value::Record(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, slot)| {
                        b.get(key).is_some_and(|other| self.is_same(&slot.value, &other.value))
                    })
            }
            (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
            (Value::Location(_) | Value::Site(_), Value::Location(_) | Value::Site(_)) => {
                self.sites_of(left) == self.sites_of(right)
            }
            (a, b) => a == b,
        }
    }

    pub(super) fn contains(&self, container: &Value, element: &Value, span: Span) -> Option<bool> {
        match (container, element) {
            (Value::List(slots), _) => Some(slots.iter().any(|slot| self.is_same(&slot.value, element))),
            (Value::Record(fields), Value::Text(key)) => Some(fields.contains_key(key)),
            (Value::Text(text), Value::Text(part)) => Some(text.contains(part.as_str())),
            (Value::Location(_) | Value::Site(_), Value::Site(site)) => {
                Some(self.sites_of(container)?.contains(site))
            }
            _ => {
                self.mismatch("a list, a record, a text or sites after `in`", container, span);
                None
            }
        }
    }

    pub(super) fn range(&self, low: Value, high: Value, low_span: Span, high_span: Span) -> Value {
        match (low, high) {
            (Value::Int(low), Value::Int(high)) if high.saturating_sub(low) < 1_000_000 => Value::List(
                (low..=high)
                    .map(|number| crate::hir::Slot {
                        value: Value::Int(number),
                        key: low_span,
                        span: low_span,
                    })
                    .collect(),
            ),
            (Value::Int(_), Value::Int(_)) => {
                self.report(
                    Diagnostic::new(
                        codes::E0505,
                        low_span.to(high_span),
                        "a range of over a million numbers",
                    )
                    .label("too long")
                    .help("make it shorter"),
                );
                Value::Error
            }
            (Value::Int(_), other) => {
                self.mismatch("a whole number", &other, high_span);
                Value::Error
            }
            (other, _) => {
                self.mismatch("a whole number", &other, low_span);
                Value::Error
            }
        }
    }
}
