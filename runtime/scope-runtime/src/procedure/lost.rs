//! Where the state was lost: whether an operation was done that looking does not tell of, and that must not be repeated, only
//! a person knows.
//!
//! `call toot` with `repeat by none`, whatever it is given or comes after → open, as one whose answer was lost, until
//! `--answer toot@lyon=done` or `=failed`.

use scope_plan::driver::{Operation, Repeat};
use scope_plan::plan::{Action, Step};
use scope_plan::recorded::How;
use serde_json::Value;

use super::Good;
use super::aftermath::still_unknown;
use super::call::is_repeatable;
use super::create::{create_operation, identity_of};
use super::failure::Bad;
use super::inputs::Given;
use super::record::Record;
use super::subject::Subject;
use super::survey::planned;
use crate::events::{Change, Effect};
use crate::runner::{Known, Shared};
use crate::state::{Call, Record as Fact, Sent};

/// Opens them all before anything is looked for: a step whose site, or what it comes after, cannot be asked is not come to,
/// and must not be done unasked either.
pub(crate) fn open(shared: &Shared<'_>) {
    for step in &shared.plan.steps {
        let Some(resource_type) = step.action.resource_type() else { continue };
        // The step's own time does not begin with this.
        let later = Subject::later(shared, resource_type, step.site, &step.name, &step.key);
        let Some(subject) = later.map(|later| Subject { step: Some(step), ..later }) else { continue };
        let Some(operation) = untold_operation(&subject, step) else { continue };
        let key = step.key.clone();
        let fact = match (&step.action, subject.answer()) {
            (_, Some(Known::Failed | Known::Retry)) => Fact::Settled { key },
            (Action::Call { .. }, Some(Known::Done)) => {
                let call = Call::new(String::new(), Value::Null, shared.run);
                Fact::Call { key, call }
            }
            _ => Fact::Sent { key, sent: perhaps_sent(&subject, operation) },
        };
        // A failure is kept by the ledger and seen by the loop.
        let _ = shared.ledger.append(fact);
    }
}

/// Of a step of which nothing is recorded, the operation that only a person can tell of.
fn untold_operation<'s>(subject: &Subject<'s>, step: &Step) -> Option<&'s Operation> {
    match &step.action {
        Action::Call { operation, once: true, .. } => {
            let is_known = subject.shared.ledger.with(|state| state.calls.contains_key(&step.key));
            let operation = subject.resource_type.operation(operation).filter(|_| !is_known)?;
            (!operation.kind.is_reading() && !is_repeatable(operation)).then_some(operation)
        }
        Action::Ensure { .. } if subject.recorded().is_none() && !subject.can_be_read() => {
            create_operation(subject).ok().filter(|operation| operation.repeat == Repeat::None)
        }
        _ => None,
    }
}

/// As one that was sent, with what nobody recorded.
fn perhaps_sent(subject: &Subject<'_>, operation: &Operation) -> Sent {
    Sent {
        name: subject.name.to_owned(),
        site: subject.site_name().to_owned(),
        resource_type: subject.resource_type.name.clone(),
        operation: operation.name.clone(),
        inputs: String::new(),
        called: None,
        relies: Vec::new(),
        run: subject.shared.run,
        at_ms: subject.shared.now_ms(),
        asks: true,
    }
}

/// What becomes of a resource that its site cannot tell of, and that was perhaps made: known where a person has answered.
///
/// # Errors
/// `E0906`: nobody has.
pub(super) fn foretell(subject: &Subject<'_>, given: &Given, is_whole: bool) -> Result<Option<Good>, Bad> {
    if subject.can_be_read() || !subject.was_sent() {
        return Ok(None);
    }
    let operation = create_operation(subject)?;
    if operation.repeat != Repeat::None {
        return Ok(None);
    }
    let output = Value::Object(given.values.clone());
    match subject.answer() {
        Some(Known::Failed | Known::Retry) => Ok(Some(planned(Change::Create { is_gone: false }, output))),
        Some(Known::Done) if is_whole => {
            if let Some(identity) = identity_of(subject, &Record::known(given.values.clone()), given) {
                subject.record(subject.resource(&identity, How::Created, true, given))?;
            }
            Ok(Some(Good::new(Effect::Unchanged, output)))
        }
        _ => Err(Bad::new(still_unknown(subject, operation))),
    }
}
