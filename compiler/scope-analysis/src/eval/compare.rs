//! Comparison, membership and ranges: `a < b`, `x in xs`, `1..9`.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{BinaryOp, Element, Expr, ExprKind};

use super::Frame;
use super::arithmetic::as_number;
use super::kind::Kind;
use super::known::{has_hole, waits_within};
use super::operators::{deferred, waits};
use crate::check::no_such_word;
use crate::comparison::{
    Side, base, cannot_be_compared, in_letters_of_network, is_never_in, literal, misfit, not_a_key,
    without_order, words,
};
use crate::context::Context;
use crate::hir::{Deferred, SiteId, Type, Value};
use crate::location;

/// Whether something is in something.
enum Membership {
    Known(bool),
    /// Known when running.
    Waits,
    /// Reported.
    Wrong,
}

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
    /// `left op right`, if the two can be compared.
    pub(super) fn comparison(&self, op: BinaryOp, left: &Expr, right: &Expr, frame: &Frame) -> Value {
        let (left_value, right_value) = (self.compared(left, frame), self.compared(right, frame));
        // What is told already is nothing that could be unequal.
        if has_hole(&left_value) || has_hole(&right_value) {
            return Value::Error;
        }
        if !self.can_be_compared(op, (left, &left_value), (right, &right_value), frame) {
            return Value::Error;
        }
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let is_equal = op == BinaryOp::Equal;
                if waits_within(&left_value) || waits_within(&right_value) {
                    return deferred(if is_equal { "equal" } else { "not_equal" }, left_value, right_value);
                }
                Value::Bool(self.is_same(&left_value, &right_value) == is_equal)
            }
            BinaryOp::In | BinaryOp::NotIn => {
                let is_wanted = op == BinaryOp::In;
                match self.contains(&right_value, &left_value, right.span, frame.here) {
                    Membership::Known(is_in) => Value::Bool(is_in == is_wanted),
                    Membership::Waits => match deferred("in", left_value, right_value) {
                        is_in if is_wanted => is_in,
                        is_in => Value::Deferred(Box::new(Deferred::Unary("not", is_in))),
                    },
                    Membership::Wrong => Value::Error,
                }
            }
            _ => self.ordered(op, (left, left_value), (right, right_value), frame.here),
        }
    }

    /// Whether the sides of a comparison are of types that go together; if not, that is reported, once.
    pub(crate) fn can_be_compared(
        &self,
        op: BinaryOp,
        (left, left_value): (&Expr, &Value),
        (right, right_value): (&Expr, &Value),
        frame: &Frame,
    ) -> bool {
        if let BinaryOp::In | BinaryOp::NotIn = op {
            return self.can_be_in((left, left_value), (right, right_value), frame);
        }
        let is_plain = std::mem::discriminant(left_value) == std::mem::discriminant(right_value)
            && !matches!(left_value, Value::List(_) | Value::Record(_) | Value::Deferred(_));
        let written = literal(left).or_else(|| literal(right));
        if is_plain && written.is_none() {
            return true;
        }
        let left_type = self.type_of(left, left_value, frame);
        let right_type = self.type_of(right, right_value, frame);
        let left_side = Side { expr: left, ty: &left_type, value: Some(left_value) };
        let right_side = Side { expr: right, ty: &right_type, value: Some(right_value) };
        if misfit(&left_type, &right_type).is_some() {
            self.report(cannot_be_compared(op, left_side, right_side));
            return false;
        }
        if !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            return true;
        }
        self.is_a_word(left, right, &right_type) && self.is_a_word(right, left, &left_type)
    }

    fn can_be_in(
        &self,
        (element, element_value): (&Expr, &Value),
        (whole, whole_value): (&Expr, &Value),
        frame: &Frame,
    ) -> bool {
        let is_plain =
            matches!((element_value, whole_value), (Value::Text(_), Value::Record(_) | Value::Text(_)));
        // Only what is written like a network may be one.
        let is_network = |text: &str| text.contains('/');
        if is_plain && !matches!(whole_value, Value::Text(text) if is_network(text)) {
            return true;
        }
        let whole_type = self.type_of(whole, whole_value, frame);
        if is_plain && *base(&whole_type) != Type::Cidr {
            return true;
        }
        let element_type = self.type_of(element, element_value, frame);
        let element_side = Side { expr: element, ty: &element_type, value: Some(element_value) };
        let whole_side = Side { expr: whole, ty: &whole_type, value: Some(whole_value) };
        let report = match base(&whole_type) {
            Type::Cidr => in_letters_of_network(element_side, whole_side),
            Type::List(inner) if misfit(&element_type, inner).is_some() => {
                is_never_in(element_side, whole_side)
            }
            Type::Site | Type::Location | Type::SiteSet if misfit(&element_type, &Type::Site).is_some() => {
                is_never_in(element_side, whole_side)
            }
            Type::Record(_) | Type::Map(_)
                if misfit(&element_type, &Type::String).is_some()
                    && !matches!(base(&element_type), Type::Site) =>
            {
                not_a_key(element_side, whole_side)
            }
            Type::String if misfit(&element_type, &Type::String).is_some() => {
                not_a_key(element_side, whole_side)
            }
            // `x.kind in ["a", "b"]`: each that is written out.
            Type::List(_) => {
                let ExprKind::List(elements) = whole.kind.as_ref() else { return true };
                return elements.iter().all(|one| match one {
                    Element::Value(one) => self.is_a_word(one, element, &element_type),
                    Element::Spread(_) => true,
                });
            }
            _ => return true,
        };
        self.report(report);
        false
    }

    /// Whether what is compared with an enumeration is one of its words, where it is written out.
    fn is_a_word(&self, written: &Expr, other: &Expr, ty: &Type) -> bool {
        let Some(text) = literal(written) else { return true };
        let Some(words) = words(ty).filter(|words| !words.contains(&text)) else { return true };
        let what = self.sources.borrow().snippet(other.span).to_string();
        self.report(no_such_word(&words, &text, written.span, &what));
        false
    }

    fn ordered(
        &self,
        op: BinaryOp,
        (left, left_value): (&Expr, Value),
        (right, right_value): (&Expr, Value),
        here: Option<SiteId>,
    ) -> Value {
        let name = match op {
            BinaryOp::Less => "less",
            BinaryOp::LessEqual => "less_equal",
            BinaryOp::Greater => "greater",
            _ => "greater_equal",
        };
        if waits(&left_value) || waits(&right_value) {
            return self.order_in_run(name, left_value, right_value, left.span.to(right.span), here);
        }
        let Some(order) = order(&left_value, &right_value) else {
            let (left_type, right_type) = (self.type_of_value(&left_value), self.type_of_value(&right_value));
            let left = Side { expr: left, ty: &left_type, value: Some(&left_value) };
            let right = Side { expr: right, ty: &right_type, value: Some(&right_value) };
            self.report(without_order(left, right));
            return Value::Error;
        };
        Value::Bool(match op {
            BinaryOp::Less => order.is_lt(),
            BinaryOp::LessEqual => order.is_le(),
            BinaryOp::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    pub(super) fn not_comparable(
        &self,
        left: &Value,
        right: &Value,
        span: Span,
        here: Option<SiteId>,
    ) -> Value {
        let (left, right) = (self.described(left, here), self.described(right, here));
        self.report(
            Diagnostic::new(codes::E0211, span, format!("{left} and {right} cannot be compared"))
                .label("different kinds")
                .help("compare values of one kind"),
        );
        Value::Error
    }

    /// Equality of known values, wherever they were written; a site equals a location of only it.
    pub(crate) fn is_same(&self, left: &Value, right: &Value) -> bool {
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
                location::form(left) == location::form(right)
            }
            // The sites of a resource are each of them: `base.sites == nantes & paris`.
            (Value::List(_), Value::Location(_) | Value::Site(_))
            | (Value::Location(_) | Value::Site(_), Value::List(_)) => {
                let (list, place) =
                    if matches!(left, Value::List(_)) { (left, right) } else { (right, left) };
                let of_list = self.sites_of(list).map(|sites| sites.into_iter().collect::<BTreeSet<_>>());
                of_list.is_some() && of_list == location::all_of(place)
            }
            (a, b) => a == b,
        }
    }

    fn contains(&self, container: &Value, element: &Value, span: Span, here: Option<SiteId>) -> Membership {
        Membership::Known(match (container, element) {
            (Value::Null, _) => false,
            (Value::List(slots), _) => {
                let is_known = !waits_within(element);
                if is_known && slots.iter().any(|slot| self.is_same(&slot.value, element)) {
                    return Membership::Known(true);
                }
                if !slots.is_empty() && (!is_known || waits_within(container)) {
                    return Membership::Waits;
                }
                false
            }
            (Value::Record(_) | Value::Text(_), element) if waits(element) => return Membership::Waits,
            (Value::Record(fields), Value::Text(key)) => fields.contains_key(key),
            (Value::Record(fields), Value::Site(site)) => fields.contains_key(&self.site_name(*site)),
            (Value::Text(text), Value::Text(part)) => text.contains(part.as_str()),
            (Value::Location(_) | Value::Site(_), Value::Site(site)) => {
                self.sites_of(container).is_some_and(|sites| sites.contains(site))
            }
            (Value::Deferred(_), _) => {
                let holds = [Kind::List, Kind::Record, Kind::Text];
                let expected = "a list, a record, a text or sites after `in`";
                return match self.may_be(container, &holds, expected, span, here) {
                    true => Membership::Waits,
                    false => Membership::Wrong,
                };
            }
            _ => {
                self.mismatch("a list, a record, a text or sites after `in`", container, span);
                return Membership::Wrong;
            }
        })
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
