//! Operators: which one goes where, the logical ones, and joining with `++`.
//!
//! `&` and `|` build locations; `where` and `except` filter sets of sites. An operator with a deferred operand is
//! deferred, by its name in the plan.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{BinaryOp, ChainOp, Expr, ExprKind, UnaryOp};

use super::kind::Kind;
use super::{Frame, describe};
use crate::context::Context;
use crate::hir::{Deferred, Location, LocationKind, SiteId, Value};

pub(super) fn deferred(op: &'static str, left: Value, right: Value) -> Value {
    Value::Deferred(Box::new(Deferred::Binary(op, left, right)))
}

/// Whether a value waits for the run (a secret does: its content is never seen when compiling).
pub(super) fn waits(value: &Value) -> bool {
    matches!(value, Value::Deferred(_) | Value::Secret(_))
}

impl Context<'_> {
    pub(super) fn unary(&self, op: UnaryOp, value: Value, span: Span, here: Option<SiteId>) -> Value {
        match (op, value) {
            (_, Value::Error) => Value::Error,
            (UnaryOp::Not, Value::Bool(value)) => Value::Bool(!value),
            (UnaryOp::Not, value) if waits(&value) => match self.is_truth(&value, span, here) {
                true => not(value),
                false => Value::Error,
            },
            (UnaryOp::Negate, value) if waits(&value) => {
                let kind = self.kind(&value, here);
                match self.may_be(&value, &[Kind::Int, Kind::Float, Kind::Duration], "a number", span, here) {
                    true => negated(value, kind),
                    false => Value::Error,
                }
            }
            (UnaryOp::Negate, Value::Int(value)) => match value.checked_neg() {
                Some(value) => Value::Int(value),
                None => self.overflow(span),
            },
            (UnaryOp::Negate, Value::Float(value)) => Value::Float(-value),
            (UnaryOp::Negate, Value::Duration(value)) => Value::Duration(-value),
            (UnaryOp::Not, other) => {
                self.mismatch("true or false", &other, span);
                Value::Error
            }
            (UnaryOp::Negate, other) => {
                self.mismatch("a number", &other, span);
                Value::Error
            }
        }
    }

    pub(super) fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr, span: Span, frame: &Frame) -> Value {
        if op == BinaryOp::Where {
            return self.filter_sites(left, right, frame);
        }
        if op == BinaryOp::Default {
            // `env("X") ?? "y"`: a variable that is not set is no mistake here.
            let left_value = match self.optional_env(left, frame) {
                Some(value) => value,
                None => self.eval(left, frame),
            };
            return match left_value {
                Value::Null => self.eval(right, frame),
                // There is nothing to fall back on, and nothing to ask for while the left is there.
                value if waits(&value) && self.is_of_absent(right, frame) => value,
                value if waits(&value) => deferred("default", value, self.eval(right, frame)),
                value => value,
            };
        }
        if op == BinaryOp::Divide && is_path(left) {
            let value = self.eval(left, frame);
            // `images/base.raw` of which the first word is none is a path, and said to be one, however it is spaced.
            return match value {
                Value::Error => Value::Error,
                value => match self.eval(right, frame) {
                    Value::Error => Value::Error,
                    right => self.arithmetic(op, value, right, span, frame.here),
                },
            };
        }
        if op.is_comparison() && !matches!(op, BinaryOp::Within | BinaryOp::Matching) {
            return self.comparison(op, left, right, frame);
        }
        let (left_value, right_value) = (self.eval(left, frame), self.eval(right, frame));
        if left_value == Value::Error || right_value == Value::Error {
            return Value::Error;
        }
        match op {
            BinaryOp::Except => self.except(left_value, right_value, left, right),
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Subtract => {
                self.arithmetic(op, left_value, right_value, span, frame.here)
            }
            BinaryOp::Range => self.range(left_value, right_value, left.span, right.span),
            BinaryOp::Within => {
                let (left_sites, right_sites) = (self.sites_of(&left_value), self.sites_of(&right_value));
                match (left_sites, right_sites) {
                    (Some(inner), Some(outer)) => Value::Bool(inner.iter().all(|site| outer.contains(site))),
                    (None, _) => {
                        self.mismatch("sites", &left_value, left.span);
                        Value::Error
                    }
                    (_, None) => {
                        self.mismatch("sites", &right_value, right.span);
                        Value::Error
                    }
                }
            }
            BinaryOp::Matching => {
                // Patterns are matched in one place: the plan's evaluator.
                match (&left_value, &right_value, self.options.matches) {
                    (Value::Text(text), Value::Text(pattern), Some(matches)) => {
                        match matches(text, pattern) {
                            Some(is_match) => Value::Bool(is_match),
                            None => self.not_a_pattern(pattern, right.span),
                        }
                    }
                    _ => deferred("matching", left_value, right_value),
                }
            }
            // Said above.
            _ => Value::Error,
        }
    }

    pub(super) fn chain(&self, op: ChainOp, operands: &[Expr], span: Span, frame: &Frame) -> Value {
        match op {
            ChainOp::LogicalAnd | ChainOp::LogicalOr => return self.logical(op, operands, frame),
            _ => {}
        }
        let values: Vec<Value> = operands.iter().map(|operand| self.eval(operand, frame)).collect();
        if values.contains(&Value::Error) {
            return Value::Error;
        }
        if let ChainOp::And | ChainOp::Or | ChainOp::Cross = op {
            let mut parts = Vec::with_capacity(values.len());
            for (value, operand) in values.into_iter().zip(operands) {
                match self.as_location(value, operand.span, Some((operand, frame))) {
                    Some(location) => parts.push(location),
                    None => return Value::Error,
                }
            }
            let kind = match op {
                ChainOp::And => LocationKind::And(parts),
                ChainOp::Cross => crate::location::cross(parts),
                _ => LocationKind::Or(parts),
            };
            return Value::Location(Location { kind, span });
        }
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return Value::Error };
        values.fold(first, |left, right| match op {
            ChainOp::Concat => self.concat(left, right, span, frame.here),
            _ => self.add(left, right, span, frame.here),
        })
    }

    fn not_a_pattern(&self, pattern: &str, span: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0201, span, format!("\"{pattern}\" is not a regular expression"))
                .label("cannot be read as a pattern")
                .help("write a pattern, as a raw text: `r\"[a-z]+\"`"),
        );
        Value::Error
    }

    fn logical(&self, op: ChainOp, operands: &[Expr], frame: &Frame) -> Value {
        let stops = op == ChainOp::LogicalOr;
        let name = if stops { "or" } else { "and" };
        let mut left: Option<Value> = None;
        for operand in operands {
            match self.eval(operand, frame) {
                Value::Error => return Value::Error,
                Value::Bool(value) if value == stops => {
                    return match left {
                        Some(left) => deferred(name, left, Value::Bool(value)),
                        None => Value::Bool(value),
                    };
                }
                Value::Bool(_) => {}
                value if waits(&value) => {
                    if !self.is_truth(&value, operand.span, frame.here) {
                        return Value::Error;
                    }
                    left = Some(match left {
                        Some(left) => deferred(name, left, value),
                        None => value,
                    });
                }
                place @ (Value::Site(_) | Value::Location(_)) => {
                    self.report(self.joined_by_a_word(stops, &place, operand.span));
                    return Value::Error;
                }
                other => {
                    self.mismatch("true or false", &other, operand.span);
                    return Value::Error;
                }
            }
        }
        left.unwrap_or(Value::Bool(!stops))
    }

    /// `nantes and paris`: a place is joined to another by a sign.
    pub(super) fn joined_by_a_word(&self, is_or: bool, place: &Value, span: Span) -> Diagnostic {
        let (word, help) = match is_or {
            true => ("or", "for the first that can write `a | b`"),
            false => ("and", "for both of them write `a & b`"),
        };
        Diagnostic::new(
            codes::E0201,
            span,
            format!("`{word}` joins what is true or false, and this is {}", describe(place)),
        )
        .label("a place")
        .help(help)
    }

    /// Whether what the run will know may be true or false.
    pub(super) fn is_truth(&self, value: &Value, span: Span, here: Option<SiteId>) -> bool {
        self.may_be(value, &[Kind::Bool], "true or false", span, here)
    }

    fn concat(&self, left: Value, right: Value, span: Span, here: Option<SiteId>) -> Value {
        match (left, right) {
            (Value::Error, _) | (_, Value::Error) => Value::Error,
            (Value::Text(a), Value::Text(b)) => Value::Text(a + &b),
            (Value::List(mut a), Value::List(b)) => {
                a.extend(b);
                Value::List(a)
            }
            (Value::Record(mut a), Value::Record(b)) => {
                for (key, slot) in b {
                    super::merge_slot(&mut a, key, slot);
                }
                Value::Record(a)
            }
            (left, right) if waits(&left) || waits(&right) => {
                let joins = [Kind::Text, Kind::List, Kind::Record];
                let (a, b) = (self.kind(&left, here), self.kind(&right, here));
                let is_known = a != Kind::Unknown && b != Kind::Unknown;
                let expected = "texts, lists or records around `++`";
                if !self.may_be(&left, &joins, expected, span, here) {
                    return Value::Error;
                }
                let like: &[Kind] = if is_known { &[a] } else { &joins };
                let expected = match a {
                    Kind::Unknown => expected.to_owned(),
                    _ => format!("something like {}", self.described(&left, here)),
                };
                match self.may_be(&right, like, &expected, span, here) {
                    true => deferred("concat", left, right),
                    false => Value::Error,
                }
            }
            (left @ (Value::Text(_) | Value::List(_) | Value::Record(_)), right) => {
                self.mismatch(&format!("something like {}", describe(&left)), &right, span);
                Value::Error
            }
            (left, _) => {
                self.mismatch("texts, lists or records around `++`", &left, span);
                Value::Error
            }
        }
    }
}

fn not(value: Value) -> Value {
    Value::Deferred(Box::new(Deferred::Unary("not", value)))
}

fn negated(value: Value, kind: Kind) -> Value {
    let negated = Value::Deferred(Box::new(Deferred::Unary("negate", value)));
    match kind {
        Kind::Duration => Value::Deferred(Box::new(Deferred::Call("duration", vec![negated]))),
        _ => negated,
    }
}

/// Whether a dividend could be the beginning of a path without quotes: `images`, `a.b/c`.
fn is_path(expr: &Expr) -> bool {
    match expr.kind.as_ref() {
        ExprKind::Name(_) => true,
        ExprKind::Field { base, .. } => is_path(base),
        ExprKind::Binary { op: BinaryOp::Divide, left, right } => is_path(left) && is_path(right),
        _ => false,
    }
}
