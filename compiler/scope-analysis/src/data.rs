//! JSON and YAML files as values.
//!
//! `name: x` in YAML → a record with the field `name`. Every part carries the span of the call that read the file.

use indexmap::IndexMap;
use scope_diagnostics::Span;

use crate::context::Context;
use crate::hir::{Slot, Value};

/// Data files are read whole: at most this many bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// One document of YAML (or JSON, which is YAML). The error is in the reader's words.
pub fn parse(bytes: &[u8]) -> Result<serde_json::Value, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
    serde_saphyr::from_str::<serde_json::Value>(text).map_err(|error| error.to_string())
}

/// A JSON value as a value of the language.
pub(crate) fn to_value(json: &serde_json::Value, span: Span) -> Value {
    let slot = |value: &serde_json::Value| Slot { value: to_value(value, span), key: span, span };
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(slot).collect()),
        serde_json::Value::Object(fields) => Value::Record(
            fields.iter().map(|(key, value)| (key.clone(), slot(value))).collect::<IndexMap<_, _>>(),
        ),
    }
}

/// A known value as JSON; `None` where a part is known only when running, or has no JSON form.
pub(crate) fn to_json(context: &Context<'_>, value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => serde_json::Number::from_f64(*value)?.into(),
        Value::Text(text) => text.clone().into(),
        Value::Size(bytes) => (*bytes).into(),
        Value::Rate(bits) => (*bits).into(),
        Value::Percent(value) => serde_json::Number::from_f64(*value)?.into(),
        Value::Duration(nanoseconds) => serde_json::Number::from_f64(*nanoseconds as f64 / 1e9)?.into(),
        Value::Site(site) => context.site_name(*site).into(),
        Value::List(slots) => {
            slots.iter().map(|slot| to_json(context, &slot.value)).collect::<Option<Vec<_>>>()?.into()
        }
        Value::Record(fields) => {
            let mut object = serde_json::Map::new();
            for (key, slot) in fields {
                object.insert(key.clone(), to_json(context, &slot.value)?);
            }
            object.into()
        }
        _ => return None,
    })
}
