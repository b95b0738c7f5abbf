//! Is a value of the type that the driver declares, and which resources does it refer to?
//!
//! `check(Int, "seven", "pages")` → ``expected a whole number, found a text at `pages` ``.

use scope_plan::driver::Type;
use scope_plan::eval::value::{integer, kind};
use serde_json::{Map, Value};

/// Nothing when the value is of the type, else a sentence. `place` is the attribute's name.
///
/// A reference is a record or a text; whether it leads anywhere is asked elsewhere.
pub(super) fn check(ty: &Type, value: &Value, place: &str) -> Result<(), String> {
    let expected = |what: &str| Err(format!("expected {what}, found {} at `{place}`", shown(value)));
    match ty {
        // What was declared was checked before there was a plan.
        Type::Any | Type::Named(_) => Ok(()),
        Type::Quantity | Type::NumberOrText if value.is_number() || value.is_string() => Ok(()),
        Type::Quantity => expected("an amount"),
        Type::NumberOrText => expected("a number or a text"),
        Type::Optional(inner) => {
            if value.is_null() {
                return Ok(());
            }
            check(inner, value, place)
        }
        Type::String if value.is_string() => Ok(()),
        Type::String => expected("a text"),
        Type::Int if value.as_number().and_then(integer).is_some() => Ok(()),
        Type::Int => expected("a whole number"),
        Type::Float if value.is_number() => Ok(()),
        Type::Float => expected("a number"),
        Type::Bool if value.is_boolean() => Ok(()),
        Type::Bool => expected("`true` or `false`"),
        Type::Bytes if value.is_string() || value.is_object() => Ok(()),
        Type::Bytes => expected("content"),
        Type::Enum(words) if value.as_str().is_some_and(|text| words.iter().any(|word| word == text)) => {
            Ok(())
        }
        Type::Enum(words) => {
            expected(&words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "))
        }
        Type::List(inner) | Type::Sequence(inner) | Type::Keyed { item: inner, .. } => {
            let Some(items) = value.as_array() else { return expected("a list") };
            items
                .iter()
                .enumerate()
                .try_for_each(|(position, item)| check(inner, item, &format!("{place}[{position}]")))
        }
        Type::Map(inner) => {
            let Some(entries) = value.as_object() else { return expected("a record") };
            entries.iter().try_for_each(|(key, entry)| check(inner, entry, &format!("{place}.{key}")))
        }
        Type::Record(fields) => {
            let Some(entries) = value.as_object() else { return expected("a record") };
            check_fields(fields, entries, place)
        }
        Type::Reference(_) if value.is_object() || value.is_string() => Ok(()),
        Type::Reference(target) => expected(&format!("a `{target}`")),
    }
}

fn check_fields(fields: &[(String, Type)], entries: &Map<String, Value>, place: &str) -> Result<(), String> {
    if let Some(unknown) = entries.keys().find(|key| !fields.iter().any(|(name, _)| name == *key)) {
        return Err(format!("`{place}` has no field `{unknown}`"));
    }
    for (name, ty) in fields {
        match entries.get(name) {
            Some(entry) => check(ty, entry, &format!("{place}.{name}"))?,
            None if matches!(ty, Type::Optional(_) | Type::Any) => {}
            None => return Err(format!("`{place}.{name}` is missing")),
        }
    }
    Ok(())
}

/// The same value with each reference in it replaced by what `resolve` makes of it, given the type it refers to.
///
/// # Errors
/// The first error of `resolve`.
pub(super) fn map_references<E>(
    ty: &Type,
    value: &Value,
    resolve: &mut dyn FnMut(&str, &Value) -> Result<Value, E>,
) -> Result<Value, E> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    match (ty, value) {
        (Type::Reference(target), value) => resolve(target, value),
        (Type::Optional(inner), value) => map_references(inner, value, resolve),
        (
            Type::List(inner) | Type::Sequence(inner) | Type::Keyed { item: inner, .. },
            Value::Array(items),
        ) => {
            let items: Result<Vec<Value>, E> =
                items.iter().map(|item| map_references(inner, item, resolve)).collect();
            Ok(Value::Array(items?))
        }
        (Type::Map(inner), Value::Object(entries)) => {
            let mut result = Map::new();
            for (key, entry) in entries {
                result.insert(key.clone(), map_references(inner, entry, resolve)?);
            }
            Ok(Value::Object(result))
        }
        (Type::Record(fields), Value::Object(entries)) => {
            let mut result = Map::new();
            for (key, entry) in entries {
                let field = fields.iter().find(|(name, _)| name == key);
                let entry = match field {
                    Some((_, ty)) => map_references(ty, entry, resolve)?,
                    None => entry.clone(),
                };
                result.insert(key.clone(), entry);
            }
            Ok(Value::Object(result))
        }
        (_, value) => Ok(value.clone()),
    }
}

/// The type without the `?` around it.
pub(super) fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => self::inner(inner),
        other => other,
    }
}

/// An identity as it is compared: texts as they are, numbers written out. `None` for anything else.
pub(super) fn identity_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() <= 40 => format!("`\"{text}\"`"),
        Value::Number(_) | Value::Bool(_) => format!("`{value}`"),
        other => kind(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_of_its_type_or_a_sentence_says_why_not() {
        let record = Type::Record(vec![
            ("isbn".into(), Type::String),
            ("pages".into(), Type::Optional(Box::new(Type::Int))),
        ]);
        let shelved = Type::Enum(vec!["shelved".into(), "lent".into()]);
        for (ty, value, expected) in [
            (Type::Any, json!([1, null]), ""),
            (Type::String, json!("x"), ""),
            (Type::String, json!(7), "expected a text, found `7` at `x`"),
            (Type::Int, json!(7), ""),
            (Type::Int, json!(7.5), "expected a whole number, found `7.5` at `x`"),
            (Type::Float, json!(7), ""),
            (Type::Bool, json!("true"), "expected `true` or `false`, found `\"true\"` at `x`"),
            (shelved.clone(), json!("lent"), ""),
            (shelved, json!("gone"), "expected `shelved` or `lent`, found `\"gone\"` at `x`"),
            (
                Type::List(Box::new(Type::Int)),
                json!([1, "2"]),
                "expected a whole number, found `\"2\"` at `x[1]`",
            ),
            (
                Type::Map(Box::new(Type::Int)),
                json!({"a": null}),
                "expected a whole number, found null at `x.a`",
            ),
            (record.clone(), json!({"isbn": "1"}), ""),
            (record.clone(), json!({}), "`x.isbn` is missing"),
            (record, json!({"isbn": "1", "page": 3}), "`x` has no field `page`"),
            (Type::Optional(Box::new(Type::Int)), json!(null), ""),
            (Type::Reference("shelf.room".into()), json!({"id": "1"}), ""),
            (Type::Reference("shelf.room".into()), json!(3), "expected a `shelf.room`, found `3` at `x`"),
        ] {
            assert_eq!(check(&ty, &value, "x").err().unwrap_or_default(), expected, "{ty:?} {value}");
        }
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        let ty = Type::List(Box::new(Type::Record(vec![
            ("room".into(), Type::Optional(Box::new(Type::Reference("shelf.room".into())))),
            ("note".into(), Type::Any),
        ])));
        let value = json!([{"room": "attic", "note": "attic"}, {"room": null, "note": 1}]);
        let mapped = map_references::<()>(&ty, &value, &mut |target, found| Ok(json!([target, found])));
        assert_eq!(
            mapped,
            Ok(json!([{"room": ["shelf.room", "attic"], "note": "attic"}, {"room": null, "note": 1}]))
        );
    }
}
