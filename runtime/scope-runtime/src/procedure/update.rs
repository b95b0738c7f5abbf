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
use super::ensure::There;
use super::failure::Bad;
use super::inputs::{Given, inner};
use super::record::{Record, with_defaults};
use super::subject::{Asked, Change, Memory, Subject};
use super::{guard, mark};
use crate::events::{Failure, Outcome};
use crate::redact::hide_in_value;
use crate::site::Answer;
use crate::state::{Changed, ChangedAttribute, Record as Fact};

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
    // What cannot be read is compared with what it was made from.
    let is_changed_unseen =
        !subject.can_be_read() && there.inputs.as_ref().is_some_and(|inputs| !given.is_as_digested(inputs));
    if differences.is_empty() && !is_changed_unseen {
        return Ok(None);
    }
    there.is_ours_to_change(subject)?;
    can_change(subject, &differences)?;
    let Some(operation) = update_operation(subject) else {
        return Err(Bad::new(no_update(subject, &differences)));
    };
    tracing::debug!(step = %step.key, n = differences.len(), "update");
    let is_ours = there.how == How::Created;
    let changes = changes(subject, &differences, &there.record, is_ours);
    let mut inputs = with_defaults(subject, given, operation).into_owned();
    inputs.extend(known_inputs(subject, &there.record, given));
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
        Err(trouble) => return Err(subject.failed(trouble)),
    }
    after(subject, operation, &known, given, Some(&changes)).await?;
    let seen = seen_again(subject, known, given).await?;
    let record = subject.until_ready(seen, given, operation.ready.as_ref()).await?;
    // What was applied last tells a change of the program from one that somebody else made.
    if is_changed_unseen || there.inputs.as_ref() != Some(&given.digest()) {
        // An update may give it another identity: of a command, which is what it was told.
        let identity = record.identity(subject.resource_type).unwrap_or_else(|| there.identity.clone());
        let mut resource = subject.resource(&identity, there.how, true, given);
        if let Some(known) = subject.recorded() {
            (resource.from, resource.formerly) = (known.from, known.formerly);
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
        let Some(difference) = differences.first() else { return Ok(record) };
        if !subject.can_be_read() || Instant::now() >= settled || subject.is_out_of_time() {
            return Err(Bad::new(not_taken(subject, difference)));
        }
        subject.report(|| format!("waits until `{}` is told as it was set", difference.attribute));
        subject.pause(LOOK_EVERY).await.map_err(|trouble| subject.failed(trouble))?;
        record = seen_again(subject, record, given).await?;
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
        let ty = subject.resource_type.attribute(&change.attribute).map(|attribute| inner(&attribute.ty));
        let found = found.get(&change.attribute);
        match found {
            Some(found) => subject.is_as_wanted(ty.unwrap_or(&Type::Any), &change.set, found),
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

/// Whether all of these can be mended in place.
pub(super) fn can_change(subject: &Subject<'_>, differences: &[Difference]) -> Result<(), Bad> {
    match differences.iter().find(|difference| difference.is_immutable) {
        Some(difference) => Err(Bad::new(cannot_change(subject, difference))),
        None => Ok(()),
    }
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
    let attribute = &difference.attribute;
    let declared = subject.resource_type.attribute(attribute);
    let short = |value: &Value| {
        let quantity = declared.and_then(|declared| declared.quantity(value));
        let named = subject.short(attribute, value.clone());
        quantity.map_or_else(|| short(&named), |quantity| format!("`{quantity}`"))
    };
    let (path, found, wanted) = match difference.parts.first() {
        Some(part) => (part.path.as_str(), &part.found, &part.wanted),
        None => ("", &difference.found, &difference.wanted),
    };
    let message = format!(
        "`{attribute}{path}` of `{}` at `{}` is {} and cannot be changed to {} in place",
        subject.name,
        subject.site_name(),
        short(found),
        short(wanted)
    );
    Failure::new("E0905", Outcome::Invalid, message)
        .with_help(format!("keep {}, or make a new resource under another name", short(found)))
}

fn not_taken(subject: &Subject<'_>, difference: &Difference) -> Failure {
    let attribute = &difference.attribute;
    let shown = |value: &Value| short(&subject.short(attribute, value.clone()));
    let message = format!(
        "`{attribute}` of `{}` at `{}` was set to {}, and the site goes on to tell {}",
        subject.name,
        subject.site_name(),
        shown(&difference.wanted),
        shown(&difference.found)
    );
    let help = format!(
        "write it as the site tells it; what it never tells is `{attribute}: … write_only` in its driver"
    );
    Failure::new("E0905", Outcome::Invalid, message).with_help(help)
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

/// A value for a message, long ones cut.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    };
    if text.chars().count() > 60 {
        format!("{}…`", text.chars().take(57).collect::<String>())
    } else {
        text
    }
}
