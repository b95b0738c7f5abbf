//! Operators on what only the run will know: the same rules as for known values, written as what the plan computes.
//!
//! The plan has numbers only: seconds, bytes, bits per second, 25 for `25%`. So `m.size * 50%` → `size(m.size * 0.5)`, and
//! `m.size / 1Gbps` → `duration(m.size * 8 / 1000000000)`.

use scope_diagnostics::{Diagnostic, Span, codes};

use super::arithmetic::is_zero;
use super::kind::Kind;
use super::operators::deferred;
use crate::context::Context;
use crate::hir::{Deferred, SiteId, Slot, Value};

impl Context<'_> {
    /// `left + right`, of which one waits; also `-`, `*` and `/`, by their names in the plan.
    pub(super) fn arithmetic_in_run(
        &self,
        name: &'static str,
        left: Value,
        right: Value,
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        use Kind::{Duration, Percent, Rate, Size, Unknown};
        let (a, b) = (self.kind(&left, here), self.kind(&right, here));
        if name == "divide" && is_zero(&right) {
            return self.division_by_zero(span);
        }
        match (name, a, b) {
            // What is of unknown kind is what goes with the other, as far as that can be said.
            (_, Unknown, Unknown) => deferred(name, left, right),
            ("add" | "subtract", Unknown, kind) | ("add" | "subtract", kind, Unknown) if kind.is_amount() => {
                of_kind(kind, deferred(name, left, right))
            }
            (_, Unknown, kind) | (_, kind, Unknown) if kind.is_amount() => {
                deferred(name, factor(left, a), factor(right, b))
            }
            ("add" | "subtract", a, b) if a == b && a.is_amount() => of_kind(a, deferred(name, left, right)),
            ("add" | "subtract", a, b) if a.is_number() && b.is_number() && a != Percent && b != Percent => {
                deferred(name, left, right)
            }
            ("multiply", Rate, Duration) => {
                call("size", deferred("multiply", deferred("divide", left, Value::Int(8)), right))
            }
            ("multiply", Duration, Rate) => self.arithmetic_in_run(name, right, left, span, here),
            ("multiply", kind, Duration | Size | Rate) if kind.is_number() => {
                self.arithmetic_in_run(name, right, left, span, here)
            }
            ("divide", Size, Duration) => {
                call("rate", deferred("divide", deferred("multiply", left, Value::Int(8)), right))
            }
            ("divide", Size, Rate) => {
                call("duration", deferred("divide", deferred("multiply", left, Value::Int(8)), right))
            }
            ("divide", Duration, Duration) => deferred("divide", nanoseconds(left), nanoseconds(right)),
            ("divide", Size, Size) | ("divide", Rate, Rate) => deferred("divide", left, right),
            ("multiply" | "divide", Duration | Size | Rate, factor_kind) if factor_kind.is_number() => {
                of_kind(a, deferred(name, left, factor(right, factor_kind)))
            }
            ("multiply" | "divide", a, b) if a.is_number() && b.is_number() => {
                deferred(name, factor(left, a), factor(right, b))
            }
            ("add", Kind::Text, _) | ("add", _, Kind::Text) => self.numbers_around_plus(span),
            _ => self.units_differ(symbol(name), &left, &right, span, here),
        }
    }

    /// `left < right`, of which one waits.
    pub(super) fn order_in_run(
        &self,
        name: &'static str,
        left: Value,
        right: Value,
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        let (a, b) = (self.kind(&left, here), self.kind(&right, here));
        let is_ordered = |kind: Kind| kind.is_amount() || kind == Kind::Text;
        match (a, b) {
            (Kind::Unknown, kind) | (kind, Kind::Unknown) if kind == Kind::Unknown || is_ordered(kind) => {
                deferred(name, left, right)
            }
            (a, b) if a == b && is_ordered(a) => deferred(name, left, right),
            (a, b) if a.is_number() && b.is_number() => deferred(name, factor(left, a), factor(right, b)),
            _ => self.not_comparable(&left, &right, span, here),
        }
    }

    /// What stands in a text for what the run will know, as it would if it were known: `90s`, `10GiB`, `25%`.
    pub(super) fn text_in_run(&self, value: Value, span: Span, here: Option<SiteId>) -> Option<Value> {
        match self.kind(&value, here) {
            Kind::Duration => Some(call("duration_text", value)),
            Kind::Size => Some(call("size_text", value)),
            Kind::Rate => Some(call("rate_text", value)),
            Kind::Percent => {
                Some(Value::Deferred(Box::new(Deferred::Concat(vec![value, Value::Text("%".into())]))))
            }
            Kind::List | Kind::Record | Kind::Null | Kind::Other => {
                let found = self.described(&value, here);
                self.report(
                    Diagnostic::new(
                        codes::E0201,
                        span,
                        format!("expected something to write as text, found {found}"),
                    )
                    .label("cannot be written in a text")
                    .help("name a field of it, or use `to_json(…)`"),
                );
                None
            }
            _ => Some(value),
        }
    }

    /// A function on values of which one waits; `spans` are its arguments' places. They are of the kinds that it takes.
    pub(super) fn call_in_run(
        &self,
        function: &'static str,
        mut values: Vec<Value>,
        spans: &[Span],
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        for (position, (value, span)) in values.iter().zip(spans).enumerate() {
            let Some((kinds, expected)) = takes(function, position) else { continue };
            if !self.may_be(value, kinds, expected, *span, here) {
                return Value::Error;
            }
        }
        let texts = match (function, values.as_mut_slice()) {
            ("text", [value]) => self.text_in_run(value.clone(), span, here).map(|text| *value = text),
            ("join", [Value::List(slots), _]) => slots.iter_mut().try_for_each(|slot| {
                slot.value = match self.as_text(&slot.value) {
                    Some(text) => Value::Text(text),
                    None => self.text_in_run(slot.value.clone(), slot.span, here)?,
                };
                Some(())
            }),
            _ => Some(()),
        };
        if texts.is_none() {
            return Value::Error;
        }
        if let ("sum" | "min" | "max" | "sort", [Value::List(slots)]) = (function, values.as_slice()) {
            return self.amounts_in_run(function, slots.clone(), span, here);
        }
        Value::Deferred(Box::new(Deferred::Call(function, values)))
    }

    /// `sum`, `min`, `max` and `sort` take amounts of one kind.
    fn amounts_in_run(
        &self,
        function: &'static str,
        slots: Vec<Slot>,
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        let kinds: Vec<Kind> = slots.iter().map(|slot| self.kind(&slot.value, here)).collect();
        let goes = |kind: &Kind| match function {
            "sort" => kind.is_amount() || *kind == Kind::Text,
            _ => kind.is_amount(),
        };
        let known: Vec<(usize, Kind)> =
            kinds.iter().copied().enumerate().filter(|(_, kind)| *kind != Kind::Unknown).collect();
        if let Some((at, _)) = known.iter().find(|(_, kind)| !goes(kind)) {
            self.mismatch(&format!("what `{function}` takes"), &slots[*at].value, slots[*at].span);
            return Value::Error;
        }
        let Some((first, kind)) = known.first().copied() else {
            return call(function, Value::List(slots));
        };
        // A percentage is a part of something: it is no number among others.
        let is_number = |kind: Kind| matches!(kind, Kind::Int | Kind::Float);
        let is_like = |other: Kind| other == kind || (is_number(other) && is_number(kind));
        if let Some((other, _)) = known.iter().find(|(_, kind)| !is_like(*kind)) {
            let (left, right) = (&slots[first].value, &slots[*other].value);
            return match function {
                "sum" => self.units_differ("+", left, right, span, here),
                _ => self.not_comparable(left, right, span, here),
            };
        }
        let value = call(function, Value::List(slots));
        if function == "sum" { of_kind(kind, value) } else { value }
    }
}

/// How an operator is written.
fn symbol(name: &str) -> &'static str {
    match name {
        "multiply" => "*",
        "divide" => "/",
        "subtract" => "-",
        _ => "+",
    }
}

fn call(name: &'static str, value: Value) -> Value {
    Value::Deferred(Box::new(Deferred::Call(name, vec![value])))
}

/// A computed amount, as exact as a known one of its kind.
fn of_kind(kind: Kind, value: Value) -> Value {
    match kind {
        Kind::Size => call("size", value),
        Kind::Rate => call("rate", value),
        Kind::Duration => call("duration", value),
        _ => value,
    }
}

/// What a number multiplies by: `25%` by 0.25.
fn factor(value: Value, kind: Kind) -> Value {
    match (kind, value) {
        (_, Value::Percent(percent)) => Value::Float(percent / 100.0),
        (Kind::Percent, value) => deferred("divide", value, Value::Int(100)),
        (_, value) => value,
    }
}

/// Seconds as a whole number of nanoseconds.
fn nanoseconds(value: Value) -> Value {
    call("round", deferred("multiply", value, Value::Int(1_000_000_000)))
}

/// The kinds that a function takes at a position, where it takes only some.
pub(super) fn takes(function: &str, position: usize) -> Option<(&'static [Kind], &'static str)> {
    use Kind::{Float, Int, List, Null, Record, Text};
    Some(match (function, position) {
        ("lower" | "upper" | "trim" | "split" | "replace" | "json" | "base64" | "url", _) => {
            (&[Text], "a text")
        }
        ("length", 0) => (&[Text, List, Record], "a text, a list or a record"),
        ("join" | "distinct" | "sort" | "sum" | "min" | "max", 0) | ("without", 1) => (&[List], "a list"),
        ("first", 0) => (&[List, Null], "a list"),
        ("join", _) => (&[Text], "a text"),
        ("keys" | "values" | "without", 0) => (&[Record], "a record"),
        ("merge", _) | ("has", 0) => (&[Record, Null], "a record"),
        ("has", _) => (&[Text], "a text"),
        ("int", 0) => (&[Text, Int, Float], "a text or a number"),
        ("range" | "mod" | "div", _) => (&[Int], "a whole number"),
        _ => return None,
    })
}
