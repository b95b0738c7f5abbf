//! Words that YAML 1.1 and YAML 1.2 read differently: `0400` is 256 to one and 400 to the other, `yes` is true or a text,
//! `22:30` a number or a text.
//!
//! Comes in: a data file as it was read. Goes out: the same with a hole, and a report, at each such word, since tools of both
//! versions are in use and would take the same file for two things.

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::hir::{Slot, Value};

/// Booleans of YAML 1.1 only, in lower case; `true` and `false` are the same in both.
const OLD_BOOLEANS: [(&str, bool); 6] =
    [("yes", true), ("no", false), ("on", true), ("off", false), ("y", true), ("n", false)];

/// Puts a hole, and makes a report, at each word that has two readings; `text` is what the file holds.
pub(super) fn take_out(slot: &mut Slot, text: &str, report: &mut dyn FnMut(Diagnostic)) {
    let readings = match &mut slot.value {
        Value::List(slots) => {
            return slots.iter_mut().for_each(|slot| take_out(slot, text, report));
        }
        Value::Record(fields) => {
            for slot in fields.values_mut() {
                if let Some(readings) = text.get(slot.key.range()).and_then(readings_of_key) {
                    report(two_readings(&text[slot.key.range()], &readings, slot.key));
                }
                take_out(slot, text, report);
            }
            return;
        }
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => text.get(slot.span.range()).and_then(readings),
        // In quotes it is a text to both.
        Value::Text(_) => text.get(slot.span.range()).and_then(readings_in_sixties),
        _ => None,
    };
    if let Some(readings) = readings {
        report(two_readings(&text[slot.span.range()], &readings, slot.span));
        slot.value = Value::Error;
    }
}

/// How a word is read by each version, and how each of these is written so that both versions agree.
struct Readings {
    old: String,
    new: String,
    instead: Vec<(String, String)>,
}

fn readings(word: &str) -> Option<Readings> {
    let lower = word.to_ascii_lowercase();
    if let Some((_, value)) = OLD_BOOLEANS.iter().find(|(name, _)| *name == lower) {
        return Some(Readings {
            old: value.to_string(),
            new: "a text".to_owned(),
            instead: vec![(value.to_string(), "the boolean".to_owned())],
        });
    }
    let (sign, digits) = match word.strip_prefix(['-', '+']) {
        Some(digits) => (&word[..1], digits),
        None => ("", word),
    };
    if digits.starts_with(|first: char| first.is_ascii_digit())
        && (digits.contains('_') || digits.starts_with("0b"))
    {
        let plain = digits.replace('_', "");
        let plain = plain
            .strip_prefix("0b")
            .map_or(Some(plain.clone()), |bits| Some(i64::from_str_radix(bits, 2).ok()?.to_string()))?;
        return Some(Readings {
            old: format!("the number {sign}{plain}"),
            new: "a text".to_owned(),
            instead: vec![(format!("{sign}{plain}"), "the number".to_owned())],
        });
    }
    if digits.len() < 2 || !digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimal = digits.trim_start_matches('0');
    let decimal = format!("{sign}{}", if decimal.is_empty() { "0" } else { decimal });
    let octal = i64::from_str_radix(digits, 8).ok();
    let mut instead = vec![(decimal.clone(), "the decimal number".to_owned())];
    if let Some(octal) = octal.filter(|octal| *octal != 0) {
        let written = format!("{sign}0o{}", digits.trim_start_matches('0'));
        instead.insert(0, (written, format!("the octal number (decimal {sign}{octal})")));
    }
    let old = octal.map_or("a text".to_owned(), |octal| format!("octal, {sign}{octal}"));
    Some(Readings { old, new: format!("decimal, {decimal}"), instead })
}

/// A key that YAML 1.1 takes for a boolean. Its `y` and `n` no reader is known to take so: `{ x: 1, y: 2 }` is a place to all.
fn readings_of_key(word: &str) -> Option<Readings> {
    let (_, value) =
        OLD_BOOLEANS.iter().find(|(name, _)| name.len() > 1 && name.eq_ignore_ascii_case(word))?;
    let new = "a text".to_owned();
    Some(Readings { old: value.to_string(), new, instead: Vec::new() })
}

/// `22:30`: to YAML 1.1 a number whose digits count sixties, 1350.
fn readings_in_sixties(word: &str) -> Option<Readings> {
    let digits = word.trim_start_matches(['-', '+']);
    let (first, rest) = digits.split_once(':')?;
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_sixtieth = |part: &str| is_digits(part) && (part.len() == 1 || (part.len() == 2 && part < "60"));
    if word.len() - digits.len() > 1 || !is_digits(first) || first.starts_with('0') {
        return None;
    }
    let mut number: i64 = first.parse().ok()?;
    for part in rest.split(':') {
        if !is_sixtieth(part) {
            return None;
        }
        number = number.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let written = format!("{}{number}", if word.starts_with('-') { "-" } else { "" });
    Some(Readings {
        old: format!("the number {written}, in sixties"),
        new: "a text".to_owned(),
        instead: vec![(written, "the number".to_owned())],
    })
}

fn two_readings(word: &str, readings: &Readings, span: Span) -> Diagnostic {
    let mut ways: Vec<String> =
        readings.instead.iter().map(|(written, meaning)| format!("`{written}` for {meaning}")).collect();
    ways.push(format!("`\"{word}\"` for a text"));
    let last = ways.pop().unwrap_or_default();
    let help = match ways.as_slice() {
        [] => format!("write {last}"),
        others => format!("write {} or {last}", others.join(", ")),
    };
    Diagnostic::new(codes::E0347, span, format!("`{word}` means two things in YAML"))
        .label(format!("YAML 1.1: {} · YAML 1.2: {}", readings.old, readings.new))
        .note("tools of both are in use: the same file would be two things to them")
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::{readings, readings_in_sixties, readings_of_key};

    #[test]
    fn only_what_the_versions_read_differently_has_two_readings() {
        for word in ["0400", "-0400", "007", "089", "1_000", "0b11", "yes", "No", "ON", "y"] {
            assert!(readings(word).is_some(), "{word}");
        }
        for word in
            ["0", "-1", "400", "0o400", "0x1F", "0.5", ".5", "1e3", "1.", "true", "FALSE", "\"0400\"", "*a"]
        {
            assert!(readings(word).is_none(), "{word}");
        }
    }

    #[test]
    fn so_have_times_and_some_keys() {
        for (word, number) in [("22:30", "1350"), ("-1:05", "-65"), ("1:2:3", "3723")] {
            let readings = readings_in_sixties(word).expect(word);
            assert_eq!(readings.instead[0].0, number, "{word}");
        }
        for word in ["\"22:30\"", "08:30", "22:75", "22:", ":30", "a:b", "22:30:x", "--1:2", "10:100"] {
            assert!(readings_in_sixties(word).is_none(), "{word}");
        }
        assert!(readings_of_key("on").is_some() && readings_of_key("No").is_some());
        assert!(readings_of_key("y").is_none() && readings_of_key("\"on\"").is_none());
    }
}
