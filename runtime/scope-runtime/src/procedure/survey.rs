//! What a run would do, found out by asking only: the look of each procedure without its deed.
//!
//! `vm` is recorded, and at the site its flavor is another one → `Planned(update flavor: m1.tiny → m1.small)`. What is made
//! from something that does not exist yet is compared as far as it is known.

use std::collections::BTreeSet;

use scope_plan::driver::{OperationKind, Request};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Step};
use scope_plan::recorded::How;
use serde_json::{Map, Value};

use super::aftermath::still_unknown;
use super::candidates::name_of;
use super::compare::Difference as Differing;
use super::create::{announce, create_operation, has_room};
use super::ensure::{OWNER_MARK, is_kept};
use super::failure::Bad;
use super::inputs::{Given, evaluate, evaluate_one};
use super::record::Record;
use super::subject::{Memory, Subject};
use super::there::{There, find_out};
use super::{Good, anew, bring, call, guard, lookup, lost, seconds, stuck, update};
use crate::events::{Change, Difference, Effect};
use crate::report::ChangedBy;
use crate::runner::Shared;
use crate::state::Resource;

pub(super) async fn survey(subject: &Subject<'_>, step: &Step, memory: &Memory) -> Result<Good, Bad> {
    match &step.action {
        Action::Lookup { text, filter, purpose, .. } => {
            if text.iter().chain(filter.iter().map(|(_, expr)| expr)).any(|expr| is_open(subject, expr)) {
                return Ok(planned(Change::Finish, Value::Null));
            }
            lookup::look_up(subject, text.as_ref(), filter, *purpose).await
        }
        Action::Ensure { attributes, adopt, .. } => {
            let good = ensure(subject, attributes, *adopt).await?;
            match &good.effect {
                Effect::Planned { change: Change::Create { .. } } => has_room(subject)?,
                Effect::Planned { change } => {
                    is_kept(subject, step, matches!(change, Change::Adopt)).await?;
                }
                _ => is_kept(subject, step, false).await?,
            }
            Ok(good)
        }
        Action::Bring { sources, every_source, borrow, .. } => {
            bring::bring(subject, step, sources, *every_source, *borrow, memory).await
        }
        Action::Call { operation, inputs, once, .. } => {
            let known = foreknown(subject, inputs);
            let is_whole = known.len() == inputs.len();
            let given = evaluate(subject, &known).await?;
            let may_be_done = *once && is_whole && !subject.was_sent();
            if let Some(result) = may_be_done.then(|| call::done_before(subject, inputs, &given)).flatten() {
                return Ok(Good::new(Effect::Unchanged, result));
            }
            let operation = subject.resource_type.operation(operation);
            if let (Some(operation), true) = (operation, *once && subject.was_sent())
                && subject.asks_a_person(operation)
            {
                return Err(Bad::new(still_unknown(subject, operation)));
            }
            let kind = operation.map(|operation| operation.kind);
            let reads = kind.is_some_and(OperationKind::is_reading);
            // What a read would print is for the run.
            let effect = if reads { Effect::Found } else { Effect::Planned { change: Change::Call } };
            Ok(Good::new(effect, Value::Null))
        }
        Action::Delete { unless, .. }
            if unless.iter().any(|step| subject.shared.end(*step, |end| end.effect.is_some())) =>
        {
            Ok(Good::new(Effect::Unchanged, Value::Null))
        }
        Action::Delete { keep, .. } => Ok(match subject.recorded() {
            Some(resource)
                if resource.how == How::Adopted || name_of(subject, &resource.identity).is_some() =>
            {
                planned(Change::Forget, Value::Null)
            }
            Some(_) if *keep => planned(Change::Release, Value::Null),
            Some(resource) => {
                let mut seen = None;
                // A site that cannot be asked is unknown for this, too.
                if subject.can_be_read() {
                    let seconds;
                    (seen, seconds) = match resource.is_doubtful {
                        true => {
                            let given = seconds::as_set(subject, &resource);
                            seconds::look_for(subject, &resource, &given).await?
                        }
                        false => {
                            let there = subject.read(&resource.identity, &Map::new()).await;
                            (there.map_err(|trouble| subject.failed(trouble))?, Vec::new())
                        }
                    };
                    match &seen {
                        Some(record) => subject.saw_there(&resource, record, None, &seconds),
                        None => {
                            subject.is_gone()?;
                            subject.saw_nothing();
                        }
                    }
                }
                let users = guard::users(subject, &resource.identity, seen.as_ref());
                match &seen {
                    Some(record) if subject.mark_of_others(record).is_some() => {
                        planned(Change::Leave, Value::Null)
                    }
                    _ if users.is_empty() => planned(Change::Delete, Value::Null),
                    _ => planned(Change::Refuse { users: guard::words_for(&users) }, Value::Null),
                }
            }
            None => Good::new(Effect::Unchanged, Value::Null),
        }),
        Action::Protect { of, .. } if is_open(subject, of) => {
            let record = match is_given(subject, of) {
                true => evaluate_one(subject, "of", of).await?,
                false => Value::Null,
            };
            Ok(planned(Change::Protect { of_new: true }, record))
        }
        Action::Protect { of, users, .. } => guard::survey(subject, of, users).await,
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => {
            unreachable!("choices and gatherings are resolved by the scheduler")
        }
    }
}

/// Looks at what is recorded of a step that was not come to, since something that it is made from, or comes after, did not
/// end well: how it is at its site does not hang on that. What the program would set now is not known, so it is held against
/// what was set last.
pub(crate) async fn look_at_recorded(shared: &Shared<'_>, step: &Step) {
    let Action::Ensure { resource_type, .. } = &step.action else { return };
    let subject = Subject::later(shared, resource_type, step.site, &step.name, &step.key);
    let Some(subject) = subject.map(|later| Subject { step: Some(step), ..later }) else { return };
    let Some(recorded) = subject.recorded().filter(|_| subject.can_be_read()) else { return };
    let set = seconds::as_set(&subject, &recorded).values;
    match subject.read(&recorded.identity, &set).await {
        Ok(Some(record)) => subject.saw_there(&recorded, &record, None, &[]),
        Ok(None) if !subject.is_elsewhere() => subject.saw_nothing(),
        // It stays unknown, and why is told already.
        Ok(None) | Err(_) => {}
    }
}

async fn ensure(subject: &Subject<'_>, attributes: &[(String, Expr)], adopt: bool) -> Result<Good, Bad> {
    let (unknown, known): (Vec<_>, Vec<_>) =
        attributes.iter().cloned().partition(|(_, expr)| !is_foreknown(subject, expr));
    let is_whole = unknown.is_empty();
    let given = evaluate(subject, &known).await?;
    let recorded = subject.recorded();
    if recorded.is_none() && is_below_open(subject, attributes) {
        // What is asked for below something that is yet to be made is not there either.
        return Ok(planned(Change::Create { is_gone: false }, Value::Object(given.values.clone())));
    }
    if recorded.is_none()
        && let Some(foretold) = lost::foretell(subject, &given, is_whole)?
    {
        return Ok(foretold);
    }
    let is_rebuilt = subject.shared.options.rebuild && recorded.is_none();
    let found = find_out(subject, &given, adopt).await;
    if is_rebuilt {
        match &found {
            Ok(_) => subject.settle()?,
            Err(bad) => may_be_there(subject, &given, bad).await?,
        }
    }
    let found = found?;
    // Taking it back needs all that it is made from.
    let back = match is_whole {
        true => anew::former(subject, found.as_ref(), &given).await?,
        false => None,
    };
    let Some(there) = found else {
        let output = Value::Object(given.values.clone());
        if recorded.is_some() {
            subject.saw_nothing();
        }
        if let Some((former, record)) = back {
            return taken_back(subject, None, former, record, &given);
        }
        return Ok(planned(Change::Create { is_gone: recorded.is_some() }, output));
    };
    if is_rebuilt {
        let is_whole_and_ready = subject.is_ready(&there.record, &given);
        let mut resource = subject.resource(&there.identity, there.how, is_whole_and_ready, &given);
        // What it was made from last nobody knows.
        (resource.inputs, resource.digests) = (None, None);
        subject.record(resource)?;
    }
    match &recorded {
        Some(recorded) => subject.saw_there(recorded, &there.record, Some(&given), &there.seconds),
        None => subject.saw_seconds(&there.seconds),
    }
    let output = there.record.output(subject.resource_type, &given.values);
    let is_ours = there.how == How::Created;
    if let (true, Some(why)) = (is_ours, stuck::hopeless_now(subject, &there.record, &given)) {
        there.is_ours_to_change(subject)?;
        anew::unless_never(subject, &why)?;
        // Of the next one is known what the program gives it.
        let output = Value::Object(given.values.clone());
        return Ok(planned(Change::Replace { why, is_whole: false }, output));
    }
    if let Some((former, record)) = back {
        there.is_ours_to_change(subject)?;
        return taken_back(subject, Some(&there), former, record, &given);
    }
    let anew = anew::why(subject, &there, &given).map(|why| Change::Replace { why, is_whole: true });
    let foretold = match anew {
        Some(anew) => Some(anew),
        None => anew::foretold(subject, &there, &unknown)?,
    };
    if let Some(change) = foretold {
        there.is_ours_to_change(subject)?;
        anew::goes_first(subject, &there, &given)?;
        return Ok(planned(change, Value::Object(given.values.clone())));
    }
    if !there.is_complete {
        there.is_ours_to_change(subject)?;
        if there.seconds.is_empty() {
            return Ok(planned(Change::Finish, output));
        }
    }
    let found = subject.differences(&given.values, &there.record);
    let unseen = match there.is_adopted_now {
        true => subject.unseen_when_taken(&given, &there.record),
        false => subject.unseen_changes(&given, &there.record),
    };
    let is_unseen = is_whole && subject.is_given_otherwise(there.inputs.as_ref(), &given);
    let following = anew::following(subject, &there, &unknown);
    if !found.is_empty() || !unseen.is_empty() || !following.is_empty() {
        there.is_ours_to_change(subject)?;
        let of_others = following.iter().map(|(difference, _)| difference.clone());
        let all: Vec<_> = found.iter().chain(&unseen).cloned().chain(of_others).collect();
        update::can_change(subject, &all)?;
    } else if is_unseen {
        update::can_change(subject, &[])?;
    }
    let renamed = there.former_mark.as_deref().zip(subject.mark()).map(|(former, own)| Difference {
        attribute: OWNER_MARK.to_owned(),
        found: name_in(former),
        is_untold: false,
        wanted: name_in(&own),
        last: None,
        by: ChangedBy::Program,
        not_taken_in: None,
        follows: None,
        parts: Vec::new(),
        is_immutable: false,
    });
    let seconds = there.seconds.iter().filter_map(|record| seconds::to_be_deleted(subject, record));
    let of_marks: Vec<Difference> = renamed.into_iter().chain(seconds).collect();
    let is_other = !found.is_empty() || !unseen.is_empty() || !following.is_empty();
    if is_other || is_unseen || !of_marks.is_empty() {
        // What was never recorded is adopted, or was made by a run that nobody remembers.
        let before = recorded.unwrap_or_else(|| subject.resource(&there.identity, there.how, true, &given));
        let output = changed(output, found.iter().chain(&unseen), &given);
        let mut differences: Vec<Difference> =
            found.into_iter().map(|found| subject.told(&before, &given, found)).collect();
        differences.extend(unseen.into_iter().map(|found| subject.told_unseen(&given, found)));
        let following = following.into_iter();
        differences.extend(following.map(|(found, of)| subject.told_following(&before, found, of)));
        differences.extend(of_marks);
        let is_outside =
            is_whole && !is_unseen && differences.iter().all(|difference| difference.by == ChangedBy::Site);
        return Ok(planned(Change::Update { differences, is_outside }, output));
    }
    if there.is_adopted_now {
        return Ok(planned(Change::Adopt, output));
    }
    Ok(Good { detail: subject.status_of(&there.record), ..Good::new(Effect::Unchanged, output) })
}

/// What a record will be: what is made from it is compared with that.
fn changed<'d>(output: Value, differences: impl Iterator<Item = &'d Differing>, given: &Given) -> Value {
    let mut output = output;
    if let Value::Object(fields) = &mut output {
        let wanted = differences.filter_map(|found| given.values.get_key_value(&found.attribute));
        fields.extend(wanted.map(|(name, value)| (name.clone(), value.clone())));
    }
    output
}

/// The one whose place it took takes its place again: from here on what is made from it is compared with that.
fn taken_back(
    subject: &Subject<'_>,
    there: Option<&There>,
    former: Resource,
    record: Record,
    given: &Given,
) -> Result<Good, Bad> {
    let identity = former.identity.clone();
    let output = record.output(subject.resource_type, &given.values);
    anew::take_back(subject, there, former, given)?;
    Ok(planned(Change::TakeBack { identity }, output))
}

/// Where the state was lost, and a site cannot be asked: it may have been made there, as by a request whose answer was lost.
/// So it is looked for before it is made, and where another alternative is taken it is owed. Without a mark nobody would
/// know it for ours.
async fn may_be_there(subject: &Subject<'_>, given: &Given, bad: &Bad) -> Result<(), Bad> {
    let is_answer = matches!(bad.failure.code.as_str(), "E0901" | "E0907");
    if bad.is_stopped || is_answer || subject.resource_type.mark.is_none() {
        return Ok(());
    }
    Box::pin(announce(subject, create_operation(subject)?, given)).await
}

/// `web@nantes` of `scope:9f2c/web@nantes`.
fn name_in(mark: &str) -> Value {
    Value::from(mark.split_once('/').map_or(mark, |(_, name)| name))
}

/// The expressions whose values are known before the run, and those that are what the program itself gives to something that is yet to be made.
fn foreknown(subject: &Subject<'_>, exprs: &[(String, Expr)]) -> Vec<(String, Expr)> {
    exprs.iter().filter(|(_, expr)| is_foreknown(subject, expr)).cloned().collect()
}

pub(super) fn is_foreknown(subject: &Subject<'_>, expr: &Expr) -> bool {
    !is_open(subject, expr) || is_given(subject, expr)
}

/// Whether all that it takes from other steps is there, and is there as the program gives it where they are yet to be made.
fn is_given(subject: &Subject<'_>, expr: &Expr) -> bool {
    let mut is_given = true;
    expr.visit(&mut |part| {
        if let Expr::Step { step, path } = part {
            is_given &= subject.shared.is_given(*step, path);
        }
    });
    is_given
}

/// Whether it is made from something that is yet to be made.
fn is_open(subject: &Subject<'_>, expr: &Expr) -> bool {
    // Where a state is rebuilt, what was found is what it is, whether or not all of it was done.
    let is_found = |change: &Change| subject.shared.options.rebuild && matches!(change, Change::Finish);
    let is_made = |change: &Change| change.is_making() && !is_found(change);
    expr.steps_used().into_iter().any(|step| subject.shared.is_yet_to_be_made(step, &is_made))
}

/// Whether one is looked for at an address that an attribute is in, and that one is made from what is yet to be made.
fn is_below_open(subject: &Subject<'_>, attributes: &[(String, Expr)]) -> bool {
    let Some(operation) = subject.find_operation() else { return false };
    let names: BTreeSet<&str> = match &operation.request {
        Request::Http { path, .. } => path.names_used(),
        Request::Exec { argv, .. } => argv.iter().flat_map(Expr::names_used).collect(),
    };
    attributes.iter().any(|(name, expr)| names.contains(name.as_str()) && is_open(subject, expr))
}

pub(super) fn planned(change: Change, output: Value) -> Good {
    let output = if output.is_null() { Value::Object(Map::new()) } else { output };
    Good::new(Effect::Planned { change }, output)
}
