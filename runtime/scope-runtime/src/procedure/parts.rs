//! Where in a record or a list two values differ, so that a person is told no more than that.
//!
//! `{ name: "ram", limit: 128 }` against `{ name: "ram", limit: 64 }` → `.limit`: 64 → 128. What is no difference for
//! [`compare`](super::compare) is none here: an amount that is as much, another order, what the program does not set.

use scope_plan::driver::Type;
use scope_plan::eval::value::equal;
use serde_json::Value;

use super::inputs::inner;
use super::subject::Subject;
use crate::events::Part;

/// The most parts that are told of one attribute.
const MAXIMUM: usize = 64;

/// Two values and what was set last, where they are.
struct Place<'v> {
    path: String,
    wanted: &'v Value,
    found: &'v Value,
    last: &'v Value,
}

impl<'v> Place<'v> {
    fn below(&self, step: &str, wanted: &'v Value, found: &'v Value, last: &'v Value) -> Self {
        Place { path: format!("{}{step}", self.path), wanted, found, last }
    }
}

impl Subject<'_> {
    /// The parts that differ; none where the values have no parts in common: then they differ as wholes.
    pub(super) fn differing_parts(
        &self,
        ty: &Type,
        wanted: &Value,
        found: &Value,
        last: &Value,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        self.descend(ty, &Place { path: String::new(), wanted, found, last }, &mut parts);
        parts.retain(|part| !part.path.is_empty());
        parts
    }

    fn descend(&self, ty: &Type, at: &Place, parts: &mut Vec<Part>) {
        if parts.len() == MAXIMUM || self.is_still_as_wanted(ty, at.wanted, at.found, at.last) {
            return;
        }
        match (ty, at.wanted, at.found) {
            (Type::Named(name), ..) => {
                self.descend(self.driver.declared.get(name).map_or(&Type::Any, inner), at, parts);
            }
            (Type::Reference(_), ..) => {
                let named = |value: &Value| short(ty, value.clone());
                let last = (!at.last.is_null()).then(|| named(at.last));
                let (found, wanted) = (named(at.found), named(at.wanted));
                parts.push(Part { path: at.path.clone(), found, wanted, last });
            }
            (_, Value::Object(wanted), Value::Object(found)) => {
                for (key, wanted) in wanted.iter().filter(|(_, wanted)| !wanted.is_null()) {
                    let found = found.get(key).unwrap_or(&Value::Null);
                    let below = at.below(&format!(".{key}"), wanted, found, &at.last[key.as_str()]);
                    self.descend(field(ty, key), &below, parts);
                }
            }
            (Type::Keyed { item, by }, Value::Array(wanted), Value::Array(found)) if !by.is_empty() => {
                let last = at.last.as_array().map_or(&[][..], Vec::as_slice);
                let before = parts.len();
                let is_one = |one: &Value, other: &Value| {
                    by.iter().all(|key| one[key].is_null() || equal(&one[key], &other[key]))
                };
                let nothing = &Value::Null;
                let named = |item: &Value| {
                    let keys: Vec<String> = by.iter().map(|key| item[key].to_string()).collect();
                    format!("[{}]", keys.join(", "))
                };
                for wanted in wanted {
                    let there = found.iter().find(|found| is_one(wanted, found)).unwrap_or(nothing);
                    let last = last.iter().find(|last| is_one(wanted, last)).unwrap_or(nothing);
                    self.descend(inner(item), &at.below(&named(wanted), wanted, there, last), parts);
                }
                for last in last.iter().filter(|last| !wanted.iter().any(|wanted| is_one(wanted, last))) {
                    if let Some(found) = found.iter().find(|found| is_one(last, found)) {
                        parts.push(whole(&at.below(&named(last), nothing, found, last)));
                    }
                }
                // Only their order.
                if parts.len() == before {
                    parts.push(whole(at));
                }
            }
            (Type::Sequence(_) | Type::Any, Value::Array(wanted), Value::Array(found))
                if wanted.len() == found.len() =>
            {
                let item = if let Type::Sequence(item) = ty { inner(item) } else { &Type::Any };
                for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                    let below = at.below(&format!("[{index}]"), wanted, found, &at.last[index]);
                    self.descend(item, &below, parts);
                }
            }
            _ => parts.push(whole(at)),
        }
    }
}

fn whole(at: &Place) -> Part {
    Part {
        path: at.path.clone(),
        found: at.found.clone(),
        wanted: at.wanted.clone(),
        last: (!at.last.is_null()).then(|| at.last.clone()),
    }
}

fn field<'t>(ty: &'t Type, key: &str) -> &'t Type {
    match ty {
        Type::Map(value) => inner(value),
        Type::Record(fields) => {
            fields.iter().find(|(name, _)| name == key).map_or(&Type::Any, |(_, ty)| inner(ty))
        }
        _ => &Type::Any,
    }
}

/// A reference by its name: the rest of its record is of no interest here.
pub(super) fn short(ty: &Type, value: Value) -> Value {
    match (ty, value) {
        (Type::List(item) | Type::Sequence(item) | Type::Keyed { item, .. }, Value::Array(values)) => {
            values.into_iter().map(|value| short(inner(item), value)).collect()
        }
        (Type::Reference(_), Value::Object(mut fields)) => {
            match fields.remove("name").or(fields.remove("id")) {
                Some(name) => name,
                None => Value::Object(fields),
            }
        }
        (_, value) => value,
    }
}
