//! Taking back what an abandoned alternative created, now or, where its site does not answer, in a later run.
//!
//! Recorded → deleted by its identity. Perhaps created (the answer was lost) → looked for by its mark first. What cannot be
//! asked is *owed*: recorded, reported, paid by the next run that reaches the site. Changed → set back, where it is still ours.

use scope_plan::plan::{Action, SiteId, Step};
use scope_plan::recorded::Relied;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

use super::aftermath::LOOK_EVERY;
use super::create::create_operation;
use super::delete::{remove, seen_before};
use super::ensure::kept_in;
use super::failure::Bad;
use super::inputs::{Given, evaluate};
use super::record::{Record, identity_text};
use super::seconds::{self, may_be_twice};
use super::subject::{Change, Subject, changes_of};
use super::there::what_is_there;
use super::update;
use super::{guard, mark};
use crate::events::{Failure, Outcome};
use crate::runner::Shared;
use crate::schedule::Touched;
use crate::state::{Changed, Owed, Record as Fact, Resource, Sent};

/// An undo ends in words for people; an error is one that is owed.
pub(crate) async fn undo(shared: &Shared<'_>, step: &Step) -> Result<String, String> {
    let subject = match Subject::of_step(shared, step) {
        Ok(subject) => subject,
        Err(bad) => return Err(bad.failure.message),
    };
    // It has the time of a step of its own, whatever the step itself used up.
    let deadline = Cell::new(Instant::now() + Duration::from_millis(step.timeout_ms));
    let subject = as_recorded(Subject { deadline, ..subject }, step);
    if let Action::Protect { of, .. } = &step.action {
        return guard::undo(&subject, of).await;
    }
    let given = match &step.action {
        Action::Ensure { attributes, .. } | Action::Call { inputs: attributes, .. } => {
            evaluate(&subject, attributes).await.unwrap_or_default()
        }
        _ => Given::default(),
    };
    let memory = shared.memory(step.id);
    if memory.touched() == Touched::Changed {
        let (identity, changed) = memory.changed();
        return set_back(&subject, &identity, &given, &changed).await;
    }
    let recorded = subject.recorded();
    let n_tries = if shared.memory(step.id).is_cut_off() { 1 } else { step.retry.times.max(1) };
    let mut pause = Duration::from_millis(step.retry.backoff_ms.max(1));
    for number in 1..=n_tries {
        let result = match &recorded {
            Some(resource) => remove_with_seconds(&subject, resource, &given).await,
            None => remove_if_there(&subject, &given).await.map(|identity| words_for(&subject, &identity)),
        };
        match result {
            Ok(words) => {
                let is_recorded = has_gone(&subject, recorded.as_ref(), &given).is_ok();
                let is_durable = is_recorded && shared.ledger.commit().await.is_ok();
                tracing::debug!(is_durable, "undone");
                return Ok(words);
            }
            Err(bad) if number < n_tries && bad.is_retryable => {
                if subject.pause(pause).await.is_err() {
                    break;
                }
                pause *= 2;
            }
            Err(bad) => {
                return Err(owe(&subject, &given, left(&subject, recorded), &bad).await);
            }
        }
    }
    Err(owe(&subject, &given, left(&subject, recorded), &Bad::stopped()).await)
}

fn left(subject: &Subject<'_>, recorded: Option<Resource>) -> Left {
    let relies = subject.step.map(|step| subject.shared.relied(step)).unwrap_or_default();
    Left { identity: recorded.map(|resource| resource.identity), relies }
}

fn has_gone(subject: &Subject<'_>, recorded: Option<&Resource>, given: &Given) -> Result<(), Bad> {
    if let Some(step) = subject.step.filter(|_| recorded.is_some() || subject.was_sent()) {
        forget(subject.shared, &kept_in(step));
    }
    let undone = seconds::undone(subject, recorded, given);
    let (name, site) = subject.place();
    subject.shared.ledger.append(Fact::Gone { name: name.clone(), site: site.clone() })?;
    if let Some(resource) = undone {
        subject.shared.ledger.append(Fact::Undone { name, site, resource })?;
    }
    subject.settle()
}

/// The secrets of what is taken back: nobody was given them, and another one may need their place. A place that cannot be cleared is
/// told where it is needed.
pub(super) fn forget(shared: &Shared<'_>, files: &[String]) {
    for file in files {
        if let Err(why) = shared.sites.forget(file) {
            tracing::debug!(why, "a secret of what is taken back stays");
        }
    }
}

/// A copy is known by its origin: the one that this step made one of, if it did.
fn as_recorded<'s>(subject: Subject<'s>, step: &Step) -> Subject<'s> {
    let Action::Bring { sources, .. } = &step.action else { return subject };
    let mut copies = sources.iter().map(|source| subject.copied_from(subject.shared.plan.step(*source).site));
    let sent = subject.shared.ledger.with(|state| state.sent.get(subject.key).map(|sent| sent.name.clone()));
    let is_it =
        |copy: &Subject<'_>| copy.recorded().is_some() || sent.as_deref() == Some(&copy.recorded_name());
    copies.find(is_it).unwrap_or(subject)
}

/// What was there before and was changed is set back, where it is still as this evaluation set it.
async fn set_back(
    subject: &Subject<'_>,
    identity: &str,
    given: &Given,
    changed: &[Change],
) -> Result<String, String> {
    let what = format!("{} `{}` at `{}`", subject.kind(), subject.name, subject.site_name());
    let names = |changes: &[String]| {
        changes.iter().map(|name| format!("`{name}`")).collect::<Vec<String>>().join(", ")
    };
    let seen = async {
        let found = subject.read(identity, &given.values).await;
        match found.map_err(|trouble| subject.failed(trouble))? {
            // What another deployment took over since is not ours to set back.
            Some(record) if subject.mark_of_others(&record).is_some() => Ok(Vec::new()),
            Some(record) => update::set_back(subject, record, given, changed).await,
            None => Ok(Vec::new()),
        }
    };
    let seen = seen.await;
    if seen.is_ok() {
        let ended = Fact::ChangeEnded { key: subject.key.to_owned() };
        let is_durable =
            subject.shared.ledger.append(ended).is_ok() && subject.shared.ledger.commit().await.is_ok();
        tracing::debug!(is_durable, "set back");
    }
    match seen {
        Ok(back) if back.is_empty() => {
            Ok(format!("{what} is not as this run set it any more, and is left so"))
        }
        Ok(back) => Ok(format!("{what}: {} set back", names(&back))),
        Err(bad) => {
            let all: Vec<String> = changed.iter().map(|change| change.attribute.clone()).collect();
            Err(format!(
                "{what} is left with {} changed: {}; it is set back when that can be done again",
                names(&all),
                bad.failure.message
            ))
        }
    }
}

/// Sets back what a run changed that did not come to its end, for an alternative that is not wanted any more.
pub(crate) async fn set_back_later(
    shared: &Shared<'_>,
    key: &str,
    changed: &Changed,
    site: SiteId,
) -> Result<String, String> {
    let unknown = || format!("the plan has no type `{}` any more", changed.resource_type);
    let subject = Subject::later(shared, &changed.resource_type, site, &changed.name, key);
    let subject = subject.ok_or_else(unknown)?;
    let changes: Vec<Change> = changes_of(changed).collect();
    let words = set_back(&subject, &changed.identity, &Given::default(), &changes).await?;
    let secret = changed.attributes.iter().filter(|known| known.values.is_none());
    let secret: Vec<String> = secret.map(|known| format!("`{}`", known.attribute)).collect();
    match secret.is_empty() {
        true => Ok(words),
        false => Ok(format!("{words}; {}, which is secret, is to be set back by hand", secret.join(", "))),
    }
}

/// What an earlier run perhaps made for an alternative that is not taken any more, or for what the program no longer has.
/// Nothing where the plan does not have the type, or what was sent is no creation.
/// `step` is the one that sent it, where the plan has it.
pub(crate) fn sent_debt(
    shared: &Shared<'_>,
    key: &str,
    step: Option<&Step>,
    site: SiteId,
    sent: &Sent,
) -> Option<Owed> {
    let subject = Subject::later(shared, &sent.resource_type, site, &sent.name, key)?;
    let is_creation = create_operation(&subject).is_ok_and(|create| create.name == sent.operation);
    let words = format!(
        "{} `{}` is perhaps left at `{}`: its creation was not answered, and it is not wanted there any more; it is \
         deleted when the site answers",
        subject.kind(),
        subject.name,
        subject.site_name()
    );
    is_creation.then(|| Owed {
        key: key.to_owned(),
        name: sent.name.clone(),
        site: sent.site.clone(),
        resource_type: sent.resource_type.clone(),
        identity: None,
        called: sent.called.clone(),
        mark: subject.mark(),
        relies: sent.relies.clone(),
        sent_ms: Some(sent.at_ms),
        is_replaced: false,
        recorded: None,
        kept_in: step.map(kept_in).unwrap_or_default(),
        run: sent.run,
        words,
    })
}

/// Why a debt of an earlier run is not paid.
pub(crate) struct Unpaid {
    pub(crate) words: String,
    /// Its site does not answer: neither are others there.
    pub(crate) is_cut_off: bool,
}

/// Pays what an earlier run owes. Nothing to say where the site is not in this plan, or the resource is wanted again.
pub(crate) async fn pay(shared: &Shared<'_>, owed: &Owed, site: SiteId) -> Result<String, Unpaid> {
    let unpaid = || Unpaid { words: owed.words.clone(), is_cut_off: false };
    let Some(subject) = Subject::later(shared, &owed.resource_type, site, &owed.name, &owed.key) else {
        return Err(unpaid());
    };
    let result = match &owed.identity {
        Some(identity) => remove_owed_and_seconds(&subject, owed, identity).await,
        None => remove_owed(&subject, owed).await.map(|identity| words_for(&subject, &identity)),
    };
    match result {
        Ok(words) => {
            forget(shared, &owed.kept_in);
            let paid = Fact::Paid { key: owed.key.clone(), identity: owed.identity.clone() };
            // What was sent is known to have ended with it.
            let is_settled = owed.identity.is_some() || subject.settle().is_ok();
            let is_recorded = is_settled && shared.ledger.append(paid).is_ok();
            if !is_recorded || shared.ledger.commit().await.is_err() {
                return Err(unpaid());
            }
            Ok(words)
        }
        Err(bad) => Err(Unpaid { words: bad.failure.message, is_cut_off: bad.is_cut_off }),
    }
}

/// Deletes what was made and recorded, unless another deployment has put its mark on it since; in words.
///
/// # Errors
/// The site's; that others rely upon it, or may.
async fn remove_recorded(
    subject: &Subject<'_>,
    identity: &str,
    given: &Map<String, Value>,
) -> Result<String, Bad> {
    let seen = seen_before(subject, identity).await?;
    if seen.as_ref().is_some_and(|record| subject.mark_of_others(record).is_some()) {
        let (kind, name, site) = (subject.kind(), subject.name, subject.site_name());
        return Ok(format!(
            "{kind} `{name}` at `{site}` ({identity}) is left: it bears another deployment's mark"
        ));
    }
    guard::refuse_if_perhaps_relied_upon(subject, identity, seen.as_ref())?;
    remove(subject, identity, given).await?;
    Ok(words_for(subject, identity))
}

/// The same with whatever else bears its mark, where its creation may have made two.
async fn remove_with_seconds(
    subject: &Subject<'_>,
    resource: &Resource,
    given: &Given,
) -> Result<String, Bad> {
    let words = remove_recorded(subject, &resource.identity, &given.values).await?;
    if resource.is_doubtful && subject.resource_type.mark.is_some() {
        remove_if_there(subject, given).await?;
    }
    Ok(words)
}

/// The same of a debt.
async fn remove_owed_and_seconds(subject: &Subject<'_>, owed: &Owed, identity: &str) -> Result<String, Bad> {
    let words = remove_recorded(subject, identity, &Map::new()).await?;
    if owed.mark.is_some() && may_be_twice(subject, &Given::default()) {
        let found = find_owed(subject, owed).await?;
        let seconds = found.iter().filter(|record| is_owed(subject, owed, record));
        for second in seconds {
            remove_found(subject, second, &Map::new()).await?;
        }
    }
    Ok(words)
}

fn words_for(subject: &Subject<'_>, identity: &str) -> String {
    let what = format!("{} `{}` at `{}`", subject.kind(), subject.name, subject.site_name());
    if identity.is_empty() {
        format!("{what} was never made")
    } else {
        format!("{what} ({identity}) is deleted")
    }
}

/// Deletes what bears our mark (or, without room for one, is what the program says); its identity, empty where there is
/// nothing.
async fn remove_if_there(subject: &Subject<'_>, given: &Given) -> Result<String, Bad> {
    let found = what_is_there(subject, given).await?;
    let has_mark = subject.resource_type.mark.is_some();
    let mut removed = String::new();
    for record in found.iter().filter(|record| !has_mark || subject.bears_our_mark(record)) {
        removed = remove_found(subject, record, &given.values).await?.unwrap_or(removed);
    }
    Ok(removed)
}

/// Deletes what was found to be ours; its identity.
async fn remove_found(
    subject: &Subject<'_>,
    record: &Record,
    given: &Map<String, Value>,
) -> Result<Option<String>, Bad> {
    let Some(identity) = record.identity(subject.resource_type) else { return Ok(None) };
    guard::refuse_if_perhaps_relied_upon(subject, &identity, Some(record))?;
    remove(subject, &identity, given).await?;
    Ok(Some(identity))
}

/// What was perhaps made and never seen: deleted where it bears our mark, and looked for as long as it may still come.
/// Without room for a mark a name alone does not prove that it is ours: while there is one so called, it is left, and still
/// owed.
async fn remove_owed(subject: &Subject<'_>, owed: &Owed) -> Result<String, Bad> {
    loop {
        let found = find_owed(subject, owed).await?;
        let (ours, others): (Vec<Record>, Vec<Record>) =
            found.into_iter().partition(|record| is_owed(subject, owed, record));
        let has_mark = subject.resource_type.mark.is_some() && owed.mark.is_some();
        if !others.is_empty() && !has_mark {
            return Err(Bad::new(whose_is_it(subject)));
        }
        let left = still_arrives(subject, owed).filter(|_| ours.is_empty());
        if let Some(left) = left {
            let pause = LOOK_EVERY.min(left);
            subject.pause(pause).await.map_err(|trouble| subject.failed(trouble))?;
            subject.has_waited(pause);
            continue;
        }
        let mut removed = String::new();
        for record in &ours {
            removed = remove_found(subject, record, &Map::new()).await?.unwrap_or(removed);
        }
        return Ok(removed);
    }
}

/// How long the request may still take effect.
fn still_arrives(subject: &Subject<'_>, owed: &Owed) -> Option<Duration> {
    let settles_ms = create_operation(subject).ok()?.settles_ms;
    let elapsed_ms = subject.shared.now_ms().saturating_sub(owed.sent_ms?);
    let left_ms = settles_ms.checked_sub(elapsed_ms).filter(|left_ms| *left_ms > 0)?;
    subject.can_be_read().then(|| Duration::from_millis(left_ms))
}

/// What is there under its name, whosever it is.
async fn find_owed(subject: &Subject<'_>, owed: &Owed) -> Result<Vec<Record>, Bad> {
    let failed = |trouble| subject.failed(trouble);
    let named = subject.resource_type.name_attribute.as_ref().filter(|_| subject.find_operation().is_some());
    let (wanted, attribute) = match (&owed.called, named) {
        (Some(called), None) => {
            return Ok(subject.read_under(called, &Map::new()).await.map_err(failed)?.into_iter().collect());
        }
        (Some(called), Some(name)) => {
            (Map::from_iter([(name.clone(), Value::from(called.as_str()))]), Some(name))
        }
        (None, _) => (Map::new(), None),
    };
    let mut found = subject.find(&wanted).await.map_err(failed)?;
    found.retain(|record| {
        let is_called =
            |attribute: &String| record.attribute(attribute).and_then(identity_text) == owed.called;
        // A name that bears the mark is no longer the name alone.
        attribute.is_none_or(is_called) || is_owed(subject, owed, record)
    });
    subject.fitting(&found, &wanted).map_err(failed)?;
    subject.whole(found, &wanted).await.map_err(failed)
}

/// Whether it bears the mark that the debt is about.
fn is_owed(subject: &Subject<'_>, owed: &Owed, record: &Record) -> bool {
    let place = subject.resource_type.mark.as_ref().zip(owed.mark.as_ref());
    place.is_some_and(|(place, text)| mark::is_on(place, text, record))
}

fn whose_is_it(subject: &Subject<'_>) -> Failure {
    let message = format!(
        "{} so called is there, and it bears no mark that would tell whose it is: delete it by hand if it is yours",
        subject.one_of_its_kind()
    );
    Failure::new("E0907", Outcome::Invalid, message)
}

/// Leaves it to a later run, or to the end of this one; in words.
pub(super) async fn owe(subject: &Subject<'_>, given: &Given, left: Left, bad: &Bad) -> String {
    let what = match &left.identity {
        Some(identity) => format!("({identity}) is left"),
        None => "is perhaps left".to_owned(),
    };
    let when = match bad.failure.code.as_str() {
        "E0930" | "E0931" => "nobody relies upon it any more",
        _ => "the site answers again",
    };
    let words = format!(
        "{} `{}` {what} at `{}`: {}; it is deleted when {when}",
        subject.kind(),
        subject.name,
        subject.site_name(),
        bad.failure.message
    );
    let sent_ms = subject.shared.ledger.with(|state| state.sent.get(subject.key).map(|sent| sent.at_ms));
    let owed = Owed {
        key: subject.key.to_owned(),
        name: subject.recorded_name().into_owned(),
        site: subject.site_name().to_owned(),
        resource_type: subject.resource_type.name.clone(),
        identity: left.identity,
        called: subject.called(given),
        mark: subject.mark(),
        relies: left.relies,
        sent_ms,
        is_replaced: false,
        recorded: None,
        kept_in: subject.step.map(kept_in).unwrap_or_default(),
        run: subject.shared.run,
        words: words.clone(),
    };
    // The resource is no longer ours to keep, only to delete.
    let ledger = &subject.shared.ledger;
    let is_durable = ledger.append(Fact::Owed { owed }).is_ok() && ledger.commit().await.is_ok();
    tracing::debug!(is_durable, "undo owed");
    words
}

/// What is left at a site.
pub(super) struct Left {
    /// Where it is known.
    pub(super) identity: Option<String>,
    /// What it relies upon: that is not deleted before it.
    pub(super) relies: Vec<Relied>,
}
