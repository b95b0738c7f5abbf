//! What belongs to a quorum: the steps whose end counts only together with that of the other copies.
//!
//! `base` at `a & b & c` with a quorum of 2 → the three ensures, and the look-ups and guards that only they need, belong to the `gather`
//! that counts them: alone none of them is a failure of the whole.

use crate::graph::{self, Neighbours};
use crate::plan::{Action, ChoiceId, Plan, Purpose, StepId};

/// For each step, the `gather` of the quorum that it belongs to.
pub fn of_steps(plan: &Plan) -> Vec<Option<StepId>> {
    let mut owner: Vec<Option<StepId>> = vec![None; plan.steps.len()];
    let mut is_any = false;
    for step in &plan.steps {
        let Action::Gather { quorum: Some(_), .. } = &step.action else { continue };
        is_any = true;
        for source in step.action.sources() {
            owner[source.index()] = Some(step.id);
        }
    }
    if !is_any {
        return owner;
    }
    let after = Neighbours::after(plan, |_| true);
    for id in graph::order(plan).into_iter().rev() {
        let is_helper = match &plan.step(id).action {
            Action::Lookup { purpose, .. } => *purpose == Purpose::Reference,
            Action::Bring { .. } | Action::Choose { .. } => true,
            Action::Protect { users, .. } => !users.is_empty(),
            _ => false,
        };
        let mut users = after.of(id).iter();
        let Some(first) = users.next().filter(|_| is_helper && owner[id.index()].is_none()) else { continue };
        let first = owner[first.index()];
        if users.all(|user| owner[user.index()] == first) {
            owner[id.index()] = first;
        }
    }
    owner
}

/// For each choice that is one copy's own, the `gather` of the quorum: its end counts only with that of the other copies.
pub fn of_choices(plan: &Plan, owner: &[Option<StepId>]) -> Vec<Option<StepId>> {
    let mut of_choices = vec![None; plan.choices.len()];
    for step in &plan.steps {
        if let Action::Choose { choice, .. } = step.action {
            let ChoiceId(index) = choice;
            of_choices[index as usize] = of_choices[index as usize].or(owner[step.id.index()]);
        }
    }
    of_choices
}
