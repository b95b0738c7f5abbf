//! What is printed for people: plans, progress, reports, failures. Site first, then resource; the last line is the
//! verdict and what to do next.

pub mod by_site;
pub mod difference;
pub mod drift;
pub mod failure;
mod live;
mod meter;
pub mod past;
pub mod plan;
pub mod progress;
pub mod report;
pub mod sites;
pub mod source;
pub mod tests;
pub mod why;

/// `openstack.server` → `server`.
pub fn short_type(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, short)| short)
}

/// `image:debian-12` → `debian-12`: a looked-up resource's name carries its type.
pub fn short_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, rest)| rest)
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

/// `1.6 s`, `2 min 5 s`.
pub fn seconds(millis: u64) -> String {
    if millis < 60_000 {
        return format!("{:.1} s", millis as f64 / 1000.0);
    }
    format!("{} min {} s", millis / 60_000, millis % 60_000 / 1000)
}
