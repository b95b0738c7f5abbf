//! Guards from deletion (R9): who relies upon a resource is written on it, and looked for before it is deleted.
//!
//! `port` of the deployment `9f2c` relies upon `net` → `net.description` is `mine [scope-used:9f2c/port@nantes]`. With two
//! users `…/port@nantes,vm@nantes`; with none any more it is taken off. Deleting `net`, also from another deployment, is `E0930`.
//!
//! Two who write at the same time could lose one another's: each reads again what it wrote.

mod text;

use std::collections::BTreeSet;

use scope_plan::driver::OperationKind;
use scope_plan::expr::Expr;
use scope_plan::plan::SiteId;
use scope_plan::recorded::{How, RecordedGuard, Relied};
use serde_json::{Map, Value};

use super::Good;
use super::amend::{Amended, amend};
use super::failure::Bad;
use super::inputs::evaluate_one;
use super::record::{Record, identity_text};
use super::subject::{Memory, Subject};
use super::survey::planned;
use crate::events::{Change, Effect, Failure, Outcome};
use crate::runner::{Pending, Shared};
use crate::schedule::Touched;
use crate::schedule::mutants::{self, Mutant};
use crate::shell;
use crate::state::Record as Fact;
use text::{User, add, guard_text, is_of, users_in};

pub(super) use text::{take, words_for};

/// How often a guard that another one overwrote is written again.
const MOST_WRITTEN: usize = 3;

/// Has the guard on the resource, or taken off; the output is the resource's record.
pub(super) async fn protect(
    subject: &Subject<'_>,
    of: &Expr,
    users: &[(String, String)],
    memory: &Memory,
) -> Result<Good, Bad> {
    let (identity, record) = resource_of(subject, of).await?;
    if mutants::is(Mutant::GuardForgotten) {
        return Ok(Good::new(Effect::Found, record));
    }
    let guard = recorded(subject, &identity);
    if users.is_empty() {
        // Somebody here may rely upon it after all, guarded for by another step, perhaps by another name.
        let Narrowed { users, is_changed } = narrow(subject, &identity).await?;
        return Ok(match (is_changed, users.is_empty()) {
            (false, _) => Good::new(Effect::Found, record),
            (true, true) => Good::new(Effect::LetGo, record),
            (true, false) => Good {
                detail: Some(format!("for {}", listed(&users))),
                ..Good::new(Effect::Protected, record)
            },
        });
    }
    // A guard that nobody knows of would never be taken off.
    let is_known = subject.shared.ledger.with(|state| state.guards.contains(&guard));
    if !is_known {
        subject.shared.ledger.append(Fact::Protected { guard })?;
        subject.shared.ledger.commit().await?;
    }
    let written = write(subject, &identity, &|| Some(text_of(subject, &identity, users))).await?;
    if written.is_changed {
        memory.touch(Touched::Created);
    }
    let words = listed(users);
    Ok(match written {
        Written { refusal: Some(why), .. } => Good {
            detail: Some(format!("the guard for {words} holds for this state only: {why}")),
            ..Good::new(Effect::Found, record)
        },
        Written { is_changed: true, .. } => {
            Good { detail: Some(format!("for {words}")), ..Good::new(Effect::Protected, record) }
        }
        Written { .. } => Good::new(Effect::Found, record),
    })
}

/// What a run would do, found out by reading only.
pub(super) async fn survey(
    subject: &Subject<'_>,
    of: &Expr,
    users: &[(String, String)],
) -> Result<Good, Bad> {
    let (identity, record) = resource_of(subject, of).await?;
    let seen = subject.read(&identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))?;
    let ours = seen.as_ref().and_then(|seen| seen.guards.iter().find(|guard| is_ours(subject, guard)));
    let wished = match users.is_empty() {
        // It comes after those who go.
        true => wanted(subject, &identity, Pending::Done),
        false => Some(text_of(subject, &identity, users)),
    };
    Ok(match wished {
        wished if ours == wished.as_ref() => Good::new(Effect::Found, record),
        None => planned(Change::LetGo, record),
        Some(_) => planned(Change::Protect { of_new: false }, record),
    })
}

/// `port at nantes, vm at nantes`
fn listed<'u>(users: impl IntoIterator<Item = &'u (String, String)>) -> String {
    let users = users.into_iter().map(|(name, site)| format!("{name} at {site}"));
    users.collect::<Vec<_>>().join(", ")
}

/// Takes the guard off again where what it was left for is undone; it stays for others of this deployment who need it.
pub(super) async fn undo(subject: &Subject<'_>, of: &Expr) -> Result<String, String> {
    let undone = async {
        let (identity, _) = resource_of(subject, of).await?;
        narrow(subject, &identity).await
    };
    // It stays recorded: the end of this run or of the next one takes it off.
    undone.await.map(|narrowed| narrowed.words(subject)).map_err(|bad: Bad| left_words(subject, &bad))
}

/// At the end of a run: the guard is for those who rely upon the resource then. In words if that is a change; `words` are
/// those of what is left for later.
pub(crate) async fn settle(
    shared: &Shared<'_>,
    guard: &RecordedGuard,
    site: SiteId,
    words: &mut Vec<String>,
) -> Result<Option<String>, String> {
    let Some(subject) = Subject::later(shared, &guard.resource_type, site, &guard.name, &guard.name) else {
        return Ok(None);
    };
    let relied = relied(&subject, &guard.identity);
    let is_needed = !shared.users_in_the_end(&relied, Pending::Open).is_empty();
    let is_as_it_must_be = match shared.seen_guard(&relied) {
        // Nobody came to it: who relies upon it was found out when it was written. What lets it go waits for the last of its
        // users, and one of them may be gone.
        None => is_needed && !shared.is_let_go(guard),
        Some(seen) => is_needed && seen == wanted(&subject, &guard.identity, Pending::Open),
    };
    if is_as_it_must_be {
        return Ok(None);
    }
    let is_said_already = |known: &String| known.starts_with(&is_left(&subject));
    match narrow(&subject, &guard.identity).await {
        Ok(narrowed) => {
            words.retain(|known| !is_said_already(known));
            Ok(narrowed.is_changed.then(|| narrowed.words(&subject)))
        }
        Err(bad) => {
            let left = left_words(&subject, &bad);
            words.retain(|known| !is_said_already(known));
            words.push(shared.options.redact.hide(&left).into_owned());
            Err(left)
        }
    }
}

/// Who a guard is for now that some may have let go; nobody: it is taken off.
struct Narrowed {
    users: BTreeSet<(String, String)>,
    is_changed: bool,
}

impl Narrowed {
    fn words(&self, subject: &Subject<'_>) -> String {
        match self.users.is_empty() {
            true => format!("{} is let go", words_of(subject)),
            false => format!("{} stays guarded for {}", words_of(subject), listed(&self.users)),
        }
    }
}

/// Has the guard for those who still need it, or takes it off.
async fn narrow(subject: &Subject<'_>, identity: &str) -> Result<Narrowed, Bad> {
    let users = needing(subject, identity, Pending::Open);
    let written = write(subject, identity, &|| wanted(subject, identity, Pending::Open)).await?;
    if users.is_empty() {
        subject.shared.ledger.append(Fact::LetGo { guard: recorded(subject, identity) })?;
        subject.shared.ledger.commit().await?;
    }
    Ok(Narrowed { users, is_changed: written.is_changed })
}

/// The guard as it must stand for those who rely upon the resource in the end.
fn wanted(subject: &Subject<'_>, identity: &str, pending: Pending) -> Option<String> {
    let users = needing(subject, identity, pending);
    (!users.is_empty()).then(|| guard_text(&subject.shared.deployment, users.iter()))
}

fn needing(subject: &Subject<'_>, identity: &str, pending: Pending) -> BTreeSet<(String, String)> {
    match mutants::is(Mutant::GuardDroppedEarly) {
        true => BTreeSet::new(),
        false => subject.shared.users_in_the_end(&relied(subject, identity), pending),
    }
}

fn left_words(subject: &Subject<'_>, bad: &Bad) -> String {
    format!("{}: {}; the next run takes it off", is_left(subject), bad.failure.message)
}

fn is_left(subject: &Subject<'_>) -> String {
    format!("the guard on {} is left", words_of(subject))
}

/// Refuses to delete what others rely upon; `seen` is how it is at its site.
///
/// # Errors
/// `E0930` where this state knows of them, `E0931` where another deployment left its guard.
pub(super) fn refuse_if_relied_upon(
    subject: &Subject<'_>,
    identity: &str,
    seen: Option<&Record>,
) -> Result<(), Bad> {
    refuse(subject, &users(subject, identity, seen))
}

/// The same of what goes at once, whatever this run does later: also for those that may still be there, since their own deletion
/// is owed or their creation was not answered.
pub(super) fn refuse_if_perhaps_relied_upon(
    subject: &Subject<'_>,
    identity: &str,
    seen: Option<&Record>,
) -> Result<(), Bad> {
    if mutants::is(Mutant::UsedTakenBack) {
        return Ok(());
    }
    let relied = relied(subject, identity);
    let known = with_guards(subject, subject.shared.users_now(&relied), seen);
    let mut perhaps = subject.shared.possible_users_of(&relied);
    perhaps.retain(|(name, site)| !known.iter().any(|user| user.name == *name && user.site == *site));
    let perhaps = perhaps.into_iter().map(|(name, site)| User { name, site, n_more: 0, deployment: None });
    refuse(subject, &known.into_iter().chain(perhaps).collect::<Vec<User>>())
}

fn refuse(subject: &Subject<'_>, users: &[User]) -> Result<(), Bad> {
    let Some(first) = users.first() else { return Ok(()) };
    let code = if first.deployment.is_none() { "E0930" } else { "E0931" };
    let message = format!(
        "{} is still relied upon by {}, and is not deleted",
        words_of(subject),
        words_for(users).join(", ")
    );
    let is_adopted = subject.shared.ledger.with(|state| {
        state.resource(&first.name, &first.site).is_some_and(|known| known.how == How::Adopted)
    });
    let help = match &first.deployment {
        None if is_adopted => format!(
            "it was adopted, and is never deleted: if this program made it, `scope import {} {} {} ID --ours` says so; else delete it at `{}`, or set its reference to something else",
            shell::word(&subject.shared.plan.program.file),
            shell::word(&first.name),
            shell::word(&first.site),
            first.site
        ),
        None => format!(
            "delete that first, or set its reference to something else: one that is not set any more is left as it is; `scope why {}` says more",
            first.name
        ),
        Some(_) => {
            "that program must let it go first: its next run does, once it no longer uses it".to_owned()
        }
    };
    Err(Bad::new(Failure::new(code, Outcome::Invalid, message).with_help(help)))
}

/// Everyone who relies upon a resource: those that the state knows, and those of other deployments that left a guard.
pub(super) fn users(subject: &Subject<'_>, identity: &str, seen: Option<&Record>) -> Vec<User> {
    with_guards(subject, subject.shared.users_of(&relied(subject, identity)), seen)
}

/// Those that the state knows, name and site, and those of other deployments that left a guard.
fn with_guards(subject: &Subject<'_>, known: Vec<(String, String)>, seen: Option<&Record>) -> Vec<User> {
    let mut users: Vec<User> =
        known.into_iter().map(|(name, site)| User { name, site, n_more: 0, deployment: None }).collect();
    let guards = seen.into_iter().flat_map(|record| &record.guards);
    users.extend(guards.filter(|guard| !is_ours(subject, guard)).flat_map(|guard| users_in(guard)));
    users
}

/// Puts the guards that a record bears back into values that are about to be sent over them.
pub(super) fn keep(subject: &Subject<'_>, record: &Record, values: &mut Map<String, Value>) {
    let Some(place) = &subject.resource_type.guard else { return };
    let is_sent = place.path.first().is_some_and(|root| values.contains_key(root));
    if is_sent {
        record.guards.iter().for_each(|guard| add(place, guard, values));
    }
}

/// What became of writing a guard.
struct Written {
    is_changed: bool,
    /// The site's words where it does not allow it.
    refusal: Option<String>,
}

/// Has our guard on the resource as wanted: read, change, read again. What is wanted is asked each time: another step may
/// guard the same thing for somebody else meanwhile.
async fn write(
    subject: &Subject<'_>,
    identity: &str,
    wanted: &dyn Fn() -> Option<String>,
) -> Result<Written, Bad> {
    let mut written = Written { is_changed: false, refusal: None };
    let operation = subject.resource_type.operation_of(OperationKind::Update);
    let (Some(place), Some(operation)) = (&subject.resource_type.guard, operation) else {
        return Ok(written);
    };
    let turn = subject.shared.guard_turn(relied(subject, identity));
    let _turn = turn.lock().await;
    let mut is_unanswered = false;
    for attempt in 0..=MOST_WRITTEN {
        let seen = subject.read(identity, &Map::new()).await.map_err(|trouble| subject.failed(trouble))?;
        let wanted = wanted();
        let Some(record) = seen else {
            return match wanted {
                None => Ok(written),
                Some(_) => Err(Bad::new(gone(subject))),
            };
        };
        let ours: Vec<&String> = record.guards.iter().filter(|guard| is_ours(subject, guard)).collect();
        let is_as_wanted = match &wanted {
            None => ours.is_empty(),
            Some(text) => ours.len() == 1 && ours[0] == text,
        };
        if is_as_wanted {
            // What was not answered was done after all.
            written.is_changed |= is_unanswered;
            subject.shared.saw_guard(&relied(subject, identity), wanted.as_deref());
            return Ok(written);
        }
        if attempt == MOST_WRITTEN {
            break;
        }
        let root = &place.path[0];
        let mut changes = Map::new();
        changes.extend(record.attributes.get(root).map(|value| (root.clone(), value.clone())));
        let others = record.guards.iter().filter(|guard| !is_ours(subject, guard));
        others.for_each(|guard| add(place, guard, &mut changes));
        if let Some(text) = &wanted {
            add(place, text, &mut changes);
        }
        match amend(subject, operation, identity, &record, &changes).await? {
            Amended::Sent => written.is_changed = true,
            Amended::Unanswered => is_unanswered = true,
            Amended::Refused(words) => {
                written.refusal = Some(words);
                // Asking once more would change nothing.
                subject.shared.saw_guard(&relied(subject, identity), wanted.as_deref());
                return Ok(written);
            }
        }
    }
    // Somebody else writes there all the time, or the application keeps a part of it only.
    written.refusal = Some(format!("`{}` does not keep it", subject.site_name()));
    subject.shared.saw_guard(&relied(subject, identity), wanted().as_deref());
    Ok(written)
}

/// The resource's identity and record.
async fn resource_of(subject: &Subject<'_>, of: &Expr) -> Result<(String, Value), Bad> {
    let value = evaluate_one(subject, "of", of).await?;
    let identity = match &value {
        Value::Object(record) => record.get(&subject.resource_type.identity).and_then(identity_text),
        other => identity_text(other),
    };
    let Some(identity) = identity else {
        let message = format!("`{}` has no identity to guard it by", subject.name);
        return Err(Bad::new(Failure::new("E0905", Outcome::Invalid, message)));
    };
    Ok((identity, value))
}

fn gone(subject: &Subject<'_>) -> Failure {
    let message = format!("{} is gone, and is relied upon", words_of(subject));
    Failure::new("E0902", Outcome::Unavailable, message)
}

/// `` network `net` at `nantes` ``
fn words_of(subject: &Subject<'_>) -> String {
    format!("{} `{}` at `{}`", subject.kind(), subject.name, subject.site_name())
}

fn recorded(subject: &Subject<'_>, identity: &str) -> RecordedGuard {
    let (name, site) = subject.place();
    RecordedGuard {
        name,
        site,
        resource_type: subject.resource_type.name.clone(),
        identity: identity.to_owned(),
    }
}

fn relied(subject: &Subject<'_>, identity: &str) -> Relied {
    Relied {
        resource_type: subject.resource_type.name.clone(),
        site: subject.site_name().to_owned(),
        identity: identity.to_owned(),
    }
}

/// `scope-used:9f2c/port@nantes,vm@nantes`: everyone of this deployment who relies upon it, this step's users among them.
fn text_of(subject: &Subject<'_>, identity: &str, users: &[(String, String)]) -> String {
    let mut all = subject.shared.users_in_the_end(&relied(subject, identity), Pending::Open);
    all.extend(users.iter().cloned());
    guard_text(&subject.shared.deployment, all.iter())
}

fn is_ours(subject: &Subject<'_>, guard: &str) -> bool {
    is_of(&subject.shared.deployment, guard)
}
