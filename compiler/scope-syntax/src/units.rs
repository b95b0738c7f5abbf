//! The units of number words: what each measures, and how many of the base unit it is.
//!
//! `find("ms")` is a duration of 0.001 (seconds); `find("GiB")` a size of 1073741824 (bytes).

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// In seconds.
    Duration,
    /// In bytes.
    Size,
    /// In bits per second.
    Rate,
    /// As a fraction: 25% is 0.25.
    Percent,
}

impl Dimension {
    /// The name of the type whose values these are.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Dimension::Duration => "duration",
            Dimension::Size => "size",
            Dimension::Rate => "rate",
            Dimension::Percent => "percent",
        }
    }
}

const UNITS: &[(&str, Dimension, f64)] = &[
    ("ns", Dimension::Duration, 1e-9),
    ("us", Dimension::Duration, 1e-6),
    ("µs", Dimension::Duration, 1e-6),
    ("μs", Dimension::Duration, 1e-6),
    ("ms", Dimension::Duration, 1e-3),
    ("s", Dimension::Duration, 1.0),
    ("min", Dimension::Duration, 60.0),
    ("h", Dimension::Duration, 3600.0),
    ("d", Dimension::Duration, 86400.0),
    ("B", Dimension::Size, 1.0),
    ("kB", Dimension::Size, 1e3),
    ("KiB", Dimension::Size, 1024.0),
    ("MB", Dimension::Size, 1e6),
    ("MiB", Dimension::Size, 1048576.0),
    ("GB", Dimension::Size, 1e9),
    ("GiB", Dimension::Size, 1073741824.0),
    ("TB", Dimension::Size, 1e12),
    ("TiB", Dimension::Size, 1099511627776.0),
    ("bps", Dimension::Rate, 1.0),
    ("kbps", Dimension::Rate, 1e3),
    ("Mbps", Dimension::Rate, 1e6),
    ("Gbps", Dimension::Rate, 1e9),
    ("%", Dimension::Percent, 0.01),
];

/// Every unit, as it is written.
pub fn all() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|(unit, ..)| *unit)
}

/// The units of a dimension that are typed on any keyboard, the largest first, each with its factor to the base unit.
pub fn of(dimension: Dimension) -> impl Iterator<Item = (&'static str, f64)> {
    let units = UNITS.iter().rev().filter(move |(unit, of, _)| *of == dimension && unit.is_ascii());
    units.map(|(unit, _, factor)| (*unit, *factor))
}

/// What the unit measures and its factor to the base unit; nothing if it is none. Case matters, as `M` and `m` differ.
#[must_use]
pub fn find(unit: &str) -> Option<(Dimension, f64)> {
    UNITS.iter().find(|(name, ..)| *name == unit).map(|(_, dimension, factor)| (*dimension, *factor))
}

/// The unit that another spelling stands for in other languages.
pub(crate) fn meant(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "msec" | "millis" => "ms",
        "K" | "Ki" => "KiB",
        "M" | "Mi" => "MiB",
        "G" | "Gi" => "GiB",
        "T" | "Ti" => "TiB",
        "bit" | "bits" => "bps",
        "kbit" | "Kbit" => "kbps",
        "Mbit" | "mbit" => "Mbps",
        "Gbit" | "gbit" => "Gbps",
        _ => return None,
    })
}

/// Whether sites write this behind an amount, `500m` or `512Mi`, where it is no unit of the language.
pub(crate) fn is_of_amounts(unit: &str) -> bool {
    matches!(unit, "m" | "k" | "K" | "M" | "G" | "T" | "Ki" | "Mi" | "Gi" | "Ti")
}

/// The names of all units.
pub fn names() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_a_dimension_and_a_factor() {
        assert_eq!(find("min"), Some((Dimension::Duration, 60.0)));
        assert_eq!(find("GiB"), Some((Dimension::Size, 1073741824.0)));
        assert_eq!((find("gib"), find("")), (None, None));
    }
}
