//! What placement words are written with: parts, orders and distances of sets of sites, and refusing.
//!
//! `take(2, edge)`, `sort_by(edge, [for s in edge => rtt(nantes, s)])`, `flatten([[a], [b, c]])`, `fail("too few sites")`.
//! They are known when compiling and go on working on sites and on any list.

use std::cmp::Ordering;

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::Argument;

use super::Frame;
use crate::context::Context;
use crate::hir::{Location, LocationKind, SiteId, Slot, Value};
use crate::location::round_trip;

impl Context<'_> {
    pub(super) fn arrange(&self, name: &str, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let takes = if name == "flatten" { 1 } else { 2 };
        if args.len() != takes || args.iter().any(|argument| argument.name.is_some()) {
            self.report(
                Diagnostic::new(
                    codes::E0210,
                    span,
                    format!("`{name}` takes {takes} arguments without names"),
                )
                .label(format!("{} given", args.len()))
                .help(match name {
                    "take" => "write `take(2, list)`",
                    "sort_by" => "write `sort_by(list, keys)`, a key for each element",
                    "rtt" => "write `rtt(a, b)`",
                    _ => "write `flatten(lists)`",
                }),
            );
            return Value::Error;
        }
        let values: Vec<Value> = args.iter().map(|argument| self.eval(&argument.value, frame)).collect();
        if values.contains(&Value::Error) {
            return Value::Error;
        }
        let mismatch = |index: usize, expected: &str| {
            self.mismatch(expected, &values[index], args[index].value.span);
            Value::Error
        };
        match (name, values.as_slice()) {
            ("take", [Value::Int(count), list]) => match self.elements(list, span) {
                Some(list) => {
                    let count = usize::try_from(*count).unwrap_or(0);
                    Value::List(list.into_iter().take(count).collect())
                }
                None => mismatch(1, "a list or sites"),
            },
            ("take", _) => mismatch(0, "a whole number"),
            ("sort_by", [list, Value::List(keys)]) => match self.elements(list, span) {
                Some(list) if list.len() == keys.len() => {
                    let mut keyed: Vec<(&Value, Slot)> =
                        keys.iter().map(|key| &key.value).zip(list).collect();
                    keyed.sort_by(|(a, _), (b, _)| order(a, b));
                    Value::List(keyed.into_iter().map(|(_, slot)| slot).collect())
                }
                Some(_) => mismatch(1, "a key for each element"),
                None => mismatch(0, "a list or sites"),
            },
            ("sort_by", _) => mismatch(1, "a list of keys"),
            ("flatten", [Value::List(lists)]) => {
                let inner = lists.iter().map(|slot| self.elements(&slot.value, span));
                match inner.collect::<Option<Vec<_>>>() {
                    Some(inner) => Value::List(inner.into_iter().flatten().collect()),
                    None => mismatch(0, "a list of lists"),
                }
            }
            ("flatten", _) => mismatch(0, "a list of lists"),
            (_, [from, to]) => match (self.places_of(from), self.places_of(to)) {
                (Some(from), Some(to)) => self.distance(&from, &to),
                (None, _) => mismatch(0, "a site"),
                (_, None) => mismatch(1, "a site"),
            },
            _ => Value::Error,
        }
    }

    /// The shortest declared round trip between two sets of sites; `null` where no link is declared.
    fn distance(&self, from: &[SiteId], to: &[SiteId]) -> Value {
        let links = self.links();
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        let shortest = pairs.filter_map(|(from, to)| round_trip(links, from, to)).min();
        shortest.map_or(Value::Null, Value::Duration)
    }

    /// The sites of a value; of a resource, those where it is.
    fn places_of(&self, value: &Value) -> Option<Vec<SiteId>> {
        match value {
            Value::Resource(resource) => Some(self.head_summary(*resource)?.location.sites()),
            value => self.sites_of(value),
        }
    }

    fn elements(&self, value: &Value, span: Span) -> Option<Vec<Slot>> {
        match value {
            Value::List(list) => Some(list.clone()),
            value => {
                let slot = |site| Slot { value: Value::Site(site), key: span, span };
                Some(self.sites_of(value)?.into_iter().map(slot).collect())
            }
        }
    }

    /// The locations of a list of sites and locations, or of a set of sites.
    pub(super) fn locations_of(&self, value: &Value, span: Span) -> Option<Vec<Location>> {
        if let Value::List(list) = value
            && list.iter().any(|slot| matches!(slot.value, Value::Location(_)))
        {
            let location = |slot: &Slot| match &slot.value {
                Value::Site(site) => Some(Location { kind: LocationKind::Site(*site), span }),
                Value::Location(location) => Some(location.clone()),
                _ => None,
            };
            return list.iter().map(location).collect();
        }
        let site = |site| Location { kind: LocationKind::Site(site), span };
        Some(self.sites_of(value)?.into_iter().map(site).collect())
    }

    /// `fail("why")`: an operator cannot do what is asked. Reported where the program called it.
    pub(super) fn fail(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(argument) = self.argument("fail", args, span) else { return Value::Error };
        match self.eval(argument, frame) {
            Value::Error => {}
            Value::Text(text) => {
                let called = self.calls.borrow().first().copied();
                let mut report = Diagnostic::new(codes::E0315, called.unwrap_or(span), text);
                report = report.label("cannot be done");
                if called.is_some() {
                    report = report.secondary(span, "refused here");
                }
                self.report(report.help("ask for less, or name more sites"));
            }
            other => self.mismatch("a text", &other, argument.span),
        }
        Value::Error
    }
}

/// Keys in order: numbers and durations by amount, texts by their characters, what is not there last.
fn order(a: &Value, b: &Value) -> Ordering {
    let amount = |value: &Value| match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) | Value::Percent(number) => Some(*number),
        Value::Duration(nanoseconds) => Some(*nanoseconds as f64),
        Value::Size(amount) | Value::Rate(amount) => Some(*amount as f64),
        _ => None,
    };
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Greater,
        (_, Value::Null) => Ordering::Less,
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => match (amount(a), amount(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => Ordering::Equal,
        },
    }
}
