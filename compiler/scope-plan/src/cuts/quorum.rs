//! Several copies of which so many are enough: in comes how each one ends, out goes how the whole does.
//!
//! `quorum: 2` of three, one of which fails → done.

use std::collections::BTreeMap;

use super::{Cuts, Ends, Outcome};
use crate::plan::{Action, Plan, Quorum, StepId};

impl Cuts<'_> {
    /// The gathers whose quorum counts a step.
    pub(super) fn gathers_of(&self, step: StepId) -> impl Iterator<Item = StepId> {
        let several = self.gathers.get(&step).into_iter().flatten().copied();
        self.owner[step.index()].into_iter().chain(several)
    }
}

/// The parts of each quorum, with the gathers that count them.
pub(super) fn gathers(plan: &Plan) -> BTreeMap<StepId, Vec<StepId>> {
    let mut gathers: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        if let Action::Gather { quorum: Some(_), .. } = &step.action {
            for part in step.action.sources() {
                gathers.entry(part).or_default().push(step.id);
            }
        }
    }
    gathers.retain(|_, gathers| gathers.len() > 1);
    gathers
}

/// Enough copies are done, or can be when the site is back, or neither.
pub(super) fn quorum_of(ends: &Ends, quorum: &Quorum) -> Outcome {
    let end = |copy: &Vec<StepId>| {
        copy.iter().map(|step| ends.outcomes[step.index()]).max().unwrap_or(Outcome::Done)
    };
    let ended: Vec<Outcome> = quorum.copies.iter().map(end).collect();
    let so_many = |best: Outcome| ended.iter().filter(|end| **end <= best).count() >= quorum.need as usize;
    match (so_many(Outcome::Done), so_many(Outcome::Waits)) {
        (true, _) => Outcome::Done,
        (false, true) => Outcome::Waits,
        (false, false) => Outcome::Fails,
    }
}

/// When so many copies have failed that the rest is not enough.
pub(super) fn out_of_reach(quorum: &Quorum, limit: &dyn Fn(&StepId) -> u64) -> Option<u64> {
    let copies = quorum.copies.iter().map(|copy| copy.iter().map(limit).min().unwrap_or(u64::MAX));
    let mut limits: Vec<u64> = copies.collect();
    limits.sort_unstable();
    let n_spare = limits.len().checked_sub(quorum.need as usize)?;
    limits.get(n_spare).copied()
}
