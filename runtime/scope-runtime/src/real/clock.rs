//! Points in time as sites write them, in seconds since 1970.
//!
//! `2026-11-24T18:00:00.5+01:00` (RFC 3339), `Tue, 24 Nov 2026 17:00:00 GMT` (HTTP) → `1795539600`.

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Now, by our own clock.
pub(super) fn now() -> Option<i64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok())
}

/// RFC 3339; without a zone it is UTC; fractions are cut off.
pub(super) fn rfc3339(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let date = numbers::<3>(date, '-')?;
    let zone_start = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_start);
    let clock = numbers::<3>(clock.split('.').next()?, ':')?;
    let offset = match zone.chars().next() {
        Some(sign @ ('+' | '-')) => {
            let digits: String = zone[1..].chars().filter(|character| *character != ':').collect();
            let hours_minutes: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
            let seconds = (hours_minutes / 100) * 3600 + (hours_minutes % 100) * 60;
            if sign == '+' { seconds } else { -seconds }
        }
        _ => 0,
    };
    Some(seconds(date, clock)? - offset)
}

/// The form of the `Date` header.
pub(super) fn http_date(text: &str) -> Option<i64> {
    let words: Vec<_> = text.split_whitespace().collect();
    let [_, day, month, year, clock, "GMT"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let date = [year.parse().ok()?, i64::try_from(month).ok()?, day.parse().ok()?];
    seconds(date, numbers::<3>(clock, ':')?)
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[i64; N]> {
    let parts: Option<Vec<i64>> = text.split(separator).map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// Days by the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
fn seconds([year, month, day]: [i64; 3], [hours, minutes, seconds]: [i64; 3]) -> Option<i64> {
    let is_valid = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hours)
        && (0..60).contains(&minutes)
        && (0..=60).contains(&seconds);
    if !is_valid {
        return None;
    }
    let year_from_march = if month <= 2 { year - 1 } else { year };
    let era = year_from_march / 400;
    let year_of_era = year_from_march % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(rfc3339("2026-11-24T18:00:00.5+01:00"), Some(1_795_539_600));
        assert_eq!(http_date("Tue, 24 Nov 2026 17:00:00 GMT"), Some(1_795_539_600));
        assert_eq!(rfc3339("2000-02-29 12:00:00"), Some(951_825_600));
        for broken in ["", "2026-13-01T00:00:00Z", "x-y-zT1:2:3", "2026-11-24T18:00:00+1"] {
            assert_eq!(rfc3339(broken), None, "{broken}");
        }
    }
}
