//! A record as its site answers it, so that whoever reads the answer as the driver says reads the record.
//!
//! A driver that reads its attribute `zone` at `body["AZ:zone"]` gets `{ "AZ:zone": "west" }` for a record whose
//! `zone` is `west`.

use scope_plan::driver::{Attribute, Meaning, Type};
use scope_plan::eval::eval_request_body;
use scope_plan::eval::value::equal;
use scope_plan::expr::Expr;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::evaluate::Names;
use super::solve;
use super::store::{Model, Record};
use super::types::{identity_text, inner};

impl Model {
    /// What the site answers of a record: all but content and what is only ever sent.
    pub(super) fn answer(&self, record: &Record) -> Value {
        let mut answer = Map::new();
        for (name, value) in &record.attributes {
            if self.attribute(name).is_none_or(|own| is_answered(own) && own.read.is_none()) {
                answer.insert(name.clone(), value.clone());
            }
        }
        for attribute in self.resource_type.attributes.iter().filter(|attribute| is_answered(attribute)) {
            let Some(read) = &attribute.read else { continue };
            let value = record.attributes.get(&attribute.name).unwrap_or(&Value::Null);
            self.make_readable(&mut answer, attribute, read, value);
        }
        Value::Object(answer)
    }

    /// Changes the answer so that reading the attribute gives the value. Where no way is found to write it where it is
    /// read from, it stands under the attribute's own name.
    fn make_readable(
        &self,
        answer: &mut Map<String, Value>,
        attribute: &Attribute,
        read: &Expr,
        value: &Value,
    ) {
        let none = Map::new();
        let reads = |answer: &Map<String, Value>| {
            let result = Names { given: &none, attributes: answer }.value(read).unwrap_or(Value::Null);
            is_same_reading(&attribute.ty, &result, value)
        };
        if reads(answer) {
            return;
        }
        let written = solve::readable(read, value, answer, &self.resource_type);
        if let Some(written) = written.filter(|written| reads(written)) {
            *answer = written;
            return;
        }
        answer.insert(attribute.name.clone(), value.clone());
    }
}

fn is_answered(attribute: &Attribute) -> bool {
    !attribute.is_write_only && *inner(&attribute.ty) != Type::Bytes
}

/// Is what was read the value? Of a reference it is enough to read its identity.
fn is_same_reading(ty: &Type, read: &Value, value: &Value) -> bool {
    match (inner(ty), read, value) {
        (Type::Reference(_), Value::Object(read), Value::Object(value)) => {
            !read.is_empty()
                && read.iter().all(|(key, read)| value.get(key).is_some_and(|value| equal(read, value)))
        }
        (Type::Reference(_), read, Value::Object(value)) => {
            !read.is_null() && value.values().next().is_some_and(|identity| equal(read, identity))
        }
        (
            Type::List(element) | Type::Keyed { item: element, .. },
            Value::Array(read),
            Value::Array(value),
        ) => {
            read.len() == value.len()
                && read.iter().zip(value).all(|(read, value)| is_same_reading(element, read, value))
        }
        (Type::List(_) | Type::Keyed { .. } | Type::Map(_), read, Value::Null) => is_nothing(read),
        (_, read, value) => equal(read, value),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// What the driver would make of an answer that echoes the request: for applications that say nothing of themselves
/// (`answer: body` of any REST resource) and for identities that are made of what was sent (a command's words).
pub(super) fn echo(
    call: &Call,
    names: &Map<String, Value>,
    attributes: &Map<String, Value>,
) -> Map<String, Value> {
    let Some(Meaning::Done(Some(result)) | Meaning::Found(result)) = good_meaning(call) else {
        return Map::new();
    };
    let body = match &call.operation.request {
        scope_plan::driver::Request::Http { body: Some(body), .. } => {
            eval_request_body(body, &Names { given: names, attributes }).unwrap_or(Value::Null)
        }
        _ => Value::Null,
    };
    // Where a service says in a header what it calls the new one, it calls it what was made up.
    let made_up =
        attributes.get(&call.model.resource_type.identity).and_then(identity_text).unwrap_or_default();
    let mut names = names.clone();
    for (name, value) in [
        ("body", body),
        ("text", json!("")),
        ("out", json!("")),
        ("err", json!("")),
        ("code", json!(0)),
        ("header", json!({ "location": format!("simulated/{made_up}") })),
    ] {
        names.insert(name.into(), value);
    }
    match result {
        // Field by field: one that cannot be made of an echo does not spoil the others.
        Expr::Record(fields) => fields
            .iter()
            .filter_map(|(name, field)| {
                Some((name.clone(), Names { given: &names, attributes }.value(field).ok()?))
            })
            .collect(),
        other => match (Names { given: &names, attributes }).value(other) {
            Ok(Value::Object(record)) => record,
            _ => Map::new(),
        },
    }
}

/// The first of the operation's rules that tells of a good answer.
pub(super) fn good_meaning(call: &Call) -> Option<&Meaning> {
    call.operation.answers.iter().map(|answer| &answer.meaning).find(|meaning| {
        matches!(
            meaning,
            Meaning::Found(_) | Meaning::List(_) | Meaning::Done(_) | Meaning::Gone | Meaning::Content
        )
    })
}

/// Does the driver take a record from a good answer?
pub(super) fn answers_with_record(call: &Call) -> bool {
    matches!(good_meaning(call), Some(Meaning::Done(Some(_)) | Meaning::Found(_)))
}

/// What the site tells of the one that is there already, as far as the driver reads it.
pub(super) fn existing(call: &Call, record: Option<&Record>) -> Option<Value> {
    let record = record?;
    let rules = call.operation.answers.iter().chain(&call.model.service_answers);
    let told = rules.map(|rule| &rule.meaning).find_map(|meaning| match meaning {
        Meaning::Exists(told) => Some(told),
        _ => None,
    })?;
    let told = told.as_ref()?;
    // `exists(body)` is the record, anything else its identity.
    let names_body = matches!(told, Expr::Name(name) if name == "body");
    if names_body {
        return Some(call.model.answer(record));
    }
    record.attributes.get(&call.model.resource_type.identity).cloned()
}
