//! Setting back what is not as the program says, in place; what cannot be changed is an error that says so.
//!
//! `name: "b"` at the site, `"a"` in the program → one `update` with `changes: {name: "a"}`.

use std::time::Duration;

use scope_plan::driver::{Operation, OperationKind, Repeat, Type};
use scope_plan::plan::{Step, Undo};
use scope_plan::recorded::How;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::compare::Difference;
use super::create::{after, content_said, create_operation, known_inputs, may_have_acted, seen_again};
use super::failure::Bad;
use super::inputs::{Given, inner};
use super::record::{Record, with_defaults};
use super::subject::{Asked, Change, Memory, Subject};
use super::there::There;
use super::{anew, guard, mark};
use crate::events::{Failure, Outcome};
use crate::redact::hide_in_value;
use crate::schedule::Touched;
use crate::site::Answer;
use crate::state::{Changed, ChangedAttribute, NotTaken, Record as Fact, Resource, digest_of_value};

/// How long a site may go on to tell what was before, and how often it is asked.
const SETTLES: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The record afterwards and what was changed; nothing where all is as the program says.
pub(super) async fn update(
    subject: &Subject<'_>,
    there: &There,
    given: &Given,
    step: &Step,
    memory: &Memory,
) -> Result<Option<(Record, Vec<String>)>, Bad> {
    let mut differences = subject.differences(&given.values, &there.record);
    let unseen = subject.unseen_changes(given, &there.record);
    let has_unseen = !unseen.is_empty();
    differences.extend(unseen);
    let is_again = subject.recorded().is_some_and(|recorded| subject.is_wanted_again(&recorded));
    let is_changed_unseen = subject.is_given_otherwise(there.inputs.as_ref(), given);
    if differences.is_empty() && !is_changed_unseen {
        keep_not_taken(subject, &[])?;
        return Ok(None);
    }
    there.is_ours_to_change(subject)?;
    let operation = can_change(subject, &differences)?;
    tracing::debug!(step = %step.key, n = differences.len(), "update");
    let is_ours = there.how == How::Created;
    let changes = changes(subject, &differences, &there.record, is_ours);
    let mut inputs = with_defaults(subject, given, operation).into_owned();
    inputs.extend(known_inputs(subject, &there.record, given));
    for taken_off in differences.iter().filter(|difference| difference.wanted.is_null()) {
        inputs.remove(&taken_off.attribute);
    }
    let is_untouched = memory.touched() == Touched::Nothing;
    memory.change(
        &there.identity,
        differences.iter().map(|difference| Change {
            attribute: difference.attribute.clone(),
            before: difference.found.clone(),
            set: difference.wanted.clone(),
        }),
    );
    if step.undo == Undo::DeleteCreated {
        note_change(subject, memory).await?;
    }
    let asked = Asked {
        changes: Some(&changes),
        content: content_said(operation, given),
        mark: subject.mark().filter(|_| is_ours),
        reports_progress: true,
        ..Asked::with(&inputs)
    };
    let names: Vec<String> = differences.iter().map(|difference| difference.attribute.clone()).collect();
    let mut known = there.record.clone();
    match subject.ask(operation, asked).await {
        Ok(answer @ (Answer::Done(_) | Answer::Found(_) | Answer::Exists(_))) => {
            known.learn(subject, &answer, &given.values);
        }
        Ok(_) => return Err(subject.failed(super::query::unexpected("something else"))),
        Err(trouble) if may_have_acted(&trouble) => {
            let patient = subject.in_aftermath();
            let seen = seen_again(&patient, there.record.clone(), given).await;
            let is_as_said = |seen: &Record| subject.differences(&given.values, seen).is_empty();
            let is_done = !has_unseen && seen.as_ref().is_ok_and(is_as_said);
            if !is_done || !subject.can_be_read() {
                let is_unsafe = operation.repeat == Repeat::None && seen.is_err();
                return Err(if is_unsafe {
                    subject.unknown(&operation.name, trouble)
                } else {
                    subject.failed(trouble)
                });
            }
        }
        Err(trouble) => {
            // What was refused is as it was: there is nothing to take back.
            if is_untouched && trouble.is_refusal() {
                memory.changes_nothing();
                if step.undo == Undo::DeleteCreated {
                    subject.shared.ledger.append(Fact::ChangeEnded { key: subject.key.to_owned() })?;
                }
            }
            return Err(subject.failed(trouble));
        }
    }
    after(subject, operation, &known, given, Some(&changes)).await?;
    let seen = seen_again(subject, known, given).await?;
    let record = subject.until_ready(seen, given, operation.ready.as_ref()).await?;
    // What was applied last tells a change of the program from one that somebody else made.
    // That it was sent once more is known by the run that did.
    if is_changed_unseen || is_again || there.inputs.as_ref() != Some(&given.digest()) {
        // An update may give it another identity: of a command, which is what it was told.
        let identity = record.identity(subject.resource_type).unwrap_or_else(|| there.identity.clone());
        let mut resource = subject.resource(&identity, there.how, true, given);
        if let Some(known) = subject.recorded() {
            (resource.from, resource.of, resource.formerly) = (known.from, known.of, known.formerly);
            // What it still refers to, its record tells afterwards.
            let before = known.relies.into_iter().filter(|relied| !resource.relies.contains(relied));
            resource.relies.extend(before.collect::<Vec<_>>());
        }
        subject.record(resource)?;
        subject.shared.ledger.commit().await?;
    }
    let record = as_said(subject, record, given, operation, &names).await?;
    Ok(Some((record, names)))
}

/// The record once it tells what was set. Not every site does so at once; one that never does would be changed again by each
/// run.
///
/// # Errors
/// What is still told otherwise when no change can be on its way any more.
async fn as_said(
    subject: &Subject<'_>,
    record: Record,
    given: &Given,
    operation: &Operation,
    names: &[String],
) -> Result<Record, Bad> {
    let mut record = record;
    let settled = Instant::now() + SETTLES.max(Duration::from_millis(operation.settles_ms));
    loop {
        let mut differences = subject.differences(&given.values, &record);
        differences.retain(|difference| names.contains(&difference.attribute));
        let Some(difference) = differences.first() else {
            keep_not_taken(subject, &[])?;
            return Ok(record);
        };
        if !subject.can_be_read() || Instant::now() >= settled || subject.is_out_of_time() {
            keep_not_taken(subject, &differences)?;
            return Err(Bad::new(not_taken(subject, difference)));
        }
        subject.report(|| format!("waits until `{}` is told as it was set", difference.attribute));
        subject.pause(LOOK_EVERY).await.map_err(|trouble| subject.failed(trouble))?;
        record = seen_again(subject, record, given).await?;
    }
}

/// Has it recorded what the site did not take, so that nobody is said to have changed it.
pub(super) fn keep_not_taken(subject: &Subject<'_>, differences: &[Difference]) -> Result<(), Bad> {
    let not_taken = differences.iter().map(|difference| {
        let told = digest_of_value(&difference.found);
        (difference.attribute.clone(), NotTaken { run: subject.shared.run, told })
    });
    let not_taken = not_taken.collect();
    match subject.recorded() {
        Some(known) if known.not_taken != not_taken => subject.record(Resource { not_taken, ..known }),
        _ => Ok(()),
    }
}

/// Has it recorded what there was, before it is no more: a run that goes on after a crash sets it back if need be.
async fn note_change(subject: &Subject<'_>, memory: &Memory) -> Result<(), Bad> {
    let (identity, changes) = memory.changed();
    let (name, site) = subject.place();
    let shared = subject.shared;
    let attributes = changes.into_iter().map(|change| {
        let is_secret = |value: &Value| {
            let mut hidden = value.clone();
            hide_in_value(&*shared.options.redact, &mut hidden);
            hidden != *value
        };
        let declared = subject.resource_type.attribute(&change.attribute);
        let is_secret = declared.is_some_and(|attribute| attribute.is_secret)
            || is_secret(&change.before)
            || is_secret(&change.set);
        let values = (!is_secret).then_some((change.before, change.set));
        ChangedAttribute { attribute: change.attribute, values }
    });
    let changed = Changed {
        name,
        site,
        resource_type: subject.resource_type.name.clone(),
        identity,
        run: shared.run,
        attributes: attributes.collect(),
    };
    shared.ledger.append(Fact::Changing { key: subject.key.to_owned(), changed }).map_err(Bad::from)?;
    Ok(shared.ledger.commit().await?)
}

/// Sets back what was changed, as far as it is still as it was changed to; the names of what was set back.
pub(super) async fn set_back(
    subject: &Subject<'_>,
    record: Record,
    given: &Given,
    changed: &[Change],
) -> Result<Vec<String>, Bad> {
    let found = subject.unmarked(&record);
    let is_still_ours = |change: &&Change| {
        let found = found.get(&change.attribute);
        match found {
            Some(found) => subject.has_as_wanted(&change.attribute, &change.set, found),
            // The site does not tell: what was there before is known if it was written down.
            None => !change.before.is_null(),
        }
    };
    let back: Vec<&Change> = changed.iter().filter(is_still_ours).collect();
    let Some(operation) = update_operation(subject).filter(|_| !back.is_empty()) else {
        return Ok(Vec::new());
    };
    let has_mark = subject.bears_our_mark(&record);
    let mut changes: Map<String, Value> =
        back.iter().map(|change| (change.attribute.clone(), change.before.clone())).collect();
    if let (true, Some(place), Some(text)) = (has_mark, &subject.resource_type.mark, subject.mark())
        && place.path.first().is_some_and(|root| changes.contains_key(root))
    {
        mark::write(place, &text, &mut changes);
    }
    guard::keep(subject, &record, &mut changes);
    let mut inputs = known_inputs(subject, &record, given);
    inputs.extend(changes.clone());
    let asked =
        Asked { changes: Some(&changes), mark: subject.mark().filter(|_| has_mark), ..Asked::with(&inputs) };
    subject.ask(operation, asked).await.map_err(|trouble| subject.failed(trouble))?;
    let before = given.with_values(|values| values.extend(changes.clone()));
    after(subject, operation, &record, &before, Some(&changes)).await?;
    let untold: Vec<&Change> =
        back.iter().copied().filter(|change| !found.contains_key(&change.attribute)).collect();
    subject.keep_what_was(&untold)?;
    Ok(back.into_iter().map(|change| change.attribute.clone()).collect())
}

/// The operation that mends these in place, or what is only known to have changed.
///
/// # Errors
/// Where one of them is never changed, or the driver has no way to change any.
pub(super) fn can_change<'s>(
    subject: &Subject<'s>,
    differences: &[Difference],
) -> Result<&'s Operation, Bad> {
    if let Some(difference) = differences.iter().find(|difference| difference.is_immutable) {
        return Err(Bad::new(cannot_change(subject, difference)));
    }
    update_operation(subject).ok_or_else(|| Bad::new(no_update(subject, differences)))
}

/// The operation that changes one in place; a creation that may be repeated at will (a `PUT`) does as well.
pub(super) fn update_operation<'s>(subject: &Subject<'s>) -> Option<&'s Operation> {
    let create = create_operation(subject).ok().filter(|create| create.repeat == Repeat::Always);
    subject.resource_type.operation_of(OperationKind::Update).or(create)
}

/// What is to change, as the request has it: maps keep what the program does not set, and whose mark it bears stays.
fn changes(
    subject: &Subject<'_>,
    differences: &[Difference],
    record: &Record,
    is_ours: bool,
) -> Map<String, Value> {
    let mut changes = Map::new();
    for difference in differences {
        let ty = subject.resource_type.attribute(&difference.attribute).map(|attribute| inner(&attribute.ty));
        if ty == Some(&Type::Bytes) {
            // It is streamed.
            continue;
        }
        let value = match (ty, &difference.found, &difference.wanted) {
            (Some(Type::Map(_)), Value::Object(found), Value::Object(wanted)) => {
                let mut merged = found.clone();
                merged.extend(wanted.clone());
                Value::Object(merged)
            }
            (_, _, wanted) => wanted.clone(),
        };
        changes.insert(difference.attribute.clone(), value);
    }
    let mark = if is_ours { subject.mark() } else { subject.mark_on(record) };
    if let (Some(place), Some(text)) = (&subject.resource_type.mark, mark)
        && let Some(root) = place.path.first()
        && changes.contains_key(root)
    {
        mark::write(place, &text, &mut changes);
    }
    guard::keep(subject, record, &mut changes);
    changes
}

fn cannot_change(subject: &Subject<'_>, difference: &Difference) -> Failure {
    let of = subject_of(subject, difference);
    let (message, kept) = match difference.is_untold {
        // What it was is not kept, or is a secret.
        true => (
            format!("{of} is said otherwise than it was set, and cannot be changed in place"),
            "say it as it was".to_owned(),
        ),
        false => {
            let [found, wanted] = shown(subject, difference);
            (format!("{of} is {found} and cannot be changed to {wanted} in place"), format!("keep {found}"))
        }
    };
    let failure = Failure::new("E0905", Outcome::Invalid, message)
        .with_help(format!("{kept}, or make a new resource under another name"));
    match anew::help(subject, difference) {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

fn not_taken(subject: &Subject<'_>, difference: &Difference) -> Failure {
    let attribute = &difference.attribute;
    let [found, wanted] = shown(subject, difference);
    let message = format!(
        "{} was set to {wanted}, and the site goes on to tell {found}",
        subject_of(subject, difference)
    );
    let declared = subject.resource_type.attribute(attribute);
    let leave = match declared.is_some_and(|declared| declared.is_required) {
        true => String::new(),
        false => format!(", or leave `{attribute}` out: then it stays as the site has it"),
    };
    let help = format!("if that is the same to you, write it in the program as the site tells it{leave}");
    let driver = format!(
        "in a driver of your own: `settles within` for a site that takes longer, `{attribute}: … canonical(…)` for one that spells it otherwise, `write_only` for what it never tells"
    );
    Failure::new("E0905", Outcome::Invalid, message).with_help(help).with_help(driver)
}

/// `` `limits.ram` of `vm` at `nantes` ``: where it differs, or first of all.
fn subject_of(subject: &Subject<'_>, difference: &Difference) -> String {
    let path = difference.parts.first().map_or("", |part| part.path.as_str());
    format!("`{}{path}` of `{}` at `{}`", difference.attribute, subject.name, subject.site_name())
}

/// What the site has there, and what the program says.
fn shown(subject: &Subject<'_>, difference: &Difference) -> [String; 2] {
    let attribute = &difference.attribute;
    let declared = subject.resource_type.attribute(attribute);
    let values = match difference.parts.first() {
        Some(part) => [&part.found, &part.wanted],
        None => [&difference.found, &difference.wanted],
    };
    let quantities = values.map(|value| declared.and_then(|declared| declared.quantity(value)));
    if let [Some(found), Some(wanted)] = quantities {
        return [format!("`{found}`"), format!("`{wanted}`")];
    }
    short(values.map(|value| subject.short(attribute, value.clone())))
}

fn no_update(subject: &Subject<'_>, differences: &[Difference]) -> Failure {
    let names: Vec<String> =
        differences.iter().map(|difference| format!("`{}`", difference.attribute)).collect();
    let what = if names.is_empty() { "what was changed".to_owned() } else { names.join(", ") };
    let message = format!(
        "{what} of `{}` at `{}` is not as the program says, and the driver has no way to change it",
        subject.name,
        subject.site_name()
    );
    Failure::new("E0905", Outcome::Invalid, message)
        .with_help("make a new resource under another name, or take the change back")
}

/// Two values for a message; long ones are cut, and not where both are the same.
fn short(values: [Value; 2]) -> [String; 2] {
    const LONGEST: usize = 58;
    let texts = values.map(|value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    });
    let n_same = texts[0].chars().zip(texts[1].chars()).take_while(|(one, other)| one == other).count();
    let is_long = |text: &String| text.chars().count() > LONGEST;
    // Some of what is before it says where that is.
    let n_left_out = if texts.iter().any(is_long) { n_same.saturating_sub(LONGEST / 3) } else { 0 };
    texts.map(|text| {
        let rest: String = text.chars().skip(n_left_out).collect();
        let before = if n_left_out > 0 { "…" } else { "" };
        match is_long(&rest) {
            true => format!("`{before}{}…`", rest.chars().take(LONGEST - 1).collect::<String>()),
            false => format!("`{before}{rest}`"),
        }
    })
}
