//! Sites that do not answer: what may be queued is parked, and tried again when its service is heard from.
//!
//! A lane is a service at a site: what is cut off together. `parked(base at paris)`, then another success of that service
//! → `base` is ready again.

use scope_plan::plan::{SiteId, StepId};

use super::graph::{Lane, OnCut};
use super::mutants::{self, Mutant};
use super::queue::Job;
use super::{Command, Outcome, Schedule, SkipReason, StepState};

/// A service at a site: what is cut off together.
#[derive(Debug, Default)]
pub(super) struct LaneRecord {
    /// A step there was cut off, and none succeeded since: others are tried, but only once.
    pub(super) is_down: bool,
    pub(super) parked: Vec<StepId>,
}

/// A step whose site goes up and down is made ready again at most so often in one run.
const MOST_WAKES: u8 = 3;

/// How an attempt ended badly; see [`super::Event::Failed`].
pub(super) struct Failed {
    pub(super) outcome: Outcome,
    pub(super) is_cut_off: bool,
    pub(super) is_held: bool,
    pub(super) is_overdue: bool,
    pub(super) is_retryable: bool,
}

impl Schedule {
    /// An attempt ended badly: another one, or the end.
    pub(super) fn fail(&mut self, step: StepId, attempt: u32, failed: Failed) {
        let Failed { outcome, is_cut_off, is_held, is_overdue, is_retryable } = failed;
        if !is_cut_off {
            self.hear_from(step);
        }
        let is_known_down = is_cut_off && self.is_down(step);
        let n_tries = if mutants::is(Mutant::RetriesUnbounded) { 9 } else { self.graph.tries(step) };
        let has_tries_left = attempt < n_tries && !self.is_interrupted && !is_known_down;
        let is_retryable = (is_retryable && !mutants::is(Mutant::RetryForgotten))
            || (outcome == Outcome::Unknown && mutants::is(Mutant::RetriedNone));
        if is_retryable && has_tries_left {
            self.transition(step, StepState::Retrying { attempt });
            let after_ms = self.graph.backoff_ms(step).saturating_mul(1 << (attempt - 1).min(20));
            self.commands.push(Command::SetTimer { step, attempt, after_ms });
            return;
        }
        let on_cut = match self.graph.on_cut(step) {
            OnCut::Queue if mutants::is(Mutant::QueueIgnored) => OnCut::Fail,
            OnCut::Skip if mutants::is(Mutant::SkipIgnored) => OnCut::Fail,
            OnCut::Fail if mutants::is(Mutant::QueuedAnyway) => OnCut::Queue,
            on_cut => on_cut,
        };
        let state = match (outcome, on_cut) {
            // However long it has waited: a hold makes no failure.
            (Outcome::Unavailable, OnCut::Queue) if is_cut_off && (!is_overdue || is_held) => {
                StepState::Parked
            }
            (Outcome::Unavailable, OnCut::Skip) if is_cut_off => {
                StepState::Skipped { because: SkipReason::Unreachable }
            }
            // Nobody waits for it, and there is nowhere else to go: what an operator holds is no failure.
            (Outcome::Unavailable, OnCut::Fail) if is_held && !self.has_other_way(step) => {
                StepState::Skipped { because: SkipReason::LeftOut }
            }
            (Outcome::Unknown, _) => StepState::Unknown,
            (outcome, _) => StepState::Failed { outcome },
        };
        if is_cut_off {
            self.lane_of(step).is_down = true;
        }
        if state == (StepState::Failed { outcome: Outcome::Unavailable }) && self.is_spared(step, is_cut_off)
        {
            return;
        }
        self.transition(step, state);
    }

    pub(super) fn lane_of(&mut self, step: StepId) -> &mut LaneRecord {
        let Lane(lane) = self.graph.lane(step);
        &mut self.lanes[lane as usize]
    }

    fn is_down(&mut self, step: StepId) -> bool {
        self.is_site_down[self.graph.site(step).index()] || self.lane_of(step).is_down
    }

    /// The step's service answered: what waits for it is tried again.
    pub(super) fn hear_from(&mut self, step: StepId) {
        if std::mem::take(&mut self.lane_of(step).is_down) && !mutants::is(Mutant::WakeForgotten) {
            let Lane(lane) = self.graph.lane(step);
            self.wake(lane as usize);
        }
    }

    fn wake(&mut self, lane: usize) {
        for step in std::mem::take(&mut self.lanes[lane].parked) {
            let record = &mut self.steps[step.index()];
            let may_wake = record.state == StepState::Parked && record.n_wakes < MOST_WAKES;
            if may_wake && !self.is_interrupted {
                record.n_wakes += 1;
                self.hope_again(step);
                self.make_ready(step);
            } else if self.state(step) == StepState::Parked {
                self.lanes[lane].parked.push(step);
            }
        }
    }

    /// Whether it waits for a site that is known to be down, without being tried.
    pub(super) fn waits_untried(&self, step: StepId) -> bool {
        self.graph.on_cut(step) == OnCut::Queue && !self.steps[step.index()].is_done_before
    }

    pub(super) fn park_ready_steps(&mut self, site: SiteId) {
        self.is_site_down[site.index()] = true;
        for job in self.queue.drain(site) {
            match job {
                Job::Step(step) if self.state(step) == StepState::Ready => {
                    if self.waits_untried(step) {
                        self.transition(step, StepState::Parked);
                    } else {
                        self.queue.push(site, self.graph.priority(step), job);
                    }
                }
                Job::Step(_) => {}
                Job::Undo(_) => self.queue.push(site, u64::MAX, job),
            }
        }
    }

    pub(super) fn wake_site(&mut self, site: SiteId) {
        self.is_site_down[site.index()] = false;
        for Lane(lane) in self.graph.lanes_of(site).to_vec() {
            self.lanes[lane as usize].is_down = false;
            self.wake(lane as usize);
        }
    }
}
