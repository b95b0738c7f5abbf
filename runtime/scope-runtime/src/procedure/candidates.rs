//! Resources that were found where another number of them was expected, told apart for a person.
//!
//! A record of the site → `45da7b62 (2 h old, status active, project_id demo, no mark)`.

use scope_plan::recorded::Relied;
use serde_json::{Map, Value};

use super::mark;
use super::record::Record;
use super::subject::Subject;
use crate::events::Candidate;

/// At most so many are listed.
const MOST: usize = 20;
/// The longest text shown of an attribute.
const LONGEST: usize = 80;
/// Fields of many applications' answers that say whose a resource is and since when.
const TELLING: &[&str] = &["status", "owner", "project_id", "tenant_id", "user_id", "namespace"];
const TIMES: &[&str] = &["created_at", "created", "creation_time", "creationTimestamp", "create_time"];

/// Candidates for a failure, in the site's order.
pub(super) fn candidates(subject: &Subject<'_>, records: &[Record]) -> Vec<Candidate> {
    records.iter().take(MOST).map(|record| candidate(subject, record)).collect()
}

fn candidate(subject: &Subject<'_>, record: &Record) -> Candidate {
    let resource_type = subject.resource_type;
    let mut details = Map::new();
    let computed =
        resource_type.attributes.iter().filter(|attribute| attribute.is_computed && !attribute.is_secret);
    let declared =
        computed.map(|attribute| attribute.name.as_str()).filter(|name| *name != resource_type.identity);
    for name in declared.chain(TELLING.iter().copied()) {
        let value = record.attribute(name).or_else(|| record.body.get(name));
        let is_short = value.is_some_and(|value| match value {
            Value::String(text) => !text.is_empty() && text.len() <= LONGEST,
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        });
        if let (true, Some(value)) = (is_short, value) {
            details.insert(name.to_owned(), value.clone());
        }
    }
    let mark = resource_type.mark.as_ref().and_then(|place| mark::any_on(place, record));
    if let Some(mark) = &mark {
        // It is told by itself.
        details.retain(|_, value| !value.as_str().is_some_and(|text| text.contains(mark)));
    }
    let now_s = subject.shared.now_ms() / 1000;
    let identity = record.identity(resource_type);
    Candidate {
        name: identity.as_ref().and_then(|identity| name_of(subject, identity)),
        identity: identity.unwrap_or_else(|| "without identity".to_owned()),
        mark,
        age_s: created_s(&record.body).and_then(|created| now_s.checked_sub(created)),
        details,
    }
}

/// What this program calls what has this identity at the subject's site, if it is another one of its own.
pub(super) fn name_of(subject: &Subject<'_>, identity: &str) -> Option<String> {
    let (own, site) = subject.place();
    let resource_type = subject.resource_type.name.clone();
    let thing = Relied { resource_type, site, identity: identity.to_owned() };
    subject.shared.ledger.other_name(&thing, &own)
}

/// When it was made, in seconds since 1970.
pub(super) fn created_s(body: &Value) -> Option<u64> {
    let places = [Some(body), body.get("metadata")];
    places.into_iter().flatten().find_map(|place| {
        TIMES.iter().find_map(|name| match place.get(name)? {
            Value::String(text) => timestamp_s(text),
            Value::Number(number) => number.as_u64(),
            _ => None,
        })
    })
}

/// `2026-11-24T17:42:00Z` → seconds since 1970. An offset other than UTC is taken into account.
fn timestamp_s(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let is_date = (1970..10_000).contains(&year) && (1..13).contains(&month) && (1..32).contains(&day);
    if !is_date || text.as_bytes()[4] != b'-' {
        return None;
    }
    let zone =
        text[19..].trim_start_matches(|character: char| character == '.' || character.is_ascii_digit());
    let offset_minutes = match (zone.get(0..1), zone.get(1..3), zone.get(zone.len().saturating_sub(2)..)) {
        (Some(sign @ ("+" | "-")), Some(hours), Some(minutes)) => {
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "+" { minutes } else { -minutes }
        }
        _ => 0,
    };
    // Days from 1970-01-01, by the count of days from March on.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    u64::try_from((days * 24 + hour) * 3600 + (minute - offset_minutes) * 60 + second).ok()
}

#[cfg(test)]
mod tests {
    use super::timestamp_s;

    #[test]
    fn times_are_read_as_applications_write_them() {
        assert_eq!(timestamp_s("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(timestamp_s("2026-01-01T00:00:00"), Some(1_767_225_600));
        assert_eq!(timestamp_s("2024-02-29T12:00:00.123456Z"), Some(1_709_208_000));
        assert_eq!(timestamp_s("2024-02-29T13:00:00+01:00"), Some(1_709_208_000));
        assert_eq!(timestamp_s("2024-02-29 10:30:00-0130"), Some(1_709_208_000));
        assert_eq!(timestamp_s("yesterday"), None);
        assert_eq!(timestamp_s("2024-99-29T13:00:00Z"), None);
    }
}
