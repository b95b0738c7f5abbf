//! Rollouts: the next wave begins when the one before has ended and not too much of it failed.
//!
//! `lille: done` → the gate is started: the runner waits the soak time → `paris` is ready. `lille: failed` → the gate fails,
//! and what waits for it is held back.

use std::collections::BTreeSet;

use scope_plan::plan::{SiteId, StepId};

use super::graph::Work;
use super::mutants::{self, Mutant};
use super::{Command, Outcome, Schedule, SkipReason, StepState};

impl Schedule {
    /// All of a wave has ended, but for what comes after copies that others may make up for.
    pub(super) fn resolve_gate(&mut self, gate: StepId, rollout: usize) {
        let ends = |schedule: &Self| -> Vec<(StepId, Outcome)> {
            let parts = schedule.graph.parts(gate).iter();
            // That other copies may make up for one that failed does not make it a good sign, nor what comes after it.
            let outcome = |part| match schedule.is_spare(part) || schedule.is_after_spare(part) {
                true => Outcome::Unavailable,
                false => schedule.state(part).outcome().unwrap_or(Outcome::Pending),
            };
            parts.map(|part| (*part, outcome(*part))).collect()
        };
        if self.are_gates_open || mutants::is(Mutant::WaveIgnoresFailures) {
            return self.transition(gate, StepState::Done);
        }
        // A gate that is not come to, since the one before it holds back, says nothing of its own.
        if let Some(closed) = self.closed_gates[rollout] {
            let because = SkipReason::Dependency { step: closed, outcome: Outcome::Unavailable };
            return self.transition(gate, StepState::Skipped { because });
        }
        let ends = ends(self);
        // A site at which one thing fails, and so the next one that needs it, is one failure.
        let failed = ends.iter().filter(|(_, end)| *end > Outcome::Pending);
        let failed: BTreeSet<SiteId> = failed.map(|(step, _)| self.graph.site(*step)).collect();
        self.n_failed[rollout] += failed.len() as u32;
        if self.n_failed[rollout] >= self.graph.stop_after()[rollout] {
            self.closed_gates[rollout] = Some(gate);
            return self.transition(gate, StepState::Failed { outcome: Outcome::Unavailable });
        }
        // A wave of which all that there is waits for its sites proves nothing.
        let is_any_done = ends.iter().any(|(_, end)| *end == Outcome::Done);
        let waits = ends.iter().find(|(_, end)| *end == Outcome::Pending);
        if let Some((step, outcome)) = waits.filter(|_| !is_any_done) {
            let because = SkipReason::Dependency { step: *step, outcome: *outcome };
            return self.transition(gate, StepState::Skipped { because });
        }
        if self.is_interrupted {
            return;
        }
        self.transition(gate, StepState::Ready);
        self.transition(gate, StepState::Running { attempt: 1 });
        self.commands.push(Command::Start { step: gate, attempt: 1 });
    }

    /// Nothing runs any more. Where all that a wave still waits for comes after copies that others may make up for, it is for
    /// the next waves to do so: whether it is made later, or failed with its copy, is known when these have ended. True if
    /// there is such a wave.
    pub(super) fn pass_spared(&mut self) -> bool {
        if mutants::is(Mutant::SpareHoldsUpWave) {
            return false;
        }
        let waits = self.waits_for_spares();
        let is_met = |step: StepId| self.steps[step.index()].is_end_told || waits.contains(&step);
        let reached = waits.iter().flat_map(|step| self.graph.out_edges(*step)).map(|edge| edge.step);
        let gates: BTreeSet<StepId> = reached
            .filter(|step| matches!(self.graph.work(*step), Work::Gate(_)))
            .filter(|gate| self.state(*gate) == StepState::Waiting)
            .filter(|gate| self.graph.in_edges(*gate).iter().all(|edge| is_met(edge.step)))
            .collect();
        for gate in &gates {
            if let Work::Gate(rollout) = self.graph.work(*gate) {
                self.resolve_gate(*gate, rollout);
            }
        }
        !gates.is_empty()
    }

    /// Copies that others may still make up for, and what waits for nothing but these.
    fn waits_for_spares(&self) -> BTreeSet<StepId> {
        let mut waits: BTreeSet<StepId> = self.open_spares().collect();
        let mut open: Vec<StepId> = waits.iter().copied().collect();
        while let Some(step) = open.pop() {
            for next in self.graph.out_edges(step).iter().map(|edge| edge.step) {
                let is_met = |step: StepId| self.steps[step.index()].is_end_told || waits.contains(&step);
                if self.state(next) == StepState::Waiting
                    && !matches!(self.graph.work(next), Work::Gate(_))
                    && self.graph.in_edges(next).iter().all(|edge| is_met(edge.step))
                    && waits.insert(next)
                {
                    open.push(next);
                }
            }
        }
        waits
    }

    /// Whether a step waits since it comes after a copy that was unavailable, and that others may make up for.
    fn is_after_spare(&self, step: StepId) -> bool {
        let waits = |step: StepId| {
            matches!(
                self.state(step),
                StepState::Waiting
                    | StepState::Skipped {
                        because: SkipReason::Dependency { outcome: Outcome::Pending, .. }
                    }
            )
        };
        let mut seen = BTreeSet::from([step]);
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            if !waits(step) {
                continue;
            }
            for before in self.graph.in_edges(step).iter().map(|edge| edge.step) {
                if self.is_spare(before) {
                    return true;
                }
                if seen.insert(before) {
                    open.push(before);
                }
            }
        }
        false
    }
}
