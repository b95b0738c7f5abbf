//! How a record comes to be ready, or to be what an operation sets it to: not at once, but when its time comes.
//!
//! A server that was created is not ACTIVE; a second later it is. One that is being stopped is ACTIVE until it is
//! SHUTOFF.

use std::rc::Rc;

use scope_plan::driver::{OperationKind, Readiness, Type};
use scope_plan::expr::Expr;
use serde_json::{Map, Value};

use super::answer::echo;
use super::call::Call;
use super::clock::Moment;
use super::evaluate::Names;
use super::mutants::{self, Mutant};
use super::solve;
use super::store::{Record, Transition};
use super::types::inner;
use super::world::World;

/// What an operation sets.
struct Sets {
    /// Attributes that readiness is told by.
    awaited: Vec<(String, Value)>,
    /// The others.
    at_once: Vec<(String, Value)>,
}

impl World {
    /// Puts a record that was just made on its way to being ready, or to being broken.
    pub(super) fn begin(
        &mut self,
        site: usize,
        call: &Call,
        record: &mut Record,
        seen: &Map<String, Value>,
        at: Moment,
        is_broken: bool,
    ) {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        let sets = sets(call, record, seen);
        record.attributes.extend(sets.at_once);
        let Some((ready, condition)) = condition_after(call) else { return };
        let broken = model.resource_type.broken.as_ref().map(|broken| &broken.condition);
        let mut set = record.attributes.clone();
        set.extend(sets.awaited.iter().cloned());
        if !sets.awaited.is_empty() && !(Names { given: &names, attributes: &set }).holds(condition) {
            // The driver says what it is after this, and that is not ready: something else has to come, its content.
            record.attributes = set;
        } else {
            record.attributes =
                solve::before(condition, broken, &record.attributes, &names, &model.resource_type);
            let is_coming = !record.is_awaiting_content || !sets.awaited.is_empty();
            if is_coming && !is_broken {
                self.come(site, call, record, at, ready, sets.awaited, Some(condition.clone()));
            }
        }
        if let Some(broken) = broken.filter(|_| is_broken) {
            record.is_awaiting_content = false;
            self.come(site, call, record, at, ready, Vec::new(), Some(broken.clone()));
        }
    }

    /// Content has come for a record that may have waited for it.
    pub(super) fn with_content(
        &mut self,
        site: usize,
        call: &Call,
        record: &mut Record,
        seen: &Map<String, Value>,
        at: Moment,
    ) {
        let sets = sets(call, record, seen);
        record.attributes.extend(sets.at_once);
        let was_awaiting = std::mem::take(&mut record.is_awaiting_content);
        if let Some((ready, condition)) = condition_after(call)
            && (was_awaiting || !sets.awaited.is_empty())
        {
            let condition = was_awaiting.then(|| condition.clone());
            self.come(site, call, record, at, ready, sets.awaited, condition);
        }
    }

    /// What an update or another operation sets, and the way back to readiness.
    pub(super) fn after_change(
        &mut self,
        site: usize,
        call: &Call,
        identity: &str,
        seen: &Map<String, Value>,
        at: Moment,
    ) {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        let Some(mut record) = self.take(site, call, identity, at) else { return };
        let sets = sets(call, &record, seen);
        record.attributes.extend(sets.at_once);
        take_over_echo(call, seen, &mut record.attributes, false);
        let is_update = model.kind(&call.operation) == OperationKind::Update;
        let is_restored = call.operation.ready.is_some() || is_update;
        if let Some((ready, condition)) = condition_after(call) {
            let holds = (Names { given: &names, attributes: &record.attributes }).holds(condition);
            if !sets.awaited.is_empty() || (is_restored && !holds && !record.is_awaiting_content) {
                let condition = is_restored.then(|| condition.clone());
                self.come(site, call, &mut record, at, ready, sets.awaited, condition);
            }
        }
        self.put_back(site, call, record);
    }

    #[expect(clippy::too_many_arguments, reason = "all of it makes one transition")]
    fn come(
        &self,
        site: usize,
        call: &Call,
        record: &mut Record,
        at: Moment,
        ready: &Readiness,
        sets: Vec<(String, Value)>,
        condition: Option<Expr>,
    ) {
        if record.is_stuck {
            return;
        }
        let usual = self.options.ready_after_us.min(ready.within_ms.saturating_mul(500));
        let said = self.weather.ready_after(call.asked(site));
        let after = said.filter(|_| !mutants::is(Mutant::ReadinessForgotten)).unwrap_or(usual);
        record.transitions.push(Transition { at: at.saturating_add(after), sets, condition });
    }
}

/// What is waited for after an operation: its own readiness, else the type's.
fn condition_after(call: &Call) -> Option<(&Readiness, &Expr)> {
    let ready = call.operation.ready.as_ref().or(call.model.resource_type.ready.as_ref())?;
    Some((ready, &ready.condition))
}

fn sets(call: &Call, record: &Record, seen: &Map<String, Value>) -> Sets {
    let names = Names { given: seen, attributes: &record.attributes };
    let asked = condition_after(call).map(|(_, condition)| condition.names_used()).unwrap_or_default();
    let sets = call.operation.sets.iter();
    let sets = sets.map(|(name, value)| (name.clone(), names.value(value).unwrap_or(Value::Null)));
    let (awaited, at_once) = sets.partition(|(name, _)| asked.contains(name.as_str()));
    Sets { awaited, at_once }
}

/// Takes from an answer that echoes the request what cannot be made up: attributes of any type (what any REST service
/// answers), and, of a new record, an identity that is made of what was sent.
pub(super) fn take_over_echo(
    call: &Call,
    seen: &Map<String, Value>,
    attributes: &mut Map<String, Value>,
    is_new: bool,
) {
    let resource_type = &call.model.resource_type;
    let is_wanted = |attribute: &scope_plan::driver::Attribute| {
        let is_identity = attribute.name == resource_type.identity;
        attribute.is_computed
            && !call.inputs.contains_key(&attribute.name)
            && ((is_identity && is_new) || *inner(&attribute.ty) == Type::Any)
    };
    let wanted: Vec<_> = resource_type.attributes.iter().filter(|attribute| is_wanted(attribute)).collect();
    if wanted.is_empty() {
        return;
    }
    let echoed = echo(call, seen, attributes);
    for attribute in wanted {
        let value = match &attribute.read {
            Some(read) => (Names { given: &Map::new(), attributes: &echoed }).value(read).ok(),
            None => echoed.get(&attribute.name).cloned(),
        };
        // What a command would have said nobody knows: nothing is no identity.
        let is_nothing = |value: &Value| {
            attribute.name == resource_type.identity
                && value.as_str().is_some_and(|text| text.trim().is_empty())
        };
        let value = value.filter(|value| !value.is_null() && !is_nothing(value));
        if let Some(value) =
            value.filter(|value| super::types::check(&attribute.ty, value, &attribute.name).is_ok())
        {
            attributes.insert(attribute.name.clone(), value);
        }
    }
}
