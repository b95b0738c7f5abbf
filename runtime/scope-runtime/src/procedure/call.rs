//! One explicit operation: once per inputs, or in every run where it reads and prints.
//!
//! `call stop_vm: server.stop { id: vm.id }` → done and recorded; with the same inputs, the next run does nothing.

use std::collections::BTreeMap;

use scope_plan::driver::{Attribute, Operation, OperationKind, Repeat, Type};
use scope_plan::expr::Expr;
use scope_plan::plan::StepId;
use serde_json::{Map, Value};

use super::aftermath::still_unknown;
use super::create::{announce, may_have_acted};
use super::delete::seen_before;
use super::failure::Bad;
use super::inputs::{Given, evaluate};
use super::record::{Record, identity_text, with_defaults};
use super::subject::{Asked, Memory, Subject};
use super::{Good, Trouble, guard, mark};
use crate::events::{Effect, Failure, Outcome};
use crate::fit::fit;
use crate::redact::hide_in_value;
use crate::runner::Known;
use crate::schedule::Touched;
use crate::site::{Answer, ContentStream, SiteError, SiteErrorKind};
use crate::state::{Call, Record as Fact, Resource};

/// The longest result that is kept for later runs, and the longest content that is shown.
const LONGEST_RESULT: usize = 64 << 10;
const LONGEST_CONTENT: usize = 1 << 20;
/// So much of a value is shown, in characters.
const LONGEST_SHOWN: usize = 60;

pub(super) async fn call(
    subject: &Subject<'_>,
    operation: &str,
    inputs: &[(String, Expr)],
    once: bool,
    prints: bool,
    memory: &Memory,
) -> Result<Good, Bad> {
    let given = evaluate(subject, inputs).await?;
    let Some(operation) = subject.resource_type.operation(operation) else {
        let message = format!("`{}` has no operation `{operation}`", subject.resource_type.name);
        return Err(Bad::new(Failure::new("E0801", Outcome::Invalid, message)));
    };
    if once {
        // What was sent and has no known end is open, whatever was done before it, and however it is asked for now.
        match subject.was_sent() {
            true if !is_repeatable(operation) => match subject.answer() {
                None => return Err(Bad::new(still_unknown(subject, operation))),
                Some(Known::Retry) => {
                    memory.repeats();
                    subject.settle()?;
                }
                Some(Known::Failed) => return Err(subject.answered_failed(operation).await?),
                Some(Known::Done) => {
                    let call = done_now(subject, inputs, &given, Value::Null);
                    subject.shared.ledger.append(Fact::Call { key: subject.key.to_owned(), call })?;
                    subject.settle()?;
                    subject.shared.ledger.commit().await?;
                    is_as_declared(subject, &Value::Null)?;
                    let detail = Some("as was answered".to_owned());
                    return Ok(Good { detail, ..Good::new(Effect::Called, Value::Null) });
                }
            },
            // Where a repeat is safe, it is sent again below.
            true => {}
            false => {
                if let Some(result) = done_before(subject, inputs, &given) {
                    is_as_declared(subject, &result)?;
                    return Ok(Good::new(Effect::Unchanged, result));
                }
            }
        }
    }
    let reads = is_reading(operation);
    let seen = match operation.kind {
        OperationKind::Delete | OperationKind::Update => {
            Box::pin(seen_as_ours(subject, operation, &given)).await?.map(Box::new)
        }
        _ => None,
    };
    let was_sent = subject.was_sent();
    if !reads {
        if memory.has_sent() && !is_repeatable(operation) {
            memory.repeats();
        }
        Box::pin(announce(subject, operation, &given)).await?;
        memory.sends();
    }
    let result = send(subject, operation, &given, seen, memory, was_sent).await;
    let is_settled = match &result {
        Ok(_) => true,
        // Not sent, or refused: nothing is on its way.
        Err(bad) => bad.failure.outcome != Outcome::Unknown && !bad.is_stopped && !bad.is_cut_off,
    };
    // What is done once is settled by the record of its result itself: stopped between two records it would be done again.
    if !reads && is_settled && !(once && result.is_ok()) {
        subject.settle()?;
    }
    let result = result?;
    if operation.kind == OperationKind::Delete {
        forget(subject, &given)?;
    }
    if once {
        let mut kept = result.clone();
        hide_in_value(&*subject.shared.options.redact, &mut kept);
        if scope_plan::eval::value::weight(&kept, LONGEST_RESULT) > LONGEST_RESULT {
            kept = Value::Null;
        }
        let call = done_now(subject, inputs, &given, kept);
        subject.shared.ledger.append(Fact::Call { key: subject.key.to_owned(), call })?;
        subject.shared.ledger.commit().await?;
    }
    is_as_declared(subject, &result)?;
    let effect = if prints { Effect::Printed { value: Box::new(result.clone()) } } else { Effect::Called };
    Ok(Good::new(effect, result))
}

/// What the program reads of a record is answered, is there, and of the type that the driver declares: the program was checked with that. What
/// was done stays done.
///
/// # Errors
/// E0704, which names the attribute.
fn is_as_declared(subject: &Subject<'_>, result: &Value) -> Result<(), Bad> {
    // Of a list each item is read by its place.
    let Some(step) = subject.step.filter(|_| !result.is_array()) else { return Ok(()) };
    let shown = |value: &Value| {
        let mut hidden = value.clone();
        hide_in_value(&*subject.shared.options.redact, &mut hidden);
        hidden.to_string().chars().take(LONGEST_SHOWN).collect()
    };
    for name in subject.shared.index.read_of_call(step.id) {
        let Some(attribute) = subject.resource_type.attribute(name) else { continue };
        let told = result.get(name).unwrap_or(&Value::Null);
        let words = match fit(subject.driver, &attribute.ty, told) {
            Err(misfit) => misfit.words(attribute, &shown),
            Ok(()) if told.is_null() && is_told(attribute) => match result.is_object() {
                true => format!("`{name}` is not there, and the program reads it"),
                false => format!("no record is answered, and the program reads `{name}` of it"),
            },
            Ok(()) => continue,
        };
        let error = SiteError { kind: SiteErrorKind::Malformed, words, request: None, status: None };
        return Err(subject.failed(Trouble::Site(error)));
    }
    Ok(())
}

/// Whether an answer that has the record has this.
fn is_told(attribute: &Attribute) -> bool {
    !attribute.is_write_only && !matches!(attribute.ty, Type::Optional(_) | Type::Bytes)
}

/// A deletion or an update by hand is for what nobody else has its mark on, and a deletion for what nobody relies upon.
/// How it is there, as far as that matters.
async fn seen_as_ours(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
) -> Result<Option<Record>, Bad> {
    let is_deletion = operation.kind == OperationKind::Delete;
    let identity = given.values.get(&subject.resource_type.identity).and_then(identity_text);
    let Some(identity) = identity else { return Ok(None) };
    let seen = seen_before(subject, &identity).await?;
    if let Some(mark) = seen.as_ref().and_then(|record| subject.mark_of_others(record)) {
        return Err(Bad::new(others(subject, operation, &identity, &mark)));
    }
    if is_deletion {
        guard::refuse_if_relied_upon(subject, &identity, seen.as_ref())?;
    }
    Ok(seen)
}

/// What one command made and another one deletes is not there any more.
fn forget(subject: &Subject<'_>, given: &Given) -> Result<(), Bad> {
    let Some(identity) = given.values.get(&subject.resource_type.identity).and_then(identity_text) else {
        return Ok(());
    };
    let is_it = |resource: &Resource| {
        resource.resource_type == subject.resource_type.name && resource.identity == identity
    };
    let gone: Vec<_> = subject.shared.ledger.with(|state| {
        let here = state.apart.iter().filter(|(_, site)| site == subject.site_name());
        here.filter(|(name, site)| state.resource(name, site).is_some_and(is_it)).cloned().collect()
    });
    for (name, site) in gone {
        subject.shared.ledger.append(Fact::Gone { name, site })?;
    }
    Ok(())
}

fn others(subject: &Subject<'_>, operation: &Operation, identity: &str, mark: &str) -> Failure {
    let message = format!(
        "{} `{identity}` at `{}` is another deployment's ({}), and `{}` of it is not sent",
        subject.kind(),
        subject.site_name(),
        mark::deployment_of(mark).unwrap_or(mark),
        operation.name
    );
    let help =
        "have it done by that program, or take it over: a `resource` of this one `with { adopt: true }`";
    Failure::new("E0868", Outcome::Invalid, message).with_help(help)
}

async fn send(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
    seen: Option<Box<Record>>,
    memory: &Memory,
    was_sent: bool,
) -> Result<Value, Bad> {
    let mut inputs = with_defaults(subject, given, operation);
    // What an explicit update is given is what it changes.
    let mut changes = (operation.kind == OperationKind::Update).then(|| {
        let mut changes = given.values.clone();
        changes.remove(&subject.resource_type.identity);
        changes
    });
    if let Some(changes) = &mut changes {
        keep_mark(subject, seen.as_deref(), changes, inputs.to_mut());
    }
    let asked = Asked {
        changes: changes.as_ref(),
        mark: if is_reading(operation) { None } else { subject.mark() },
        content: given.contents.values().next().map(|content| content.content()),
        reports_progress: true,
        ..Asked::with(&inputs)
    };
    if operation.kind == OperationKind::Create {
        memory.touch(Touched::Maybe);
    }
    let output =
        |body: Value| Record::read(subject, body, &inputs).output(subject.resource_type, &Map::new());
    let result = match subject.ask(operation, asked).await {
        Ok(Answer::Found(body)) => output(body),
        Ok(Answer::List(bodies)) => Value::Array(bodies.into_iter().map(output).collect()),
        Ok(Answer::Done(Some(body)) | Answer::Exists(Some(body))) if body.is_object() => output(body),
        Ok(Answer::Done(result) | Answer::Exists(result)) => result.unwrap_or(Value::Null),
        Ok(Answer::Gone) => Value::Null,
        Ok(Answer::Content(content)) => Box::pin(shown(subject, content)).await?,
        Err(trouble) if may_have_acted(&trouble) => {
            let is_safe = is_repeatable(operation) || is_reading(operation);
            return Err(if is_safe {
                subject.failed(trouble)
            } else {
                subject.unknown(&operation.name, trouble)
            });
        }
        Err(trouble) => {
            // A site that was not reached has nothing of it: that is no unknown outcome.
            if is_unsent(&trouble) && !was_sent {
                subject.settle()?;
            }
            return Err(subject.failed(trouble));
        }
    };
    if operation.kind == OperationKind::Create {
        memory.touch(Touched::Created);
    }
    if operation.ready.is_some() {
        Box::pin(until_done(subject, operation, given, &inputs, &result)).await?;
    }
    Ok(result)
}

/// An update of what the owner mark or a guard stands in leaves it there, whoever's it is: without it nobody would know
/// the resource for theirs, or that it is relied upon.
fn keep_mark(
    subject: &Subject<'_>,
    seen: Option<&Record>,
    changes: &mut Map<String, Value>,
    inputs: &mut Map<String, Value>,
) {
    let Some(record) = seen else { return };
    if let Some(place) = &subject.resource_type.mark
        && let Some(own) = mark::any_on(place, record)
        && place.path.first().is_some_and(|root| changes.contains_key(root))
    {
        mark::write(place, &own, changes);
        mark::write(place, &own, inputs);
    }
    guard::keep(subject, record, changes);
    guard::keep(subject, record, inputs);
}

/// Waits for the operation's own readiness (`stop` → SHUTOFF), where it has one and says of which resource.
async fn until_done(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
    inputs: &Map<String, Value>,
    result: &Value,
) -> Result<(), Bad> {
    let identity = &subject.resource_type.identity;
    let told = inputs.get(identity).or_else(|| result.get(identity)).and_then(identity_text);
    if let (Some(ready), Some(told)) = (&operation.ready, told) {
        let seen = subject.read(&told, &given.values).await.map_err(|trouble| subject.failed(trouble))?;
        if let Some(record) = seen {
            subject.until_ready(record, given, Some(ready)).await?;
        }
    }
    Ok(())
}

/// Whether it changes nothing.
pub(super) fn is_reading(operation: &Operation) -> bool {
    operation.kind.is_reading()
}

/// Whether the request never left.
fn is_unsent(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Site(error) if matches!(error.kind, SiteErrorKind::Unreachable | SiteErrorKind::Held))
}

/// The result of an earlier run with the same inputs, unless it is asked for once more.
pub(super) fn done_before(subject: &Subject<'_>, inputs: &[(String, Expr)], given: &Given) -> Option<Value> {
    let again = subject.shared.options.again.get(subject.name);
    let is_wanted_again =
        |call: &Call| again.is_some_and(|since| call.run < since.unwrap_or(subject.shared.run));
    let call = subject.shared.ledger.with(|state| state.calls.get(subject.key).cloned())?;
    let is_same = call.inputs.is_empty() || given.is_as_digested(&call.inputs);
    if !is_same || is_wanted_again(&call) {
        return None;
    }
    let taken = taken(subject, inputs);
    if call.inputs.is_empty() || call.taken != taken {
        // From now on it is known, and done again when that changes. A failure is kept by the ledger and seen by the loop.
        let inputs = if call.inputs.is_empty() { given.digest() } else { call.inputs.clone() };
        let call = Call { inputs, taken, ..call.clone() };
        let _ = subject.shared.ledger.append(Fact::Call { key: subject.key.to_owned(), call });
    }
    Some(call.result)
}

fn done_now(subject: &Subject<'_>, inputs: &[(String, Expr)], given: &Given, result: Value) -> Call {
    Call { taken: taken(subject, inputs), ..Call::new(given.digest(), result, subject.shared.run) }
}

/// What the inputs take from the outputs of other steps, as far as it may be written down.
fn taken(subject: &Subject<'_>, inputs: &[(String, Expr)]) -> BTreeMap<String, BTreeMap<String, Value>> {
    let shared = subject.shared;
    let mut taken: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut take = |step: StepId, path: &[String]| {
        let output = shared.output(step)?;
        let value = path.iter().try_fold(&*output, |value, field| value.get(field))?;
        let mut shown = value.clone();
        hide_in_value(&*shared.options.redact, &mut shown);
        let is_kept =
            shown == *value && scope_plan::eval::value::weight(value, LONGEST_RESULT) <= LONGEST_RESULT;
        let of_step = is_kept.then(|| taken.entry(shared.plan.step(step).key.clone()).or_default())?;
        of_step.insert(path.join("."), shown);
        Some(())
    };
    for (_, expr) in inputs {
        expr.visit(&mut |part| {
            if let Expr::Step { step, path } = part
                && !path.is_empty()
            {
                take(*step, path);
            }
        });
    }
    taken
}

/// Whether it may be sent again. What it makes bears no mark that would tell.
pub(super) fn is_repeatable(operation: &Operation) -> bool {
    !matches!(operation.repeat, Repeat::None | Repeat::Mark)
}

/// Content as text, if it is short; else how long it is.
async fn shown(subject: &Subject<'_>, content: ContentStream) -> Result<Value, Bad> {
    let ContentStream { mut chunks, .. } = content;
    let mut bytes = Vec::new();
    let mut length: u64 = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| subject.failed(Trouble::Site(error)))?;
        length += chunk.len() as u64;
        if bytes.len() + chunk.len() <= LONGEST_CONTENT {
            bytes.extend(chunk);
        }
    }
    let is_whole = bytes.len() as u64 == length;
    Ok(match String::from_utf8(bytes) {
        Ok(text) if is_whole => Value::String(text),
        _ => Value::String(format!("{length} bytes")),
    })
}
