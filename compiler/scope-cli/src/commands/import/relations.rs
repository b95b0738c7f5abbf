//! What an imported resource relies upon and was made from, as a run would have recorded it: what is deleted goes users first.
//!
//! A host whose record says `net: n7` → it relies upon the net `n7` of its site, whether or not that is imported yet.

use std::collections::BTreeSet;

use scope_plan::driver::{Relation, ResourceType};
use scope_plan::graph::Neighbours;
use scope_plan::plan::{Action, EdgeReason, Plan, StepId};
use scope_plan::recorded::{Relied, borrowed_name};
use serde_json::{Map, Value};

/// What its site tells that it relies upon.
pub(super) fn relied(plan: &Plan, ty: &ResourceType, site: &str, record: &Map<String, Value>) -> Vec<Relied> {
    let mut relied = BTreeSet::new();
    for attribute in ty.attributes.iter().filter(|one| one.relation.is_some_and(Relation::is_guarded)) {
        let target = attribute.ty.referred().and_then(|target| plan.resource_type(target));
        let (Some((_, target)), Some(value)) = (target, record.get(&attribute.name)) else { continue };
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let identities = values.iter().filter_map(|value| identity(value, &target.identity));
        relied.extend(identities.map(|identity| Relied {
            resource_type: target.name.clone(),
            site: site.to_owned(),
            identity,
        }));
    }
    relied.into_iter().collect()
}

/// A reference as a site tells it: the identity, or a record that has it.
fn identity(value: &Value, named: &str) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(fields) => identity(fields.get(named).filter(|value| !value.is_object())?, named),
        _ => None,
    }
}

/// What the program makes it from, name and site; nothing of what it does not declare.
pub(super) fn needed(plan: &Plan, name: &str, site: &str) -> Vec<(String, String)> {
    let site_of = |step: StepId| plan.site(plan.step(step).site).name.clone();
    let is_it = |step: StepId| plan.step(step).name == name && site_of(step) == site;
    let ensures = plan.steps.iter().filter(|step| matches!(step.action, Action::Ensure { .. }));
    let mut open: Vec<StepId> = ensures.map(|step| step.id).filter(|step| is_it(*step)).collect();
    // That a wave comes after another one does not mean that it is made from it.
    let before = Neighbours::before(plan, |edge| edge.reason != EdgeReason::Wave);
    let mut seen: BTreeSet<StepId> = open.iter().copied().collect();
    let mut needed = BTreeSet::new();
    while let Some(user) = open.pop() {
        for step in before.of(user).iter().copied().filter(|step| seen.insert(*step)) {
            match &plan.step(step).action {
                Action::Ensure { .. } => drop(needed.insert((plan.step(step).name.clone(), site_of(step)))),
                Action::Bring { sources, .. } => {
                    needed.extend(sources.iter().map(|source| {
                        (borrowed_name(&plan.step(step).name, &site_of(*source)), site_of(step))
                    }))
                }
                _ => open.push(step),
            }
        }
    }
    needed.into_iter().collect()
}
