//! The state of all sites as text that does not depend on the seed: identities by what they belong to, moments as `<time>`.
//!
//! ```text
//! run: done, 3 created, 1 borrowed
//! CloudOne
//!   image base
//!     disk_format: "raw"
//!     id: <image base>
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::claims::verdict_word;
use super::stage::{Last, Stage};

impl Stage<'_> {
    /// The text of this moment.
    pub(super) fn snapshot(&self) -> String {
        let mut text = match &*self.last.borrow() {
            None => "no run\n".to_owned(),
            Some(Last::Refused(_)) => "refused\n".to_owned(),
            Some(Last::Ended { report, .. }) => {
                let counts = &report.counts;
                let numbers = [
                    (counts.created, "created"),
                    (counts.adopted, "adopted"),
                    (counts.updated, "changed"),
                    (counts.deleted, "deleted"),
                    (counts.borrowed, "borrowed"),
                    (counts.called, "called"),
                    (counts.unchanged, "unchanged"),
                    (counts.parked, "parked"),
                    (counts.failed, "failed"),
                    (report.owed.len(), "owed"),
                ];
                let numbers = numbers.into_iter().filter(|(number, _)| *number > 0);
                let numbers: Vec<String> =
                    numbers.map(|(number, word)| format!(", {number} {word}")).collect();
                format!("run: {}{}\n", verdict_word(report.verdict), numbers.concat())
            }
        };
        let Value::Object(sites) = self.simulator.snapshot() else { return text };
        let names = self.names(&sites);
        let holds_something = |types: &Value| types.as_object().is_some_and(|types| !types.is_empty());
        for (site, types) in sites.iter().filter(|(_, types)| holds_something(types)) {
            text += &format!("{site}\n");
            for (resource_type, records) in types.as_object().into_iter().flatten() {
                let short = resource_type.rsplit('.').next().unwrap_or(resource_type);
                let (_, named_by) = self.simulator.identified_by(resource_type);
                for record in records.as_array().into_iter().flatten().filter_map(Value::as_object) {
                    let called = named_by.as_ref().and_then(|name| record.get(name)?.as_str());
                    let called = called.unwrap_or("without a name");
                    text += &format!("  {short} {called}\n");
                    for (name, value) in record.iter().filter(|(_, value)| !is_nothing(value)) {
                        text += &format!("    {name}: {}\n", told(value, &names));
                    }
                }
            }
        }
        text
    }

    /// Identity → what has it, for those that a site makes up.
    fn names(&self, sites: &Map<String, Value>) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for (resource_type, records) in sites.values().filter_map(Value::as_object).flatten() {
            let short = resource_type.rsplit('.').next().unwrap_or(resource_type);
            let (Some(identified_by), named_by) = self.simulator.identified_by(resource_type) else {
                continue;
            };
            for (index, record) in records.as_array().into_iter().flatten().enumerate() {
                let Some(identity) = record.get(&identified_by).and_then(Value::as_str) else { continue };
                let called = named_by.as_ref().and_then(|name| record.get(name)?.as_str());
                let called = called.map_or_else(|| index.to_string(), str::to_owned);
                names.insert(identity.to_owned(), format!("<{short} {called}>"));
            }
        }
        names
    }
}

/// What is nothing is left out: it is seen when it becomes something.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// A value without what a seed made up.
fn told(value: &Value, names: &BTreeMap<String, String>) -> String {
    match value {
        Value::String(text) => match names.get(text) {
            Some(name) => name.clone(),
            None if is_time(text) => "<time>".into(),
            None => value.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| told(item, names)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}: {}", told(value, names))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// `2026-01-01T00:00:01Z`
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 20 && bytes[4] == b'-' && bytes[10] == b'T' && bytes[19] == b'Z'
}
