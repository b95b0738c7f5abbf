//! Changing one attribute of a resource that is there, whatever else the program says of it: where its owner mark or a
//! guard stands.
//!
//! `description: "mine [scope-used:…]"` → one `update` with `changes: { description }`, and the operations that come after it.

use scope_plan::driver::Operation;
use serde_json::{Map, Value};

use super::create::may_have_acted;
use super::failure::{Bad, Trouble};
use super::record::{Names, Record};
use super::subject::{Asked, Subject};
use crate::site::SiteErrorKind;

/// What became of it.
pub(super) enum Amended {
    /// The site took it.
    Sent,
    /// It may have been done.
    Unanswered,
    /// The site does not allow it; its words.
    Refused(String),
}

pub(super) async fn amend(
    subject: &Subject<'_>,
    operation: &Operation,
    identity: &str,
    record: &Record,
    changes: &Map<String, Value>,
) -> Result<Amended, Bad> {
    let mut inputs = record.attributes.clone();
    inputs.retain(|_, value| !value.is_null());
    inputs.extend(changes.clone());
    inputs.insert(subject.resource_type.identity.clone(), Value::from(identity));
    let asked = || Asked { changes: Some(changes), ..Asked::with(&inputs) };
    let amended = match subject.ask(operation, asked()).await {
        Ok(_) => Amended::Sent,
        Err(Trouble::Site(error)) if matches!(error.kind, SiteErrorKind::Denied | SiteErrorKind::Invalid) => {
            return Ok(Amended::Refused(error.words));
        }
        Err(trouble) if may_have_acted(&trouble) => Amended::Unanswered,
        Err(trouble) => return Err(subject.failed(trouble)),
    };
    for later in subject.resource_type.operations_after(&operation.name) {
        let names =
            Names { first: Some(&inputs), changes: Some(changes), ..Names::over(subject, &record.body) };
        if later.when.as_ref().is_none_or(|when| names.holds(when)) {
            subject.ask(later, asked()).await.map_err(|trouble| subject.failed(trouble))?;
        }
    }
    Ok(amended)
}
