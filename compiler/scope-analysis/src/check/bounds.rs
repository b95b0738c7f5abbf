//! Types that refuse some values of their kind, and values known only in the run that are held to them.
//!
//! Comes in: `m.count` where `port: int in 1..65535` is wanted. Goes out: the value with that type, its name and its place, which the
//! plan keeps: what the run finds is compared before anything is sent. What is expected is worded here, for values that are known
//! when compiling and for the plan.

use std::collections::HashSet;

use scope_diagnostics::Span;

use super::secrets::holds_secret;
use super::values::in_words;
use crate::comparison::base;
use crate::context::Context;
use crate::hir::{Bounded, Deferred, FURTHEST, NamedType, Type, Value, amount_text};

impl Context<'_> {
    /// A value that only the run will know, with what it is held to then.
    pub(super) fn bounded(&self, value: Value, ty: &Type, span: Span, what: &str) -> Value {
        if self.is_supposing() || !is_bounded(ty, &mut HashSet::new()) || self.is_held(&value, ty) {
            return value;
        }
        let bounded = Bounded {
            is_secret: self.is_of_secret(&value),
            ty: ty.clone(),
            what: what.to_owned(),
            span,
            rule: None,
            value: Value::Null,
        };
        bounded.with(value)
    }

    /// Whether it is held to that already, or a site gives it as of the same words or the same record: what it has in it is the
    /// site's own then, and may be of a newer version.
    fn is_held(&self, value: &Value, ty: &Type) -> bool {
        let Value::Deferred(deferred) = value else { return false };
        match (&**deferred, ty) {
            (Deferred::Bounded(bounded), ty) if bounded.ty == *ty => true,
            (deferred, ty) if matches!(base(ty), Type::Record(_)) => {
                self.deferred_type(deferred).is_some_and(|found| found.required() == ty.required())
            }
            (deferred, Type::Enum(words)) => self.deferred_type(deferred).is_some_and(|found| {
                matches!(found.required(), Type::Enum(found) if found.iter().all(|word| words.contains(word)))
            }),
            _ => false,
        }
    }

    fn is_of_secret(&self, value: &Value) -> bool {
        match value {
            Value::Deferred(deferred) => {
                self.deferred_type(deferred).is_some_and(|ty| ty.holds_secret())
                    || deferred.parts().into_iter().any(|part| self.is_of_secret(part))
            }
            value => holds_secret(value),
        }
    }
}

/// Whether a type, or one within it, refuses some values of its kind.
fn is_bounded(ty: &Type, seen: &mut HashSet<*const NamedType>) -> bool {
    match ty {
        Type::InRange(..) | Type::Matching(..) | Type::Enum(_) => true,
        Type::Ip | Type::Cidr | Type::Quantity => true,
        Type::Optional(inner)
        | Type::Secret(inner)
        | Type::List(inner)
        | Type::Map(inner)
        | Type::By(inner, _) => is_bounded(inner, seen),
        Type::Record(fields) => fields.iter().any(|field| is_bounded(&field.ty, seen)),
        Type::OneOf(branches) => branches.iter().any(|branch| is_bounded(branch, seen)),
        Type::Named(named) => seen.insert(std::sync::Arc::as_ptr(named)) && is_bounded(named.meaning(), seen),
        _ => false,
    }
}

/// What is expected of a value of a type, behind its name: `in 1..65535`, `to be a text`.
pub fn expected(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) | Type::Secret(inner) | Type::By(inner, _) => expected(inner),
        Type::Named(named) => expected(named.meaning()),
        Type::InRange(inner, low, high) => range_in_words(inner, *low, *high).0,
        Type::Matching(_, pattern) => pattern_in_words(pattern),
        Type::Enum(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            match words.as_slice() {
                [only] => format!("to be {only}"),
                words => format!("to be one of {}", words.join(", ")),
            }
        }
        Type::OneOf(_) => {
            let each: Vec<String> = ty.alternatives().types.into_iter().map(expected).collect();
            each.join(", or ")
        }
        ty => format!("to be {}", in_words(ty)),
    }
}

/// Whether a range has no lower, no upper end.
pub fn open_ends(ty: &Type, low: f64, high: f64) -> (bool, bool) {
    let is_number = matches!(ty, Type::Int | Type::Float);
    (is_number && low <= -FURTHEST, is_number && high >= FURTHEST)
}

/// A range, as what is expected and as what to choose.
pub(super) fn range_in_words(ty: &Type, low: f64, high: f64) -> (String, String) {
    let (least, most) = (amount_text(ty, low), amount_text(ty, high));
    let one = match ty {
        Type::Int | Type::Float => "a number",
        Type::Duration => "a duration",
        Type::Size => "a size",
        Type::Rate => "a rate",
        _ => "a percentage",
    };
    match open_ends(ty, low, high) {
        (_, true) => (format!("to be at least {least}"), format!("{least} or more")),
        (true, _) => (format!("to be at most {most}"), format!("{most} or less")),
        _ => (format!("in {least}..{most}"), format!("{one} from {least} to {most}, both included")),
    }
}

/// What a pattern asks, as it is meant where that can be told.
pub(super) fn pattern_in_words(pattern: &str) -> String {
    match (length_in_words(pattern), beginning(pattern)) {
        (Some((words, _)), _) => format!("to have {words}"),
        _ if pattern == HTTP => "to be an address with `https://` or `http://`".into(),
        (_, Some(beginning)) => format!("to begin with \"{beginning}\""),
        _ => format!("to match r\"{pattern}\""),
    }
}

/// The pattern of an address.
pub(super) const HTTP: &str = "^https?://";

/// What a pattern says of a text's length, where it says only that, and what to do: `(?s)^.{1,64}$`.
pub(super) fn length_in_words(pattern: &str) -> Option<(String, &'static str)> {
    let (least, most) = pattern.strip_prefix("(?s)^.{")?.strip_suffix("}$")?.split_once(',')?;
    Some(match (least, most) {
        ("0", most) => (format!("at most {most} characters"), "shorten it"),
        (least, "") => (format!("at least {least} characters"), "write more"),
        (least, most) => (format!("{least} to {most} characters"), "write as many"),
    })
}

/// The beginning of a text, where a pattern says only that: `^/`.
pub(super) fn beginning(pattern: &str) -> Option<&str> {
    pattern
        .strip_prefix('^')
        .filter(|rest| !rest.is_empty() && rest.chars().all(|letter| !r"\.+*?()|[]{}^$".contains(letter)))
}
