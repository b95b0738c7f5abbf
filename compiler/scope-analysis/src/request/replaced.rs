//! What a patch by site drops: it merges records field by field, and replaces a list as a whole.
//!
//! Of `containers: [{ name: "web", image: "a", args: ["-v"] }, { name: "log" }]` the patch
//! `containers: [{ name: "web", image: "b" }]` drops `args` of `web`, and `log`.

use indexmap::IndexMap;

use crate::check::below;
use crate::comparison::base;
use crate::hir::{ReplacedList, ResourceType, Slot, Type, Value};

/// The lists of a body that a patch replaces, where something is dropped by it.
pub(super) fn replaced_lists(
    body: &IndexMap<String, Slot>,
    patch: &IndexMap<String, Slot>,
    ty: &ResourceType,
) -> Vec<ReplacedList> {
    let mut found = Vec::new();
    for (name, after) in patch {
        if let Some(before) = body.get(name) {
            let ty = ty.attributes.get(name).map(|attribute| attribute.ty.clone());
            compare(name, before, after, ty, &mut found);
        }
    }
    found
}

fn compare(name: &str, before: &Slot, after: &Slot, ty: Option<Type>, found: &mut Vec<ReplacedList>) {
    match (&before.value, &after.value) {
        (Value::Record(body), Value::Record(patch)) => {
            for (name, after) in patch {
                if let Some(before) = body.get(name) {
                    let ty = ty.as_ref().and_then(|ty| below(ty, name));
                    compare(name, before, after, ty, found);
                }
            }
        }
        (Value::List(body), Value::List(patch)) => {
            let dropped = dropped(body, patch, &keys(ty.as_ref()));
            if !dropped.is_empty() {
                let (body, patch) = (before.span, after.span);
                found.push(ReplacedList { name: name.to_owned(), body, patch, dropped });
            }
        }
        _ => {}
    }
}

/// The fields by which the items of a list are told apart.
fn keys(ty: Option<&Type>) -> Vec<String> {
    match ty.map(base) {
        Some(Type::List(item)) => match item.as_ref() {
            Type::By(_, keys) if !keys.is_empty() => keys.clone(),
            _ => vec!["name".to_owned()],
        },
        _ => vec!["name".to_owned()],
    }
}

/// What of the records of a list is not in the other one: items, and of those that are in both their fields. A list of plain
/// values is its own: to give another one is the point.
fn dropped(body: &[Slot], patch: &[Slot], keys: &[String]) -> Vec<String> {
    let Some(records) = records(body) else { return Vec::new() };
    let (Some(before), Some(after)) = (by_name(body, keys), by_name(patch, keys)) else {
        return match records.saturating_sub(patch.len()) {
            0 => Vec::new(),
            n => vec![format!("{n} of {records}")],
        };
    };
    before
        .into_iter()
        .flat_map(|(name, fields)| match after.get(&name) {
            None => vec![format!("`{name}`")],
            Some(after) => {
                let left = fields
                    .iter()
                    .filter(|(field, slot)| slot.value != Value::Null && !after.contains_key(field.as_str()));
                left.map(|(field, _)| format!("`{field}` of `{name}`")).collect()
            }
        })
        .collect()
}

/// How many records a list holds, if it holds nothing else.
fn records(list: &[Slot]) -> Option<usize> {
    list.iter().all(|slot| matches!(slot.value, Value::Record(_))).then_some(list.len())
}

/// Its items by their names, where each has one.
fn by_name<'v>(list: &'v [Slot], keys: &[String]) -> Option<IndexMap<String, &'v IndexMap<String, Slot>>> {
    let item = |slot: &'v Slot| {
        let Value::Record(fields) = &slot.value else { return None };
        let words: Option<Vec<String>> = keys
            .iter()
            .map(|key| match &fields.get(key)?.value {
                Value::Text(text) => Some(text.clone()),
                Value::Int(number) => Some(number.to_string()),
                _ => None,
            })
            .collect();
        Some((words?.join("/"), fields))
    };
    list.iter().map(item).collect()
}
