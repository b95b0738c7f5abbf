//! The loop: events go into the scheduler, its commands become futures, their ends become events.
//!
//! `Start(vm, 1)` → a future of `vm`'s procedure → `Succeeded(vm, 1)` → `Settled(vm, done)` → `StepDone` told and recorded.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use scope_plan::plan::{Action, ChoiceId, Guard, OnUnreachable, Plan, SiteId, Step, StepId};
use serde_json::{Map, Value};
use tokio::time::Instant;
use tracing::Instrument;

use super::Shared;
use super::shared::StepEnd;
use crate::events::{Effect, Failure, Outcome, RunEvent, RunEventKind, SkipReason};
use crate::procedure::{Bad, Good, duration_literal, duration_words, is_open, left_alone, perform, undo};
use crate::redact::hide_in_text;
use crate::report::Verdict;
use crate::schedule::{Command, Event, Schedule, ScheduleOptions, StepState, Touched};
use crate::shell;
use crate::state::{Parked, Record};

/// When so long nothing happens, what is recorded is made durable: `scope status` beside the run, or after its kill, knows it.
const IDLE: Duration = Duration::from_millis(200);

/// How the loop ended.
pub(super) struct Ended {
    pub(super) schedule: Schedule,
    /// The scheduler's verdict; `None` where the user did not wait for it.
    pub(super) verdict: Option<Verdict>,
    /// What could not be undone in this run.
    pub(super) owed: BTreeMap<StepId, String>,
}

/// Something under way ended.
enum Done {
    Attempt {
        step: StepId,
        attempt: u32,
        result: Result<Good, Bad>,
        touched: Touched,
    },
    Pause {
        step: StepId,
        attempt: u32,
    },
    Undo {
        step: StepId,
        result: Result<String, String>,
    },
    /// What was recorded is durable, or the ledger keeps why not.
    Kept,
}

type Tasks<'t> = FuturesUnordered<Pin<Box<dyn Future<Output = Done> + 't>>>;

struct Turn<'t> {
    shared: &'t Shared<'t>,
    tasks: Tasks<'t>,
    events: VecDeque<Event>,
    owed: BTreeMap<StepId, String>,
    verdict: Option<Verdict>,
    is_keeping: bool,
}

/// Runs until the scheduler says that it is over, or the user does.
pub(super) async fn turn(shared: &Shared<'_>, observe: &mut dyn FnMut(&RunEvent)) -> Ended {
    let sites =
        || shared.plan.sites.iter().enumerate().map(|(index, site)| (SiteId(index as u32), &site.name));
    let left_out = sites().filter(|(_, name)| shared.options.left_out.contains(*name));
    let options = ScheduleOptions {
        concurrency: shared.options.concurrency,
        are_gates_open: shared.options.survey,
        left_out: left_out.map(|(site, _)| site).collect(),
        open: shared.plan.steps.iter().filter(|step| is_open(shared, step)).map(|step| step.id).collect(),
        done: shared.ledger.with(|state| {
            let is_done = |step: &&Step| {
                matches!(step.action, Action::Call { once: true, .. }) && state.calls.contains_key(&step.key)
            };
            shared.plan.steps.iter().filter(is_done).map(|step| step.id).collect()
        }),
    };
    let mut schedule = Schedule::new(shared.plan, options);
    let mut turn = Turn {
        shared,
        tasks: FuturesUnordered::new(),
        events: VecDeque::from([Event::Started]),
        owed: BTreeMap::new(),
        verdict: None,
        is_keeping: false,
    };
    // What may be queued at a site that is left alone is, without being tried.
    let alone = sites().filter(|(_, name)| shared.options.leaves_alone(name));
    turn.events.extend(alone.map(|(site, _)| Event::SiteDown { site }));
    let mut is_interrupted = shared.options.interrupt.level() > 0;
    if is_interrupted {
        turn.events.push_front(Event::Interrupted);
    }
    loop {
        while let Some(event) = turn.events.pop_front() {
            for command in schedule.on(event) {
                turn.obey(command, &schedule);
            }
        }
        shared.tell(observe);
        if turn.verdict.is_some() {
            break;
        }
        if !is_interrupted && (!shared.ledger.is_sound() || shared.options.interrupt.level() > 0) {
            is_interrupted = true;
            turn.events.push_back(Event::Interrupted);
            continue;
        }
        let next_level = if is_interrupted { 2 } else { 1 };
        // What has ended already is taken without listening to anything else: most steps wait for nothing.
        if shared.options.interrupt.level() < next_level
            && let Some(Some(done)) = turn.tasks.next().now_or_never()
        {
            turn.end(done);
            continue;
        }
        tokio::select! {
            biased;
            () = shared.options.interrupt.reached(next_level) => {
                if is_interrupted {
                    // What is under way is dropped; what it sent is recorded.
                    break;
                }
            }
            Some(done) = turn.tasks.next() => turn.end(done),
            () = shared.board.changed() => {
                for (step, progress) in shared.board.take() {
                    shared.emit(RunEventKind::StepProgress { step, progress });
                }
            }
            () = tokio::time::sleep(IDLE), if !turn.is_keeping && shared.ledger.is_behind() => turn.keep(),
        }
    }
    Ended { schedule, verdict: turn.verdict, owed: turn.owed }
}

impl<'t> Turn<'t> {
    /// Makes durable what is recorded, beside what is under way.
    fn keep(&mut self) {
        let ledger = &self.shared.ledger;
        self.is_keeping = true;
        self.tasks.push(Box::pin(async move {
            // A failure is kept by the ledger and seen by the loop.
            let _ = ledger.commit().await;
            Done::Kept
        }));
    }

    fn obey(&mut self, command: Command, schedule: &Schedule) {
        let shared = self.shared;
        match command {
            Command::Start { step, attempt } => {
                let now = Instant::now();
                shared.memory(step).starts(now);
                shared.emit_at(now, RunEventKind::StepStarted { step, attempt });
                let span = shared.spans.borrow_mut().attempt(shared.plan, step, attempt);
                let performed = async move {
                    let (result, touched) = perform(shared, shared.plan.step(step)).await;
                    Done::Attempt { step, attempt, result, touched }
                };
                self.tasks.push(Box::pin(performed.instrument(span)));
            }
            Command::SetTimer { step, attempt, after_ms } => {
                let after_ms = shared.jitter.spread(after_ms);
                let words = shared.end(step, |end| end.failure.as_deref().map(words_of).unwrap_or_default());
                shared.emit(RunEventKind::StepRetrying { step, attempt, after_ms, words });
                self.tasks.push(Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    Done::Pause { step, attempt }
                }));
            }
            Command::Undo { step } => {
                shared.memory(step).gives_up();
                self.tasks.push(Box::pin(async move {
                    let result = undo(shared, shared.plan.step(step)).await;
                    Done::Undo { step, result }
                }));
            }
            Command::Settled { step, state } => self.settled(step, state, schedule),
            Command::TryArm { choice, arm } => {
                let label = self.label(choice, arm);
                shared.emit(RunEventKind::ChoiceTried { choice, arm, label });
            }
            Command::RecordChoice { choice, arm } => {
                let key = shared.plan.choice(choice).key.clone();
                let sites = shared.plan.sites_of_arm(choice, arm).into_iter().map(str::to_owned).collect();
                // A failure is kept by the ledger and seen by the loop.
                let _ = shared.ledger.append(Record::Choice { key, arm, sites });
                let label = self.label(choice, arm);
                shared.emit(RunEventKind::ChoiceMade { choice, arm, label });
            }
            Command::Finish { verdict } => self.verdict = Some(verdict),
        }
    }

    fn label(&self, choice: ChoiceId, arm: u32) -> String {
        self.shared.plan.choice(choice).arms[arm as usize].label.clone()
    }

    /// Something under way ended: the scheduler is told.
    fn end(&mut self, done: Done) {
        match done {
            Done::Kept => self.is_keeping = false,
            Done::Pause { step, attempt } => self.events.push_back(Event::TimerFired { step, attempt }),
            Done::Undo { step, result: Ok(words) } => {
                self.shared.emit(RunEventKind::UndoDone { step: Some(step), words });
                self.events.push_back(Event::UndoDone { step });
            }
            Done::Undo { step, result: Err(words) } => {
                self.shared.emit(RunEventKind::UndoOwed { step: Some(step), words: words.clone() });
                self.owed.insert(step, self.shared.options.redact.hide(&words).into_owned());
                self.events.push_back(Event::UndoFailed { step });
            }
            Done::Attempt { step, attempt, result: Ok(good), touched } => {
                let Good { effect, output, detail } = good;
                let end = StepEnd { output: Some(output), effect: Some(effect), detail, failure: None };
                self.shared.set_end(step, end);
                self.events.push_back(Event::Succeeded { step, attempt, touched });
            }
            Done::Attempt { step, attempt, result: Err(bad), touched } => {
                self.shared.memory(step).set_cut_off(bad.is_cut_off);
                let outcome = bad.failure.outcome;
                let site = &self.shared.plan.site(self.shared.plan.step(step).site).name;
                let is_retryable = bad.is_retryable && self.has_time_for_another(step, attempt);
                let event = if bad.is_stopped {
                    Event::Stopped { step, attempt, touched }
                } else {
                    Event::Failed {
                        step,
                        attempt,
                        outcome,
                        is_cut_off: bad.is_cut_off,
                        is_held: bad.is_cut_off && self.shared.options.held.contains_key(site),
                        is_overdue: self.is_overdue(step),
                        is_retryable,
                        touched,
                    }
                };
                self.shared.set_end(step, StepEnd { failure: Some(bad.failure), ..StepEnd::default() });
                self.events.push_back(event);
            }
        }
    }

    /// Whether the pause before the next attempt ends within the step's time.
    fn has_time_for_another(&self, step: StepId, attempt: u32) -> bool {
        let memory = self.shared.memory(step);
        let elapsed_ms = memory.elapsed().saturating_sub(memory.waited()).as_millis();
        let step = self.shared.plan.step(step);
        let pause_ms = u128::from(step.retry.backoff_ms) << (attempt - 1).min(20);
        elapsed_ms + pause_ms < u128::from(step.timeout_ms)
    }

    /// Whether it has waited for its site as long as `queue for d` allows, counted from the run that parked it first.
    fn is_overdue(&self, step: StepId) -> bool {
        let shared = self.shared;
        shared.ledger.with(|state| state.has_waited_enough(shared.plan.step(step), shared.now_ms()))
    }

    /// The failure of a step whose site did not answer as long as `queue for d` allows: it is no single attempt that was too
    /// short.
    fn has_waited(&self, step: StepId, failure: Failure) -> Failure {
        let step = self.shared.plan.step(step);
        let OnUnreachable::Queue { for_ms: Some(for_ms) } = step.on_unreachable else { return failure };
        let site = self.shared.plan.site(step.site);
        let message =
            format!("{}; it has waited its {} for `{}`", failure.message, duration_words(for_ms), site.name);
        let longer = duration_literal(for_ms.saturating_mul(2));
        let failure = Failure { message, help: vec![shell::check(site)], ..failure };
        let failure = failure.with_help(format!(
            "once it answers a run does it; to wait longer: `with {{ on_disconnect: queue for {longer} }}`"
        ));
        self.shared.set_end(step.id, StepEnd { failure: Some(failure.clone().into()), ..StepEnd::default() });
        failure
    }

    /// A step is over (or parked): it is recorded and told.
    fn settled(&mut self, step: StepId, state: StepState, schedule: &Schedule) {
        let shared = self.shared;
        let now = Instant::now();
        let millis = u64::try_from(shared.memory(step).ends(now).as_millis()).unwrap_or(u64::MAX);
        shared.board.forget(step);
        let key = &shared.plan.step(step).key;
        if matches!(state, StepState::Parked) {
            self.tell_of_hold(step);
        }
        match state {
            StepState::Done => {
                self.resolve(step, schedule);
                let (effect, detail) =
                    shared.end(step, |end| (end.effect.clone().unwrap_or(Effect::Found), end.detail.clone()));
                let words = detail.clone().unwrap_or_default();
                self.record_end(key, Outcome::Done, words, millis);
                let identity = shared.made_identity(step, &effect);
                shared.emit_at(now, RunEventKind::StepDone { step, effect, millis, detail, identity });
            }
            StepState::Failed { .. } | StepState::Unknown => {
                if shared.end(step, |end| end.failure.is_none()) {
                    shared.set_end(
                        step,
                        StepEnd { failure: Some(self.no_arm(step).into()), ..StepEnd::default() },
                    );
                }
                let failure = *shared.end(step, |end| end.failure.clone()).expect("set just before");
                let is_over = shared.memory(step).is_cut_off() && self.is_overdue(step);
                let is_told = is_over && !shared.options.survey;
                let failure = if is_told { self.has_waited(step, failure) } else { failure };
                let waited = shared.ledger.with(|state| state.parked.get(key).cloned()).filter(|_| is_over);
                self.record_end(key, failure.outcome, words_of(&failure), millis);
                // No other run begins to wait anew, as long as its site does not answer.
                if let Some(waited) = waited {
                    let parked = Parked { is_over: true, ..waited };
                    let _ = shared.ledger.append(Record::Parked { key: key.clone(), parked });
                }
                shared.emit_at(now, RunEventKind::StepFailed { step, failure, millis });
            }
            StepState::Parked => {
                let words =
                    shared.end(step, |end| end.failure.as_deref().map(words_of)).unwrap_or_else(|| {
                        format!("`{}` is not reachable", shared.plan.site(shared.plan.step(step).site).name)
                    });
                let parked = Parked {
                    name: shared.plan.step(step).name.clone(),
                    site: shared.plan.site(shared.plan.step(step).site).name.clone(),
                    run: shared.run,
                    since_ms: shared.now_ms(),
                    words: words.clone(),
                    is_over: false,
                };
                shared.memory(step).parks();
                let _ = shared.ledger.append(Record::Parked { key: key.clone(), parked });
                // One that was cut off waits for its site all the same.
                let is_spare = schedule.is_spare(step) && !shared.memory(step).is_cut_off();
                let awaits = shared.options.awaits(&shared.plan.site(shared.plan.step(step).site).name);
                shared.emit_at(now, RunEventKind::StepParked { step, words, is_spare, awaits });
            }
            StepState::Skipped { because } => {
                let was_parked = shared.ledger.with(|state| state.parked.contains_key(key));
                if was_parked && matches!(because, SkipReason::NotChosen | SkipReason::Unreachable) {
                    self.record_end(key, Outcome::Done, "not done".to_owned(), millis);
                }
                shared.emit_at(now, RunEventKind::StepSkipped { step, because });
            }
            StepState::Waiting
            | StepState::Ready
            | StepState::Running { .. }
            | StepState::Retrying { .. } => {}
        }
    }

    /// A step that is not tried, since its site is known to be held, waits for the same as one that was.
    fn tell_of_hold(&self, step: StepId) {
        let site = &self.shared.plan.site(self.shared.plan.step(step).site).name;
        let is_untold = self.shared.end(step, |end| end.failure.is_none());
        if let Some(held) = self.shared.options.held.get(site).filter(|_| is_untold) {
            let failure = Some(left_alone(site, &held.why).into());
            self.shared.set_end(step, StepEnd { failure, ..StepEnd::default() });
        }
    }

    fn record_end(&self, key: &str, outcome: Outcome, words: String, millis: u64) {
        // Reads and resolutions leave nothing; their ends are told, and need not be remembered.
        let mut words = words;
        hide_in_text(&*self.shared.options.redact, &mut words);
        // A failure is kept by the ledger and seen by the loop.
        let _ = self.shared.ledger.append(Record::Step { key: key.to_owned(), outcome, words, millis });
    }

    /// The results of `choose` and `gather`, which no site gives.
    fn resolve(&self, step: StepId, schedule: &Schedule) {
        let shared = self.shared;
        let (effect, output) = match &shared.plan.step(step).action {
            Action::Choose { choice, results } => {
                let arm = schedule.held(*choice).expect("a choose is done only when an arm holds");
                let output = shared.output(results[arm as usize]);
                (Effect::Chosen { arm, label: self.label(*choice, arm) }, output)
            }
            Action::Gather { .. } => (Effect::Gathered, Some(Rc::new(gathered(shared, schedule, step)))),
            _ => return,
        };
        shared.set_end(step, StepEnd { output, effect: Some(effect), ..StepEnd::default() });
    }

    /// What the scheduler says of several steps together: no alternative held, too few copies, too many failures. The
    /// failure of the whole, from what they say.
    fn no_arm(&self, step: StepId) -> Failure {
        let shared = self.shared;
        if let Action::Gate { rollout, wave, .. } = shared.plan.step(step).action {
            return super::waves::held_back(shared, rollout, wave);
        }
        if let Some(failure) = super::waves::out_of_reach(shared, shared.plan.step(step)) {
            return failure;
        }
        let name = &shared.plan.step(step).name;
        let Action::Choose { results, choice } = &shared.plan.step(step).action else {
            return Failure::new("E0912", Outcome::Unavailable, format!("`{name}` did not succeed"));
        };
        let asked = shared.plan.choice(*choice);
        let arms = &asked.arms;
        let is_missing_everywhere =
            arms.iter().all(|arm| arm.members.iter().any(|member| shared.is_missing(*member)));
        let mut said: Vec<String> = Vec::new();
        for (arm, result) in arms.iter().zip(results) {
            let failing = std::iter::once(result).chain(&arm.members);
            let why = failing
                .filter_map(|member| shared.end(*member, |end| end.failure.as_deref().map(words_of)))
                .next();
            said.push(format!("{}: {}", arm.label, why.unwrap_or_else(|| "not available".to_owned())));
        }
        // Of a group it is chosen for all of it together, and what is missing may be another part: `lab`, of which this is `lab.vm`.
        let is_of_group = name.strip_prefix(&asked.key).is_some_and(|part| part.starts_with('.'));
        let (code, message) = if is_of_group {
            ("E0912", format!("no alternative of {} is available", asked.label))
        } else if is_missing_everywhere {
            ("E0903", format!("{} is not found anywhere", spoken(name)))
        } else {
            ("E0912", format!("no alternative of {} is available", spoken(name)))
        };
        Failure { site_words: Some(said.join("; ")), ..Failure::new(code, Outcome::Unavailable, message) }
    }
}

/// What is there of the parts of a gathering, by site.
pub(super) fn gathered(shared: &Shared<'_>, schedule: &Schedule, step: StepId) -> Value {
    let mut results = Map::new();
    let own = &shared.plan.step(step).when;
    let Action::Gather { parts, .. } = &shared.plan.step(step).action else { return Value::Object(results) };
    for (site, part) in parts {
        // What an abandoned alternative made is deleted again, or owed: no result of the whole.
        if !is_kept(shared.plan, schedule, &shared.plan.step(*part).when, own) {
            continue;
        }
        if let (Some(output), StepState::Done) = (shared.output(*part), schedule.state(*part)) {
            results.insert(shared.plan.site(*site).name.clone(), (*output).clone());
        }
    }
    Value::Object(results)
}

/// A step's name in a sentence: `` `base` ``, and for a looked-up `image:debian-12` `` image `debian-12` ``.
fn spoken(name: &str) -> String {
    match name.split_once(':') {
        Some((kind, text)) => format!("{kind} `{text}`"),
        None => format!("`{name}`"),
    }
}

/// A failure in one line.
pub(super) fn words_of(failure: &Failure) -> String {
    match &failure.site_words {
        Some(words) => format!("{}: {words}", failure.message),
        None => failure.message.clone(),
    }
}

/// Whether one of these arms holds, or is one in which the question itself is asked; no arm at all always holds.
fn is_kept(plan: &Plan, schedule: &Schedule, when: &[Guard], own: &[Guard]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            own.contains(guard)
                || (schedule.chosen(guard.choice) == Some(guard.arm)
                    && is_kept(plan, schedule, &plan.choice(guard.choice).when, own))
        })
}
