//! Arithmetic with units: `2 * 50ms` is a duration, `50ms + 2GiB` is an error.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::BinaryOp;

use super::describe;
use super::operators::{deferred, waits};
use crate::context::Context;
use crate::hir::Value;

impl Context<'_> {
    pub(super) fn add(&self, left: Value, right: Value, span: Span) -> Value {
        let sum = match (&left, &right) {
            (Value::Error, _) | (_, Value::Error) => return Value::Error,
            (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
            (Value::Float(a), Value::Float(b)) => Some(Value::Float(a + b)),
            (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => {
                Some(Value::Float(*a as f64 + b))
            }
            (Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
            (Value::Size(a), Value::Size(b)) => a.checked_add(*b).map(Value::Size),
            (Value::Rate(a), Value::Rate(b)) => a.checked_add(*b).map(Value::Rate),
            (Value::Percent(a), Value::Percent(b)) => Some(Value::Percent(a + b)),
            _ if waits(&left) || waits(&right) => Some(deferred("add", left.clone(), right.clone())),
            (Value::Text(_), _) | (_, Value::Text(_)) => {
                self.report(
                    Diagnostic::new(codes::E0201, span, "expected numbers around `+`, found a text")
                        .label("`+` adds numbers")
                        .help("join texts with `++`, or write \"${…}\""),
                );
                return Value::Error;
            }
            _ => return self.units_differ("+", &left, &right, span),
        };
        sum.unwrap_or_else(|| self.overflow(span))
    }

    pub(super) fn arithmetic(&self, op: BinaryOp, left: Value, right: Value, span: Span) -> Value {
        let (name, symbol) = match op {
            BinaryOp::Multiply => ("multiply", "*"),
            BinaryOp::Divide => ("divide", "/"),
            _ => ("subtract", "-"),
        };
        if waits(&left) || waits(&right) {
            return deferred(name, left, right);
        }
        if op == BinaryOp::Divide && matches!(right, Value::Int(0)) {
            self.report(
                Diagnostic::new(codes::E0201, span, "a division by zero")
                    .label("divides by 0")
                    .help("divide by something else"),
            );
            return Value::Error;
        }
        let result = match (op, &left, &right) {
            (BinaryOp::Subtract, Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int),
            (BinaryOp::Subtract, Value::Duration(a), Value::Duration(b)) => {
                a.checked_sub(*b).map(Value::Duration)
            }
            (BinaryOp::Subtract, Value::Size(a), Value::Size(b)) => a.checked_sub(*b).map(Value::Size),
            (BinaryOp::Subtract, Value::Rate(a), Value::Rate(b)) => a.checked_sub(*b).map(Value::Rate),
            (BinaryOp::Subtract, Value::Percent(a), Value::Percent(b)) => Some(Value::Percent(a - b)),
            (BinaryOp::Multiply, Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int),
            (BinaryOp::Divide, Value::Int(a), Value::Int(b)) => a.checked_div(*b).map(Value::Int),
            (_, Value::Duration(a), _) => match as_number(&right) {
                Some(b) => scaled(op, *a as f64, b).map(|value| Value::Duration(value as i64)),
                None => return self.units_differ(symbol, &left, &right, span),
            },
            (_, Value::Size(a), _) => match as_number(&right) {
                Some(b) => scaled(op, *a as f64, b).map(|value| Value::Size(value as u64)),
                None => return self.units_differ(symbol, &left, &right, span),
            },
            (_, Value::Rate(a), _) => match as_number(&right) {
                Some(b) => scaled(op, *a as f64, b).map(|value| Value::Rate(value as u64)),
                None => return self.units_differ(symbol, &left, &right, span),
            },
            _ => match (as_number(&left), as_number(&right)) {
                (Some(a), Some(b)) => Some(Value::Float(match op {
                    BinaryOp::Multiply => a * b,
                    BinaryOp::Divide => a / b,
                    _ => a - b,
                })),
                _ => return self.units_differ(symbol, &left, &right, span),
            },
        };
        result.unwrap_or_else(|| self.overflow(span))
    }

    pub(super) fn overflow(&self, span: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0211, span, "the result is out of range")
                .label("too large or too small")
                .help("use smaller numbers"),
        );
        Value::Error
    }

    pub(super) fn units_differ(&self, symbol: &str, left: &Value, right: &Value, span: Span) -> Value {
        self.report(
            Diagnostic::new(
                codes::E0211,
                span,
                format!("`{symbol}` does not go with {} and {}", describe(left), describe(right)),
            )
            .label("units do not fit")
            .help("use amounts of one kind"),
        );
        Value::Error
    }
}

pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        Value::Percent(value) => Some(*value / 100.0),
        _ => None,
    }
}

fn scaled(op: BinaryOp, amount: f64, factor: f64) -> Option<f64> {
    let result = match op {
        BinaryOp::Multiply => amount * factor,
        BinaryOp::Divide => amount / factor,
        _ => return None,
    };
    (result.is_finite() && result.abs() < 9.0e18).then_some(result.round())
}
