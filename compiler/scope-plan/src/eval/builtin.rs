//! The built-in functions, one short function each where it needs one.
//!
//! `first(body.images).id`, `join(["a", 1], "-")` → `a-1`, `int(" 42 ")` → `42`, `merge({a: 1}, {b: 2})` → `{a: 1, b: 2}`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::path::percent_encoded;
use super::rounding::{DURATIONS, NANOSECONDS, RATES, SIZES};
use super::value::{canonical, compare_numbers, from_integer, integer, weight};
use super::{EvalError, Evaluator, MAXIMUM_SIZE, Outcome, part, text_of, wrong};
use crate::expr::{Builtin, Expr, MAXIMUM_DEPTH};

impl<'e> Evaluator<'e> {
    pub(super) fn call(&mut self, whole: &Expr, builtin: Builtin, arguments: &'e [Expr]) -> Outcome<'e> {
        let (least, most) = builtin.arity();
        if arguments.len() < least || most.is_some_and(|most| arguments.len() > most) {
            return Err(bad(whole, format!("takes {least} arguments, found {}", arguments.len())));
        }
        match builtin {
            Builtin::Json => self.json(whole, &arguments[0]),
            Builtin::ToJson => self.json_text(&arguments[0]),
            Builtin::First => self.first(&arguments[0]),
            Builtin::Length => self.length(&arguments[0]),
            Builtin::Lower => self.of_text(&arguments[0], |text| text.to_lowercase()),
            Builtin::Upper => self.of_text(&arguments[0], |text| text.to_uppercase()),
            Builtin::Trim => self.of_text(&arguments[0], |text| text.trim().to_owned()),
            Builtin::Url => self.of_text(&arguments[0], percent_encoded),
            Builtin::Text => self.concat(arguments),
            Builtin::Join => self.join(&arguments[0], &arguments[1]),
            Builtin::Split => self.split(whole, &arguments[0], &arguments[1]),
            Builtin::Keys => self.keys(&arguments[0]),
            Builtin::Values => self.values(&arguments[0]),
            Builtin::Has => self.has(&arguments[0], &arguments[1]),
            Builtin::Int => self.int(whole, &arguments[0]),
            Builtin::Base64 => self.base64(&arguments[0]),
            Builtin::Merge => self.merge(&arguments[0], &arguments[1]),
            Builtin::Without => self.without(&arguments[0], &arguments[1]),
            Builtin::ConcatLists => self.concat_lists(arguments),
            Builtin::Distinct => self.distinct(&arguments[0]),
            Builtin::Sort => self.sort(&arguments[0]),
            Builtin::Range => self.range(whole, &arguments[0]),
            Builtin::Sum => self.sum(whole, &arguments[0]),
            Builtin::Min => self.extreme(whole, &arguments[0], Ordering::Less),
            Builtin::Max => self.extreme(whole, &arguments[0], Ordering::Greater),
            Builtin::Div => self.whole_of(whole, &arguments[0], &arguments[1], i128::checked_div_euclid),
            Builtin::Mod => self.whole_of(whole, &arguments[0], &arguments[1], i128::checked_rem_euclid),
            Builtin::Size | Builtin::Rate => self.amount(whole, &arguments[0]),
            Builtin::Duration => self.duration(whole, &arguments[0]),
            Builtin::Round => self.round(whole, &arguments[0]),
            Builtin::DurationText => self.amount_text(whole, &arguments[0], NANOSECONDS, DURATIONS),
            Builtin::SizeText => self.amount_text(whole, &arguments[0], 1, SIZES),
            Builtin::RateText => self.amount_text(whole, &arguments[0], 1, RATES),
            Builtin::Replace => self.replace(whole, &arguments[0], &arguments[1], &arguments[2]),
            Builtin::Capture => self.capture(&arguments[0], &arguments[1]),
        }
    }

    fn json(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let text = self.string(argument)?;
        // A value takes up to some forty times the bytes of its text (`[[],[],…`).
        self.spend(text.len() as u64 / 2)?;
        let value: Value =
            serde_json::from_str(&text).map_err(|_| bad(whole, "the text is no JSON".to_owned()))?;
        self.produce(weight(&value, MAXIMUM_SIZE))?;
        Ok(Cow::Owned(value))
    }

    fn json_text(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let value = self.eval(argument)?;
        self.spend(weight(&value, MAXIMUM_SIZE) as u64 / 16)?;
        self.text(value.to_string())
    }

    fn first(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let list = self.eval(argument)?;
        match &*list {
            Value::Array(_) | Value::Null => Ok(part(list, |list| list.get(0))),
            other => Err(wrong(argument, "a list", other)),
        }
    }

    fn length(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let length = match &*self.eval(argument)? {
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            Value::String(text) => text.chars().count(),
            other => return Err(wrong(argument, "a list, a record or a text", other)),
        };
        Ok(Cow::Owned(Value::from(length)))
    }

    fn join(&mut self, list: &'e Expr, separator: &'e Expr) -> Outcome<'e> {
        let items = self.eval(list)?;
        let Value::Array(items) = &*items else {
            return Err(wrong(list, "a list", &items));
        };
        let separator = self.string(separator)?;
        let mut text = String::new();
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                text.push_str(&separator);
            }
            text.push_str(&text_of(list, item)?);
            self.spend(1)?;
            if text.len() > MAXIMUM_SIZE {
                return Err(EvalError::TooBig);
            }
        }
        self.text(text)
    }

    fn split(&mut self, whole: &Expr, text: &'e Expr, separator: &'e Expr) -> Outcome<'e> {
        let text = self.string(text)?;
        let separator = self.string(separator)?;
        if separator.is_empty() {
            return Err(bad(whole, "the separator is empty".to_owned()));
        }
        let mut parts = Vec::new();
        for piece in text.split(separator.as_str()) {
            self.produce(32 + piece.len())?;
            parts.push(Value::from(piece));
        }
        Ok(Cow::Owned(Value::Array(parts)))
    }

    fn keys(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let record = self.eval(argument)?;
        let Value::Object(fields) = &*record else {
            return Err(wrong(argument, "a record", &record));
        };
        self.produce(fields.keys().map(|key| 16 + key.len()).sum())?;
        Ok(Cow::Owned(Value::Array(fields.keys().map(|key| Value::from(key.as_str())).collect())))
    }

    fn values(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let record = self.eval(argument)?;
        match self.owned(record)? {
            Value::Object(fields) => {
                Ok(Cow::Owned(Value::Array(fields.into_iter().map(|(_, field)| field).collect())))
            }
            other => Err(wrong(argument, "a record", &other)),
        }
    }

    fn has(&mut self, record: &'e Expr, key: &'e Expr) -> Outcome<'e> {
        let value = self.eval(record)?;
        let has = match &*value {
            Value::Object(fields) => fields.contains_key(&self.string(key)?),
            Value::Null => false,
            other => return Err(wrong(record, "a record", other)),
        };
        Ok(Cow::Owned(Value::Bool(has)))
    }

    fn int(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let value = self.eval(argument)?;
        let found = match &*value {
            Value::String(text) => text.trim().parse::<i128>().ok(),
            Value::Number(number) => integer(number).or_else(|| {
                number
                    .as_f64()
                    .filter(|float| float.fract() == 0.0 && float.abs() < 1e18)
                    .map(|float| float as i128)
            }),
            other => return Err(wrong(argument, "a text or a number", other)),
        };
        found
            .and_then(from_integer)
            .map(|number| Cow::Owned(Value::Number(number)))
            .ok_or_else(|| bad(whole, "that is no whole number".to_owned()))
    }

    fn base64(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let bytes = match argument {
            Expr::File(file) => self.bytes(file)?,
            other => self.string(other)?.into_bytes(),
        };
        self.produce(bytes.len() / 3 * 4 + 4)?;
        Ok(Cow::Owned(Value::String(base64(&bytes))))
    }

    pub(super) fn merge(&mut self, left: &'e Expr, right: &'e Expr) -> Outcome<'e> {
        let base = self.eval(left)?;
        let base = self.owned(base)?;
        let over = self.eval(right)?;
        let over = self.owned(over)?;
        match (base, over) {
            (Value::Object(base), Value::Object(over)) => {
                Ok(Cow::Owned(Value::Object(merged(base, over, 0)?)))
            }
            // Nothing to merge with: an optional record that is not set.
            (Value::Null, other @ (Value::Object(_) | Value::Null))
            | (other @ Value::Object(_), Value::Null) => Ok(Cow::Owned(other)),
            (Value::Object(_) | Value::Null, other) => Err(wrong(right, "a record", &other)),
            (other, _) => Err(wrong(left, "a record", &other)),
        }
    }

    fn without(&mut self, record: &'e Expr, keys: &'e Expr) -> Outcome<'e> {
        let value = self.eval(record)?;
        let mut fields = match self.owned(value)? {
            Value::Object(fields) => fields,
            other => return Err(wrong(record, "a record", &other)),
        };
        let list = self.eval(keys)?;
        let Value::Array(list) = &*list else {
            return Err(wrong(keys, "a list", &list));
        };
        let list: BTreeSet<&str> = list.iter().filter_map(Value::as_str).collect();
        fields.retain(|key, _| !list.contains(key.as_str()));
        Ok(Cow::Owned(Value::Object(fields)))
    }

    fn concat_lists(&mut self, arguments: &'e [Expr]) -> Outcome<'e> {
        let mut list = Vec::new();
        for argument in arguments {
            let value = self.eval(argument)?;
            match self.owned(value)? {
                Value::Array(items) => list.extend(items),
                other => return Err(wrong(argument, "a list", &other)),
            }
        }
        Ok(Cow::Owned(Value::Array(list)))
    }

    fn distinct(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let mut items = self.items(argument)?;
        let mut seen = BTreeSet::new();
        items.retain(|item| seen.insert(canonical(item)));
        Ok(Cow::Owned(Value::Array(items)))
    }

    fn sort(&mut self, argument: &'e Expr) -> Outcome<'e> {
        let mut items = self.items(argument)?;
        if items.iter().all(Value::is_number) {
            items.sort_by(|left, right| match (left, right) {
                (Value::Number(left), Value::Number(right)) => {
                    compare_numbers(left, right).unwrap_or(Ordering::Equal)
                }
                _ => Ordering::Equal,
            });
        } else if items.iter().all(Value::is_string) {
            items.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        } else {
            return Err(bad(argument, "only numbers or only texts can be sorted".to_owned()));
        }
        Ok(Cow::Owned(Value::Array(items)))
    }

    fn range(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let end = self.whole_number(argument)?;
        let end = usize::try_from(end).map_err(|_| bad(whole, "the end is negative".to_owned()))?;
        self.produce(end.saturating_mul(32))?;
        Ok(Cow::Owned(Value::Array((0..end).map(Value::from).collect())))
    }

    fn sum(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let numbers = self.numbers(argument)?;
        let exact = numbers.iter().try_fold(0_i128, |sum, number| sum.checked_add(integer(number)?));
        let sum = match exact {
            Some(sum) => from_integer(sum),
            None => Number::from_f64(numbers.iter().filter_map(Number::as_f64).sum()),
        };
        sum.map(|sum| Cow::Owned(Value::Number(sum)))
            .ok_or_else(|| bad(whole, "the number is out of range".to_owned()))
    }

    /// The least or the greatest; of equal ones the first.
    fn extreme(&mut self, whole: &Expr, argument: &'e Expr, better: Ordering) -> Outcome<'e> {
        let numbers = self.numbers(argument)?;
        let best = numbers.into_iter().reduce(|best, number| {
            if compare_numbers(&number, &best) == Some(better) { number } else { best }
        });
        best.map(|best| Cow::Owned(Value::Number(best)))
            .ok_or_else(|| bad(whole, "the list is empty".to_owned()))
    }

    fn numbers(&mut self, argument: &'e Expr) -> Result<Vec<Number>, EvalError> {
        let items = self.items(argument)?;
        let numbers = items.into_iter().map(|item| match item {
            Value::Number(number) => Ok(number),
            other => Err(wrong(argument, "a list of numbers", &other)),
        });
        numbers.collect()
    }

    fn whole_of(
        &mut self,
        whole: &Expr,
        left: &'e Expr,
        right: &'e Expr,
        of: fn(i128, i128) -> Option<i128>,
    ) -> Outcome<'e> {
        let (left, right) = (self.whole_number(left)?, self.whole_number(right)?);
        of(left, right)
            .and_then(from_integer)
            .map(|number| Cow::Owned(Value::Number(number)))
            .ok_or_else(|| bad(whole, "division by zero".to_owned()))
    }

    fn replace(&mut self, whole: &Expr, text: &'e Expr, from: &'e Expr, to: &'e Expr) -> Outcome<'e> {
        let (text, from, to) = (self.string(text)?, self.string(from)?, self.string(to)?);
        if from.is_empty() {
            return Err(bad(whole, "the text to replace is empty".to_owned()));
        }
        let grown = text.matches(from.as_str()).count().saturating_mul(to.len());
        self.produce(text.len().saturating_add(grown))?;
        Ok(Cow::Owned(Value::String(text.replace(from.as_str(), &to))))
    }

    fn capture(&mut self, text: &'e Expr, pattern: &'e Expr) -> Outcome<'e> {
        let value = self.eval(text)?;
        let regex = self.regex(pattern)?;
        let Ok(text) = text_of(text, &value) else {
            return Ok(Cow::Owned(Value::Null));
        };
        self.spend(text.len() as u64 / 8)?;
        let found = regex.captures(&text).and_then(|groups| groups.get(1).or(groups.get(0)));
        match found {
            Some(found) => self.text(found.as_str().to_owned()),
            None => Ok(Cow::Owned(Value::Null)),
        }
    }

    fn of_text(&mut self, argument: &'e Expr, change: impl Fn(&str) -> String) -> Outcome<'e> {
        let text = self.string(argument)?;
        self.text(change(&text))
    }

    /// A text; numbers and truth values as they stand in a template.
    fn string(&mut self, argument: &'e Expr) -> Result<String, EvalError> {
        let value = self.eval(argument)?;
        let text = text_of(argument, &value)?.into_owned();
        self.produce(text.len())?;
        Ok(text)
    }

    fn items(&mut self, argument: &'e Expr) -> Result<Vec<Value>, EvalError> {
        let value = self.eval(argument)?;
        match self.owned(value)? {
            Value::Array(items) => {
                self.spend(items.len() as u64 * 8)?;
                Ok(items)
            }
            other => Err(wrong(argument, "a list", &other)),
        }
    }

    fn whole_number(&mut self, argument: &'e Expr) -> Result<i128, EvalError> {
        let value = self.eval(argument)?;
        match &*value {
            Value::Number(number) if integer(number).is_some() => Ok(integer(number).unwrap_or_default()),
            other => Err(wrong(argument, "a whole number", other)),
        }
    }
}

fn merged(
    mut base: Map<String, Value>,
    over: Map<String, Value>,
    depth: usize,
) -> Result<Map<String, Value>, EvalError> {
    if depth > MAXIMUM_DEPTH {
        return Err(EvalError::TooDeep);
    }
    for (key, value) in over {
        let value = match (base.get_mut(&key).map(Value::take), value) {
            (Some(Value::Object(below)), Value::Object(above)) => {
                Value::Object(merged(below, above, depth + 1)?)
            }
            (_, value) => value,
        };
        base.insert(key, value);
    }
    Ok(base)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                let digit = (group >> (18 - 6 * place)) & 63;
                text.push(char::from(ALPHABET[digit as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn bad(expr: &Expr, why: String) -> EvalError {
    EvalError::BadCall { what: expr.to_string(), why }
}
