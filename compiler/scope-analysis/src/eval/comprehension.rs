//! Comprehensions: `[for s in sites if c => e]`, `{ for k, v in m => k: v }`, one frame for each element.

use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{self, Expr};

use super::{Frame, describe};
use crate::context::Context;
use crate::hir::{Deferred, Location, LocationKind, Slot, Value};

impl Context<'_> {
    pub(super) fn list_for(&self, generator: &ast::Generator, value: &Expr, frame: &Frame) -> Value {
        let Some(frames) = self.iterate(generator, frame) else { return Value::Error };
        let slots = frames
            .iter()
            .map(|inner| Slot { value: self.eval(value, inner), key: value.span, span: value.span })
            .collect();
        Value::List(slots)
    }

    pub(super) fn map_for(
        &self,
        generator: &ast::Generator,
        key: &Expr,
        value: &Expr,
        frame: &Frame,
    ) -> Value {
        let Some(frames) = self.iterate(generator, frame) else { return Value::Error };
        let mut record = IndexMap::with_capacity(frames.len());
        // The element that each key came from.
        let mut givers: Vec<&Frame> = Vec::with_capacity(frames.len());
        // What a key is that is in error is not known, nor that it is none that is asked for.
        let mut is_whole = true;
        for inner in &frames {
            let key_value = match self.eval(key, inner) {
                Value::Error => {
                    is_whole = false;
                    continue;
                }
                key_value => key_value,
            };
            let Some(text) = self.as_text(&key_value) else {
                self.mismatch("text for a key", &key_value, key.span);
                continue;
            };
            if let Some(first) = record.get_index_of(&text) {
                let at = frame.locals.len();
                let both = [givers[first], inner].map(|giver| self.element_text(giver, at));
                self.report(given_twice(&text, &both, generator, key));
                return Value::Error;
            }
            let slot = Slot { value: self.eval(value, inner), key: key.span, span: value.span };
            record.insert(text, slot);
            givers.push(inner);
        }
        if is_whole { Value::Record(record) } else { Value::Error }
    }

    /// What people call the element whose names are the locals from `at`: its own text, else its number.
    fn element_text(&self, element: &Frame, at: usize) -> String {
        let mut values = element.locals[at..].iter().map(|(_, value)| value);
        let named = values.find_map(|value| match value {
            Value::Record(fields) => self.as_text(&fields.get("name")?.value),
            value => self.as_text(value),
        });
        named.map_or_else(|| describe(&element.locals[at].1), |name| format!("`{name}`"))
    }

    /// What is read of a resource at each site of a `&`: a map by site, as far as it is known which these are.
    pub(super) fn each_site_of(&self, deferred: &Deferred) -> Option<Vec<(Value, Value)>> {
        if let Deferred::Bounded(bounded) = deferred
            && let Value::Deferred(inner) = &bounded.value
        {
            let each = self.each_site_of(inner)?.into_iter();
            return Some(each.map(|(site, value)| (site, (**bounded).clone().with(value))).collect());
        }
        let Deferred::Output { resource, site: None, path } = deferred else { return None };
        let LocationKind::And(parts) = self.head_summary(*resource)?.location.kind.clone() else {
            return None;
        };
        let at = |part: &Location| match part.kind {
            LocationKind::Site(site) => {
                let there = Deferred::Output { resource: *resource, site: Some(site), path: path.clone() };
                Some((Value::Text(self.site_name(site)), Value::Deferred(Box::new(there))))
            }
            _ => None,
        };
        parts.iter().map(at).collect()
    }

    /// Whether it is read of a resource of which it was told that its place is wrong: it may be at several sites.
    fn is_somewhere_wrong(&self, value: &Value) -> bool {
        let Value::Deferred(deferred) = value.unbounded() else { return false };
        let Deferred::Output { resource, .. } = &**deferred else { return false };
        self.head_summary(*resource).is_none_or(|head| head.location.is_wrong())
    }

    /// One frame for each element that the generator's condition lets through.
    pub fn iterate(&self, generator: &ast::Generator, frame: &Frame) -> Option<Vec<Frame>> {
        let source = self.eval(&generator.source, frame);
        let second = generator.second.as_ref();
        if self.is_supposing() {
            return self.supposed_element(generator, &source, frame);
        }
        let pairs: Vec<(Value, Value)> = match source {
            Value::Error => return None,
            Value::List(slots) => slots
                .into_iter()
                .enumerate()
                .map(|(index, slot)| match second {
                    Some(_) => (Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), slot.value),
                    None => (slot.value, Value::Null),
                })
                .collect(),
            Value::Record(fields) => {
                fields.into_iter().map(|(key, slot)| (Value::Text(key), slot.value)).collect()
            }
            Value::Location(location) => {
                let sites = location.sites().into_iter().enumerate();
                sites
                    .map(|(index, site)| match second {
                        Some(_) => (Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), Value::Site(site)),
                        None => (Value::Site(site), Value::Null),
                    })
                    .collect()
            }
            Value::Deferred(deferred) if self.each_site_of(&deferred).is_some() => {
                self.each_site_of(&deferred).unwrap_or_default()
            }
            other => {
                let expected = "a list, a record or a set of sites";
                match &other {
                    Value::Int(number) if *number > 0 => {
                        let help = format!(
                            "`1..{number}` goes from 1 to {number}, `range({number})` from 0 to {}",
                            number - 1
                        );
                        self.mismatch_with(expected, &other, generator.source.span, &help);
                    }
                    other if self.is_somewhere_wrong(other) => {}
                    other if is_by_site(other) => {
                        let read = self.sources.borrow().snippet(generator.source.span).to_string();
                        let help = format!(
                            "where it is turns out in the run: `keys({read})` are the sites, `values({read})` what there is at them"
                        );
                        self.mismatch_with(expected, other, generator.source.span, &help);
                    }
                    other => self.mismatch(expected, other, generator.source.span),
                }
                return None;
            }
        };
        let (first_type, second_type) = self.types_of_elements(generator, frame);
        let mut frames = Vec::with_capacity(pairs.len());
        for (first, value) in pairs {
            let mut inner = frame.with(&generator.name.text, first);
            if let Some(ty) = &first_type {
                inner.declare(Rc::clone(ty));
            }
            if let Some(second) = second {
                inner.locals.push((second.text.clone(), value));
                if let Some(ty) = &second_type {
                    inner.declare(Rc::clone(ty));
                }
            }
            if let Some(condition) = &generator.condition {
                match self.eval(condition, &inner) {
                    Value::Bool(true) => {}
                    Value::Bool(false) => continue,
                    // Whether it is among them is not known: nor is what is made of it.
                    Value::Error => inner.locals[frame.locals.len()..]
                        .iter_mut()
                        .for_each(|(_, value)| *value = Value::Error),
                    other => {
                        self.mismatch("true or false", &other, condition.span);
                        return None;
                    }
                }
            }
            frames.push(inner);
        }
        Some(frames)
    }
}

/// Whether it is read of a group whose copies turn out in the run.
fn is_by_site(value: &Value) -> bool {
    matches!(value.unbounded(), Value::Deferred(deferred) if matches!(**deferred, Deferred::BySite(_)))
}

/// The report for a key that two elements of a map give.
fn given_twice(text: &str, both: &[String; 2], generator: &ast::Generator, key: &Expr) -> Diagnostic {
    let [first, second] = both;
    Diagnostic::new(codes::E0103, key.span, format!("`{text}` is set twice"))
        .label(format!("by {first}, and again by {second}"))
        .secondary(generator.source.span, "the elements")
        .note("a map has each key once, so one of the two would be lost")
        .help("use a key that differs, or gather what has the same one: `{ for k in distinct([…]) => k: [for …] }`")
}
