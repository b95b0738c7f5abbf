//! What a run that leaves sites out does not ask for: in comes the plan with those sites, out go the steps.
//!
//! `vm` at paris, made from `image` at nantes, without nantes → both.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Neighbours;
use crate::plan::{Action, ChoiceId, EdgeReason, Plan, SiteId, StepId};

/// What a run that leaves sites out does not ask for: what is to be done there, what needs it or comes after it, and every
/// alternative where the one that comes first is there.
pub fn left_out(plan: &Plan, sites: &BTreeSet<SiteId>) -> BTreeSet<StepId> {
    let after = Neighbours::after(plan, |edge| {
        // One part of several, or one alternative, is not the whole.
        let has_others = matches!(
            plan.step(edge.to).action,
            Action::Gather { .. } | Action::Choose { .. } | Action::Bring { .. } | Action::Gate { .. }
        );
        edge.reason != EdgeReason::Wave && !has_others
    });
    let mut begins: BTreeMap<StepId, Vec<ChoiceId>> = BTreeMap::new();
    for choice in &plan.choices {
        for member in &choice.arms[choice.recorded.unwrap_or(0) as usize].members {
            begins.entry(*member).or_default().push(choice.id);
        }
    }
    let at_sites = plan.steps.iter().filter(|step| sites.contains(&step.site)).map(|step| step.id);
    let mut left_out: BTreeSet<StepId> = at_sites.collect();
    let mut open: Vec<StepId> = left_out.iter().copied().collect();
    while let Some(step) = open.pop() {
        let choices = begins.remove(&step).unwrap_or_default();
        let arms = choices.iter().flat_map(|choice| &plan.choice(*choice).arms);
        let members = arms.flat_map(|arm| arm.members.iter().copied());
        let users = after.of(step).iter().copied();
        open.extend(users.chain(members).filter(|step| left_out.insert(*step)));
    }
    left_out
}
