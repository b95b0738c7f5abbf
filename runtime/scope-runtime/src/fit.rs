//! Whether a value is of the type that a driver declares.
//!
//! `fit(driver, string, 77.5)` → "must be a text, found a number: 77.5". `null` is unknown and of any type; what is not declared is
//! not looked at; a value that an enumeration does not list may be one of a newer version.

use scope_plan::driver::{Attribute, Driver, Type};
use scope_plan::eval::value::kind;
use serde_json::Value;

/// Whether a value is of a type, as far as it goes: a type may hold itself, a value ends.
pub(crate) fn fit<'v>(driver: &Driver, ty: &Type, value: &'v Value) -> Result<(), Misfit<'v>> {
    let is = |fits: bool, expected| match fits {
        true => Ok(()),
        false => Err(Misfit { path: Vec::new(), expected, found: value }),
    };
    match (ty, value) {
        (_, Value::Null) | (Type::Any | Type::Bytes, _) => Ok(()),
        (Type::Optional(inner), _) => fit(driver, inner, value),
        (Type::Named(name), _) => driver.declared.get(name).map_or(Ok(()), |ty| fit(driver, ty, value)),
        (Type::String | Type::Enum(_), _) => is(value.is_string(), "a text"),
        (Type::Int, _) => is(is_whole(value), "a whole number"),
        (Type::Float, _) => is(value.is_number(), "a number"),
        (Type::Bool, _) => is(value.is_boolean(), "true or false"),
        (Type::Quantity | Type::NumberOrText, _) => {
            is(value.is_string() || value.is_number(), "a number or a text")
        }
        (Type::Reference(_), _) => {
            is(value.is_string() || value.is_number() || value.is_object(), "an identity or a record")
        }
        (Type::List(item) | Type::Sequence(item) | Type::Keyed { item, .. }, Value::Array(items)) => {
            items.iter().enumerate().try_for_each(|(index, value)| {
                fit(driver, item, value).map_err(|misfit| misfit.at(format!("[{index}]")))
            })
        }
        (Type::List(_) | Type::Sequence(_) | Type::Keyed { .. }, _) => is(false, "a list"),
        (Type::Map(item), Value::Object(fields)) => fields.iter().try_for_each(|(key, value)| {
            fit(driver, item, value).map_err(|misfit| misfit.at(format!(".{key}")))
        }),
        (Type::Record(types), Value::Object(fields)) => types.iter().try_for_each(|(name, ty)| {
            let value = fields.get(name).unwrap_or(&Value::Null);
            fit(driver, ty, value).map_err(|misfit| misfit.at(format!(".{name}")))
        }),
        (Type::Map(_) | Type::Record(_), _) => is(false, "a record"),
    }
}

impl<'v> Misfit<'v> {
    fn at(mut self, part: String) -> Self {
        self.path.push(part);
        self
    }
}

/// `3` and `3.0`.
fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// A value that is not of its type.
pub(crate) struct Misfit<'v> {
    /// From the innermost place outwards.
    path: Vec<String>,
    expected: &'static str,
    found: &'v Value,
}

impl Misfit<'_> {
    /// `` `text` must be a text, found a number: 77.5 ``; `shown` masks and cuts.
    pub(crate) fn words(&self, attribute: &Attribute, shown: &dyn Fn(&Value) -> String) -> String {
        let inner: String = self.path.iter().rev().map(|part| part.as_str()).collect();
        let Misfit { expected, found, .. } = self;
        let shown = match found {
            Value::Array(_) | Value::Object(_) => String::new(),
            _ if attribute.is_secret => String::new(),
            value => format!(": {}", shown(value)),
        };
        format!("`{}{inner}` must be {expected}, found {}{shown}", attribute.name, kind(found))
    }
}
