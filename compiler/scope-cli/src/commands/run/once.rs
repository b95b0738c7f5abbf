//! One run against real sites: who is left alone, what is asked before anything is sent, the run, and what it came to.

use std::collections::BTreeSet;
use std::rc::Rc;

use scope_compiler::data;
use scope_diagnostics::{SourceMap, codes};
use scope_plan::plan::Plan;
use scope_runtime::events::{RunEvent, RunEventKind};
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::redact::Redact;
use scope_runtime::report::Report;
use scope_runtime::runner::{self, Interrupt, RunOptions};
use scope_runtime::state::{Started, State, StateStore, Wish};

use super::super::{WRONG, again, now_ms, waiting};
use super::{Beginning, Going, consent};
use crate::args::{About, Events, How};
use crate::output::{Output, document, note, say_error};
use crate::show::{self, progress::Shower, report::Next, said};

/// Whether every site that a command names is one of the program's, `declared` and perhaps not used; else the exit code. One
/// that has nothing is said.
pub fn knows_sites<'p>(
    plan: &'p Plan,
    declared: impl Iterator<Item = &'p str>,
    about: &About,
) -> Result<(), u8> {
    let used: Vec<&str> = plan.sites.iter().map(|site| site.name.as_str()).collect();
    let declared: Vec<&str> = declared.filter(|site| !used.contains(site)).collect();
    for name in about.site.iter().chain(&about.except).map(String::as_str) {
        if used.contains(&name) {
            continue;
        }
        if !declared.contains(&name) {
            let sites = used.join(", ");
            say_error(codes::E0101, &format!("this plan has no site `{name}`: it has {sites}"));
            return Err(WRONG);
        }
        note(&format!("nothing of this program is at {name}"));
    }
    Ok(())
}

/// The sites that a command leaves out.
pub fn left_out(plan: &Plan, about: &About) -> BTreeSet<String> {
    plan.sites.iter().map(|site| &site.name).filter(|site| about.leaves_out(site)).cloned().collect()
}

/// Whether nothing is asked of a site in this run: it is held, or left out.
pub(super) fn is_left_alone(site: &str, state: &State, how: &How, now: u64) -> bool {
    let is_held = state.holds.get(site).is_some_and(|hold| hold.is_in_force(now));
    is_held || how.about.leaves_out(site)
}

/// The report at the end; after the events of `--events json` it is in their last one, and in the document if one is wanted.
pub(super) fn told(
    plan: &Plan,
    report: &Report,
    sources: &SourceMap,
    how: &How,
    next: &Next,
    is_simulated: bool,
    output: Output,
) {
    document::tell("scope-run/1", show::report::document(plan, report, is_simulated));
    if how.telling.events == Events::Text || document::is_wanted() {
        show::report::report(plan, report, sources, output, next, is_simulated);
    }
}

pub(super) fn run_once(
    plan: &Plan,
    sources: &SourceMap,
    state: &mut StateStore,
    how: &How,
    beginning: &Beginning,
    going: &mut Going,
    output: Output,
) -> u8 {
    let left_out = left_out(plan, &how.about);
    // What a command tells is asked for once.
    let secrets = match going.secrets.take().map_or_else(|| secrets(plan, &left_out, sources, output), Ok) {
        Ok(secrets) => secrets,
        Err(code) => return code,
    };
    if !going.has_consent {
        let is_destroying = beginning.started.wish == Wish::Nothing;
        match consent::to_delete(plan, how, is_destroying) {
            // Of a program it is to what this plan deletes; of nothing else is there more to come.
            Ok(has_consent) => going.has_consent = has_consent && is_destroying,
            Err(code) => return code,
        }
    }
    let reached = real::Options { fence: state.fence(), ..real::Options::at(".") };
    let real_sites = RealSites::new(plan, secrets.clone(), reached);
    let interrupt = Interrupt::new();
    let now = now_ms();
    let options = RunOptions {
        started: Started { yes: beginning.started.yes || going.has_consent, ..beginning.started.clone() },
        answers: beginning.answers.clone(),
        at: Some(beginning.place.clone()),
        held: show::past::held(state.state(), now),
        left_out,
        silent: beginning.silent.clone(),
        again: again::of(plan, &how.again, beginning.started.first),
        ..run_options(now, now, Rc::new(real_sites.mask()), interrupt.clone())
    };
    // Whoever attaches shows the events.
    let events = if going.detached.is_some() { Events::Json } else { how.telling.events };
    let mut shower = Shower::new(plan, events, output, how.telling.verbose);
    output.shows(plan, false);
    let Going { hooks, detached, is_stopped, .. } = going;
    hooks.pass(state.fence());
    let mut observe = |event: &RunEvent| {
        if let (Some(detached), RunEventKind::RunStarted { run, .. }) = (&*detached, &event.kind) {
            detached.began(plan, *run, &beginning.started.program);
        }
        hooks.tell(event);
        shower.show(event);
    };
    let is_detached = detached.is_some();
    let report = runner::block_on(false, async {
        // A terminal that goes away is no reason to stop.
        #[cfg(unix)]
        let _hangup =
            is_detached.then(|| tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()));
        let listener = tokio::spawn(async move {
            // Once: nothing new is started. Twice: stop at once.
            while waiting::stopped().await {
                interrupt.interrupt();
            }
        });
        let entered = real_sites.enter(plan, |site| options.leaves_alone(site)).await;
        let result = if entered.refusals.is_empty() {
            Ok(runner::run(plan, &real_sites, state, &options, &mut observe).await)
        } else {
            Err(entered)
        };
        listener.abort();
        result
    });
    let report = match report {
        Ok(report) => report,
        Err(entered) => {
            output.diagnostics(&show::failure::refusals(plan, &entered, sources), sources);
            note("nothing was sent");
            return WRONG;
        }
    };
    *is_stopped = report.stopped.is_some();
    let again = said::going_on(&beginning.started, beginning.state.as_deref(), report.run, &beginning.place);
    let answer = said::answering(state.state(), report.run, &beginning.place);
    told(plan, &report, sources, how, &Next { again, answer }, false, output);
    if is_detached && let Some(detached) = detached {
        detached.told(&show::report::document(plan, &report, false));
    }
    report.exit_code()
}

/// The secrets that a plan needs but for these sites, all of which are to be had; else it is said which are not.
pub(super) fn secrets(
    plan: &Plan,
    left_out: &BTreeSet<String>,
    sources: &SourceMap,
    output: Output,
) -> Result<Rc<SecretStore>, u8> {
    let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(config_value)));
    let missing = real::check_all(plan, &*secrets, &|site| left_out.contains(site));
    if missing.is_empty() {
        return Ok(secrets);
    }
    let reports: Vec<_> =
        missing.iter().map(|missing| show::failure::missing_secret(plan, missing, sources)).collect();
    output.diagnostics(&reports, sources);
    note("nothing was sent");
    Err(WRONG)
}

pub(super) fn run_options(
    seed: u64,
    started_at_ms: u64,
    redact: Rc<dyn Redact>,
    interrupt: Interrupt,
) -> RunOptions {
    RunOptions {
        by: std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "someone".into()),
        started_at_ms,
        seed,
        redact,
        interrupt,
        ..RunOptions::default()
    }
}

/// A value of a client's configuration file.
pub fn config_value(path: &std::path::Path, keys: &[String]) -> Result<String, String> {
    let bytes =
        std::fs::read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    // Not the reader's own words: they could quote a line of the file.
    let document = data::parse(&bytes).map_err(|_| format!("`{}` is not valid YAML", path.display()))?;
    let found = keys.iter().try_fold(&document, |node, key| node.get(key));
    match found {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("`{}` has no text at {}", path.display(), keys.join("."))),
    }
}
