//! A second resource with the very same mark: a creation was sent again, and the first request took effect after all, late.
//!
//! `first` is recorded as `c1`, its creation was sent twice, a list has `c1` and `c7` with its mark → `c7` is deleted. Nobody
//! was ever told of it; where others rely upon it all the same, it is left, and told.

use serde_json::{Map, Value};

use super::delete::remove;
use super::ensure::{look_at, what_is_there};
use super::failure::Bad;
use super::guard;
use super::inputs::Given;
use super::record::Record;
use super::subject::Subject;
use crate::state::{Record as Fact, Resource};

/// What is changed where one is deleted.
pub(super) const SECOND: &str = "a second one with its mark";

/// The one that is recorded, and others that bear its mark: one list in place of one look.
pub(super) async fn look_for(
    subject: &Subject<'_>,
    recorded: &Resource,
    given: &Given,
) -> Result<(Option<Record>, Vec<Record>), Bad> {
    let is_recorded =
        |record: &Record| record.identity(subject.resource_type).as_ref() == Some(&recorded.identity);
    let found = what_is_there(subject, given).await?;
    let (own, others): (Vec<Record>, Vec<Record>) = found.into_iter().partition(is_recorded);
    let seconds = others.into_iter().filter(|record| subject.bears_our_mark(record)).collect();
    match own.into_iter().next() {
        Some(own) => Ok((Some(own), seconds)),
        // It may have another name by now.
        None => Ok((look_at(subject, recorded, given).await?, seconds)),
    }
}

/// Deletes them; in words, what became of them. Where there are none, nothing is doubtful any more.
pub(super) async fn remove_all(
    subject: &Subject<'_>,
    seconds: &[Record],
    given: &Map<String, Value>,
) -> Result<Option<String>, Bad> {
    let mut words = Vec::new();
    for record in seconds {
        let Some(identity) = record.identity(subject.resource_type) else { continue };
        let users = guard::users(subject, &identity, Some(record));
        if users.is_empty() {
            subject.report(|| format!("{SECOND} ({identity}) is deleted"));
            remove(subject, &identity, given).await?;
            words.push(format!("{SECOND} ({identity}) is deleted"));
        } else {
            words.push(format!(
                "{SECOND} ({identity}) is left: {} relies upon it",
                guard::words_for(&users).join(", ")
            ));
        }
    }
    // A run that made it may still be too early.
    let is_old = |recorded: &Resource| recorded.is_complete && recorded.run < subject.shared.run;
    if let Some(recorded) = subject.recorded().filter(|recorded| recorded.is_doubtful && is_old(recorded))
        && words.is_empty()
    {
        let (name, site) = subject.place();
        let resource = Resource { is_doubtful: false, ..recorded };
        subject.shared.ledger.append(Fact::Resource { name, site, resource })?;
    }
    Ok((!words.is_empty()).then(|| words.join("; ")))
}
