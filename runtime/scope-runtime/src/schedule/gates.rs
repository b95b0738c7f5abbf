//! Rollouts: the next wave begins when the one before has ended and not too much of it failed.
//!
//! `lille: done` → the gate is started: the runner waits the soak time → `paris` is ready. `lille: failed` → the gate fails,
//! and what waits for it is held back.

use std::collections::BTreeSet;

use scope_plan::plan::{SiteId, StepId};

use super::mutants::{self, Mutant};
use super::{Command, Outcome, Schedule, SkipReason, StepState};

impl Schedule {
    /// All of a wave has ended.
    pub(super) fn resolve_gate(&mut self, gate: StepId, rollout: usize) {
        let ends = |schedule: &Self| -> Vec<(StepId, Outcome)> {
            let parts = schedule.graph.parts(gate).iter();
            // That other copies may make up for one that failed does not make it a good sign.
            let outcome = |part| match schedule.is_spare(part) {
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
}
