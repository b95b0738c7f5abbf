//! The guards of R9 in a plan: which hold for one state only, and the plan without any.
//!
//! look up `net` → protect `net` → `port { network: #1 }`; for an engine that leaves no guard: look up `net` →
//! `port { network: #0 }`. Of `net` with alternatives each has a guard of its own, and `port` takes what was chosen:
//! choose `net` → protect `net` at nantes, protect `net` at paris → `port { network: #choose }`. A type without a place for a
//! guard has no `protect`: only the state knows its users then.

use std::collections::BTreeMap;

use crate::driver::{Relation, Type};
use crate::expr::Expr;
use crate::passes::edit::{Fate, edit};
use crate::plan::{Action, Plan, StepId};

/// The plan without guards, and what it leaves unguarded: `net at nantes, for port at nantes`.
pub fn without_guards(plan: &Plan) -> (Plan, Vec<String>) {
    let mut unguarded = Vec::new();
    let mut fates = vec![Fate::Kept; plan.steps.len()];
    for step in &plan.steps {
        let Action::Protect { of, users, among, .. } = &step.action else { continue };
        fates[step.id.index()] = match of {
            // On one of several alternatives: nobody takes what it gives.
            Expr::Step { step, .. } if among.is_none() => Fate::By(*step),
            _ => Fate::Gone,
        };
        if !users.is_empty() {
            unguarded.push(format!("{}, for {}", placed(plan, step.id), listed(users)));
        }
    }
    let choices = vec![true; plan.choices.len()];
    (edit(plan.clone(), &fates, &choices), unguarded)
}

/// What is relied upon and bears no guard, since its type has no room for one. `north at paris, for belem at nantes`.
/// Another deployment could delete it.
pub fn held_by_state(plan: &Plan) -> Vec<String> {
    let mut users: BTreeMap<StepId, Vec<(String, String)>> = BTreeMap::new();
    for step in &plan.steps {
        let Action::Ensure { attributes, .. } = &step.action else { continue };
        let Some((_, resource_type)) = plan.resource_type_of(step) else { continue };
        for (name, expr) in attributes {
            let guarded = resource_type
                .attribute(name)
                .filter(|attribute| attribute.relation.is_some_and(Relation::is_guarded));
            let Some(target) = guarded.and_then(|attribute| attribute.ty.referred()) else { continue };
            if plan.resource_type(target).is_none_or(|(_, ty)| ty.guard.is_some()) {
                continue;
            }
            for used in expr.steps_used() {
                let of = users.entry(used).or_default();
                of.push((step.name.clone(), plan.site(step.site).name.clone()));
            }
        }
    }
    users.into_iter().map(|(of, users)| format!("{}, for {}", placed(plan, of), listed(&users))).collect()
}

fn placed(plan: &Plan, step: StepId) -> String {
    match plan.location(step) {
        Some(site) => format!("{} at {}", plan.step(step).name, plan.site(site).name),
        None => plan.step(step).name.clone(),
    }
}

fn listed(users: &[(String, String)]) -> String {
    users.iter().map(|(name, site)| format!("{name} at {site}")).collect::<Vec<_>>().join(" and ")
}

impl Type {
    /// The type that a reference refers to: its own, or that of a list's elements.
    pub fn referred(&self) -> Option<&str> {
        match self {
            Type::Reference(target) => Some(target),
            Type::List(inner) | Type::Optional(inner) => inner.referred(),
            _ => None,
        }
    }
}
