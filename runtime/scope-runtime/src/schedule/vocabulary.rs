//! The scheduler's words: what it is told, what it answers, and the states of a step.
//!
//! In: [`Event`]s. Out: [`Command`]s. `Succeeded(look-up, 1)` → `Settled(look-up, Done)`, `Start(server, 1)`.

use std::collections::BTreeSet;

use scope_plan::plan::{ChoiceId, SiteId, StepId};

use crate::events::{Outcome, SkipReason};
use crate::report::Verdict;

/// How to schedule.
#[derive(Clone, Debug)]
pub struct ScheduleOptions {
    /// At most so many jobs at once over all sites.
    pub concurrency: usize,
    /// The gates of rollouts are open: nothing is done, only looked at.
    pub are_gates_open: bool,
    /// Sites of which nothing is asked in this run: what is to be done there is left out, and what needs it.
    pub left_out: BTreeSet<SiteId>,
    /// Steps that an earlier run may have done, which only their sites can tell: one that cannot be begun is not unavailable, but
    /// unknown.
    pub open: BTreeSet<StepId>,
    /// Steps that an earlier run has done, unless they are given something else now: their sites are perhaps not asked. They
    /// are begun also where a site is known not to answer.
    pub done: BTreeSet<StepId>,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            concurrency: 512,
            are_gates_open: false,
            left_out: BTreeSet::new(),
            open: BTreeSet::new(),
            done: BTreeSet::new(),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The run begins. Once, before all others.
    Started,
    /// An attempt ended well.
    Succeeded {
        /// Whose.
        step: StepId,
        /// Which.
        attempt: u32,
        /// What it left at the site.
        touched: Touched,
    },
    /// An attempt ended badly.
    Failed {
        /// Whose.
        step: StepId,
        /// Which.
        attempt: u32,
        /// [`Outcome::Unavailable`], [`Outcome::Unknown`] or [`Outcome::Invalid`].
        outcome: Outcome,
        /// The site did not answer at all: `on_unreachable` decides.
        is_cut_off: bool,
        /// It is an operator who has its site left alone: where that is no cut to wait for, nor one to go on elsewhere, nothing
        /// was asked for.
        is_held: bool,
        /// It has waited for its site as long as it may (`queue for d`): it is not parked again.
        is_overdue: bool,
        /// Another attempt is safe, may help, and there is time for it.
        is_retryable: bool,
        /// What it left at the site.
        touched: Touched,
    },
    /// An attempt was given up because of [`Event::Interrupted`].
    Stopped {
        /// Whose.
        step: StepId,
        /// Which.
        attempt: u32,
        /// What it left at the site.
        touched: Touched,
    },
    /// The pause after an attempt is over.
    TimerFired {
        /// Whose.
        step: StepId,
        /// The attempt that failed.
        attempt: u32,
    },
    /// A site is known not to answer: what may be queued is, without being tried.
    SiteDown {
        /// Which.
        site: SiteId,
    },
    /// A site answers again: what is parked there is tried.
    SiteUp {
        /// Which.
        site: SiteId,
    },
    /// What a step had created is gone.
    UndoDone {
        /// Whose.
        step: StepId,
    },
    /// It could not be deleted: the undo is owed.
    UndoFailed {
        /// Whose.
        step: StepId,
    },
    /// The user wants to stop: nothing more is started, what runs is awaited.
    Interrupted,
}

/// What an attempt left at its site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// Nothing that was not there before.
    #[default]
    Nothing,
    /// A resource that was there before is not as it was.
    Changed,
    /// The answer was lost: perhaps a new resource.
    Maybe,
    /// A new resource.
    Created,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Make this attempt; answer with [`Event::Succeeded`], [`Event::Failed`] or [`Event::Stopped`].
    Start {
        /// Of which step.
        step: StepId,
        /// From 1.
        attempt: u32,
    },
    /// Answer with [`Event::TimerFired`] after this pause (to which jitter may be added).
    SetTimer {
        /// For which step.
        step: StepId,
        /// The attempt that failed.
        attempt: u32,
        /// In milliseconds.
        after_ms: u64,
    },
    /// Delete what the step created; answer with [`Event::UndoDone`] or [`Event::UndoFailed`].
    Undo {
        /// Of which step.
        step: StepId,
    },
    /// The step is in this state now, for good unless it is [`StepState::Parked`]. Comes before what builds on it.
    Settled {
        /// Which.
        step: StepId,
        /// How.
        state: StepState,
    },
    /// An arm is being tried.
    TryArm {
        /// Of which choice.
        choice: ChoiceId,
        /// Which.
        arm: u32,
    },
    /// An arm holds: remember it for the next run.
    RecordChoice {
        /// Of which choice.
        choice: ChoiceId,
        /// Which.
        arm: u32,
    },
    /// Nothing is left to do. The last command; never [`Verdict::NothingToDo`], which only effects can tell.
    Finish {
        /// How it ended.
        verdict: Verdict,
    },
}

/// Where a step is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Something it needs has not settled, or no arm it belongs to is being tried.
    Waiting,
    /// All it needs is there and an arm it belongs to (if any) is being tried; it waits for a place at its site.
    Ready,
    /// An attempt is under way and has a place at its site.
    Running {
        /// From 1.
        attempt: u32,
    },
    /// An attempt failed; the next one follows after a pause.
    Retrying {
        /// The one that failed.
        attempt: u32,
    },
    /// Its site did not answer, and it may be queued. Made ready again if the site answers while the run goes on.
    Parked,
    /// Ended well.
    Done,
    /// Ended badly: [`Outcome::Unavailable`] or [`Outcome::Invalid`].
    Failed {
        /// Which of the two.
        outcome: Outcome,
    },
    /// Sent, answer lost, repeat not safe.
    Unknown,
    /// Not done.
    Skipped {
        /// Why not.
        because: SkipReason,
    },
}

impl StepState {
    /// What it counts as for R4; `None` while it is not settled.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            StepState::Waiting
            | StepState::Ready
            | StepState::Running { .. }
            | StepState::Retrying { .. } => None,
            StepState::Done => Some(Outcome::Done),
            StepState::Parked => Some(Outcome::Pending),
            StepState::Failed { outcome } => Some(outcome),
            StepState::Unknown => Some(Outcome::Unknown),
            StepState::Skipped { because } => Some(match because {
                SkipReason::Dependency { outcome, .. } => outcome,
                // What the program allows to leave out makes nothing worse.
                SkipReason::NotChosen | SkipReason::Unreachable => Outcome::Done,
                SkipReason::LeftOut => Outcome::LeftOut,
                SkipReason::Interrupted => Outcome::Pending,
            }),
        }
    }
}
