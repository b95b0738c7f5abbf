//! Asking the sites what a run would do: every look of a run, none of its deeds.
//!
//! `survey(plan, state)` → a report whose effects are [`Effect::Planned`](scope_runtime::events::Effect::Planned).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use scope_diagnostics::SourceMap;
use scope_plan::plan::Plan;
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::report::Report;
use scope_runtime::runner::{self, Interrupt, Known, RunOptions};
use scope_runtime::state::{State, StateStore};

use super::{WRONG, now_ms};
use crate::output::{Output, note};
use crate::show;

/// No look takes longer, and each is tried once: a site that is slow is unknown.
const LONGEST_LOOK_MS: u64 = 15_000;

/// Why nothing was asked.
pub enum NotAsked {
    /// Secrets that are not there: their names.
    Secrets(Vec<String>),
    /// A site refuses the credentials: it was said; the exit code.
    Refused(u8),
}

/// Asks all sites of a plan, as far as the state's holds let it.
pub fn survey(plan: &Plan, state: &State, sources: &SourceMap, output: Output) -> Result<Report, NotAsked> {
    survey_for(plan, state, About::default(), sources, output)
}

/// What the run is about that the sites are asked for.
#[derive(Default)]
pub struct About {
    /// The sites that it leaves out.
    pub left_out: BTreeSet<String>,
    /// What it does once more.
    pub again: BTreeMap<String, Option<u64>>,
}

/// The same for a run that is about less than all, or more.
pub fn survey_for(
    plan: &Plan,
    state: &State,
    about: About,
    sources: &SourceMap,
    output: Output,
) -> Result<Report, NotAsked> {
    let About { left_out, again } = about;
    let options = RunOptions { left_out, again, ..RunOptions::default() };
    ask(plan, state, options, sources, output).map(|(report, _)| report)
}

/// The same where the state was lost: what bears its deployment's mark is in the state that comes back. `answers` are what
/// a person says of operations that must not be repeated.
pub fn seek(
    plan: &Plan,
    state: &State,
    answers: &BTreeMap<String, Known>,
    sources: &SourceMap,
    output: Output,
) -> Result<(Report, State), NotAsked> {
    let options = RunOptions { rebuild: true, answers: answers.clone(), ..RunOptions::default() };
    ask(plan, state, options, sources, output)
}

fn ask(
    plan: &Plan,
    state: &State,
    options: RunOptions,
    sources: &SourceMap,
    output: Output,
) -> Result<(Report, State), NotAsked> {
    let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
    let missing = real::check_all(plan, &*secrets, &|site| options.left_out.contains(site));
    if !missing.is_empty() {
        return Err(NotAsked::Secrets(missing.iter().map(|missing| missing.error.why.clone()).collect()));
    }
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        step.retry.times = 1;
        step.timeout_ms = step.timeout_ms.min(LONGEST_LOOK_MS);
    }
    let now = now_ms();
    let sites = RealSites::new(&plan, secrets, real::Options::at("."));
    let interrupt = Interrupt::new();
    let options = RunOptions {
        survey: true,
        held: show::past::held(state, now),
        started_at_ms: now,
        redact: Rc::new(sites.mask()),
        interrupt: interrupt.clone(),
        ..options
    };
    // A copy in memory: what is looked at changes nothing.
    let mut copy = StateStore::of(state.clone());
    runner::block_on(false, async {
        let listener = tokio::spawn(async move {
            while super::waiting::stopped().await {
                interrupt.interrupt();
            }
        });
        let entered = sites.enter(&plan, |site| options.leaves_alone(site)).await;
        let result = if entered.refusals.is_empty() {
            Ok(runner::run(&plan, &sites, &mut copy, &options, &mut |_| {}).await)
        } else {
            output.diagnostics(&show::failure::refusals(&plan, &entered, sources), sources);
            note("nothing was sent");
            Err(NotAsked::Refused(WRONG))
        };
        listener.abort();
        result.map(|report| (report, copy.state().clone()))
    })
}
