//! What may be done when: a pure state machine over a plan, without clock, threads or network.
//!
//! In comes what happened, out comes what to do next: `on(Succeeded(look-up)) → [Settled(look-up), Start(server, 1)]`.
//! The meaning of `&`, `|`, parking and undoing (R4, R5, "When the network is cut") is here and nowhere else. Of a whole
//! run it costs O((steps + edges) log steps): nothing is scanned per event.
//!
//! A step's life; each arrow is one call of `Schedule::transition`, which refuses every other one:
//!
//! ```text
//! Waiting   → Ready · Skipped · Done · Failed        (the last two: `choose` and `gather`, which are done here)
//! Ready     → Running · Parked · Skipped
//! Running   → Done · Failed · Unknown · Retrying · Parked · Skipped
//! Retrying  → Ready · Skipped
//! Parked    → Ready (its site is back) · Failed (its quorum is out of reach) · Skipped
//! ```

mod choices;
mod cuts;
mod ending;
mod gates;
mod graph;
pub(crate) mod mutants;
mod queue;
mod quorum;
mod settling;
mod undo;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use scope_plan::plan::{ChoiceId, Plan, SiteId, StepId};

use crate::events::{Outcome, SkipReason};
use crate::report::Verdict;
use choices::{ArmRecord, ChoiceRecord};
use cuts::{Failed, LaneRecord};
use graph::{Arm, Graph, Work as StepWork};
use mutants::Mutant;
use queue::{Job, ReadyQueue};
use undo::Batch;

pub use undo::UndoState;
pub use vocabulary::{Command, Event, ScheduleOptions, StepState, Touched};

/// The state machine.
#[derive(Debug)]
pub struct Schedule {
    graph: Graph,
    steps: Vec<StepRecord>,
    arms: Vec<ArmRecord>,
    choices: Vec<ChoiceRecord>,
    lanes: Vec<LaneRecord>,
    is_site_down: Vec<bool>,
    /// By site, whether nothing is asked of it in this run.
    is_left_out: Vec<bool>,
    queue: ReadyQueue,
    batches: Vec<Batch>,
    n_ready: usize,
    n_running: usize,
    n_retrying: usize,
    n_undoing: usize,
    /// By rollout, the failures of the waves that ended.
    n_failed: Vec<u32>,
    /// By rollout, the gate that holds back what comes after it.
    closed_gates: Vec<Option<StepId>>,
    quorums: quorum::Quorums,
    are_gates_open: bool,
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
    /// Parked because other copies may be enough; as a copy it is lost until it is tried again.
    is_spare: bool,
    /// It needs something that waits for the very site it is at.
    waits_for_its_site: bool,
    /// An earlier run may have done it, and its site was not asked yet.
    is_open: bool,
    /// An earlier run did it: its site is perhaps not asked.
    is_done_before: bool,
    /// It is counted as lost in the copies that it is a part of.
    is_lost: bool,
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

impl Schedule {
    /// Before the first event. The plan must be verified: no circles, ids that exist.
    pub fn new(plan: &Plan, options: ScheduleOptions) -> Self {
        let graph = Graph::new(plan);
        let steps = plan.steps.iter().map(|step| {
            let n_guards = graph.guards(step.id).len() as u32;
            StepRecord {
                state: StepState::Waiting,
                attempt: 0,
                touched: Touched::Nothing,
                n_waits: graph.n_needs(step.id) + graph.n_decisions(step.id),
                blocked: None,
                n_live: n_guards,
                n_active: 0,
                n_wakes: 0,
                is_parked_for_good: false,
                is_spare: false,
                waits_for_its_site: false,
                is_open: options.open.contains(&step.id),
                is_done_before: options.done.contains(&step.id),
                is_lost: false,
                is_settle_told: false,
                is_end_told: false,
                undo: undo::UndoRecord::default(),
            }
        });
        let limits = plan.sites.iter().map(|site| site.concurrency.max(1) as usize);
        Self {
            steps: steps.collect(),
            arms: choices::arm_records(&graph),
            choices: choices::choice_records(plan, &graph),
            lanes: (0..graph.n_lanes()).map(|_| LaneRecord::default()).collect(),
            is_site_down: vec![false; plan.sites.len()],
            is_left_out: (0..plan.sites.len() as u32)
                .map(|site| options.left_out.contains(&SiteId(site)))
                .collect(),
            queue: ReadyQueue::new(limits, options.concurrency.max(1)),
            batches: Vec::new(),
            n_ready: 0,
            n_running: 0,
            n_retrying: 0,
            n_undoing: 0,
            n_failed: vec![0; plan.rollouts.len()],
            closed_gates: vec![None; plan.rollouts.len()],
            quorums: quorum::Quorums::new(&graph),
            are_gates_open: options.are_gates_open,
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

    /// Whether nothing is asked of the step's site in this run.
    fn is_left_out(&self, step: StepId) -> bool {
        matches!(self.graph.work(step), StepWork::AtSite)
            && self.is_left_out[self.graph.site(step).index()]
            && !mutants::is(Mutant::LeftOutIsAsked)
    }

    /// The arm that holds, once one does.
    pub fn chosen(&self, choice: ChoiceId) -> Option<u32> {
        self.choices[choice.index()].chosen()
    }

    /// The arm that held once, though the alternative that the whole choice stands in may be given up since.
    pub fn held(&self, choice: ChoiceId) -> Option<u32> {
        self.choices[choice.index()].held
    }

    /// Whether a choice stays as it was: a part of the alternative that comes first was left out.
    pub fn is_left_open(&self, choice: ChoiceId) -> bool {
        self.choices[choice.index()].outcome() == Some(Outcome::LeftOut)
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
            Event::Failed {
                step,
                attempt,
                outcome,
                is_cut_off,
                is_held,
                is_overdue,
                is_retryable,
                touched,
            } => {
                if self.is_current(step, attempt) {
                    self.leave_site(step, touched);
                    self.fail(
                        step,
                        attempt,
                        Failed { outcome, is_cut_off, is_held, is_overdue, is_retryable },
                    );
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
        let is_any = mutants::is(Mutant::LateAnswerTaken);
        matches!(self.state(step), StepState::Running { attempt: now } if now == attempt || is_any)
    }

    fn leave_site(&mut self, step: StepId, touched: Touched) {
        let record = &mut self.steps[step.index()];
        record.touched = record.touched.max(touched);
        // A gate waits at no site, and took no place.
        if !matches!(self.graph.work(step), StepWork::Gate(_)) {
            self.queue.release(self.graph.site(step));
        }
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
            (Parked, Ready | Failed { .. } | Skipped { .. }) => {}
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
                if to == Parked && !self.steps[step.index()].is_spare {
                    self.lane_of(step).parked.push(step);
                }
                self.commands.push(Command::Settled { step, state: to });
                self.work.push_back(Work::Tell(step));
            }
        }
    }

    fn make_ready(&mut self, step: StepId) {
        self.transition(step, StepState::Ready);
        if self.is_site_down[self.graph.site(step).index()] && self.waits_untried(step) {
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
}
