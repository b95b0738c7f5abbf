//! Operators: arithmetic with units, comparison, text and list joining, and the operators over sites.
//!
//! `&` and `|` build locations; `where` and `except` filter sets of sites. An operator with a deferred operand is
//! deferred, by its name in the plan.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{BinaryOp, ChainOp, Expr, UnaryOp};

use super::{Frame, describe};
use crate::context::Context;
use crate::hir::{Deferred, Location, LocationKind, SiteId, Value};

fn deferred(op: &'static str, left: Value, right: Value) -> Value {
    Value::Deferred(Box::new(Deferred::Binary(op, left, right)))
}

/// Whether a value waits for the run (a secret does: its content is never seen when compiling).
fn waits(value: &Value) -> bool {
    matches!(value, Value::Deferred(_) | Value::Secret(_))
}

impl Context<'_> {
    pub(super) fn unary(&self, op: UnaryOp, value: Value, span: Span) -> Value {
        match (op, value) {
            (_, Value::Error) => Value::Error,
            (UnaryOp::Not, Value::Bool(value)) => Value::Bool(!value),
            (UnaryOp::Not, value) if waits(&value) => {
                Value::Deferred(Box::new(Deferred::Unary("not", value)))
            }
            (UnaryOp::Negate, value) if waits(&value) => {
                Value::Deferred(Box::new(Deferred::Unary("negate", value)))
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
                value if waits(&value) => deferred("default", value, self.eval(right, frame)),
                value => value,
            };
        }
        let (left_value, right_value) = (self.eval(left, frame), self.eval(right, frame));
        if left_value == Value::Error || right_value == Value::Error {
            return Value::Error;
        }
        match op {
            BinaryOp::Except => self.except(left_value, right_value, left, right),
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Subtract => {
                self.arithmetic(op, left_value, right_value, span)
            }
            BinaryOp::Range => self.range(left_value, right_value, left.span, right.span),
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let is_equal = op == BinaryOp::Equal;
                if waits(&left_value) || waits(&right_value) {
                    return deferred(if is_equal { "equal" } else { "not_equal" }, left_value, right_value);
                }
                Value::Bool(self.is_same(&left_value, &right_value) == is_equal)
            }
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                self.compare(op, left_value, right_value, span)
            }
            BinaryOp::In | BinaryOp::NotIn => {
                let is_in = self.contains(&right_value, &left_value, right.span);
                match is_in {
                    Some(is_in) => Value::Bool(is_in == (op == BinaryOp::In)),
                    None => Value::Error,
                }
            }
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
                // The text may be known, but patterns are matched in one place: the plan's evaluator.
                deferred("matching", left_value, right_value)
            }
            BinaryOp::Where | BinaryOp::Default => Value::Error,
        }
    }

    pub(super) fn chain(&self, op: ChainOp, operands: &[Expr], span: Span, frame: &Frame) -> Value {
        match op {
            ChainOp::LogicalAnd | ChainOp::LogicalOr => return self.logical(op, operands, frame),
            ChainOp::Cross => {
                self.report(cross_unavailable(span));
                return Value::Error;
            }
            _ => {}
        }
        let values: Vec<Value> = operands.iter().map(|operand| self.eval(operand, frame)).collect();
        if values.contains(&Value::Error) {
            return Value::Error;
        }
        if let ChainOp::And | ChainOp::Or = op {
            let mut parts = Vec::with_capacity(values.len());
            for (value, operand) in values.into_iter().zip(operands) {
                match self.as_location(value, operand.span) {
                    Some(location) => parts.push(location),
                    None => return Value::Error,
                }
            }
            let kind = if op == ChainOp::And { LocationKind::And(parts) } else { LocationKind::Or(parts) };
            return Value::Location(Location { kind, span });
        }
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return Value::Error };
        values.fold(first, |left, right| match op {
            ChainOp::Concat => self.concat(left, right, span),
            _ => self.add(left, right, span),
        })
    }

    /// A value where a location is wanted.
    pub fn as_location(&self, value: Value, span: Span) -> Option<Location> {
        match value {
            Value::Error => None,
            Value::Site(site) => Some(Location { kind: LocationKind::Site(site), span }),
            Value::Location(location) => Some(location),
            other => {
                self.report(
                    Diagnostic::new(
                        codes::E0108,
                        span,
                        format!("expected a site, found {}", describe(&other)),
                    )
                    .label("not a location")
                    .help("name a site, or sites joined by `&` (each) and `|` (otherwise)"),
                );
                None
            }
        }
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
                    left = Some(match left {
                        Some(left) => deferred(name, left, value),
                        None => value,
                    });
                }
                other => {
                    self.mismatch("true or false", &other, operand.span);
                    return Value::Error;
                }
            }
        }
        left.unwrap_or(Value::Bool(!stops))
    }

    fn add(&self, left: Value, right: Value, span: Span) -> Value {
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

    fn concat(&self, left: Value, right: Value, span: Span) -> Value {
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
            (left, right) if waits(&left) || waits(&right) => deferred("concat", left, right),
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

    fn arithmetic(&self, op: BinaryOp, left: Value, right: Value, span: Span) -> Value {
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

    fn overflow(&self, span: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0211, span, "the result is out of range")
                .label("too large or too small")
                .help("use smaller numbers"),
        );
        Value::Error
    }

    fn units_differ(&self, symbol: &str, left: &Value, right: &Value, span: Span) -> Value {
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

    fn compare(&self, op: BinaryOp, left: Value, right: Value, span: Span) -> Value {
        let name = match op {
            BinaryOp::Less => "less",
            BinaryOp::LessEqual => "less_equal",
            BinaryOp::Greater => "greater",
            _ => "greater_equal",
        };
        if waits(&left) || waits(&right) {
            return deferred(name, left, right);
        }
        let order = match (&left, &right) {
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Size(a), Value::Size(b)) | (Value::Rate(a), Value::Rate(b)) => Some(a.cmp(b)),
            (Value::Percent(a), Value::Percent(b)) => a.partial_cmp(b),
            _ => match (as_number(&left), as_number(&right)) {
                (Some(a), Some(b)) => a.partial_cmp(&b),
                _ => None,
            },
        };
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
    fn is_same(&self, left: &Value, right: &Value) -> bool {
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

    fn contains(&self, container: &Value, element: &Value, span: Span) -> Option<bool> {
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

    fn range(&self, low: Value, high: Value, low_span: Span, high_span: Span) -> Value {
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

    /// The sites of a site, a location or a list of sites; `None` for anything else.
    pub(crate) fn sites_of(&self, value: &Value) -> Option<Vec<SiteId>> {
        match value {
            Value::Site(site) => Some(vec![*site]),
            Value::Location(location) => Some(location.sites()),
            Value::List(slots) => slots
                .iter()
                .map(|slot| match slot.value {
                    Value::Site(site) => Some(site),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    pub(super) fn all_sites(&self, span: Span) -> Value {
        let count = self.sites.borrow().len();
        self.site_list((0..count).map(|index| SiteId(index as u32)), span)
    }

    pub(super) fn site_list(&self, sites: impl Iterator<Item = SiteId>, span: Span) -> Value {
        Value::List(
            sites.map(|site| crate::hir::Slot { value: Value::Site(site), key: span, span }).collect(),
        )
    }

    fn filter_sites(&self, set: &Expr, condition: &Expr, frame: &Frame) -> Value {
        let value = self.eval(set, frame);
        let Some(sites) = self.sites_of(&value) else {
            self.mismatch("sites before `where`", &value, set.span);
            return Value::Error;
        };
        let mut kept = Vec::new();
        for site in sites {
            let (name, labels) = {
                let sites = self.sites.borrow();
                let declared = &sites[site.0 as usize];
                (declared.name.clone(), declared.labels.clone())
            };
            let mut inner = frame.clone();
            inner.locals.push(("name".into(), Value::Text(name)));
            inner.locals.push(("labels".into(), Value::Record(labels)));
            inner.locals.push(("site".into(), Value::Site(site)));
            match self.eval(condition, &inner) {
                Value::Bool(true) => kept.push(site),
                Value::Bool(false) => {}
                Value::Error => return Value::Error,
                other => {
                    self.mismatch("true or false", &other, condition.span);
                    return Value::Error;
                }
            }
        }
        self.site_list(kept.into_iter(), set.span.to(condition.span))
    }

    fn except(&self, left: Value, right: Value, left_expr: &Expr, right_expr: &Expr) -> Value {
        match (self.sites_of(&left), self.sites_of(&right)) {
            (Some(sites), Some(without)) => self.site_list(
                sites.into_iter().filter(|site| !without.contains(site)),
                left_expr.span.to(right_expr.span),
            ),
            (None, _) => {
                self.mismatch("sites before `except`", &left, left_expr.span);
                Value::Error
            }
            (_, None) => {
                self.mismatch("sites after `except`", &right, right_expr.span);
                Value::Error
            }
        }
    }
}

/// The report for `%`, which the next release brings.
pub(crate) fn cross_unavailable(span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0304, span, "`%` (one resource across sites) is not available yet")
        .label("a cross")
        .help("`&` makes the resource on each of the sites, `|` on the first that can")
}

fn as_number(value: &Value) -> Option<f64> {
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
