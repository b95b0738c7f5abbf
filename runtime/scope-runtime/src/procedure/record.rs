//! A resource as a site answered it, by the names of the program: `body.flavor.id` under `flavor`.
//!
//! In comes the answer's record, out come the attributes and the conditions evaluated over them:
//! `{"status": "BUILD", "flavor": {"id": "1"}}` with `ready when status == "ACTIVE"` → not ready.

use scope_plan::driver::{Attribute, Operation, ResourceType, Type};
use scope_plan::eval::{Environment, eval};
use scope_plan::expr::Expr;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

use super::guard;
use super::inputs::{Given, is_content};
use super::subject::Subject;
use crate::site::Answer;

/// A resource at a site.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// As answered.
    pub(super) body: Value,
    /// By the driver's names; what the site does not tell is not there, nor are the guards of those who rely upon it.
    pub(super) attributes: Map<String, Value>,
    /// These guards.
    pub(super) guards: Vec<String>,
}

impl Record {
    /// Reads an answer's record; `given` are the values that the request went with.
    pub(super) fn read(subject: &Subject<'_>, body: Value, given: &Map<String, Value>) -> Self {
        let mut attributes = Map::new();
        for attribute in subject
            .resource_type
            .attributes
            .iter()
            .filter(|attribute| !is_content(subject.resource_type, &attribute.name))
        {
            let names = Names { given: Some(given), ..Names::over(subject, &body) };
            if let Some(value) = told(attribute, &body, &names) {
                attributes.insert(attribute.name.clone(), with_references(subject, &attribute.ty, value));
            }
        }
        let guards = match &subject.resource_type.guard {
            Some(place) => guard::take(place, &mut attributes),
            None => Vec::new(),
        };
        Self { body, attributes, guards }
    }

    /// What is known without an answer of the site.
    pub(super) fn known(attributes: Map<String, Value>) -> Self {
        Self { body: Value::Object(attributes.clone()), attributes, guards: Vec::new() }
    }

    /// Takes in what a later answer tells of the same resource, over what is known: the number of its last change, say. What
    /// the answer is silent about stays.
    pub(super) fn learn(&mut self, subject: &Subject<'_>, answer: &Answer, given: &Map<String, Value>) {
        let (Answer::Found(Value::Object(told)) | Answer::Done(Some(Value::Object(told)))) = answer else {
            return;
        };
        let Value::Object(body) = &mut self.body else { return };
        body.extend(told.clone());
        let read = Self::read(subject, self.body.clone(), given);
        self.attributes.extend(read.attributes);
    }

    /// Its identity at the site.
    pub(super) fn identity(&self, resource_type: &ResourceType) -> Option<String> {
        self.attributes.get(&resource_type.identity).and_then(identity_text)
    }

    /// An attribute that the site tells.
    pub(super) fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).filter(|value| !value.is_null())
    }

    /// What other steps see of it: what the site tells and, where it does not, what the program set; no secret, no content.
    pub(super) fn output(&self, resource_type: &ResourceType, given: &Map<String, Value>) -> Value {
        let mut output = Map::new();
        for attribute in resource_type.attributes.iter().filter(|attribute| !attribute.is_secret) {
            let value = self.attribute(&attribute.name).or_else(|| given.get(&attribute.name));
            if let Some(value) = value.or_else(|| self.attributes.get(&attribute.name)) {
                output.insert(attribute.name.clone(), value.clone());
            }
        }
        Value::Object(output)
    }
}

/// What a record tells of an attribute; a plain `null` is a word of the site. What reading gives nothing for may not be told by
/// this answer: it is a word of the site where something that is read is there, and is `null` itself. What cannot be changed and
/// is told so is not known: many an application forgets what something was made from.
pub(crate) fn told(attribute: &Attribute, record: &Value, names: &dyn Environment) -> Option<Value> {
    match &attribute.read {
        Some(read) => eval(read, names)
            .ok()
            .filter(|value| !value.is_null() || (!attribute.is_immutable && says_nothing(read, record))),
        None => record.get(&attribute.name).cloned(),
    }
}

/// Whether something of the record that an expression reads is there, and is nothing: `body.port_id` of `{"port_id": null}`, not of `{}`.
fn says_nothing(read: &Expr, record: &Value) -> bool {
    let mut is_nothing = false;
    read.visit(&mut |part| {
        let Some(value) = part_of(part, record) else { return };
        is_nothing |= value.is_null() || value.as_str().is_some_and(str::is_empty);
    });
    is_nothing
}

/// The part of the record that `body.a.b` stands for, where it has that.
fn part_of<'r>(expr: &Expr, record: &'r Value) -> Option<&'r Value> {
    match expr {
        Expr::Name(name) if name == "body" => Some(record),
        Expr::Field(base, name) => part_of(base, record)?.get(name),
        Expr::Index(base, index) => match &**index {
            Expr::Value(Value::String(name)) => part_of(base, record)?.get(name),
            _ => None,
        },
        _ => None,
    }
}

/// References as the records of what they refer to, wherever in a value they are told by identities alone.
fn with_references(subject: &Subject<'_>, ty: &Type, told: Value) -> Value {
    let of = |ty: &Type, told: Value| with_references(subject, ty, told);
    match (ty, told) {
        (Type::Optional(inner), told) => of(inner, told),
        (Type::Named(name), told) => match subject.driver.declared.get(name) {
            // What holds itself is no deeper than what the site told.
            Some(declared) if !told.is_null() => of(declared, told),
            _ => told,
        },
        (Type::Reference(referred), told @ (Value::String(_) | Value::Number(_))) => {
            match subject.shared.resource_type(referred) {
                Some((_, referred)) => json!({ &referred.identity: told }),
                None => told,
            }
        }
        (Type::List(item) | Type::Sequence(item) | Type::Keyed { item, .. }, Value::Array(all)) => {
            all.into_iter().map(|told| of(item, told)).collect()
        }
        (Type::Map(item), Value::Object(all)) => {
            all.into_iter().map(|(name, told)| (name, of(item, told))).collect()
        }
        (Type::Record(fields), Value::Object(mut all)) => {
            for (name, ty) in fields {
                if let Some(told) = all.get_mut(name) {
                    *told = of(ty, told.take());
                }
            }
            Value::Object(all)
        }
        (_, told) => told,
    }
}

/// An identity or a name as text; numbers are some applications' identities.
pub(crate) fn identity_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether an attribute's value refers to what has this identity: by itself, as a word of a text, in a list, or as a record.
pub(crate) fn mentions(value: &Value, identity: &str) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| mentions(value, identity)),
        Value::Object(fields) => fields.values().any(|value| mentions(value, identity)),
        value => identity_text(value).is_some_and(|text| has_word(&text, identity)),
    }
}

/// Whether a text stands in another one with nothing beside it that could be of it: `c1` in `host-c1`, not in `c17`.
fn has_word(text: &str, word: &str) -> bool {
    let is_end = |letter: Option<char>| !letter.is_some_and(char::is_alphanumeric);
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            is_end(text[..at].chars().next_back()) && is_end(text[at + word.len()..].chars().next())
        })
}

/// The names that a driver's condition is evaluated with: the resource's attributes, then what the program gave.
#[derive(Clone, Copy)]
pub(super) struct Names<'n> {
    pub(super) site_name: &'n str,
    /// Stands before all others.
    pub(super) first: Option<&'n Map<String, Value>>,
    pub(super) record: Option<&'n Record>,
    pub(super) given: Option<&'n Map<String, Value>>,
    pub(super) body: &'n Value,
    pub(super) contents: Option<&'n Given>,
    pub(super) changes: Option<&'n Map<String, Value>>,
}

impl<'n> Names<'n> {
    /// Over a record and what the program gave.
    pub(super) fn of(subject: &Subject<'n>, record: &'n Record, given: &'n Given) -> Self {
        Self {
            record: Some(record),
            given: Some(&given.values),
            contents: Some(given),
            ..Self::over(subject, &record.body)
        }
    }

    /// Over an answer alone.
    pub(super) fn over(subject: &Subject<'n>, body: &'n Value) -> Self {
        Self {
            site_name: subject.site_name(),
            first: None,
            record: None,
            given: None,
            body,
            contents: None,
            changes: None,
        }
    }

    /// Whether a condition holds; one that cannot be evaluated does not.
    pub(super) fn holds(&self, condition: &Expr) -> bool {
        eval(condition, self).is_ok_and(|value| value == Value::Bool(true))
    }

    /// A text, if it is one.
    pub(super) fn text(&self, expr: &Expr) -> Option<String> {
        match eval(expr, self) {
            Ok(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => None,
        }
    }
}

impl Environment for Names<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        // Where an answer is read, `body` is the answer, also for a type that has an attribute of that name.
        if name == "body" && self.record.is_none() && self.first.is_none() {
            return Some(self.body.clone());
        }
        let known = [
            self.first.and_then(|first| first.get(name)),
            self.record.and_then(|record| record.attribute(name)),
            self.given.and_then(|given| given.get(name)),
        ];
        if let Some(value) = known.into_iter().flatten().next() {
            return Some(value.clone());
        }
        if let Some(content) = self.contents.and_then(|given| given.contents.get(name)) {
            return Some(content.placeholder());
        }
        match name {
            "body" => Some(self.body.clone()),
            "changes" => Some(self.changes.map_or(Value::Null, |changes| Value::Object(changes.clone()))),
            "site" => Some(json!({ "name": self.site_name })),
            _ => Some(Value::Null),
        }
    }
}

/// What the program gave, filled up with the driver's defaults for what it left out and the site knows: the inputs of a creation
/// or call.
pub(super) fn with_defaults<'g>(
    subject: &Subject<'_>,
    given: &'g Given,
    operation: &Operation,
) -> Cow<'g, Map<String, Value>> {
    let mut inputs = Cow::Borrowed(&given.values);
    let attributes = subject.resource_type.attributes.iter();
    let site = subject.shared.plan.sites.get(subject.site_id.index());
    let is_known = |name: &str| site.is_none_or(|site| site.knows(&subject.resource_type.name, name));
    let settable = attributes.filter_map(|attribute| {
        let default = attribute.default.as_ref().filter(|_| attribute.is_settable)?;
        is_known(&attribute.name).then_some((&attribute.name, default))
    });
    let extra = operation.inputs.iter().filter_map(|(name, default)| Some((name, default.as_ref()?)));
    for (name, default) in settable.chain(extra) {
        if inputs.contains_key(name) || given.contents.contains_key(name) {
            continue;
        }
        let names =
            Names { given: Some(&given.values), contents: Some(given), ..Names::over(subject, &Value::Null) };
        if let Some(value) = eval(default, &names).ok().filter(|value| !value.is_null()) {
            inputs.to_mut().insert(name.clone(), value);
        }
    }
    inputs
}
