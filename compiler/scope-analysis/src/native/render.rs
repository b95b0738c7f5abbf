//! A command line from attributes: the other direction, for documentation, targets and tests.
//!
//! Comes in: a type, an operation, attribute values. Goes out: words. `{ name: "base", visibility: "public" }` for
//! `create` of an image → `openstack image create base --public`.

use indexmap::IndexMap;
use scope_syntax::ast::{Expr, ExprKind, NumberValue};
use serde_json::Value;

use crate::hir::{Command, Hole, ResourceType};

/// The words of the first command that stands for the operation; `None` if there is none, or a word it needs is not
/// among the attributes. The value of a file's place is the path of the file.
pub fn command_line(
    ty: &ResourceType,
    operation: &str,
    attributes: &IndexMap<String, Value>,
) -> Option<Vec<String>> {
    ty.commands
        .iter()
        .filter(|command| command.operation == operation)
        .find_map(|command| line(command, attributes))
}

fn line(command: &Command, attributes: &IndexMap<String, Value>) -> Option<Vec<String>> {
    let mut words = command.words.clone();
    for hole in &command.positional {
        match words_of(value_at(hole, attributes)).into_iter().next() {
            Some(word) => words.push(word),
            None if hole.is_optional => {}
            None => return None,
        }
    }
    let positional: Vec<&Vec<String>> = command.positional.iter().map(|hole| &hole.path).collect();
    let mut seen: Vec<&Vec<String>> = Vec::new();
    for (flag, hole) in &command.flags {
        // A second flag for the same attribute is another spelling.
        if positional.contains(&&hole.path) || seen.contains(&&hole.path) {
            continue;
        }
        seen.push(&hole.path);
        for word in words_of(value_at(hole, attributes)) {
            words.extend([flag.clone(), word]);
        }
    }
    for (flag, constants) in &command.constants {
        let holds = |(name, expr): &(String, Expr)| {
            attributes.get(name).is_some_and(|value| constant(expr).as_ref() == Some(value))
        };
        if !constants.is_empty() && constants.iter().all(holds) {
            words.push(flag.clone());
        }
    }
    Some(words)
}

fn value_at<'v>(hole: &Hole, attributes: &'v IndexMap<String, Value>) -> Option<&'v Value> {
    let (first, below) = hole.path.split_first()?;
    below.iter().try_fold(attributes.get(first)?, |value, field| value.get(field))
}

/// A list gives a word for each element, a map one for each field.
fn words_of(value: Option<&Value>) -> Vec<String> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().flat_map(|item| words_of(Some(item))).collect(),
        Some(Value::Object(fields)) => fields
            .iter()
            .flat_map(|(key, value)| {
                words_of(Some(value)).into_iter().map(move |value| format!("{key}={value}"))
            })
            .collect(),
        Some(other) => vec![other.to_string()],
    }
}

fn constant(expr: &Expr) -> Option<Value> {
    match &*expr.kind {
        ExprKind::Null => Some(Value::Null),
        ExprKind::Bool(value) => Some(Value::Bool(*value)),
        ExprKind::Text(text) => text.literal().map(Value::String),
        ExprKind::Number(number) => match number.value {
            NumberValue::Int(value) => Some(Value::from(value)),
            NumberValue::Float(value) => Some(Value::from(value)),
            NumberValue::Quantity(..) => None,
        },
        _ => None,
    }
}
