//! What is printed for people: plans, progress, reports, failures. Site first, then resource; the last line is the
//! verdict and what to do next.

mod alike;
pub mod by_site;
mod debts;
pub mod difference;
pub mod drift;
pub mod failure;
mod held;
mod live;
mod many;
mod meter;
pub mod past;
pub mod plan;
pub mod progress;
pub mod report;
pub mod said;
pub mod sites;
pub mod source;
pub mod tests;
pub mod why;

use scope_plan::plan::Step;

/// `openstack.server` → `server`.
pub fn short_type(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, short)| short)
}

/// `image:debian-12` → `debian-12`: a looked-up resource's name carries its type.
pub fn short_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, rest)| rest)
}

/// What a step needs, told apart from itself: `image base`, where a server is called `base` that is made from it.
pub fn needed_name(step: &Step, needed: &Step) -> String {
    let name = short_name(&needed.name);
    match needed.action.resource_type() {
        Some(kind) if needed.site == step.site && name == short_name(&step.name) => {
            format!("{} {name}", short_type(kind))
        }
        _ => name.to_owned(),
    }
}

/// `1 site`, `2 sites`
pub fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// `21 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut amount = count as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 || amount >= 10.0 {
        format!("{amount:.0} {}", UNITS[unit])
    } else {
        format!("{amount:.1} {}", UNITS[unit])
    }
}

/// `1.6 s`, `2 min 5 s`, `3 h`, `4 d 2 h`: the two greatest units, without a second one that is nothing.
pub fn seconds(millis: u64) -> String {
    let whole = millis / 1000;
    let two = |(great, unit): (u64, &str), (small, other): (u64, &str)| match small {
        0 => format!("{great} {unit}"),
        small => format!("{great} {unit} {small} {other}"),
    };
    match whole {
        0..60 => format!("{:.1} s", millis as f64 / 1000.0),
        60..3_600 => two((whole / 60, "min"), (whole % 60, "s")),
        3_600..86_400 => two((whole / 3_600, "h"), (whole % 3_600 / 60, "min")),
        _ => two((whole / 86_400, "d"), (whole % 86_400 / 3_600, "h")),
    }
}

#[cfg(test)]
mod times {
    use super::seconds;

    #[test]
    fn the_two_greatest_units() {
        for (millis, text) in [
            (0, "0.0 s"),
            (59_949, "59.9 s"),
            (60_000, "1 min"),
            (125_900, "2 min 5 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (345_600_000, "4 d"),
            (352_800_000, "4 d 2 h"),
        ] {
            assert_eq!(seconds(millis), text);
        }
    }
}
