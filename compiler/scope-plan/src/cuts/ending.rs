//! How one step or choice ends: in comes how all that it follows from ended, out goes its own end.
//!
//! `vm` is made from `image`, which fails → `vm` fails.

use std::collections::BTreeSet;

use super::arms::{is_kept, is_taken, rank};
use super::quorum::quorum_of;
use super::{Cuts, Ends, Outcome, alternative};
use crate::plan::{Action, ChoiceId, Guard, OnUnreachable, SiteId, Step, StepId};

impl Cuts<'_> {
    /// Decides how a step or a choice ends; whether that is other than it was.
    pub(super) fn settle(&self, site: Option<SiteId>, ends: &mut Ends, node: usize) -> bool {
        let Some(step) = self.plan.steps.get(node) else {
            let choice = node - self.plan.steps.len();
            let before = (ends.arms[choice], ends.choices[choice]);
            (ends.arms[choice], ends.choices[choice]) = self.decide(ends, ChoiceId(choice as u32));
            return before != (ends.arms[choice], ends.choices[choice]);
        };
        if let Action::Gate { steps, .. } = &step.action {
            ends.failures[node] = self.failures(ends, steps);
        }
        let outcome = self.step(site, ends, step);
        std::mem::replace(&mut ends.outcomes[node], outcome) != outcome
    }

    fn step(&self, site: Option<SiteId>, ends: &Ends, step: &Step) -> Outcome {
        let of = |step: &StepId| ends.outcomes[step.index()];
        let inputs = match &step.action {
            Action::Gate { rollout, steps, .. } => return self.gate(ends, rollout.index(), step, steps),
            Action::Gather { quorum: Some(quorum), .. } => return quorum_of(ends, quorum),
            Action::Gather { quorum: None, parts } => return self.gathered(ends, step, parts),
            Action::Choose { choice, results, .. } => {
                // An alternative that holds may be one whose site is left out: then there is no result.
                let result = ends.arms[choice.index()].map(|arm| of(&results[arm as usize]));
                let is_left_out = result == Some(Outcome::LeftOut);
                return if is_left_out { Outcome::LeftOut } else { ends.choices[choice.index()] };
            }
            // One source is enough; with a `&`, every one that can be reached.
            Action::Bring { sources, .. } => sources.iter().map(of).min().unwrap_or(Outcome::Done),
            // What is passed over holds nobody back.
            _ if self.is_passed_over(ends, step) => return Outcome::Done,
            _ => alternative(step).map_or(Outcome::Done, |(_, among)| of(&among)),
        };
        let before = || self.before.of(step.id).iter().map(of);
        let needs = before().filter(|outcome| *outcome != Outcome::LeftOut);
        let needs = needs.chain([inputs]).max().unwrap_or(Outcome::Done);
        // What needs something that is left out is as if its own site were cut; what only comes after it goes on.
        let is_left_out = inputs == Outcome::LeftOut
            || step.steps_used().iter().any(|used| of(used) == Outcome::LeftOut)
            // Nor may it wait with what waits at its own site.
            || self.waits_beside(site, &ends.outcomes, step)
            || step.action.goes_after_users() && before().any(|outcome| outcome == Outcome::LeftOut);
        let is_cut_off = Some(step.site) == site && !self.done.contains(&step.id);
        let own = match step.on_unreachable {
            _ if !is_cut_off && !is_left_out => Outcome::Done,
            OnUnreachable::Queue { .. } => Outcome::Waits,
            OnUnreachable::Skip => Outcome::LeftOut,
            OnUnreachable::Fail => Outcome::Fails,
        };
        // It is not begun before what it needs is there: how its own site is comes after that.
        match needs {
            Outcome::Waits if self.waits_beside(site, &ends.outcomes, step) => own,
            Outcome::Done | Outcome::LeftOut => own,
            Outcome::Waits | Outcome::HeldBack => needs,
            Outcome::Fails | Outcome::NotTried | Outcome::Undone => Outcome::Fails,
        }
    }

    /// A part that waits or fails is left out of the result, as long as there is another one; and what a choice lacks, what is
    /// read of its arms lacks, too.
    fn gathered(&self, ends: &Ends, gather: &Step, parts: &[(SiteId, StepId)]) -> Outcome {
        let worst = |outcomes: &mut dyn Iterator<Item = Outcome>| {
            outcomes.filter(|outcome| *outcome != Outcome::LeftOut).max()
        };
        let before = self.before.of(gather.id).iter().map(|needed| ends.outcomes[needed.index()]);
        if let Some(lacks) = worst(&mut before.filter(|outcome| *outcome != Outcome::Done)) {
            return lacks;
        }
        let is_wanted = |part: &StepId| {
            let guards = self.inner.get(&(gather.id, *part));
            guards.is_none_or(|guards| is_kept(self.plan, guards, &gather.when, &ends.arms))
        };
        let parts = parts.iter().map(|(_, part)| *part).filter(is_wanted);
        let parts: Vec<Outcome> = parts.map(|part| ends.outcomes[part.index()]).collect();
        match parts.is_empty() || parts.contains(&Outcome::Done) {
            true => Outcome::Done,
            false => worst(&mut parts.into_iter()).unwrap_or(Outcome::LeftOut),
        }
    }

    /// Whether it guards an alternative that is not what was taken.
    pub(super) fn is_passed_over(&self, ends: &Ends, step: &Step) -> bool {
        alternative(step).is_some_and(|(of, among)| {
            // Where nothing was taken there is nothing to guard: it ends as what it needs.
            ends.outcomes[among.index()] == Outcome::Done
                && (ends.outcomes[of.index()] != Outcome::Done
                    || !is_taken(self.plan, &self.plan.step(of).when, &ends.arms))
        })
    }

    /// As the scheduler: too many failures hold the rest back, and a wave of which nothing is done proves nothing.
    fn gate(&self, ends: &Ends, rollout: usize, gate: &Step, steps: &[StepId]) -> Outcome {
        let is = |wanted: Outcome| steps.iter().any(|step| ends.outcomes[step.index()] == wanted);
        let waits = is(Outcome::Waits) && !is(Outcome::Done);
        let so_far = self.gates[rollout]
            .iter()
            .filter(|earlier| self.rank[earlier.index()] <= self.rank[gate.id.index()]);
        let failures: usize = so_far.map(|earlier| ends.failures[earlier.index()]).sum();
        match failures >= self.plan.rollouts[rollout].stop_after as usize {
            true => Outcome::HeldBack,
            false if waits => Outcome::Waits,
            false => Outcome::Done,
        }
    }

    /// At how many sites a wave failed.
    fn failures(&self, ends: &Ends, steps: &[StepId]) -> usize {
        let is_bad =
            |step: &&StepId| matches!(ends.outcomes[step.index()], Outcome::Fails | Outcome::HeldBack);
        let failed: BTreeSet<SiteId> =
            steps.iter().filter(is_bad).map(|step| self.plan.step(*step).site).collect();
        failed.len()
    }

    /// The first arm that does not fail.
    fn decide(&self, ends: &Ends, choice: ChoiceId) -> (Option<u32>, Outcome) {
        let choice = self.plan.choice(choice);
        let first = choice.recorded.unwrap_or(0);
        let mut order: Vec<u32> = (0..choice.arms.len() as u32).collect();
        order.sort_by_key(|arm| rank(*arm, first));
        let end = |arm: &u32| {
            let here = Guard { choice: choice.id, arm: *arm };
            let arm = &choice.arms[*arm as usize];
            // What counts only with other copies counts by their quorum, where that is of this very arm.
            let is_here = |gather: &StepId| self.plan.step(*gather).when.contains(&here);
            let is_copy = |member: &&StepId| self.gathers_of(**member).any(|gather| is_here(&gather));
            let members = arm.members.iter().filter(|member| !is_copy(member));
            let members = members.map(|member| ends.outcomes[member.index()]);
            let is_inner_copy =
                |inner: &&ChoiceId| self.choice_owner[inner.index()].as_ref().is_some_and(is_here);
            let inner = arm.choices.iter().filter(|inner| !is_inner_copy(inner));
            let inner = inner.map(|inner| ends.choices[inner.index()]);
            members.chain(inner).filter(|outcome| *outcome != Outcome::LeftOut).max().unwrap_or(Outcome::Done)
        };
        let held = order.iter().map(|arm| (*arm, end(arm))).find(|(_, end)| *end != Outcome::Fails);
        (held.map(|(arm, _)| arm), held.map_or(Outcome::Fails, |(_, end)| end))
    }
}
