//! Amounts as sites write them: a number with a prefix for its size behind it, compared by how much they are.
//!
//! `1`, `"1"`, `"1000m"` and `"1e0"` are as much, and so are `"1Gi"`, `"1024Mi"` and `1073741824`. The prefixes are the decimal
//! ones from `n` to `E`, the binary ones from `Ki` to `Ei`, and an exponent.

use serde_json::Value;

/// More digits are no amount of anything; the largest prefix still fits above them.
const MOST_DIGITS: usize = 18;
/// Exponents beyond are refused by every site.
const LARGEST_EXPONENT: i32 = 60;

/// How much: `digits` × 10^`exponent`, in the one way that has no zero at the end of its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    digits: i128,
    exponent: i32,
}

/// Whether both are amounts, and as much. What is none is never equal here.
pub fn is_as_much(left: &Value, right: &Value) -> bool {
    matches!((of(left), of(right)), (Some(left), Some(right)) if left == right)
}

/// Whether it is an amount.
pub fn is_amount(value: &Value) -> bool {
    of(value).is_some()
}

fn of(value: &Value) -> Option<Amount> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

/// `-1.5Ki` → -1536
fn parse(text: &str) -> Option<Amount> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, prefix) = unsigned.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let written = format!("{whole}{}", part.trim_end_matches('0'));
    let written = written.trim_start_matches('0');
    if whole.len() + part.len() == 0 || part.contains('.') || written.len() > MOST_DIGITS {
        return None;
    }
    let digits: i128 = if written.is_empty() { 0 } else { written.parse().ok()? };
    let digits = if is_negative { -digits } else { digits };
    let behind = i32::try_from(part.trim_end_matches('0').len()).ok()?;
    let (factor, exponent) = scale(prefix)?;
    Some(normal(digits.checked_mul(factor)?, exponent - behind))
}

/// What a prefix stands for: a factor, and a power of ten.
fn scale(prefix: &str) -> Option<(i128, i32)> {
    Some(match prefix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        other => {
            let exponent: i32 = other.strip_prefix(['e', 'E'])?.parse().ok()?;
            (exponent.abs() <= LARGEST_EXPONENT).then_some((1, exponent))?
        }
    })
}

fn normal(mut digits: i128, mut exponent: i32) -> Amount {
    if digits == 0 {
        return Amount { digits, exponent: 0 };
    }
    while digits % 10 == 0 {
        digits /= 10;
        exponent += 1;
    }
    Amount { digits, exponent }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn as_much_however_it_is_written() {
        for (left, right) in [
            (json!("1"), json!(1)),
            (json!("1000m"), json!("1")),
            (json!(0.5), json!("500m")),
            (json!("1Gi"), json!("1024Mi")),
            (json!("1.5Gi"), json!(1_610_612_736_u64)),
            (json!("1e3"), json!("1k")),
            (json!("1E"), json!("1e18")),
            (json!("0.10"), json!(".1")),
            (json!("-0"), json!("0Ki")),
            (json!("+8Ei"), json!("8192Pi")),
            (json!("1."), json!("1000000000n")),
        ] {
            assert!(is_as_much(&left, &right), "{left} {right}");
        }
    }

    #[test]
    fn what_is_more_or_no_amount_is_not_the_same() {
        for (left, right) in [
            (json!("1"), json!("1m")),
            (json!("1G"), json!("1Gi")),
            (json!("1E1"), json!("1E")),
            (json!("1"), json!("-1")),
            (json!("x"), json!("x")),
            (json!(""), json!("0")),
            (json!("."), json!("0")),
            (json!("1.2.3"), json!("1.23")),
            (json!("1e999999"), json!("1e999999")),
            (json!("1ki"), json!("1Ki")),
            (json!(null), json!(0)),
            (json!("9999999999999999999"), json!("9999999999999999999")),
        ] {
            assert!(!is_as_much(&left, &right), "{left} {right}");
        }
    }
}
