//! What may be done when: a pure state machine over a plan, without clock, threads or network.
//!
//! In comes what happened, out comes what to do next: `on(Succeeded(look-up)) → [Settled(look-up), Start(server, 1)]`.
//! The meaning of `&`, `|`, parking and undoing (R4, R5, "When the network is cut") is here and nowhere else. Of a whole
//! run it costs O((steps + edges) log steps): nothing is scanned per event.
//!
//! A step's life; each arrow is one call of [`Schedule::transition`], which refuses every other one:
//!
//! ```text
//!           ┌──────────────────────────► Skipped ◄─────────────────┐
//!           │             ┌─────────────────┘▲ ▲                    │
//! Waiting ──┴─► Ready ────┴──► Running ──────┘ └─ Retrying ──► Ready │
//!    │            │               ├──► Done · Failed · Unknown       │
//!    │            ▼               ├──► Retrying                      │
//!    │          Parked ◄──────────┘                                  │
//!    │            └──► Ready (its site is back) · Skipped ───────────┘
//!    └──► Done · Failed (`choose` and `gather`, which are done here)
//! ```

mod choices;
mod graph;
mod queue;
mod undo;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use scope_plan::plan::{ChoiceId, Plan, SiteId, StepId};

use crate::events::{Outcome, SkipReason};
use crate::report::Verdict;
use choices::{ArmRecord, ChoiceRecord};
use graph::{Arm, Graph, Lane, Need, OnCut, Work as StepWork};
use queue::{Job, ReadyQueue};
use undo::Batch;

pub use undo::UndoState;

/// How to schedule.
#[derive(Clone, Copy, Debug)]
pub struct ScheduleOptions {
    /// At most so many jobs at once over all sites.
    pub concurrency: usize,
    /// Try every `|` from the left, whatever was recorded.
    pub reconsider: bool,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self { concurrency: 512, reconsider: false }
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
                SkipReason::Interrupted => Outcome::Pending,
            }),
        }
    }
}

/// The state machine.
#[derive(Debug)]
pub struct Schedule {
    graph: Graph,
    steps: Vec<StepRecord>,
    arms: Vec<ArmRecord>,
    choices: Vec<ChoiceRecord>,
    lanes: Vec<LaneRecord>,
    is_site_down: Vec<bool>,
    queue: ReadyQueue,
    batches: Vec<Batch>,
    n_ready: usize,
    n_running: usize,
    n_retrying: usize,
    n_undoing: usize,
    /// Consequences not yet drawn; drained before [`Schedule::on`] returns.
    work: VecDeque<Work>,
    commands: Vec<Command>,
    is_started: bool,
    is_interrupted: bool,
    is_finished: bool,
}

/// A consequence to be drawn.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Something changed for a waiting step: is it ready, or skipped?
    Check(StepId),
    /// A step settled: tell those that wait for it.
    Tell(StepId),
    /// All parts of an arm settled.
    EndArm(Arm),
    /// A choice may begin.
    StartChoice(ChoiceId),
    /// What an arm created is undone: the next one.
    NextArm(ChoiceId),
}

#[derive(Debug)]
struct StepRecord {
    state: StepState,
    /// Attempts begun.
    attempt: u32,
    /// What all attempts together left at the site.
    touched: Touched,
    /// In-edges (and, for `choose`, the decision) not yet settled.
    n_waits: u32,
    /// The worst of what it needs and did not get; ties go to the smallest step.
    blocked: Option<(Blocked, StepId)>,
    /// Arms it belongs to that are not abandoned and may still hold.
    n_live: u32,
    /// Arms it belongs to that are (or were last) being tried.
    n_active: u32,
    /// How often it was made ready again by a site that came back.
    n_wakes: u8,
    /// Parked for the rest of this run.
    is_parked_for_good: bool,
    /// Those that wait for it to settle in any way were told.
    is_settle_told: bool,
    /// Those that wait for it to end well, and its arms, were told.
    is_end_told: bool,
    undo: undo::UndoRecord,
}

/// Why a step cannot be done, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Blocked {
    NotChosen,
    Outcome(Outcome),
}

/// A service at a site: what is cut off together.
#[derive(Debug, Default)]
struct LaneRecord {
    /// A step there was cut off, and none succeeded since: others are tried, but only once.
    is_down: bool,
    parked: Vec<StepId>,
}

/// A step whose site goes up and down is made ready again at most so often in one run.
const MOST_WAKES: u8 = 3;

impl Schedule {
    /// Before the first event. The plan must be verified: no circles, ids that exist.
    pub fn new(plan: &Plan, options: ScheduleOptions) -> Self {
        let graph = Graph::new(plan);
        let steps = plan.steps.iter().map(|step| {
            let n_guards = graph.guards(step.id).len() as u32;
            let decision = u32::from(matches!(graph.work(step.id), StepWork::Choose(..)));
            StepRecord {
                state: StepState::Waiting,
                attempt: 0,
                touched: Touched::Nothing,
                n_waits: graph.n_needs(step.id) + decision,
                blocked: None,
                n_live: n_guards,
                n_active: 0,
                n_wakes: 0,
                is_parked_for_good: false,
                is_settle_told: false,
                is_end_told: false,
                undo: undo::UndoRecord::default(),
            }
        });
        let limits = plan.sites.iter().map(|site| site.concurrency.max(1) as usize);
        Self {
            steps: steps.collect(),
            arms: choices::arm_records(&graph),
            choices: choices::choice_records(plan, &graph, options.reconsider),
            lanes: (0..graph.n_lanes()).map(|_| LaneRecord::default()).collect(),
            is_site_down: vec![false; plan.sites.len()],
            queue: ReadyQueue::new(limits, options.concurrency.max(1)),
            batches: Vec::new(),
            n_ready: 0,
            n_running: 0,
            n_retrying: 0,
            n_undoing: 0,
            work: VecDeque::new(),
            commands: Vec::new(),
            is_started: false,
            is_interrupted: false,
            is_finished: false,
            graph,
        }
    }

    /// Takes note of an event and gives what is to be done about it, in this order. Events that are about something past
    /// (late answers of an old attempt, timers of a step that is not waiting any more) change nothing.
    pub fn on(&mut self, event: Event) -> Vec<Command> {
        if !self.is_finished {
            self.take(event);
            self.draw_consequences();
        }
        std::mem::take(&mut self.commands)
    }

    /// Where a step is.
    pub fn state(&self, step: StepId) -> StepState {
        self.steps[step.index()].state
    }

    /// What became of what it created.
    pub fn undo_state(&self, step: StepId) -> UndoState {
        self.steps[step.index()].undo.state
    }

    /// Attempts begun.
    pub fn attempts(&self, step: StepId) -> u32 {
        self.steps[step.index()].attempt
    }

    /// The arm that holds, once one does.
    pub fn chosen(&self, choice: ChoiceId) -> Option<u32> {
        self.choices[choice.index()].chosen()
    }

    /// Whether a step counts: it belongs to no alternative, or to one that was not abandoned.
    pub fn is_live(&self, step: StepId) -> bool {
        self.graph.guards(step).is_empty() || self.steps[step.index()].n_live > 0
    }

    /// Whether [`Command::Finish`] was given.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Started => self.start(),
            Event::Succeeded { step, attempt, touched } => {
                if self.is_current(step, attempt) {
                    self.leave_site(step, touched);
                    self.hear_from(step);
                    self.transition(step, StepState::Done);
                }
            }
            Event::Failed { step, attempt, outcome, is_cut_off, is_retryable, touched } => {
                if self.is_current(step, attempt) {
                    self.leave_site(step, touched);
                    self.fail(step, attempt, outcome, is_cut_off, is_retryable);
                }
            }
            Event::Stopped { step, attempt, touched } => {
                if self.is_current(step, attempt) {
                    self.leave_site(step, touched);
                    self.transition(step, StepState::Skipped { because: SkipReason::Interrupted });
                }
            }
            Event::TimerFired { step, attempt } => {
                if self.state(step) == (StepState::Retrying { attempt }) {
                    self.make_ready(step);
                }
            }
            Event::SiteDown { site } => self.park_ready_steps(site),
            Event::SiteUp { site } => self.wake_site(site),
            Event::UndoDone { step } => self.end_undo(step, UndoState::Done),
            Event::UndoFailed { step } => self.end_undo(step, UndoState::Owed),
            Event::Interrupted => self.interrupt(),
        }
    }

    fn start(&mut self) {
        if std::mem::replace(&mut self.is_started, true) {
            return;
        }
        self.work.extend(self.graph.outermost_choices().map(Work::StartChoice));
        self.work.extend((0..self.steps.len() as u32).map(|step| Work::Check(StepId(step))));
    }

    fn is_current(&self, step: StepId, attempt: u32) -> bool {
        self.state(step) == (StepState::Running { attempt })
    }

    fn leave_site(&mut self, step: StepId, touched: Touched) {
        let record = &mut self.steps[step.index()];
        record.touched = record.touched.max(touched);
        self.queue.release(self.graph.site(step));
    }

    fn fail(&mut self, step: StepId, attempt: u32, outcome: Outcome, is_cut_off: bool, is_retryable: bool) {
        if !is_cut_off {
            self.hear_from(step);
        }
        let is_known_down = is_cut_off && self.is_down(step);
        let has_tries_left = attempt < self.graph.tries(step) && !self.is_interrupted && !is_known_down;
        if is_retryable && has_tries_left {
            self.transition(step, StepState::Retrying { attempt });
            let after_ms = self.graph.backoff_ms(step).saturating_mul(1 << (attempt - 1).min(20));
            self.commands.push(Command::SetTimer { step, attempt, after_ms });
            return;
        }
        let state = match (outcome, self.graph.on_cut(step)) {
            (Outcome::Unavailable, OnCut::Queue) if is_cut_off => StepState::Parked,
            (Outcome::Unavailable, OnCut::Skip) if is_cut_off => {
                StepState::Skipped { because: SkipReason::Unreachable }
            }
            (Outcome::Unknown, _) => StepState::Unknown,
            (outcome, _) => StepState::Failed { outcome },
        };
        if is_cut_off {
            self.lane_of(step).is_down = true;
        }
        self.transition(step, state);
    }

    /// The only place where a step's state changes. Preconditions are those of the picture above.
    fn transition(&mut self, step: StepId, to: StepState) {
        use StepState::{Done, Failed, Parked, Ready, Retrying, Running, Skipped, Unknown, Waiting};
        let from = self.state(step);
        match (from, to) {
            (Waiting, Ready | Done | Failed { .. } | Skipped { .. }) => {}
            (Ready, Running { .. } | Parked | Skipped { .. }) => self.n_ready -= 1,
            (Running { .. }, Done | Failed { .. } | Unknown | Retrying { .. } | Parked | Skipped { .. }) => {
                self.n_running -= 1;
            }
            (Retrying { .. }, Ready | Skipped { .. }) => self.n_retrying -= 1,
            (Parked, Ready | Skipped { .. }) => {}
            (from, to) => unreachable!("step {} cannot go from {from:?} to {to:?}", step.0),
        }
        #[cfg(test)]
        tests::seen(from, to);
        let record = &mut self.steps[step.index()];
        record.state = to;
        match to {
            Ready => self.n_ready += 1,
            Running { attempt } => {
                record.attempt = attempt;
                self.n_running += 1;
            }
            Retrying { .. } => self.n_retrying += 1,
            Waiting => unreachable!("no step goes back to waiting"),
            Parked | Done | Failed { .. } | Unknown | Skipped { .. } => {
                if to == Parked {
                    self.lane_of(step).parked.push(step);
                }
                self.commands.push(Command::Settled { step, state: to });
                self.work.push_back(Work::Tell(step));
            }
        }
    }

    fn make_ready(&mut self, step: StepId) {
        self.transition(step, StepState::Ready);
        if self.is_site_down[self.graph.site(step).index()] && self.graph.on_cut(step) == OnCut::Queue {
            return self.transition(step, StepState::Parked);
        }
        self.queue.push(self.graph.site(step), self.graph.priority(step), Job::Step(step));
    }

    fn draw_consequences(&mut self) {
        loop {
            while let Some(work) = self.work.pop_front() {
                match work {
                    Work::Check(step) => self.check(step),
                    Work::Tell(step) => self.tell(step),
                    Work::EndArm(arm) => self.end_arm(arm),
                    Work::StartChoice(choice) => self.start_choice(choice),
                    Work::NextArm(choice) => self.try_next_arm(choice),
                }
            }
            self.start_jobs();
            let is_quiet = self.n_ready + self.n_running + self.n_retrying + self.n_undoing == 0;
            if !is_quiet || !self.is_started || !self.settle_what_is_left() {
                return;
            }
        }
    }

    fn start_jobs(&mut self) {
        while let Some((site, job)) = self.queue.next() {
            match job {
                // It may have been abandoned while it stood in the queue.
                Job::Step(step) if self.state(step) != StepState::Ready => self.queue.release(site),
                Job::Step(step) => {
                    let attempt = self.attempts(step) + 1;
                    self.transition(step, StepState::Running { attempt });
                    self.commands.push(Command::Start { step, attempt });
                }
                Job::Undo(step) => self.commands.push(Command::Undo { step }),
            }
        }
    }

    /// Is a waiting step ready, or is it clear that it will not be done?
    fn check(&mut self, step: StepId) {
        let record = &self.steps[step.index()];
        let is_wanted = record.n_active > 0 || self.graph.guards(step).is_empty();
        if record.state != StepState::Waiting || record.n_waits > 0 || !is_wanted {
            return;
        }
        if let Some((blocked, by)) = record.blocked {
            let because = match blocked {
                Blocked::NotChosen => SkipReason::NotChosen,
                Blocked::Outcome(outcome) => SkipReason::Dependency { step: by, outcome },
            };
            return self.transition(step, StepState::Skipped { because });
        }
        match self.graph.work(step) {
            StepWork::AtSite if self.is_interrupted => {}
            StepWork::AtSite => self.make_ready(step),
            StepWork::Choose(choice) => self.resolve_choose(step, choice),
            StepWork::Gather => self.resolve_gather(step),
        }
    }

    /// The arm that holds gives the result; no arm, no result.
    fn resolve_choose(&mut self, step: StepId, choice: ChoiceId) {
        let record = &self.choices[choice.index()];
        let state = match record.chosen() {
            None => match record.outcome() {
                // All alternatives together are what failed.
                None | Some(Outcome::Unavailable) => StepState::Failed { outcome: Outcome::Unavailable },
                // One of them stopped it.
                Some(outcome) => {
                    let step = record.worst_step().unwrap_or(step);
                    StepState::Skipped { because: SkipReason::Dependency { step, outcome } }
                }
            },
            Some(arm) => {
                let result = self.graph.result(step, arm);
                match self.state(result) {
                    StepState::Done => StepState::Done,
                    other => StepState::Skipped { because: inherited(result, other) },
                }
            }
        };
        self.transition(step, state);
    }

    /// The parts that are there; if there are none, what is worst about them.
    fn resolve_gather(&mut self, step: StepId) {
        let parts = self.graph.parts(step);
        let is_any_done = parts.iter().any(|part| self.state(*part) == StepState::Done);
        let worst = parts.iter().map(|part| (*part, self.state(*part))).max_by_key(|(part, state)| {
            (*state != StepState::Done, state.outcome(), std::cmp::Reverse(*part))
        });
        let state = match worst {
            Some((part, state)) if !is_any_done => StepState::Skipped { because: inherited(part, state) },
            _ => StepState::Done,
        };
        self.transition(step, state);
    }

    /// A step settled: those that wait for it, and the arms that it is in, take note.
    fn tell(&mut self, step: StepId) {
        let state = self.state(step);
        if matches!(state, StepState::Skipped { because: SkipReason::Interrupted }) {
            return;
        }
        let Some(outcome) = state.outcome() else { return };
        // A parked step may still be done: only at the end is it certain for those that need it.
        let record = &mut self.steps[step.index()];
        let is_certain = state != StepState::Parked || record.is_parked_for_good;
        let tells_settled = !std::mem::replace(&mut record.is_settle_told, true);
        let tells_end = is_certain && !record.is_end_told;
        record.is_end_told |= is_certain;
        let blocked = match state {
            StepState::Done => None,
            StepState::Skipped { because: SkipReason::NotChosen } => Some(Blocked::NotChosen),
            _ => Some(Blocked::Outcome(outcome)),
        };
        for edge in self.graph.out_edges(step) {
            let (tells, blocked) = match edge.need {
                Need::Settled => (tells_settled, None),
                Need::Done => (tells_end, blocked),
            };
            if tells {
                let waiting = &mut self.steps[edge.step.index()];
                waiting.n_waits -= 1;
                if let Some(blocked) = blocked {
                    let is_worse = waiting.blocked.is_none_or(|(known, by)| {
                        (blocked, std::cmp::Reverse(step)) > (known, std::cmp::Reverse(by))
                    });
                    if is_worse {
                        waiting.blocked = Some((blocked, step));
                    }
                }
                if waiting.n_waits == 0 {
                    self.work.push_back(Work::Check(edge.step));
                }
            }
        }
        if tells_end {
            self.tell_arms(step, outcome);
        }
        if !self.is_live(step) {
            self.undo_late(step);
        }
    }

    /// Nothing runs and nothing waits to run. True if there was something left to settle after all.
    fn settle_what_is_left(&mut self) -> bool {
        if self.is_finished {
            return false;
        }
        if !self.is_interrupted {
            // Now it is certain for what is parked: it stays so in this run.
            let mut is_any = false;
            for lane in 0..self.lanes.len() {
                for step in std::mem::take(&mut self.lanes[lane].parked) {
                    if self.state(step) == StepState::Parked {
                        self.steps[step.index()].is_parked_for_good = true;
                        self.work.push_back(Work::Tell(step));
                        is_any = true;
                    }
                }
            }
            if is_any || self.undo_failed_groups() {
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
            if self.is_live(step) {
                worst = worst.max(self.state(step).outcome().unwrap_or(Outcome::Pending));
            }
        }
        self.work.clear();
        let verdict = match worst {
            _ if self.is_interrupted => Verdict::Interrupted,
            Outcome::Done => Verdict::Done,
            Outcome::Pending => Verdict::Pending,
            Outcome::Unavailable | Outcome::Unknown | Outcome::Invalid => Verdict::Failed,
        };
        self.commands.push(Command::Finish { verdict });
    }

    fn interrupt(&mut self) {
        if std::mem::replace(&mut self.is_interrupted, true) {
            return;
        }
        for step in (0..self.steps.len() as u32).map(StepId) {
            if matches!(self.state(step), StepState::Ready | StepState::Retrying { .. }) {
                self.transition(step, StepState::Skipped { because: SkipReason::Interrupted });
            }
        }
    }

    fn lane_of(&mut self, step: StepId) -> &mut LaneRecord {
        let Lane(lane) = self.graph.lane(step);
        &mut self.lanes[lane as usize]
    }

    fn is_down(&mut self, step: StepId) -> bool {
        self.is_site_down[self.graph.site(step).index()] || self.lane_of(step).is_down
    }

    /// The step's service answered: what waits for it is tried again.
    fn hear_from(&mut self, step: StepId) {
        if std::mem::take(&mut self.lane_of(step).is_down) {
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
                self.make_ready(step);
            } else if self.state(step) == StepState::Parked {
                self.lanes[lane].parked.push(step);
            }
        }
    }

    fn park_ready_steps(&mut self, site: SiteId) {
        self.is_site_down[site.index()] = true;
        for job in self.queue.drain(site) {
            match job {
                Job::Step(step) if self.state(step) == StepState::Ready => {
                    if self.graph.on_cut(step) == OnCut::Queue {
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

    fn wake_site(&mut self, site: SiteId) {
        self.is_site_down[site.index()] = false;
        for Lane(lane) in self.graph.lanes_of(site).to_vec() {
            self.lanes[lane as usize].is_down = false;
            self.wake(lane as usize);
        }
    }
}

/// Why a step has no result whose result is that of another.
fn inherited(from: StepId, state: StepState) -> SkipReason {
    match state {
        StepState::Skipped { because: SkipReason::NotChosen } => SkipReason::NotChosen,
        other => {
            SkipReason::Dependency { step: from, outcome: other.outcome().unwrap_or(Outcome::Unavailable) }
        }
    }
}
