//! Numbers with a unit, as people read them: exact, in the largest unit in which they are short.
//!
//! 1099511627776 bytes → `1 TiB`; 21600 seconds → `6 h`; 1048577 bytes → `1048577 B`: a difference of one byte is seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the numbers of an attribute count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A `size`.
    Bytes,
    /// A `rate`.
    BitsPerSecond,
    /// A `duration`.
    Seconds,
    /// A `percent`.
    Percent,
}

/// Names and factors, the largest first; the last one counts what a number counts.
const SIZES: [(&str, f64); 9] = [
    ("TiB", 1_099_511_627_776.0),
    ("TB", 1e12),
    ("GiB", 1_073_741_824.0),
    ("GB", 1e9),
    ("MiB", 1_048_576.0),
    ("MB", 1e6),
    ("KiB", 1024.0),
    ("kB", 1e3),
    ("B", 1.0),
];
const RATES: [(&str, f64); 4] = [("Gbps", 1e9), ("Mbps", 1e6), ("kbps", 1e3), ("bps", 1.0)];
const DURATIONS: [(&str, f64); 7] =
    [("d", 86_400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)];
const PERCENT: [(&str, f64); 1] = [("%", 1.0)];

/// Digits behind the point that are still short.
const DECIMALS: f64 = 100.0;

impl Unit {
    fn names(self) -> &'static [(&'static str, f64)] {
        match self {
            Unit::Bytes => &SIZES,
            Unit::BitsPerSecond => &RATES,
            Unit::Seconds => &DURATIONS,
            Unit::Percent => &PERCENT,
        }
    }

    /// `1.5 GiB`; with `""` between number and unit it is as a program writes it.
    pub fn text(self, amount: f64, between: &str) -> String {
        let names = self.names();
        let scaled = |factor: f64| amount / factor;
        // Whole ones first: 90 s are not 1.5 min, and 1536 MiB are 1.5 GiB.
        let is_whole = |factor: f64| scaled(factor).fract() == 0.0;
        let is_short = |factor: f64| is_exact(scaled(factor), factor, amount);
        let fits = |(_, factor): &&(&str, f64)| {
            let is_nice = if self == Unit::Seconds { is_whole(*factor) } else { is_short(*factor) };
            scaled(*factor).abs() >= 1.0 && is_nice
        };
        let plain = names.iter().find(|(_, factor)| *factor == 1.0).expect("each has one");
        let (name, factor) = names.iter().find(fits).unwrap_or(plain);
        let number = scaled(*factor);
        // A percentage is written together with its number.
        let between = if self == Unit::Percent { "" } else { between };
        format!("{number}{between}{name}")
    }

    /// Every number in a value; nothing where it is none, nor a list of some.
    pub fn of(self, value: &Value) -> Option<String> {
        match value {
            Value::Number(number) => Some(self.text(number.as_f64()?, " ")),
            Value::Array(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.of(item)).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            _ => None,
        }
    }
}

/// Whether a number has few digits behind the point and says exactly the amount.
fn is_exact(scaled: f64, factor: f64, amount: f64) -> bool {
    let rounded = (scaled * DECIMALS).round() / DECIMALS;
    rounded == scaled && rounded * factor == amount
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (unit, value, text) in [
            (Unit::Bytes, json!(1_099_511_627_776_u64), "1 TiB"),
            (Unit::Bytes, json!(1_610_612_736), "1.5 GiB"),
            (Unit::Bytes, json!(2_000_000), "2 MB"),
            (Unit::Bytes, json!(1_048_577), "1048577 B"),
            (Unit::Bytes, json!(0), "0 B"),
            (Unit::Seconds, json!(21_600), "6 h"),
            (Unit::Seconds, json!(90), "90 s"),
            (Unit::Seconds, json!(0.05), "50 ms"),
            (Unit::BitsPerSecond, json!(1_000_000_000), "1 Gbps"),
            (Unit::Percent, json!(12.5), "12.5%"),
        ] {
            assert_eq!(unit.of(&value).as_deref(), Some(text), "{value}");
        }
        assert_eq!(Unit::Bytes.of(&json!([1024, 2048])).as_deref(), Some("[1 KiB, 2 KiB]"));
        assert_eq!(Unit::Bytes.of(&json!("1 TiB")), None);
    }

    #[test]
    fn different_amounts_have_different_texts() {
        for amount in (0..4000_u32).map(|n| f64::from(n * 7919)) {
            let (one, next) = (Unit::Bytes.text(amount, ""), Unit::Bytes.text(amount + 1.0, ""));
            assert_ne!(one, next);
        }
    }
}
