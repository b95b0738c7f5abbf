//! The end of a run: what earlier runs owe is paid where it can be, outputs are evaluated, all is counted and written.
//!
//! In comes the scheduler as it ended, out comes the [`Report`], and `state.json` is written.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_util::future::join_all;
use indexmap::IndexMap;
use scope_plan::plan::{Action, Plan, SiteId, Step, StepId};
use serde_json::Value;

use super::Shared;
use super::debts::{end_changes, owe_what_was_sent, pay_debts};
use super::guards::settle_guards;
use super::left::tell_what_stays;
use super::once::remove_seconds;
use super::turn::{Ended, gathered, words_of};
use crate::events::{Awaited, Effect, Failure, Outcome, RunEventKind, SkipReason};
use crate::procedure::{look_at_recorded, output_value};
use crate::redact::{hide_in_differences, hide_in_effect, hide_in_failure, hide_in_value};
use crate::report::{Counts, OutputValue, Report, StepReport, StepStatus, UndoStatus, Verdict};
use crate::schedule::{StepState, UndoState};
use crate::state::{RunEnd, State, StateError};

/// The report of a run that could not even begin.
pub(super) fn not_begun(plan: &Plan, error: &StateError) -> Report {
    let steps = plan.steps.iter().map(|step| StepReport {
        step: step.id,
        status: StepStatus::Skipped { because: SkipReason::Interrupted },
        is_abandoned: false,
        undo: UndoStatus::None,
        attempts: 0,
        millis: 0,
        output: Value::Null,
        seen: None,
    });
    let mut report = Report {
        run: 0,
        verdict: Verdict::Failed,
        steps: steps.collect(),
        choices: Default::default(),
        outputs: IndexMap::new(),
        counts: Counts::default(),
        by_site: IndexMap::new(),
        owed: Vec::new(),
        awaited: BTreeMap::new(),
        held: BTreeMap::new(),
        stopped: Some(error.failure()),
        millis: 0,
    };
    count(plan, &mut report);
    report
}

pub(super) async fn conclude(shared: &Shared<'_>, ended: Ended) -> Report {
    let mut owed: Vec<String> = ended.owed.values().cloned().collect();
    let is_interrupted = ended.verdict.is_none_or(|verdict| verdict == Verdict::Interrupted);
    let mut n_paid = 0;
    if !is_interrupted && !shared.options.survey {
        owe_what_was_sent(shared, &ended);
        tell_what_stays(shared, &ended, &mut owed);
        let answering = answering(shared, &ended);
        n_paid += pay_debts(shared, &ended, &answering, &mut owed).await;
        n_paid += end_changes(shared, &ended, &mut owed).await;
        n_paid += remove_seconds(shared, &silent(shared, &ended), &mut owed).await;
        n_paid += settle_guards(shared, &ended, &answering, &mut owed).await;
    }
    if !is_interrupted && shared.options.survey && !shared.options.rebuild {
        look_at_the_rest(shared, &ended).await;
    }
    gather_again(shared, &ended);
    let outputs = outputs(shared, &ended);
    let steps: Vec<StepReport> =
        shared.plan.steps.iter().map(|step| step_report(shared, &ended, step.id)).collect();
    // Said last, so that the last line of a step tells how it ended.
    let is_given_up =
        |ended: &&StepReport| ended.is_abandoned && ended.attempts > 0 && ended.undo == UndoStatus::None;
    steps.iter().filter(is_given_up).for_each(|ended| shared.log_given_up(ended.step));
    let is_any_change = n_paid > 0
        || steps.iter().any(|step| {
            let is_change = matches!(&step.status, StepStatus::Done { effect } if effect.is_change());
            // Left out at last, it may have been done all the same.
            let has_changed = shared.memory(step.step).has_changed_its_site();
            is_change || has_changed || step.undo != UndoStatus::None
        });
    let verdict = match ended.verdict {
        None => Verdict::Interrupted,
        // What it was to tell is a part of what was asked for.
        Some(_) if outputs.values().any(|output| matches!(output, OutputValue::Failed(_))) => Verdict::Failed,
        Some(Verdict::Done) if !is_any_change => Verdict::NothingToDo,
        Some(verdict) => verdict,
    };
    let choices =
        shared.plan.choices.iter().filter_map(|choice| Some((choice.id, ended.schedule.chosen(choice.id)?)));
    let mut report = Report {
        run: shared.run,
        verdict,
        steps,
        choices: choices.collect(),
        outputs,
        counts: Counts::default(),
        by_site: IndexMap::new(),
        owed,
        awaited: BTreeMap::new(),
        held: shared.options.held.iter().map(|(site, held)| (site.clone(), held.why.clone())).collect(),
        stopped: None,
        millis: shared.elapsed_ms(),
    };
    count(shared.plan, &mut report);
    report.awaited = awaited(shared, &report);
    let end = RunEnd {
        without_value: without_value(shared, &report),
        stays: stays(shared, &report),
        ..RunEnd::new(report.verdict, report.counts, report.millis)
    };
    let written = shared.ledger.end(|store| store.end_run(shared.run, end));
    if let Some(error) = written {
        let failure = error.failure();
        shared.ledger.leave_why(shared.run, &format!("{}: {}", failure.code, failure.message));
        report.verdict = Verdict::Failed;
        report.stopped = Some(failure);
    }
    let (verdict, counts, millis) = (report.verdict, report.counts, report.millis);
    shared.emit(RunEventKind::RunEnded { verdict, counts, millis });
    report
}

/// What is left at a site, of which the state itself says nothing.
fn stays(shared: &Shared<'_>, report: &Report) -> Vec<String> {
    let is_recorded = |state: &State, words: &str| {
        let owed = state.owed.iter().map(|owed| &owed.words);
        owed.chain(state.looks.values()).any(|known| words.starts_with(known.as_str()))
    };
    let left =
        |state: &State| report.owed.iter().filter(|words| !is_recorded(state, words)).cloned().collect();
    shared.ledger.with(left)
}

/// What is recorded is looked at also where the step itself was not come to.
async fn look_at_the_rest(shared: &Shared<'_>, ended: &Ended) {
    let is_skipped = |step: &&Step| {
        let state = ended.schedule.state(step.id);
        matches!(state, StepState::Skipped { because: SkipReason::Dependency { .. } })
            && ended.schedule.is_live(step.id)
            && !shared.options.leaves_alone(&shared.plan.site(step.site).name)
    };
    let skipped = shared.plan.steps.iter().filter(is_skipped);
    join_all(skipped.map(|step| look_at_recorded(shared, step))).await;
}

fn awaited(shared: &Shared<'_>, report: &Report) -> BTreeMap<String, Awaited> {
    let parked = report.steps.iter().filter(|step| matches!(step.status, StepStatus::Parked { .. }));
    let names = parked.map(|step| &shared.plan.site(shared.plan.step(step.step).site).name);
    names.map(|name| (name.clone(), shared.options.awaits(name))).collect()
}

/// The sites at which a step ended well: what became owed a moment ago is tried again there. One that is cut for good has
/// none.
fn answering(shared: &Shared<'_>, ended: &Ended) -> BTreeSet<String> {
    let has_answered = |step: &&Step| {
        ended.schedule.state(step.id) == StepState::Done
            && ended.schedule.attempts(step.id) > 0
            && ended.schedule.is_live(step.id)
    };
    let sites = sites_of(shared.plan, shared.plan.steps.iter().filter(has_answered));
    sites.into_iter().map(|site| shared.plan.site(site).name.clone()).collect()
}

/// The sites at which something was tried, and nothing ended well, not even an undo.
fn silent(shared: &Shared<'_>, ended: &Ended) -> BTreeSet<SiteId> {
    let tried = || shared.plan.steps.iter().filter(|step| ended.schedule.attempts(step.id) > 0);
    let has_answered = |step: &&Step| {
        ended.schedule.state(step.id) == StepState::Done
            || ended.schedule.undo_state(step.id) == UndoState::Done
    };
    let answered = sites_of(shared.plan, tried().filter(has_answered));
    let mut tried = sites_of(shared.plan, tried());
    tried.retain(|site| !answered.contains(site));
    tried
}

/// The sites of these steps: many steps at few sites, which need not be sorted.
fn sites_of<'p>(plan: &Plan, steps: impl Iterator<Item = &'p Step>) -> BTreeSet<SiteId> {
    let mut is_among = vec![false; plan.sites.len()];
    steps.for_each(|step| is_among[step.site.index()] = true);
    let sites = (0..).map(SiteId).zip(is_among);
    sites.filter_map(|(site, is_among)| is_among.then_some(site)).collect()
}

fn step_report(shared: &Shared<'_>, ended: &Ended, step: StepId) -> StepReport {
    let because = |because| StepStatus::Skipped { because };
    let failure = || shared.end(step, |end| end.failure.clone());
    let site = shared.plan.site(shared.plan.step(step).site);
    let status = match ended.schedule.state(step) {
        StepState::Done => {
            let effect = shared.end(step, |end| end.effect.clone()).unwrap_or(Effect::Found);
            StepStatus::Done { effect: masked(shared, effect) }
        }
        StepState::Failed { .. } | StepState::Unknown => {
            let name = &shared.plan.step(step).name;
            let unsaid =
                || Failure::new("E0912", Outcome::Unavailable, format!("`{name}` did not succeed")).into();
            StepStatus::Failed { failure: failure().unwrap_or_else(unsaid) }
        }
        StepState::Parked => StepStatus::Parked {
            words: match failure() {
                Some(failure) if shared.options.held.contains_key(&site.name) => words_of(&failure),
                Some(failure) => failure.message,
                None => "its site is not reachable".to_owned(),
            },
        },
        StepState::Skipped { because: why } => because(why),
        // Dropped under way, or never begun: the user did not wait.
        StepState::Waiting | StepState::Ready | StepState::Running { .. } | StepState::Retrying { .. } => {
            because(SkipReason::Interrupted)
        }
    };
    let mut output = shared.take_output(step);
    hide_in_value(&*shared.options.redact, &mut output);
    StepReport {
        step,
        status,
        is_abandoned: !ended.schedule.is_live(step),
        undo: match ended.schedule.undo_state(step) {
            UndoState::Done => UndoStatus::Done,
            UndoState::Owed | UndoState::Running => UndoStatus::Owed,
            UndoState::None | UndoState::Kept => UndoStatus::None,
        },
        attempts: ended.schedule.attempts(step),
        millis: u64::try_from(shared.memory(step).took().as_millis()).unwrap_or(u64::MAX),
        output,
        seen: shared.seen(step).map(|mut seen| {
            hide_in_differences(&*shared.options.redact, &mut seen.differences);
            Box::new(seen)
        }),
    }
}

fn masked(shared: &Shared<'_>, effect: Effect) -> Effect {
    let mut effect = effect;
    hide_in_effect(&*shared.options.redact, &mut effect);
    effect
}

/// A quorum was enough with those copies that came first: which they are differs from run to run. What is told at the end is of
/// all that are there.
fn gather_again(shared: &Shared<'_>, ended: &Ended) {
    let steps = shared.plan.steps.iter();
    let done = steps.filter(|step| ended.schedule.state(step.id) == StepState::Done);
    for step in done {
        match &step.action {
            Action::Gather { quorum: Some(_), .. } => {
                shared.set_output(step.id, Rc::new(gathered(shared, &ended.schedule, step.id)));
            }
            Action::Choose { choice, results, .. } => {
                let held = ended.schedule.held(*choice).map(|arm| results[arm as usize]);
                if let Some(output) = held.and_then(|result| shared.output(result)) {
                    shared.set_output(step.id, output);
                }
            }
            _ => {}
        }
    }
}

fn outputs(shared: &Shared<'_>, ended: &Ended) -> IndexMap<String, OutputValue> {
    let is_planned =
        |step: &Step| shared.end(step.id, |end| matches!(end.effect, Some(Effect::Planned { .. })));
    // What a site would give is not known as long as anything is to be done.
    let is_foretold = shared.options.survey && shared.plan.steps.iter().any(is_planned);
    let outputs = shared.plan.outputs.iter().map(|output| {
        let mut missing = output.value.steps_used();
        missing.retain(|step| shared.output(*step).is_none());
        let value = match missing.first() {
            Some(step) => {
                let state = ended.schedule.state(*step);
                let is_interrupted = state == StepState::Skipped { because: SkipReason::Interrupted };
                let how = match state.outcome() {
                    _ if is_interrupted => "was not done".to_owned(),
                    Some(Outcome::LeftOut) => "is left out".to_owned(),
                    Some(Outcome::Pending) => format!("waits at {}", waiting_at(shared, ended, &missing)),
                    _ => "did not succeed".to_owned(),
                };
                OutputValue::Missing(format!("`{}` {how}", shared.plan.step(*step).name))
            }
            None => match output_value(shared, &output.name, &output.value) {
                Ok(mut value) => {
                    hide_in_value(&*shared.options.redact, &mut value);
                    OutputValue::Value(value)
                }
                Err(failure) if is_foretold => OutputValue::Missing(failure.message),
                Err(mut failure) => {
                    hide_in_failure(&*shared.options.redact, &mut failure);
                    OutputValue::Failed(failure)
                }
            },
        };
        (output.name.clone(), value)
    });
    outputs.collect()
}

/// The sites at which some of these steps wait.
fn waiting_at(shared: &Shared<'_>, ended: &Ended, steps: &BTreeSet<StepId>) -> String {
    let waits = |step: &&StepId| ended.schedule.state(**step).outcome() == Some(Outcome::Pending);
    let sites = steps.iter().filter(waits).map(|step| shared.plan.step(*step).site);
    let sites: BTreeSet<SiteId> = sites.collect();
    let names: Vec<&str> = sites.into_iter().map(|site| shared.plan.site(site).name.as_str()).collect();
    names.join(", ")
}

/// Tells of the outputs without a value; why each of them has none.
fn without_value(shared: &Shared<'_>, report: &Report) -> BTreeMap<String, String> {
    let failed = report.outputs.iter().filter_map(|(output, value)| match value {
        OutputValue::Failed(failure) => Some((output, failure)),
        OutputValue::Value(_) | OutputValue::Missing(_) => None,
    });
    let told = failed.map(|(output, failure)| {
        shared.emit(RunEventKind::OutputFailed { output: output.clone(), failure: failure.clone() });
        (output.clone(), failure.message.clone())
    });
    told.collect()
}

fn count(plan: &Plan, report: &mut Report) {
    for site in &plan.sites {
        report.by_site.insert(site.name.clone(), Counts::default());
    }
    // A gate is no work: what it holds back is counted itself.
    let is_work = |step: &&StepReport| {
        !step.is_abandoned && !matches!(plan.step(step.step).action, Action::Gate { .. })
    };
    for step in report.steps.iter().filter(is_work) {
        report.counts.add(plan, step);
        // They stand in the plan's order.
        if let Some((_, counts)) = report.by_site.get_index_mut(plan.step(step.step).site.index()) {
            counts.add(plan, step);
        }
    }
}
