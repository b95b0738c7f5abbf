//! What is made and deleted again: in comes how each step ends, out go those whose work does not stay.
//!
//! `net` at nantes is made, and `net` at paris fails, of `(nantes & paris) | lille` → `net` at nantes is undone.

use std::collections::{BTreeMap, BTreeSet};

use super::arms::is_kept;
use super::{Cuts, Outcome};
use crate::plan::{Action, Plan, Step, StepId, Undo};

impl Cuts<'_> {
    /// What is made and deleted again: of the arms that are given up, and of resources that take back what they made. It
    /// stays where something that stays is built on it.
    pub(super) fn undone(
        &self,
        arms: &[Option<u32>],
        outcomes: &mut [Outcome],
        reached: &[StepId],
    ) -> Vec<StepId> {
        let is_kept = |step: StepId| is_kept(self.plan, &self.plan.step(step).when, &[], arms);
        let fails = |step: &StepId| {
            let counted_by = self.gathers_of(*step).find(|gather| is_kept(*gather)).unwrap_or(*step);
            is_kept(*step) && matches!(outcomes[counted_by.index()], Outcome::Fails | Outcome::HeldBack)
        };
        let failed: BTreeSet<&str> = reached
            .iter()
            .filter(|step| self.plan.step(**step).undo == Undo::DeleteWithResource && fails(step))
            .map(|step| self.plan.step(*step).name.as_str())
            .collect();
        let of_failed = failed.iter().flat_map(|name| &self.taken_back[name]).copied();
        let given_up = self.guarded.iter().copied().filter(|step| !is_kept(*step));
        let mut to_undo: Vec<StepId> = of_failed
            .chain(given_up)
            .filter(|step| {
                outcomes[step.index()] == Outcome::Done && is_made_to_be_undone(self.plan.step(*step))
            })
            .collect();
        to_undo.sort_by_key(|step| std::cmp::Reverse(self.rank[step.index()]));
        to_undo.dedup();
        to_undo.retain(|step| {
            let is_undone = !self.is_built_on(*step, outcomes);
            if is_undone {
                outcomes[step.index()] = Outcome::Undone;
            }
            is_undone
        });
        to_undo
    }

    /// Whether something is built on a step that is made and stays.
    fn is_built_on(&self, step: StepId, outcomes: &[Outcome]) -> bool {
        let users = self.after[step.index()].iter().filter_map(|user| self.plan.steps.get(*user));
        users.filter(|user| outcomes[user.id.index()] == Outcome::Done).any(|user| match &user.action {
            Action::Ensure { .. } => true,
            Action::Bring { .. } | Action::Protect { .. } => self.is_built_on(user.id, outcomes),
            _ => false,
        })
    }
}

/// Whether something is made that is deleted when its arm is given up: a guard, which may be there for others, too, is not.
fn is_made_to_be_undone(step: &Step) -> bool {
    step.undo.is_wanted() && matches!(step.action, Action::Ensure { .. } | Action::Bring { .. })
}

/// The resources that take back all they made when they fail (`on_failure: undo`): their steps, by name.
pub(super) fn taken_back(plan: &Plan) -> BTreeMap<&str, Vec<StepId>> {
    let mut taken_back: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.undo == Undo::DeleteWithResource) {
        taken_back.entry(&step.name).or_default().push(step.id);
    }
    taken_back
}
