//! Arithmetic with units: `2 * 50ms` is a duration, `50ms + 2GiB` is an error.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::BinaryOp;

use super::operators::waits;
use crate::context::Context;
use crate::hir::{SiteId, Value};

impl Context<'_> {
    pub(super) fn add(&self, left: Value, right: Value, span: Span, here: Option<SiteId>) -> Value {
        if left != Value::Error && right != Value::Error && (waits(&left) || waits(&right)) {
            return self.arithmetic_in_run("add", left, right, span, here);
        }
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
            (Value::Text(_), _) | (_, Value::Text(_)) => return self.numbers_around_plus(span),
            _ => return self.units_differ("+", &left, &right, span, here),
        };
        sum.filter(is_finite).unwrap_or_else(|| self.overflow(span))
    }

    pub(super) fn arithmetic(
        &self,
        op: BinaryOp,
        left: Value,
        right: Value,
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        let (name, symbol) = match op {
            BinaryOp::Multiply => ("multiply", "*"),
            BinaryOp::Divide => ("divide", "/"),
            _ => ("subtract", "-"),
        };
        if waits(&left) || waits(&right) {
            return self.arithmetic_in_run(name, left, right, span, here);
        }
        if op == BinaryOp::Divide && is_zero(&right) {
            return self.division_by_zero(span);
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
            (BinaryOp::Divide, Value::Int(a), Value::Int(b)) => {
                Some(quotient(i128::from(*a), i128::from(*b)))
            }
            (BinaryOp::Multiply, Value::Rate(rate), Value::Duration(time))
            | (BinaryOp::Multiply, Value::Duration(time), Value::Rate(rate)) => {
                unsigned(*rate as f64 / 8.0 * seconds(*time)).map(Value::Size)
            }
            (BinaryOp::Divide, Value::Size(size), Value::Duration(time)) => {
                unsigned(*size as f64 * 8.0 / seconds(*time)).map(Value::Rate)
            }
            (BinaryOp::Divide, Value::Size(size), Value::Rate(rate)) => {
                scaled(BinaryOp::Divide, *size as f64 * 8e9, *rate as f64)
                    .map(|time| Value::Duration(time as i64))
            }
            (BinaryOp::Divide, Value::Duration(a), Value::Duration(b)) => {
                Some(quotient(i128::from(*a), i128::from(*b)))
            }
            (BinaryOp::Divide, Value::Size(a), Value::Size(b))
            | (BinaryOp::Divide, Value::Rate(a), Value::Rate(b)) => {
                Some(quotient(i128::from(*a), i128::from(*b)))
            }
            (BinaryOp::Multiply, number, Value::Duration(_) | Value::Size(_) | Value::Rate(_))
                if as_number(number).is_some() =>
            {
                return self.arithmetic(op, right, left, span, here);
            }
            (_, Value::Duration(a), _) => match as_number(&right) {
                Some(b) => scaled(op, *a as f64, b).map(|value| Value::Duration(value as i64)),
                None => return self.units_differ(symbol, &left, &right, span, here),
            },
            (_, Value::Size(a), _) => match as_number(&right) {
                Some(b) => scaled(op, *a as f64, b).and_then(unsigned).map(Value::Size),
                None => return self.units_differ(symbol, &left, &right, span, here),
            },
            (_, Value::Rate(a), _) => match as_number(&right) {
                Some(b) => scaled(op, *a as f64, b).and_then(unsigned).map(Value::Rate),
                None => return self.units_differ(symbol, &left, &right, span, here),
            },
            // As with `+`: a percentage is a part of something, and no number to take from one.
            (BinaryOp::Subtract, Value::Percent(_), _) | (BinaryOp::Subtract, _, Value::Percent(_)) => {
                return self.units_differ(symbol, &left, &right, span, here);
            }
            _ => match (as_number(&left), as_number(&right)) {
                (Some(a), Some(b)) => Some(Value::Float(match op {
                    BinaryOp::Multiply => a * b,
                    BinaryOp::Divide => a / b,
                    _ => a - b,
                })),
                _ => return self.units_differ(symbol, &left, &right, span, here),
            },
        };
        result.filter(is_finite).unwrap_or_else(|| self.overflow(span))
    }

    pub(super) fn overflow(&self, span: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0211, span, "the result is out of range")
                .label("too large or too small")
                .help("use smaller numbers"),
        );
        Value::Error
    }

    pub(super) fn units_differ(
        &self,
        symbol: &str,
        left: &Value,
        right: &Value,
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        let (left, right) = (self.described(left, here), self.described(right, here));
        self.report(
            Diagnostic::new(codes::E0211, span, format!("`{symbol}` does not go with {left} and {right}"))
                .label("units do not fit")
                .help("use amounts of one kind"),
        );
        Value::Error
    }

    pub(super) fn numbers_around_plus(&self, span: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0201, span, "expected numbers around `+`, found a text")
                .label("`+` adds numbers")
                .help("join texts with `++`, or write \"${…}\""),
        );
        Value::Error
    }

    pub(super) fn division_by_zero(&self, span: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0201, span, "a division by zero")
                .label("divides by 0")
                .help("divide by something else, or leave that case out: `if n == 0 then … else …`"),
        );
        Value::Error
    }
}

/// `8 / 2` is the whole number 4, `7 / 2` is 3.5; `div(7, 2)` is 3.
fn quotient(a: i128, b: i128) -> Value {
    match i64::try_from(a / b) {
        Ok(whole) if a % b == 0 => Value::Int(whole),
        _ => Value::Float(a as f64 / b as f64),
    }
}

pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Int(0) | Value::Duration(0) | Value::Size(0) | Value::Rate(0) => true,
        Value::Float(number) | Value::Percent(number) => *number == 0.0,
        _ => false,
    }
}

/// A number that is as large as numbers can be written.
fn is_finite(value: &Value) -> bool {
    match value {
        Value::Float(number) | Value::Percent(number) => number.is_finite(),
        _ => true,
    }
}

/// A duration in seconds.
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// An amount that is not below zero and not too large.
fn unsigned(amount: f64) -> Option<u64> {
    (amount.is_finite() && (0.0..1.8e19).contains(&amount)).then(|| amount.round() as u64)
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
