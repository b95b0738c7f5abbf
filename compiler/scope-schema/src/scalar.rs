//! Texts, numbers and enumerations.
//!
//! `{ type: integer, minimum: 1, maximum: 9 }` → `int in 1..9`, `{ type: string, format: ipv4 }` → `ip`,
//! `{ enum: [a, b] }` → `"a" | "b"`, `{ enum: [1, 3, auto] }` → `int in 1..1 | int in 3..3 | "auto"`. A pattern that our regular
//! expressions cannot say (look-around) is left out, and counted.

use std::collections::BTreeSet;

use indexmap::IndexSet;
use scope_analysis::hir::{FURTHEST, Slot, Value};

use crate::convert::Importer;
use crate::layers::Layers;
use crate::types::Ty;

/// `format: uuid`
const UUID: &str = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";

/// Formats of texts that no type says: the site checks them.
const UNSAID_FORMATS: [&str; 10] = [
    "email",
    "idn-email",
    "uri",
    "uri-reference",
    "url",
    "hostname",
    "idn-hostname",
    "date",
    "date-time",
    "time",
];

/// Longer patterns are left out: they are programs of their own.
const LONGEST_PATTERN: usize = 1000;

/// Bounds of lengths beyond are left to the site.
const LONGEST_COUNTED: u32 = 1024;

/// Enumerations of more texts are texts.
const MOST_VALUES: usize = 500;

/// Whole numbers of an enumeration with more gaps are told by the least and the greatest.
const MOST_RUNS: usize = 20;

/// What the pattern of an amount has: a number's binary or decimal prefix.
const PREFIXES: &str = "([KMGTPE]i)|[numkMGTPE]|";

/// Whether a schema describes amounts, as published patterns do: `500m`, `1Gi`.
pub(crate) fn is_quantity(layers: &Layers<'_>) -> bool {
    layers.text("pattern").is_some_and(|pattern| pattern.contains(PREFIXES))
}

impl<'d> Importer<'d> {
    pub fn string(&mut self, layers: &Layers<'d>) -> Ty {
        match layers.text("format") {
            Some("ipv4" | "ipv6" | "ip") => return Ty::Plain("ip"),
            Some("cidr") => return Ty::Plain("cidr"),
            Some("binary") => return Ty::Plain("bytes"),
            Some("uuid") if !layers.has("pattern") => return Ty::Matching(vec![UUID.to_owned()]),
            Some(format) if UNSAID_FORMATS.contains(&format) => {
                layers
                    .each("format")
                    .for_each(|slot| self.unsaid.add(&format!("format: {format}"), slot.span));
            }
            _ => {}
        }
        for keyword in ["minLength", "maxLength"] {
            let too_long =
                |slot: &&Slot| matches!(slot.value, Value::Int(n) if n > i64::from(LONGEST_COUNTED));
            layers.each(keyword).filter(too_long).for_each(|slot| self.unsaid.add(keyword, slot.span));
        }
        let patterns: Vec<String> = self.patterns(layers).into_iter().chain(length(layers)).collect();
        if patterns.is_empty() { Ty::Plain("string") } else { Ty::Matching(patterns) }
    }

    /// Each `pattern` that we can say.
    fn patterns(&mut self, layers: &Layers<'d>) -> Vec<String> {
        let mut patterns: Vec<String> = Vec::new();
        for slot in layers.each("pattern") {
            let Some(pattern) = crate::layers::text(slot) else {
                self.wrong(slot.span, "`pattern` is a text");
                continue;
            };
            let is_ours = pattern.len() <= LONGEST_PATTERN
                && !pattern.contains(['\n', '\r', '\0'])
                && regex::Regex::new(pattern).is_ok();
            if !is_ours {
                self.unsaid.add("pattern", slot.span);
            } else if !patterns.iter().any(|known| known == pattern) {
                patterns.push(pattern.to_owned());
            }
        }
        patterns
    }

    /// `enum` and `const`.
    pub fn listed(&mut self, layers: &Layers<'d>) -> Option<Ty> {
        let slot = layers.get("const").or_else(|| layers.get("enum"))?;
        let values = self.values(layers)?;
        let has_null = values.iter().any(|value| value.value == Value::Null);
        let values: Vec<&Value> =
            values.into_iter().map(|slot| &slot.value).filter(|value| **value != Value::Null).collect();
        let ty = enumeration(&values).unwrap_or_else(|wider| {
            self.unsaid.add(if layers.has("const") { "const" } else { "enum" }, slot.span);
            wider
        });
        // A nullable type lists `null` or not, as its author thinks.
        let says_null = match layers.get("type").map(|slot| &slot.value) {
            Some(Value::List(words)) => words.iter().any(|word| crate::layers::text(word) == Some("null")),
            _ => false,
        };
        Some(if has_null || says_null { ty.optional() } else { ty })
    }

    /// Of the values of `enum` and `const` those that every list has, and the patterns, lengths and bounds beside them allow.
    pub fn values(&mut self, layers: &Layers<'d>) -> Option<Vec<&'d Slot>> {
        let slot = layers.get("const").or_else(|| layers.get("enum"))?;
        let values: Vec<&Slot> = match &slot.value {
            Value::List(values) if !layers.has("const") => values.iter().collect(),
            _ if layers.has("const") => vec![slot],
            _ => {
                self.wrong(slot.span, "`enum` is a list of values");
                return None;
            }
        };
        // What every list has; the first is that of the values.
        let others: Vec<&Vec<Slot>> = layers.each("enum").filter_map(|slot| list(&slot.value)).collect();
        let is_short = values.len() <= MOST_VALUES;
        let is_in_all = |value: &&Slot| !is_short || others.iter().skip(1).all(|other| has(other, value));
        let patterns = self.patterns(layers).into_iter().chain(length(layers));
        let patterns: Vec<regex::Regex> =
            patterns.filter_map(|pattern| regex::Regex::new(&pattern).ok()).collect();
        let (low, high) = bounds(layers, 0.0);
        let is_allowed = |slot: &&Slot| match (&slot.value, as_number(&slot.value)) {
            (Value::Text(text), _) => patterns.iter().all(|pattern| pattern.is_match(text)),
            (_, Some(number)) => {
                low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high)
            }
            _ => true,
        };
        Some(values.into_iter().filter(is_in_all).filter(is_allowed).collect())
    }
}

/// Words for `true` and `false`.
const TRUTH: [&str; 13] = ["", "0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes"];

/// The type of these values and no others; as an error, a wider one where they cannot be told one by one.
fn enumeration(values: &[&Value]) -> Result<Ty, Ty> {
    // Services that read `"yes"` for `true` list every word for it; to say `true` is enough.
    let is_truth = |value: &&Value| match value {
        Value::Bool(_) => true,
        Value::Text(text) => TRUTH.contains(&text.to_ascii_lowercase().as_str()),
        _ => false,
    };
    let has_bool = |truth: bool| values.iter().any(|value| **value == Value::Bool(truth));
    if (has_bool(true) || has_bool(false)) && values.iter().all(is_truth) {
        return if values.len() > 1 { Ok(Ty::Plain("bool")) } else { Err(Ty::Plain("bool")) };
    }
    let mut texts: IndexSet<&String> = IndexSet::new();
    let mut numbers: BTreeSet<i64> = BTreeSet::new();
    let mut is_whole = has_bool(true) == has_bool(false);
    for value in values {
        match value {
            Value::Text(text) => drop(texts.insert(text)),
            Value::Int(number) => drop(numbers.insert(*number)),
            Value::Bool(_) => {}
            _ => return Err(Ty::Any),
        }
    }
    let mut branches: Vec<Ty> = Vec::new();
    if has_bool(true) || has_bool(false) {
        branches.push(Ty::Plain("bool"));
    }
    let runs = runs(&numbers);
    match (runs.len(), runs.first(), runs.last()) {
        (0..=MOST_RUNS, ..) => {
            branches.extend(runs.iter().map(|(low, high)| Ty::Int(Some((*low, *high)))));
        }
        (_, Some((low, _)), Some((_, high))) => {
            is_whole = false;
            branches.push(Ty::Int(Some((*low, *high))));
        }
        _ => {}
    }
    let is_plain = |text: &&String| !text.contains(|c: char| c.is_control()) && text.len() <= 200;
    if texts.len() > MOST_VALUES || !texts.iter().all(is_plain) {
        is_whole = false;
        branches.push(Ty::Plain("string"));
    } else if !texts.is_empty() {
        branches.push(Ty::Enum(texts.into_iter().cloned().collect()));
    }
    let ty = crate::alternatives::one_of(branches);
    if is_whole && ty != Ty::Any { Ok(ty) } else { Err(ty) }
}

/// Whole numbers without gaps between them: 1, 2, 3, 7 → 1 to 3, and 7.
fn runs(numbers: &BTreeSet<i64>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, high)) if high.checked_add(1) == Some(*number) => *high = *number,
            _ => runs.push((*number, *number)),
        }
    }
    runs
}

/// As many characters as are allowed, as a pattern; the longest are not counted.
fn length(layers: &Layers<'_>) -> Option<String> {
    let read = |keyword: &'static str| {
        layers.each(keyword).filter_map(|slot| match &slot.value {
            Value::Int(number) => u32::try_from(*number).ok(),
            _ => None,
        })
    };
    let least = read("minLength").filter(|least| *least <= LONGEST_COUNTED).max().unwrap_or(0);
    match read("maxLength").min().filter(|most| (least..=LONGEST_COUNTED).contains(most)) {
        Some(most) => Some(format!("(?s)^.{{{least},{most}}}$")),
        None if least > 0 => Some(format!("(?s)^.{{{least},}}$")),
        None => None,
    }
}

/// `integer` with its bounds. Where there is one, the other is as far as whole numbers go: `minimum: 0` → `int in
/// 0..9007199254740991`, which is told as "at least 0".
pub(crate) fn integer(layers: &Layers<'_>) -> Ty {
    let (low, high) = bounds(layers, 1.0);
    if low.is_none() && high.is_none() {
        return Ty::Int(None);
    }
    let (low, high) = (low.map_or(-FURTHEST, f64::ceil), high.map_or(FURTHEST, f64::floor));
    // A bound beyond what whole numbers can be is none: `maximum: 18446744073709551615`.
    if low < -FURTHEST && high > FURTHEST {
        return Ty::Int(None);
    }
    let (low, high) = (low.max(-FURTHEST), high.min(FURTHEST));
    let is_exact = low.abs() <= FURTHEST && high.abs() <= FURTHEST;
    Ty::Int((low <= high && is_exact).then_some((low as i64, high as i64)))
}

/// `number` with its bounds. Where there is one, the other stands for none: `minimum: 0` → `float in 0..9007199254740991`, which
/// is told, and checked, as "at least 0".
pub(crate) fn number(layers: &Layers<'_>) -> Ty {
    let (low, high) = bounds(layers, 0.0);
    if low.is_none() && high.is_none() {
        return Ty::Float(None);
    }
    let (low, high) = (low.unwrap_or(-FURTHEST), high.unwrap_or(FURTHEST));
    let is_exact = low.abs() <= FURTHEST && high.abs() <= FURTHEST;
    Ty::Float((low <= high && is_exact).then_some((low, high)))
}

/// The least and the greatest value that every layer allows; an excluded bound is a `step` further in.
fn bounds(layers: &Layers<'_>, step: f64) -> (Option<f64>, Option<f64>) {
    let each = layers.0.iter().map(|layer| {
        let read = |keyword: &str| layer.schema.get(keyword).and_then(|slot| as_number(&slot.value));
        // Until draft 4, a flag beside the bound; a number of its own since.
        let is_excluded = |keyword: &str| crate::layers::is_true(layer.schema.get(keyword));
        let low = [
            read("exclusiveMinimum").map(|bound| bound + step),
            read("minimum").map(|bound| if is_excluded("exclusiveMinimum") { bound + step } else { bound }),
        ];
        let high = [
            read("exclusiveMaximum").map(|bound| bound - step),
            read("maximum").map(|bound| if is_excluded("exclusiveMaximum") { bound - step } else { bound }),
        ];
        (low.into_iter().flatten().reduce(f64::max), high.into_iter().flatten().reduce(f64::min))
    });
    each.fold((None, None), |(low, high), (other_low, other_high)| {
        (
            low.into_iter().chain(other_low).reduce(f64::max),
            high.into_iter().chain(other_high).reduce(f64::min),
        )
    })
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) if number.is_finite() => Some(*number),
        _ => None,
    }
}

fn list(value: &Value) -> Option<&Vec<Slot>> {
    match value {
        Value::List(values) => Some(values),
        _ => None,
    }
}

fn has(list: &[Slot], value: &Slot) -> bool {
    list.iter().any(|one| one.value == value.value)
}
