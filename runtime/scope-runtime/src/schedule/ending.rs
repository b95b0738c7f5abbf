//! The end of a run: when nothing runs and nothing waits to run, what is left is settled and the verdict is given.
//!
//! Only parked steps left → those that need them are skipped as *pending* → `Finish(pending)`.

use scope_plan::plan::StepId;

use super::mutants::{self, Mutant};
use super::{Command, Outcome, Schedule, SkipReason, StepState, Verdict, Work};

impl Schedule {
    /// Nothing runs and nothing waits to run. True if there was something left to settle after all.
    pub(super) fn settle_what_is_left(&mut self) -> bool {
        if self.is_finished {
            return false;
        }
        if !self.is_interrupted {
            // Now it is certain for what is parked: it stays so in this run.
            let mut is_any = false;
            for lane in 0..self.lanes.len() {
                for step in std::mem::take(&mut self.lanes[lane].parked) {
                    if self.state(step) != StepState::Parked {
                        continue;
                    }
                    // Of a copy that others may make up for the others tell.
                    if self.is_spare(step) && !self.steps[step.index()].is_parked_for_good {
                        self.lanes[lane].parked.push(step);
                    } else {
                        self.steps[step.index()].is_parked_for_good = true;
                        self.work.push_back(Work::Tell(step));
                        is_any = true;
                    }
                }
            }
            if is_any || self.pass_spared() || self.end_spares() || self.undo_failed_groups() {
                return true;
            }
        }
        self.finish();
        false
    }

    fn finish(&mut self) {
        self.is_finished = true;
        let mut worst = Outcome::Done;
        for step in (0..self.steps.len() as u32).map(StepId) {
            match self.state(step) {
                // Only after an interruption; a verified plan leaves nothing waiting otherwise.
                StepState::Waiting | StepState::Ready | StepState::Retrying { .. } => {
                    let because =
                        if self.is_live(step) { SkipReason::Interrupted } else { SkipReason::NotChosen };
                    self.transition(step, StepState::Skipped { because });
                }
                StepState::Running { .. } => unreachable!("a run ends only when nothing runs"),
                _ => {}
            }
            if self.is_live(step) || mutants::is(Mutant::AbandonedCounts) {
                worst = worst.max(self.outcome_in_whole(step));
            }
        }
        self.work.clear();
        let verdict = match worst {
            // What was done by then is done.
            worst if self.is_interrupted && worst != Outcome::Done => Verdict::Interrupted,
            Outcome::Done | Outcome::LeftOut => Verdict::Done,
            Outcome::Pending if mutants::is(Mutant::PendingCountsAsDone) => Verdict::Done,
            Outcome::Pending => Verdict::Pending,
            Outcome::Unavailable | Outcome::Unknown | Outcome::Invalid => Verdict::Failed,
        };
        self.commands.push(Command::Finish { verdict });
    }

    pub(super) fn interrupt(&mut self) {
        if std::mem::replace(&mut self.is_interrupted, true) {
            return;
        }
        for step in (0..self.steps.len() as u32).map(StepId) {
            if matches!(self.state(step), StepState::Ready | StepState::Retrying { .. }) {
                self.transition(step, StepState::Skipped { because: SkipReason::Interrupted });
            }
        }
    }
}
