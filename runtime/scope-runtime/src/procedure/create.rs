//! Making a resource, once: what is sent is recorded before, and a lost answer is looked for before anything is repeated.
//!
//! `create` lost, found by its mark a second later → goes on as if it had been answered. Not found after the time in which
//! it could still take effect: tried again where the driver says that this is safe, else *unknown*.

use scope_plan::driver::{Operation, OperationKind, Repeat, ResourceType};
use scope_plan::expr::Expr;
use scope_plan::plan::KeptSecret;
use scope_plan::recorded::How;
use serde_json::{Map, Value};

use super::compare::is_comparable;
use super::failure::{Bad, Trouble};
use super::inputs::{Given, GivenContent};
use super::origin::Lineage;
use super::query::unexpected;
use super::record::{Names, Record, identity_text, with_defaults};
use super::subject::{Asked, Memory, Subject};
use super::there::{not_made_by_us, what_is_there};
use super::update::keep_not_taken;
use super::{Good, aftermath, guard, mark, undo};
use crate::events::{Effect, Failure, Outcome, ProgramPlace};
use crate::schedule::Touched;
use crate::site::{Answer, Content, SiteErrorKind};
use crate::state::{Owed, Record as Fact, Resource, Sent};

pub(super) async fn create(
    subject: &Subject<'_>,
    given: &Given,
    memory: &Memory,
    effect: Effect,
) -> Result<Good, Bad> {
    let record = make(subject, given, memory, How::Created, &Lineage::default()).await?;
    let Finished { record, .. } = finish(subject, record, given).await?;
    let output = record.output(subject.resource_type, &given.values);
    Ok(Good { detail: subject.status_of(&record), ..Good::new(effect, output) })
}

/// Whether there is a place for what the site will tell once, as far as that is seen without writing: what is in a file, a secret
/// that others may still have, say, is not written over.
///
/// # Errors
/// `E0882`, `E0899`.
pub(super) fn has_room(subject: &Subject<'_>) -> Result<(), Bad> {
    let sites = subject.shared.sites;
    let is_cleared = subject.step.is_some_and(|step| subject.shared.memory(step.id).has_clear_places());
    let is_owed = |file: &String| {
        subject.shared.ledger.with(|state| state.owed.iter().any(|owed| owed.kept_in.contains(file)))
    };
    for kept in keep_in(subject) {
        let KeptSecret { attribute, file, .. } = kept;
        sites.has_room(file).map_err(|why| unwritable(subject, kept, why))?;
        // What was begun may have been answered, and kept.
        if !subject.was_sent() && sites.is_taken(file) && !is_cleared && !is_owed(file) {
            let message = format!(
                "there is something in `{file}` already, where `{attribute}` of `{}` is to be kept",
                subject.name
            );
            let help = "give it another file, or move that one away, if nobody needs what is in it";
            return Err(Bad::new(at_file("E0899", message, "it is not written over", kept).with_help(help)));
        }
    }
    Ok(())
}

/// Whether what the site will tell once can be kept: before anything is made.
///
/// # Errors
/// `E0899`, `E0882`.
fn has_places(subject: &Subject<'_>) -> Result<(), Bad> {
    has_room(subject)?;
    for kept in keep_in(subject) {
        take_over(subject, &kept.file)?;
        subject.shared.sites.prepare(&kept.file).map_err(|why| unwritable(subject, kept, why))?;
    }
    Ok(())
}

fn keep_in<'s>(subject: &Subject<'s>) -> &'s [KeptSecret] {
    subject.step.map_or(&[], |step| step.action.keep_in())
}

fn unwritable(subject: &Subject<'_>, kept: &KeptSecret, why: String) -> Bad {
    let label = format!("where `{}` of `{}` is to be kept", kept.attribute, subject.name);
    let help = "name another file, or see that this one can be written: nothing was made";
    Bad::new(at_file("E0882", why, &label, kept).with_help(help))
}

/// The places of one that was never finished, and is gone: nobody was given its secrets. A survey takes nothing away.
pub(super) fn clear_places(subject: &Subject<'_>, gone: &Resource) {
    match (subject.shared.options.survey, subject.step) {
        (true, step) => step.into_iter().for_each(|step| subject.shared.memory(step.id).clears_places()),
        (false, _) => undo::forget(subject.shared, &gone.kept_in),
    }
}

/// What is in the place is the secret of one that is only to be deleted any more, and from here on that of this one.
fn take_over(subject: &Subject<'_>, file: &String) -> Result<(), Bad> {
    let ledger = &subject.shared.ledger;
    let owed: Vec<Owed> =
        ledger.with(|state| state.owed.iter().filter(|owed| owed.kept_in.contains(file)).cloned().collect());
    for owed in owed {
        undo::forget(subject.shared, std::slice::from_ref(file));
        let kept_in = owed.kept_in.iter().filter(|kept| *kept != file).cloned().collect();
        ledger.append(Fact::Owed { owed: Owed { kept_in, ..owed } })?;
    }
    Ok(())
}

/// A failure that is about the file in which a secret is kept.
pub(super) fn at_file(code: &str, message: String, label: &str, kept: &KeptSecret) -> Failure {
    let place = ProgramPlace { origin: kept.origin.clone(), label: label.to_owned() };
    Failure { places: vec![place], ..Failure::new(code, Outcome::Invalid, message) }
}

/// Has one made, and records it, with the lineage of a copy.
pub(super) async fn make(
    subject: &Subject<'_>,
    given: &Given,
    memory: &Memory,
    how: How,
    lineage: &Lineage,
) -> Result<Record, Bad> {
    let operation = create_operation(subject)?;
    has_places(subject)?;
    let before = memory.touched();
    memory.touch(before.max(Touched::Maybe));
    let answered = aftermath::asked(subject, operation, given).await?;
    let mut record = match aftermath::arriving(subject, operation, given).await?.or(answered) {
        Some(record) => record,
        None => match send(subject, operation, given, memory).await? {
            Made::Seen(record) => record,
            Made::Unseen(record, trouble) => {
                // It was done, and cannot be looked at: what is known of it is recorded, so that an undo finds it.
                if let Some(identity) = identity_of(subject, &record, given) {
                    note(subject, &identity, given, memory, how, lineage).await?;
                }
                return Err(subject.failed(trouble));
            }
        },
    };
    let Some(identity) = identity_of(subject, &record, given) else {
        let trouble = unexpected(&format!("without `{}`", subject.resource_type.identity));
        return Err(subject.failed(trouble));
    };
    let told = record.attributes.entry(subject.resource_type.identity.clone());
    told.or_insert_with(|| Value::from(identity.as_str()));
    note(subject, &identity, given, memory, how, lineage).await?;
    Ok(record)
}

/// A creation that was answered well.
enum Made {
    /// With what came of it.
    Seen(Record),
    /// The answer tells nothing of it, and then the site did not answer: what was sent.
    Unseen(Record, Trouble),
}

/// Records what was made. From here on nothing is lost: the next run would find it.
async fn note(
    subject: &Subject<'_>,
    identity: &str,
    given: &Given,
    memory: &Memory,
    how: How,
    lineage: &Lineage,
) -> Result<(), Bad> {
    memory.touch(Touched::Created);
    let mut resource = subject.resource(identity, how, false, given);
    lineage.write(&mut resource);
    subject.record(resource)?;
    subject.shared.ledger.commit().await?;
    Ok(())
}

/// Sends the creation: the record that came of it.
async fn send(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
    memory: &Memory,
) -> Result<Made, Bad> {
    let mut inputs = with_defaults(subject, given, operation);
    let mark = subject.mark();
    if let (Some(place), Some(mark)) = (&subject.resource_type.mark, &mark) {
        mark::write(place, mark, inputs.to_mut());
    }
    // Also by an earlier attempt of this run, of which it seemed certain that nothing came: it may have come since.
    let was_sent_before = subject.was_sent() || memory.has_sent();
    announce(subject, operation, given).await?;
    if operation.repeat == Repeat::None && was_sent_before {
        memory.repeats();
    }
    if was_sent_before && mark.is_some() {
        memory.doubts();
    }
    memory.sends();
    let asked = Asked {
        content: content_of_creation(subject, operation, given),
        mark,
        reports_progress: true,
        ..Asked::with(&inputs)
    };
    match subject.ask(operation, asked).await {
        Ok(Answer::Done(Some(body)) | Answer::Found(body)) => {
            Ok(Made::Seen(Record::read(subject, body, &inputs)))
        }
        Ok(Answer::Done(None)) => {
            let seen = aftermath::look_again(subject, given).await;
            let sent = Record::known(inputs.into_owned());
            match seen {
                Ok(Some(record)) => Ok(Made::Seen(record)),
                // It cannot be asked for: what the program says of it is all there is to know.
                Ok(None) => Ok(Made::Seen(sent)),
                Err(Trouble::Stopped) => Err(Bad::stopped()),
                Err(trouble) => Ok(Made::Unseen(sent, trouble)),
            }
        }
        Ok(Answer::Exists(there)) => {
            existing(subject, given, there, was_sent_before, memory).await.map(Made::Seen)
        }
        Ok(Answer::List(_) | Answer::Gone | Answer::Content(_)) => {
            subject.settle()?;
            Err(subject.failed(unexpected("something else")))
        }
        Err(trouble) if may_have_acted(&trouble) => {
            aftermath::after_silence(subject, operation, given, memory, trouble).await.map(Made::Seen)
        }
        Err(Trouble::Stopped) => Err(Bad::stopped()),
        Err(trouble) => {
            memory.touch(Touched::Nothing);
            subject.settle()?;
            Err(subject.failed(trouble))
        }
    }
}

/// What is made, filled and ready.
pub(super) struct Finished {
    pub(super) record: Record,
    /// Something was still to be sent for it.
    pub(super) is_sent: bool,
}

/// Does what belongs to the creation (an upload), waits until it is ready, and records that it is complete. Begins where
/// an interrupted run left off.
pub(super) async fn finish(subject: &Subject<'_>, record: Record, given: &Given) -> Result<Finished, Bad> {
    let operation = create_operation(subject)?;
    let mut record = record;
    let is_filled = subject.resource_type.ready.is_some() && subject.is_ready(&record, given);
    let is_sent = !is_filled && after(subject, operation, &record, given, None).await?;
    if is_sent {
        subject.keep_contents(given)?;
        record = seen_again(subject, record, given).await?;
    }
    let record = subject.until_ready(record, given, operation.ready.as_ref()).await?;
    let record = told_whole(subject, record, given).await;
    keep_not_taken(subject, &subject.differences(&given.values, &record))?;
    complete(subject).await?;
    Ok(Finished { record, is_sent })
}

/// The record with all that was set, as far as the site tells it: what it has otherwise from the start nobody changed outside.
/// One that is not told now is told by the next run.
async fn told_whole(subject: &Subject<'_>, record: Record, given: &Given) -> Record {
    let mut set = subject.resource_type.attributes.iter().filter(|attribute| {
        is_comparable(attribute) && given.values.get(&attribute.name).is_some_and(|value| !value.is_null())
    });
    let is_told = set.all(|attribute| record.attributes.contains_key(&attribute.name));
    let identity = record.identity(subject.resource_type);
    match identity.filter(|_| !is_told && subject.read_operation().is_some()) {
        Some(identity) => match subject.read(&identity, &given.values).await {
            Ok(Some(seen)) => seen,
            _ => record,
        },
        None => record,
    }
}

/// Records that the resource is as it should be.
pub(super) async fn complete(subject: &Subject<'_>) -> Result<(), Bad> {
    let (name, site) = subject.place();
    subject.shared.ledger.append(Fact::Complete { name, site })?;
    subject.shared.ledger.commit().await?;
    Ok(())
}

/// The record as the site has it now.
pub(super) async fn seen_again(subject: &Subject<'_>, record: Record, given: &Given) -> Result<Record, Bad> {
    match record.identity(subject.resource_type) {
        Some(identity) if subject.can_be_read() => {
            let seen =
                subject.read(&identity, &given.values).await.map_err(|trouble| subject.failed(trouble))?;
            Ok(seen.unwrap_or(record))
        }
        _ => Ok(record),
    }
}

/// Runs the operations that belong to another one, each with what the ones before it told; true if there were any.
pub(super) async fn after(
    subject: &Subject<'_>,
    operation: &Operation,
    record: &Record,
    given: &Given,
    changes: Option<&Map<String, Value>>,
) -> Result<bool, Bad> {
    let mut is_any = false;
    let mut record = record.clone();
    for later in subject.resource_type.operations_after(&operation.name) {
        let names =
            Names { changes, first: changes.map(|_| &given.values), ..Names::of(subject, &record, given) };
        if later.when.as_ref().is_some_and(|when| !names.holds(when)) {
            continue;
        }
        let content = match later.kind {
            OperationKind::Upload => match content_for(subject, later, given) {
                Some(content) => Some(content),
                None => continue,
            },
            _ => None,
        };
        is_any = true;
        let inputs = known_inputs(subject, &record, given);
        let asked = Asked { changes, content, reports_progress: true, ..Asked::with(&inputs) };
        let answer = subject.ask(later, asked).await;
        if let Ok(answer) = &answer {
            record.learn(subject, answer, &given.values);
        }
        accept(subject, later, answer)?;
    }
    Ok(is_any)
}

/// The end of an operation whose answer tells nothing but how it went.
pub(super) fn accept(
    subject: &Subject<'_>,
    operation: &Operation,
    answer: Result<Answer, Trouble>,
) -> Result<(), Bad> {
    match answer {
        Ok(_) => Ok(()),
        Err(trouble) if may_have_acted(&trouble) && operation.repeat == Repeat::None => {
            Err(subject.unknown(&operation.name, trouble))
        }
        Err(trouble) => Err(subject.failed(trouble)),
    }
}

/// The inputs of an operation on a resource that is there: what the site tells, then what the program says, and the mark.
pub(super) fn known_inputs(subject: &Subject<'_>, record: &Record, given: &Given) -> Map<String, Value> {
    let mut inputs = record.attributes.clone();
    inputs.retain(|_, value| !value.is_null());
    inputs.extend(given.values.clone());
    if let Some(identity) = record.identity(subject.resource_type) {
        inputs.insert(subject.resource_type.identity.clone(), Value::from(identity));
    }
    if let (Some(place), Some(mark)) = (&subject.resource_type.mark, subject.mark_on(record)) {
        mark::write(place, &mark, &mut inputs);
    }
    guard::keep(subject, record, &mut inputs);
    inputs
}

/// The operation that creates one.
pub(super) fn create_operation<'s>(subject: &Subject<'s>) -> Result<&'s Operation, Bad> {
    subject
        .resource_type
        .create_operation()
        .or(subject.resource_type.operation_of(OperationKind::Create))
        .ok_or_else(|| {
            let message = format!(
                "`{}` cannot be created: its driver has no such operation",
                subject.resource_type.name
            );
            Bad::new(Failure::new("E0801", Outcome::Invalid, message))
        })
}

/// Whether the request may have taken effect though no good answer came.
pub(super) fn may_have_acted(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Site(error) if matches!(error.kind, SiteErrorKind::Lost | SiteErrorKind::Malformed))
}

/// Records that a request is about to leave, and makes that durable.
pub(super) async fn announce(subject: &Subject<'_>, operation: &Operation, given: &Given) -> Result<(), Bad> {
    let run = subject.shared.ledger.with(|state| state.sent.get(subject.key).map(|sent| sent.run));
    let sent = Sent {
        name: subject.recorded_name().into_owned(),
        site: subject.site_name().to_owned(),
        resource_type: subject.resource_type.name.clone(),
        operation: operation.name.clone(),
        inputs: given.digest(),
        called: subject.called(given),
        relies: subject.step.map(|step| subject.shared.relied(step)).unwrap_or_default(),
        run: run.unwrap_or(subject.shared.run),
        at_ms: subject.shared.now_ms(),
        asks: subject.asks_a_person(operation),
    };
    subject.shared.ledger.append(Fact::Sent { key: subject.key.to_owned(), sent })?;
    subject.shared.ledger.commit().await?;
    Ok(())
}

/// Content that goes with the creation itself, where no upload comes after it.
fn content_of_creation(subject: &Subject<'_>, operation: &Operation, given: &Given) -> Option<Content> {
    let mut later = subject.resource_type.operations_after(&operation.name);
    if later.any(|later| later.kind == OperationKind::Upload) {
        return None;
    }
    given.contents.values().next().map(|content| content.content())
}

/// The content that an upload sends: the attribute that its request names, else the first.
fn content_for(subject: &Subject<'_>, operation: &Operation, given: &Given) -> Option<Content> {
    let in_order = || {
        let mut attributes = subject.resource_type.attributes.iter();
        attributes.find_map(|attribute| given.contents.get(&attribute.name))
    };
    content_said(operation, given).or_else(|| in_order().map(GivenContent::content))
}

/// The content that a request says.
pub(super) fn content_said(operation: &Operation, given: &Given) -> Option<Content> {
    let mut names = operation.request.payload().into_iter().flat_map(Expr::names_used);
    names.find_map(|name| given.contents.get(name)).map(GivenContent::content)
}

pub(super) fn identity_of(subject: &Subject<'_>, record: &Record, given: &Given) -> Option<String> {
    let name = subject.resource_type.name_attribute.as_ref().filter(|_| !subject.can_be_read());
    record
        .identity(subject.resource_type)
        .or_else(|| given.values.get(&subject.resource_type.identity).and_then(identity_text))
        .or_else(|| given.values.get(name?).and_then(identity_text))
        .or_else(|| (!subject.can_be_read()).then(|| subject.name.to_owned()))
}

impl Subject<'_> {
    /// Its name at the site, or its identity where it has no name, as far as the program gives them.
    pub(super) fn called(&self, given: &Given) -> Option<String> {
        let ResourceType { name_attribute, identity, .. } = self.resource_type;
        given.values.get(name_attribute.as_ref().unwrap_or(identity)).and_then(identity_text)
    }
}

/// One of this identity or name is there already: ours if it bears our mark, or if an earlier request of ours was lost.
async fn existing(
    subject: &Subject<'_>,
    given: &Given,
    there: Option<Value>,
    was_sent_before: bool,
    memory: &Memory,
) -> Result<Record, Bad> {
    let identity = match &there {
        Some(Value::Object(fields)) => fields.get(&subject.resource_type.identity).and_then(identity_text),
        Some(other) => identity_text(other),
        None => None,
    };
    let record = match identity {
        Some(identity) => subject.read(&identity, &given.values).await,
        None => look_by_name(subject, given).await,
    };
    let record = record.map_err(|trouble| subject.failed(trouble))?;
    if let Some(record) = record {
        if subject.bears_our_mark(&record) || (was_sent_before && subject.resource_type.mark.is_none()) {
            return Ok(record);
        }
        memory.touch(Touched::Nothing);
        subject.settle()?;
        return Err(Bad::new(taken(subject, &[record])));
    }
    memory.touch(Touched::Nothing);
    subject.settle()?;
    Err(Bad::new(taken(subject, &[])))
}

async fn look_by_name(subject: &Subject<'_>, given: &Given) -> Result<Option<Record>, Trouble> {
    let mut found = what_is_there(subject, given).await.unwrap_or_default();
    found.sort_by_key(|record| !subject.bears_our_mark(record));
    Ok(found.into_iter().next())
}

fn taken(subject: &Subject<'_>, found: &[Record]) -> Failure {
    let message = format!(
        "`{}` has {} like `{}` already, and this program did not make it",
        subject.site_name(),
        subject.one_of_its_kind(),
        subject.name
    );
    not_made_by_us(subject, message, found)
}
