//! `quorum: n`: with n copies done the whole is, and what could not be done is kept for later; with too few left that can
//! still succeed, the whole is *unavailable*.
//!
//! Two of three are enough: `nantes: done`, `paris: refused` → paris is spared (parked) → `lille: done` → the `gather` is done.
//! `lille: refused` → paris and lille fail, the `gather` fails, and an alternative may be tried.

use std::collections::BTreeMap;

use scope_plan::plan::StepId;

use super::graph::{Graph, Work as StepWork};
use super::mutants::{self, Mutant};
use super::{Outcome, Schedule, SkipReason, StepState, Work};

/// How far every quorum is.
#[derive(Debug)]
pub(super) struct Quorums {
    copies: Vec<Copy>,
    counts: BTreeMap<StepId, Count>,
    /// Parked steps that were unavailable, and the `gather` that may do without them.
    spares: Vec<(StepId, StepId)>,
}

#[derive(Clone, Debug)]
struct Copy {
    /// Steps of it that are not done.
    n_left: u32,
    /// Steps of it that cannot be any more, as far as is known.
    n_lost: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    n_done: u32,
    n_lost: u32,
}

/// What is known of a quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Open,
    Reached,
    Missed,
}

impl Quorums {
    pub(super) fn new(graph: &Graph) -> Self {
        let copies = graph.copies().iter().map(|(_, n_steps)| Copy { n_left: *n_steps, n_lost: 0 });
        let counts = graph.copies().iter().map(|(gather, _)| (*gather, Count::default()));
        Self { copies: copies.collect(), counts: counts.collect(), spares: Vec::new() }
    }
}

impl Schedule {
    fn reach(&self, gather: StepId) -> Reach {
        let (Some((need, n_copies)), Some(count)) =
            (self.graph.quorum(gather), self.quorums.counts.get(&gather))
        else {
            return Reach::Open;
        };
        let need = match need {
            _ if mutants::is(Mutant::QuorumNeedsAll) => n_copies,
            need => need - u32::from(mutants::is(Mutant::QuorumOfOneLess)),
        };
        match (count.n_done >= need, n_copies - count.n_lost < need) {
            (true, _) => Reach::Reached,
            (false, true) if mutants::is(Mutant::QuorumMissedWaits) => Reach::Open,
            (false, true) => Reach::Missed,
            (false, false) => Reach::Open,
        }
    }

    /// Whether a `gather` need not wait any more: enough of its copies are done, or all have ended. Alternatives inside of a
    /// copy that were not needed may be untried for ever.
    pub(super) fn is_quorum_decided(&self, gather: StepId) -> bool {
        let ends = self.graph.ends_of_copies(gather);
        let have_all_ended = || ends.iter().all(|end| self.steps[end.index()].is_end_told);
        !ends.is_empty() && (self.is_quorum_reached(gather) || have_all_ended())
    }

    /// Whether a step is of a copy, and there are enough others.
    pub(super) fn is_in_reached_quorum(&self, step: StepId) -> bool {
        self.gather_of(step).is_some_and(|gather| self.is_quorum_reached(gather))
    }

    fn is_quorum_reached(&self, gather: StepId) -> bool {
        self.reach(gather) == Reach::Reached
    }

    /// The `gather` whose quorum a step is counted in now: a site may stand in several alternatives, each with its own.
    fn gather_of(&self, step: StepId) -> Option<StepId> {
        let copies = self.graph.copies_of(step).iter();
        let mut gathers = copies.map(|copy| self.graph.copies()[*copy as usize].0);
        gathers
            .find(|gather| self.graph.guards(*gather).is_empty() || self.steps[gather.index()].n_active > 0)
    }

    /// The step whose end says what became of this one for the resource as a whole.
    pub(super) fn counted_by(&self, step: StepId) -> StepId {
        let gathers = self.graph.gathers_of(step).filter(|_| !mutants::is(Mutant::QuorumUndoneWhenShort));
        let gathers = gathers.unwrap_or_default();
        gathers.iter().copied().find(|gather| self.is_live(*gather)).unwrap_or(step)
    }

    /// A copy is unavailable: it is parked while others may be enough. True if it was. One whose site was cut is tried again
    /// when its service is heard from.
    pub(super) fn is_spared(&mut self, step: StepId, is_cut_off: bool) -> bool {
        let Some(gather) = self.gather_of(step).filter(|_| !mutants::is(Mutant::QuorumStops)) else {
            return false;
        };
        if self.reach(gather) == Reach::Missed || self.is_last_hope(gather, step) {
            return false;
        }
        let is_reached = self.is_quorum_reached(gather);
        let record = &mut self.steps[step.index()];
        record.is_spare = true;
        record.is_parked_for_good = is_reached;
        self.quorums.spares.push((step, gather));
        self.transition(step, StepState::Parked);
        if is_cut_off && !mutants::is(Mutant::SpareNeverWakes) {
            self.lane_of(step).parked.push(step);
        }
        true
    }

    /// A spared copy is tried again: it may still be done.
    pub(super) fn hope_again(&mut self, step: StepId) {
        let record = &mut self.steps[step.index()];
        record.is_spare = false;
        if !std::mem::replace(&mut record.is_lost, false) {
            return;
        }
        for copy in self.graph.copies_of(step) {
            let (gather, _) = self.graph.copies()[*copy as usize];
            let record = &mut self.quorums.copies[*copy as usize];
            record.n_lost -= 1;
            let count = self.quorums.counts.entry(gather).or_default();
            count.n_lost -= u32::from(record.n_lost == 0);
        }
    }

    /// Whether it is a copy that was unavailable, and that the others of its quorum may make up for.
    pub fn is_spare(&self, step: StepId) -> bool {
        self.steps[step.index()].is_spare
    }

    /// Whether the quorum is out of reach without the copies that a step is a part of.
    fn is_last_hope(&self, gather: StepId, step: StepId) -> bool {
        let (Some((need, n_copies)), Some(count)) =
            (self.graph.quorum(gather), self.quorums.counts.get(&gather))
        else {
            return false;
        };
        let copies = self.graph.copies_of(step).iter().map(|copy| *copy as usize);
        let mine = copies.filter(|copy| self.graph.copies()[*copy].0 == gather);
        let n_lost = mine.filter(|copy| self.quorums.copies[*copy].n_lost == 0).count() as u32;
        count.n_done < need && n_copies - count.n_lost - n_lost < need
    }

    /// A step settled: the copies that it is a part of are counted.
    pub(super) fn count_copies(&mut self, step: StepId, state: StepState) {
        let is_done = state == StepState::Done && self.end_of_copy(step) == Some(Outcome::Done);
        // Parked by a cut it may still be done.
        let is_lost = match state {
            StepState::Parked => {
                self.steps[step.index()].is_spare || mutants::is(Mutant::QuorumPendingIsLost)
            }
            StepState::Skipped {
                because:
                    SkipReason::Interrupted
                    | SkipReason::LeftOut
                    | SkipReason::Dependency { outcome: Outcome::Pending | Outcome::LeftOut, .. },
            } => false,
            StepState::Failed { .. } | StepState::Unknown | StepState::Skipped { .. } => true,
            _ => false,
        };
        let is_newly_lost = is_lost && !std::mem::replace(&mut self.steps[step.index()].is_lost, true);
        for index in 0..self.graph.copies_of(step).len() {
            let copy = self.graph.copies_of(step)[index] as usize;
            let (gather, _) = self.graph.copies()[copy];
            let before = self.reach(gather);
            let record = &mut self.quorums.copies[copy];
            let count = self.quorums.counts.entry(gather).or_default();
            if is_done && record.n_left > 0 {
                record.n_left -= 1;
                count.n_done += u32::from(record.n_left == 0);
            } else if is_newly_lost {
                record.n_lost += 1;
                count.n_lost += u32::from(record.n_lost == 1);
            }
            let reach = self.reach(gather);
            if reach != before {
                self.decide_spares(gather, reach);
            }
            self.work.push_back(Work::Check(gather));
        }
    }

    /// What was spared is kept for later, or was in vain.
    fn decide_spares(&mut self, gather: StepId, reach: Reach) {
        let spares = std::mem::take(&mut self.quorums.spares);
        let (mine, others): (Vec<_>, Vec<_>) = spares.into_iter().partition(|(_, of)| *of == gather);
        self.quorums.spares = others;
        for (step, _) in mine {
            if self.state(step) != StepState::Parked {
                continue;
            }
            if reach == Reach::Missed {
                self.transition(step, StepState::Failed { outcome: Outcome::Unavailable });
            } else {
                self.steps[step.index()].is_parked_for_good = true;
                self.work.push_back(Work::Tell(step));
            }
        }
    }

    /// Spared copies of which it is not known yet whether others make up for them.
    pub(super) fn open_spares(&self) -> impl Iterator<Item = StepId> + '_ {
        let spares = self.quorums.spares.iter().map(|(step, _)| *step);
        spares.filter(|step| {
            self.state(*step) == StepState::Parked && !self.steps[step.index()].is_parked_for_good
        })
    }

    /// Nothing runs any more: what was spared stays parked in this run. True if there was any.
    pub(super) fn end_spares(&mut self) -> bool {
        let mut is_any = false;
        // A wave that is held back now may still put the quorum out of reach.
        for (step, _) in self.quorums.spares.clone() {
            if self.state(step) != StepState::Parked {
                continue;
            }
            is_any |= !std::mem::replace(&mut self.steps[step.index()].is_parked_for_good, true);
            self.work.push_back(Work::Tell(step));
        }
        is_any
    }

    /// Enough copies; or one that must not be passed over, too few, or some that wait for their sites.
    pub(super) fn resolve_quorum(&mut self, gather: StepId) {
        let because =
            |step, outcome| StepState::Skipped { because: SkipReason::Dependency { step, outcome } };
        let state = match (self.reach(gather), self.worst_copy(gather)) {
            (Reach::Reached, _) => StepState::Done,
            (_, Some((step, outcome))) => because(step, outcome),
            (Reach::Missed, None) => StepState::Failed { outcome: Outcome::Unavailable },
            (Reach::Open, None) => {
                let parts = || self.graph.parts(gather).iter().copied();
                let waits = parts().find(|part| self.state(*part) == StepState::Parked);
                // Of those that were asked for none is short: it is for what nobody asked for.
                let is_asked = |part: &StepId| self.state(*part).outcome() > Some(Outcome::LeftOut);
                let left_out = parts().find(|part| self.state(*part).outcome() == Some(Outcome::LeftOut));
                match (waits.or_else(|| parts().find(is_asked)), left_out) {
                    (None, Some(part)) => because(part, Outcome::LeftOut),
                    (waits, _) => because(waits.unwrap_or(gather), Outcome::Pending),
                }
            }
        };
        self.transition(gather, state);
    }

    /// The copy that is *unknown* or *invalid*, of several the worst: no matter of counting.
    fn worst_copy(&self, gather: StepId) -> Option<(StepId, Outcome)> {
        if mutants::is(Mutant::QuorumPassesInvalid) {
            return None;
        }
        let ends = self.graph.ends_of_copies(gather).iter();
        let ends = ends.filter_map(|end| Some((*end, self.end_of_copy(*end)?)));
        let worse = ends.filter(|(_, outcome)| *outcome > Outcome::Unavailable);
        worse.max_by_key(|(end, outcome)| (*outcome, std::cmp::Reverse(*end)))
    }

    /// How a copy ended: an alternative that holds may have parts that wait.
    fn end_of_copy(&self, end: StepId) -> Option<Outcome> {
        match self.graph.work(end) {
            StepWork::Choose(choice) => self.choices[choice.index()].outcome(),
            StepWork::AtSite | StepWork::Gather | StepWork::Gate(_) => None,
        }
        .max(self.state(end).outcome())
    }

    /// What a step's end counts as for the whole run: a copy alone is no failure, and what only serves others is told by them.
    pub(super) fn outcome_in_whole(&self, step: StepId) -> Outcome {
        let is_copy = || {
            let gathers = self.graph.gathers_of(step);
            gathers.is_some_and(|all| all.is_empty() || all.iter().any(|gather| self.is_live(*gather)))
        };
        match self.state(step).outcome().unwrap_or(Outcome::Pending) {
            _ if self.graph.serves(step) && !mutants::is(Mutant::HelperFailsAll) => Outcome::Done,
            Outcome::Unavailable if is_copy() && !mutants::is(Mutant::QuorumCopyFailsAll) => Outcome::Pending,
            outcome => outcome,
        }
    }
}
