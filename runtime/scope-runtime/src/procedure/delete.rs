//! Removing a resource and waiting until it is gone.
//!
//! `DELETE` answered *gone*, read until *not found* → forgotten in the state. What was adopted, and what another deployment
//! has put its mark on since, is only forgotten.

use std::time::Duration;

use scope_plan::driver::{OperationKind, ResourceType};
use scope_plan::expr::Expr;
use scope_plan::plan::StepId;
use scope_plan::recorded::How;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::candidates::name_of;
use super::failure::{Bad, Trouble};
use super::inputs::evaluate_one;
use super::readiness::MOST_SILENCES;
use super::record::{Record, identity_text};
use super::subject::{Asked, Subject};
use super::undo::{Left, owe};
use super::{Good, guard, release, seconds};
use crate::events::{Effect, Failure, Outcome};
use crate::site::{SiteError, SiteErrorKind};
use crate::state::{Record as Fact, Resource};

/// Between two looks whether it is gone, where the driver does not say.
const LOOK_EVERY_MS: u64 = 1_000;
/// How often a request to delete is sent before the answers are believed.
const MOST_SENT: u32 = 3;

pub(super) async fn delete(
    subject: &Subject<'_>,
    identity: &Expr,
    unless: &[StepId],
    keep: bool,
) -> Result<Good, Bad> {
    if unless.iter().any(|step| subject.shared.end(*step, |end| end.effect.is_some())) {
        let detail = Some("its alternative is taken again".to_owned());
        return Ok(Good { detail, ..Good::new(Effect::Unchanged, Value::Null) });
    }
    let identity = evaluate_one(subject, "identity", identity).await?;
    let Some(identity) = identity_text(&identity) else {
        let message = format!("`{}` has no identity to delete it by", subject.name);
        return Err(Bad::new(Failure::new("E0905", Outcome::Invalid, message)));
    };
    let Some(recorded) = subject.recorded() else {
        // It is something else of the program by now; or an earlier run of this very plan did it, and what is there now is not
        // known to be ours.
        let other = name_of(subject, &identity).map(|other| format!("it is `{other}` by now"));
        let detail = Some(other.unwrap_or_else(|| "forgotten before".to_owned()));
        return Ok(Good { detail, ..Good::new(Effect::Unchanged, Value::Null) });
    };
    if let Some(other) = name_of(subject, &identity) {
        // What the program took over under another name is not deleted under this one.
        return forgotten(subject, Effect::Released, Some(format!("it is `{other}` by now"))).await;
    }
    if recorded.how == How::Adopted {
        // It bears no mark of ours that would have to be taken off.
        return forgotten(
            subject,
            Effect::Released,
            Some("left at the site: it was there before".to_owned()),
        )
        .await;
    }
    if keep {
        return release::release(subject, &identity).await;
    }
    let (seen, seconds) = match recorded.is_doubtful {
        true => {
            let given = seconds::as_set(subject, &recorded);
            seconds::look_for(subject, &recorded, &given).await?
        }
        false => (seen_before(subject, &identity).await?, Vec::new()),
    };
    if seen.is_none() && subject.is_elsewhere() && subject.can_be_read() {
        let there = subject.read(&identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))?;
        if there.is_none() {
            subject.is_gone()?;
        }
    }
    let (effect, detail) = if seen.as_ref().is_some_and(|record| subject.mark_of_others(record).is_some()) {
        let why = "left at the site: it bears the mark of another deployment";
        (Effect::Released, Some(why.to_owned()))
    } else {
        guard::refuse_if_relied_upon(subject, &identity, seen.as_ref())?;
        if let Err(bad) = guard::refuse_if_perhaps_relied_upon(subject, &identity, seen.as_ref()) {
            // The end of this run, or of a later one, deletes those first.
            let given = seconds::as_set(subject, &recorded);
            let left = Left { identity: Some(identity), relies: recorded.relies };
            let detail = Some(owe(subject, &given, left, &bad).await);
            return Ok(Good { detail, ..Good::new(Effect::Unchanged, Value::Null) });
        }
        remove(subject, &identity, &Map::new()).await?;
        let removed = seconds::remove_all(subject, &seconds, &Map::new()).await?;
        let words: Vec<String> = removed.into_iter().chain(what_stays(subject, &recorded)).collect();
        (Effect::Deleted, (!words.is_empty()).then(|| words.join("; ")))
    };
    forgotten(subject, effect, detail).await
}

/// The files that stay of what is deleted: others may have been given the secrets in them, and need them still.
fn what_stays(subject: &Subject<'_>, recorded: &Resource) -> Option<String> {
    let is_there = |file: &&String| subject.shared.sites.is_taken(file);
    let files: Vec<String> =
        recorded.kept_in.iter().filter(is_there).map(|file| format!("`{file}`")).collect();
    match files.as_slice() {
        [] => None,
        [file] => Some(format!("its secret stays in {file}")),
        files => Some(format!("its secrets stay in {}", files.join(", "))),
    }
}

async fn forgotten(subject: &Subject<'_>, effect: Effect, detail: Option<String>) -> Result<Good, Bad> {
    let (name, site) = subject.place();
    subject.shared.ledger.append(Fact::Gone { name, site })?;
    subject.shared.ledger.commit().await?;
    Ok(Good { detail, ..Good::new(effect, Value::Null) })
}

/// A look before a deletion, at what it bears: the mark of another deployment, which took over what we made, and the guards of
/// others. A site that cannot be asked is no reason to delete.
pub(super) async fn seen_before(subject: &Subject<'_>, identity: &str) -> Result<Option<Record>, Bad> {
    let ResourceType { mark, guard, .. } = subject.resource_type;
    if (mark.is_none() && guard.is_none()) || !subject.can_be_read() {
        return Ok(None);
    }
    subject.read(identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))
}

/// Deletes a resource at its site and waits until it is gone. Repeating it is always safe.
///
/// # Errors
/// The site's.
pub(super) async fn remove(
    subject: &Subject<'_>,
    identity: &str,
    given: &Map<String, Value>,
) -> Result<(), Bad> {
    let Some(operation) = subject.resource_type.operation_of(OperationKind::Delete) else {
        let message =
            format!("`{}` cannot be deleted: its driver has no such operation", subject.resource_type.name);
        return Err(Bad::new(Failure::new("E0905", Outcome::Invalid, message)));
    };
    let mut inputs = given.clone();
    inputs.insert(subject.resource_type.identity.clone(), Value::from(identity));
    let mut n_sent = 0;
    loop {
        n_sent += 1;
        let answer = subject.ask(operation, Asked::with(&inputs)).await;
        if let (Ok(_), Some(step))
        | (Err(Trouble::Site(SiteError { kind: SiteErrorKind::Lost, .. })), Some(step)) =
            (&answer, subject.step)
        {
            subject.shared.memory(step.id).removes();
        }
        match answer {
            Ok(_) => break,
            Err(trouble) if trouble.is_not_found() => return Ok(()),
            // Perhaps it was done: the look below tells.
            Err(trouble) if trouble.is_silence() && n_sent < MOST_SENT && subject.can_be_read() => {
                match subject.read(identity, given).await {
                    Ok(None) => return Ok(()),
                    Ok(Some(_)) => {}
                    Err(_) => return Err(subject.failed(trouble)),
                }
            }
            Err(trouble) => return Err(subject.failed(trouble)),
        }
    }
    until_gone(subject, identity, given).await
}

async fn until_gone(subject: &Subject<'_>, identity: &str, given: &Map<String, Value>) -> Result<(), Bad> {
    if subject.read_operation().is_none() {
        return Ok(());
    }
    let every_ms = subject.resource_type.ready.as_ref().map_or(LOOK_EVERY_MS, |ready| ready.every_ms.max(1));
    let every = Duration::from_millis(every_ms);
    let mut n_silences = 0;
    loop {
        match subject.read(identity, given).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => n_silences = 0,
            Err(trouble) if trouble.may_pass() && n_silences + 1 < MOST_SILENCES => n_silences += 1,
            // Accepted is not done: what nobody saw gone stays known, and is deleted again when the site answers.
            Err(trouble) => return Err(subject.failed(trouble)),
        }
        if Instant::now() + every > subject.deadline.get() {
            let message = format!(
                "`{}` is still at `{}` {} after it was deleted",
                subject.name,
                subject.site_name(),
                subject.time_out()
            );
            return Err(Bad::new(Failure::new("E0909", Outcome::Unavailable, message)));
        }
        subject.report(|| "waits until it is gone".to_owned());
        subject.pause(every).await.map_err(|trouble| subject.failed(trouble))?;
    }
}
