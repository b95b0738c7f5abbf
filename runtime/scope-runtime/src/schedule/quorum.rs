//! `quorum: n`: with n copies done the whole is, and what could not be done is kept for later; with too few left that can
//! still succeed, the whole is *unavailable*.
//!
//! Two of three are enough: `nantes: done`, `paris: refused` → paris is spared (parked) → `lille: done` → the `gather` is done.
//! `lille: refused` → paris and lille fail, the `gather` fails, and an alternative may be tried.

use std::collections::BTreeMap;

use scope_plan::plan::StepId;

use super::graph::Graph;
use super::{Outcome, Schedule, SkipReason, StepState, Work};

/// How far every quorum is.
#[derive(Debug)]
pub(super) struct Quorums {
    copies: Vec<Copy>,
    counts: BTreeMap<StepId, Count>,
    /// Parked steps that are not waiting for their site.
    spares: Vec<StepId>,
}

#[derive(Clone, Debug)]
struct Copy {
    /// Steps of it that are not done.
    n_left: u32,
    /// One of them cannot be any more.
    is_lost: bool,
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
        let copies = graph.copies().iter().map(|(_, n_steps)| Copy { n_left: *n_steps, is_lost: false });
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
        match (count.n_done >= need, n_copies - count.n_lost < need) {
            (true, _) => Reach::Reached,
            (false, true) => Reach::Missed,
            (false, false) => Reach::Open,
        }
    }

    /// Whether a `gather` need not wait for the rest of its copies.
    pub(super) fn is_quorum_decided(&self, gather: StepId) -> bool {
        self.reach(gather) != Reach::Open
    }

    /// A copy is unavailable: it is parked while others may be enough. True if it was.
    pub(super) fn is_spared(&mut self, step: StepId) -> bool {
        let Some(gather) = self.graph.quorum_of(step).filter(|_| !self.graph.copies_of(step).is_empty())
        else {
            return false;
        };
        if self.reach(gather) == Reach::Missed || self.is_last_hope(gather, step) {
            return false;
        }
        let is_reached = self.reach(gather) == Reach::Reached;
        let record = &mut self.steps[step.index()];
        record.is_spare = true;
        record.is_parked_for_good = is_reached;
        self.quorums.spares.push(step);
        self.transition(step, StepState::Parked);
        true
    }

    /// Whether the quorum is out of reach without the copies that a step is a part of.
    fn is_last_hope(&self, gather: StepId, step: StepId) -> bool {
        let (Some((need, n_copies)), Some(count)) =
            (self.graph.quorum(gather), self.quorums.counts.get(&gather))
        else {
            return false;
        };
        let copies = self.graph.copies_of(step).iter();
        let n_lost = copies.filter(|copy| !self.quorums.copies[**copy as usize].is_lost).count() as u32;
        count.n_done < need && n_copies - count.n_lost - n_lost < need
    }

    /// A step settled: the copies that it is a part of are counted.
    pub(super) fn count_copies(&mut self, step: StepId, state: StepState) {
        let is_done = state == StepState::Done;
        // Parked by a cut it may still be done.
        let is_lost = match state {
            StepState::Parked => self.steps[step.index()].is_spare,
            StepState::Skipped { because: SkipReason::Interrupted } => false,
            StepState::Failed { .. } | StepState::Unknown | StepState::Skipped { .. } => true,
            _ => false,
        };
        for index in 0..self.graph.copies_of(step).len() {
            let copy = self.graph.copies_of(step)[index] as usize;
            let (gather, _) = self.graph.copies()[copy];
            let before = self.reach(gather);
            let record = &mut self.quorums.copies[copy];
            let count = self.quorums.counts.entry(gather).or_default();
            if is_done && record.n_left > 0 {
                record.n_left -= 1;
                count.n_done += u32::from(record.n_left == 0);
            } else if is_lost && !std::mem::replace(&mut record.is_lost, true) {
                count.n_lost += 1;
            }
            let reach = self.reach(gather);
            if reach != before {
                self.decide_spares(gather, reach);
                self.work.push_back(Work::Check(gather));
            }
        }
    }

    /// What was spared is kept for later, or was in vain.
    fn decide_spares(&mut self, gather: StepId, reach: Reach) {
        let spares = std::mem::take(&mut self.quorums.spares);
        let (mine, others): (Vec<StepId>, Vec<StepId>) =
            spares.into_iter().partition(|step| self.graph.quorum_of(*step) == Some(gather));
        self.quorums.spares = others;
        for step in mine {
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

    /// Nothing runs any more: what was spared stays parked in this run. True if there was any.
    pub(super) fn end_spares(&mut self) -> bool {
        let spares = std::mem::take(&mut self.quorums.spares);
        let mut is_any = false;
        for step in spares {
            if self.state(step) != StepState::Parked {
                continue;
            }
            is_any |= !std::mem::replace(&mut self.steps[step.index()].is_parked_for_good, true);
            self.work.push_back(Work::Tell(step));
        }
        is_any
    }

    /// Enough copies, too few, or some that wait for their sites.
    pub(super) fn resolve_quorum(&mut self, gather: StepId) {
        let state = match self.reach(gather) {
            Reach::Reached => StepState::Done,
            Reach::Missed => StepState::Failed { outcome: Outcome::Unavailable },
            Reach::Open => {
                let mut parts = self.graph.parts(gather).iter().copied();
                let waits = parts.find(|part| self.state(*part) == StepState::Parked).unwrap_or(gather);
                let because = SkipReason::Dependency { step: waits, outcome: Outcome::Pending };
                StepState::Skipped { because }
            }
        };
        self.transition(gather, state);
    }

    /// What a step's end counts as for the whole run: a copy alone is no failure.
    pub(super) fn outcome_in_whole(&self, step: StepId) -> Outcome {
        match self.state(step).outcome().unwrap_or(Outcome::Pending) {
            Outcome::Unavailable if self.graph.quorum_of(step).is_some() => Outcome::Pending,
            outcome => outcome,
        }
    }
}
