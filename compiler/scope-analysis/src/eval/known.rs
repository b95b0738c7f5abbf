//! The functions of the language on values that are known: `lower("A")` → `"a"`.

use std::cmp::Ordering;

use indexmap::IndexMap;
use scope_diagnostics::Span;

use super::compare::order;
use super::merge_slot;
use super::operators::waits;
use crate::context::Context;
use crate::data;
use crate::hir::{Deferred, Slot, Value};

impl Context<'_> {
    /// A function of known values; `None` when they are not what it takes.
    pub(super) fn known_call(&self, function: &str, values: &[Value], span: Span) -> Option<Value> {
        let texts = |items: Vec<String>| {
            Value::List(
                items.into_iter().map(|item| Slot { value: Value::Text(item), key: span, span }).collect(),
            )
        };
        Some(match (function, values) {
            ("length", [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
            ("length", [Value::List(list)]) => Value::Int(list.len() as i64),
            ("length", [Value::Record(fields)]) => Value::Int(fields.len() as i64),
            ("length", [Value::Location(location)]) => Value::Int(location.sites().len() as i64),
            ("lower", [Value::Text(text)]) => Value::Text(text.to_lowercase()),
            ("upper", [Value::Text(text)]) => Value::Text(text.to_uppercase()),
            ("trim", [Value::Text(text)]) => Value::Text(text.trim().to_string()),
            ("split", [Value::Text(text), Value::Text(separator)]) if !separator.is_empty() => {
                texts(text.split(separator.as_str()).map(str::to_string).collect())
            }
            ("join", [Value::List(list), Value::Text(separator)]) => {
                let parts: Option<Vec<String>> = list.iter().map(|slot| self.as_text(&slot.value)).collect();
                Value::Text(parts?.join(separator))
            }
            ("keys", [Value::Record(fields)]) => texts(fields.keys().cloned().collect()),
            ("values", [Value::Record(fields)]) => Value::List(fields.values().cloned().collect()),
            ("has", [Value::Record(fields), Value::Text(key)]) => Value::Bool(fields.contains_key(key)),
            ("has", [Value::Null, Value::Text(_)]) => Value::Bool(false),
            ("first", [Value::Null]) => Value::Null,
            ("merge", [Value::Null, other @ (Value::Record(_) | Value::Null)]) => other.clone(),
            ("merge", [record @ Value::Record(_), Value::Null]) => record.clone(),
            ("text", [value]) => Value::Text(self.as_text(value)?),
            ("int", [Value::Text(text)]) => Value::Int(text.trim().parse().ok()?),
            ("int", [Value::Float(number)]) if number.fract() == 0.0 => Value::Int(*number as i64),
            ("int", [Value::Int(number)]) => Value::Int(*number),
            ("first", [Value::List(list)]) => list.first().map_or(Value::Null, |slot| slot.value.clone()),
            ("merge", [Value::Record(a), Value::Record(b)]) => {
                let mut merged = a.clone();
                for (key, slot) in b {
                    merge_slot(&mut merged, key.clone(), slot.clone());
                }
                Value::Record(merged)
            }
            ("without", [Value::Record(fields), Value::List(keys)])
                if !keys.iter().any(|key| waits(&key.value)) =>
            {
                let mut kept: IndexMap<String, Slot> = fields.clone();
                for key in keys {
                    if let Value::Text(key) = &key.value {
                        kept.shift_remove(key);
                    }
                }
                Value::Record(kept)
            }
            ("distinct", [Value::List(list)]) if !list.iter().any(|slot| waits_within(&slot.value)) => {
                let mut kept: Vec<Slot> = Vec::new();
                for slot in list {
                    if !kept.iter().any(|other| self.is_same(&other.value, &slot.value)) {
                        kept.push(slot.clone());
                    }
                }
                Value::List(kept)
            }
            ("sort", [Value::List(list)]) if !is_mixed(list) => {
                let mut sorted = list.clone();
                let mut is_sortable = true;
                sorted.sort_by(|a, b| {
                    order(&a.value, &b.value).unwrap_or_else(|| {
                        is_sortable = false;
                        Ordering::Equal
                    })
                });
                is_sortable.then_some(Value::List(sorted))?
            }
            ("sum", [Value::List(list)]) if !list.iter().any(|slot| waits(&slot.value)) => {
                let first = list.first().map_or(Value::Int(0), |slot| slot.value.clone());
                is_amount(&first).then_some(())?;
                list.iter().skip(1).fold(first, |sum, slot| self.add(sum, slot.value.clone(), span, None))
            }
            ("min" | "max", [Value::List(list)]) if !is_mixed(list) => {
                let mut best = list.first()?;
                is_amount(&best.value).then_some(())?;
                for slot in &list[1..] {
                    let order = order(&slot.value, &best.value)?;
                    if (function == "min" && order.is_lt()) || (function == "max" && order.is_gt()) {
                        best = slot;
                    }
                }
                best.value.clone()
            }
            ("range", [Value::Int(count)]) if (0..=1_000_000).contains(count) => Value::List(
                (0..*count).map(|number| Slot { value: Value::Int(number), key: span, span }).collect(),
            ),
            ("div", [Value::Int(a), Value::Int(b)]) if *b != 0 => Value::Int(a.checked_div_euclid(*b)?),
            ("mod", [Value::Int(a), Value::Int(b)]) if *b != 0 => Value::Int(a.rem_euclid(*b)),
            ("replace", [Value::Text(text), Value::Text(from), Value::Text(to)]) if !from.is_empty() => {
                Value::Text(text.replace(from.as_str(), to))
            }
            ("json", [Value::Text(text)]) => data::to_value(&serde_json::from_str(text).ok()?, span),
            ("to_json", [value]) => Value::Text(data::to_json(self, value)?.to_string()),
            // Encodings are written in one place, the plan's evaluator.
            ("base64" | "url", [Value::Text(_)]) => {
                let name = if function == "url" { "url" } else { "base64" };
                Value::Deferred(Box::new(Deferred::Call(name, values.to_vec())))
            }
            _ => return None,
        })
    }
}

/// Whether it is a hole, or something in it is.
pub(crate) fn has_hole(value: &Value) -> bool {
    match value {
        Value::Error => true,
        Value::List(list) => list.iter().any(|slot| has_hole(&slot.value)),
        Value::Record(fields) => fields.values().any(|slot| has_hole(&slot.value)),
        _ => false,
    }
}

/// Whether it is not known what a value is, or which elements it has, as an error was told of it.
pub(super) fn is_incomplete(value: &Value) -> bool {
    match value {
        Value::List(list) => list.iter().any(|slot| slot.value == Value::Error),
        other => *other == Value::Error,
    }
}

/// Whether a part of a value is known only when running.
pub(crate) fn waits_within(value: &Value) -> bool {
    match value {
        Value::List(list) => list.iter().any(|slot| waits_within(&slot.value)),
        Value::Record(fields) => fields.values().any(|slot| waits_within(&slot.value)),
        other => waits(other),
    }
}

/// Whether percentages, which are parts of something, stand among other values.
fn is_mixed(list: &[Slot]) -> bool {
    let is_percent = |slot: &Slot| matches!(slot.value, Value::Percent(_));
    list.iter().any(is_percent) && !list.iter().all(is_percent)
}

/// What can be added and compared.
fn is_amount(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(_)
            | Value::Float(_)
            | Value::Duration(_)
            | Value::Size(_)
            | Value::Rate(_)
            | Value::Percent(_)
    )
}
