//! JSON and YAML files as values.
//!
//! `name: x` in YAML → a record with the field `name`. Every part of a file that a program reads carries its place in that
//! file, so that a report about `replicas: "3"` points at line and column of the YAML.

mod json;
mod two_readings;

use std::fmt;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, FileId, Span};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Location, Spanned};

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

/// A part of a document, with the places of its parts.
enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Node>>),
    Record(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Record(fields))
    }
}

/// Why a file is no data.
pub struct DataError {
    /// In the reader's words.
    pub words: String,
    /// Where, in bytes, if it says so.
    pub offset: Option<u32>,
    /// Whether it may well be data, but is larger or deeper than is read.
    pub is_too_much: bool,
    /// What to write instead, where it is data but for one word.
    pub help: Option<&'static str>,
}

/// The documents of a YAML (or JSON) text: one gives its value, several a list of theirs. What is wrong with one that is meant as
/// JSON is said in JSON's words.
pub(crate) fn documents(
    text: &str,
    file: FileId,
    is_json: bool,
    report: &mut dyn FnMut(Diagnostic),
) -> Result<Value, DataError> {
    let mut slots =
        each_document(text, file, report).map_err(|error| match is_json && !error.is_too_much {
            true => json::error_of(text).unwrap_or(error),
            false => error,
        })?;
    Ok(match slots.len() {
        0 => Value::Null,
        1 => slots.pop().map_or(Value::Null, |slot| slot.value),
        _ => Value::List(slots),
    })
}

/// What there is too much of, if that is the trouble.
fn too_much(error: &serde_saphyr::Error) -> Option<String> {
    let serde_saphyr::Error::Budget { breach, .. } = error.without_snippet() else { return None };
    Some(match breach {
        BudgetBreach::Depth { depth } => format!("values more than {} deep", depth.saturating_sub(1)),
        BudgetBreach::Nodes { nodes } => format!("more than {} values", nodes.saturating_sub(1)),
        _ => "more than is read of one file".to_owned(),
    })
}

/// The documents of a YAML (or JSON) text, empty ones left out. A word that the versions of YAML read differently is reported, and
/// a hole in what is returned.
pub fn each_document(
    text: &str,
    file: FileId,
    report: &mut dyn FnMut(Diagnostic),
) -> Result<Vec<Slot>, DataError> {
    if text.len() > MAX_BYTES {
        let words = format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024);
        return Err(DataError { words, offset: None, is_too_much: true, help: None });
    }
    let mut nodes: Vec<Spanned<Node>> = serde_saphyr::from_multiple(text).map_err(|error| {
        // The first line says what is wrong; the rest is a drawing of the place, which the report makes itself.
        let words = error.to_string().lines().next().unwrap_or_default().to_string();
        let words = words.strip_prefix("error: ").unwrap_or(&words).to_string();
        let location = error.location();
        let offset = location.map(|location| offset_of(location, text));
        if let Some(words) = too_much(&error) {
            return DataError { words, offset, is_too_much: true, help: None };
        }
        if let serde_saphyr::Error::NonFiniteFloat { value, .. } = error.without_snippet() {
            let words = format!("`{value}` is no number that a program can have");
            let help = Some("write it in quotes for a text, or a number that is finite");
            return DataError { words, offset, is_too_much: false, help };
        }
        let words = match (location, words.split_once(": ")) {
            (Some(_), Some((place, rest))) if place.starts_with("line ") => rest.to_string(),
            _ => words,
        };
        DataError { words, offset, is_too_much: false, help: None }
    })?;
    if nodes.len() > 1 {
        nodes.retain(|node| !matches!(node.value, Node::Null));
    }
    let whole = Span::new(file, 0, 0);
    let mut slots: Vec<Slot> = nodes.into_iter().map(|node| node_slot(node, whole, file, text)).collect();
    slots.iter_mut().for_each(|slot| two_readings::take_out(slot, text, report));
    Ok(slots)
}

fn node_value(node: Node, file: FileId, text: &str) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(value),
        Node::Int(value) => Value::Int(value),
        Node::Float(value) => Value::Float(value),
        Node::Text(value) => Value::Text(value),
        Node::List(nodes) => {
            let whole = Span::new(file, 0, 0);
            Value::List(nodes.into_iter().map(|node| node_slot(node, whole, file, text)).collect())
        }
        Node::Record(fields) => Value::Record(
            fields
                .into_iter()
                .map(|(key, node)| {
                    let span = node_span(key.referenced, file, text);
                    (key.value, node_slot(node, span, file, text))
                })
                .collect(),
        ),
    }
}

fn node_slot(node: Spanned<Node>, key: Span, file: FileId, text: &str) -> Slot {
    let start = node_span(node.referenced, file, text);
    // A block is long; its first line shows where it is.
    let is_block = matches!(node.value, Node::List(_) | Node::Record(_));
    let span = if is_block { first_line(start, file, text) } else { start };
    Slot { value: node_value(node.value, file, text), key: if key.is_empty() { span } else { key }, span }
}

fn node_span(location: Location, file: FileId, text: &str) -> Span {
    let span = location.span();
    let offset = |offset: Option<u64>| offset.and_then(|offset| u32::try_from(offset).ok());
    let Some(start) = offset(span.byte_offset()) else { return Span::at(file, 0) };
    let end = offset(span.byte_len()).map_or(start, |length| start + length);
    let start = start.min(text.len() as u32);
    let written = &text[start as usize..(end as usize).clamp(start as usize, text.len())];
    Span::new(file, start, start + written.trim_end().len() as u32)
}

/// The byte of a place of which perhaps only line and column are known.
fn offset_of(location: Location, text: &str) -> u32 {
    let known = location.span().byte_offset().and_then(|offset| usize::try_from(offset).ok());
    let offset = known.unwrap_or_else(|| {
        let line = usize::try_from(location.line().saturating_sub(1)).unwrap_or(0);
        let column = usize::try_from(location.column().saturating_sub(1)).unwrap_or(0);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = &text[start.min(text.len())..];
        start + rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset)
    });
    u32::try_from(offset.min(text.len())).unwrap_or(0)
}

fn first_line(span: Span, file: FileId, text: &str) -> Span {
    let start = span.start as usize;
    let line = text[start..].lines().next().unwrap_or_default();
    Span::new(file, span.start, span.start + line.trim_end().len() as u32)
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
