//! What is said at the end, where things go wrong around the run itself.

use scope_plan::testing::{both, one_ensure};

use super::stage::{play, simulator};
use crate::events::RunEventKind;
use crate::redact::Redact;
use crate::report::{StepStatus, Verdict};
use crate::runner::{RunOptions, block_on, run};
use crate::state::{Holder, StateStore};

#[test]
fn a_state_that_cannot_be_written_stops_the_run_and_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = both();
    let mut state =
        StateStore::open(folder.path(), &Holder::current("scope run test.scope", 7)).expect("opened");
    // The folder is gone: the journal cannot be made.
    std::fs::remove_dir_all(folder.path()).expect("removed");
    let (report, _) = play(&plan, &simulator(&plan, &[]), &mut state);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(report.stopped.expect("said").code, "E0911");
}

#[test]
fn one_that_fails_at_the_end_is_said_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = one_ensure();
    let mut state =
        StateStore::open(folder.path(), &Holder::current("scope run test.scope", 7)).expect("opened");
    let path = folder.path().to_owned();
    let simulator = simulator(&plan, &[]);
    let report = block_on(
        true,
        run(&plan, &simulator, &mut state, &RunOptions::default(), &mut |event| {
            if matches!(event.kind, RunEventKind::StepDone { .. }) {
                let _ = std::fs::remove_dir_all(&path);
            }
        }),
    );
    assert_eq!(report.stopped.as_ref().expect("said").code, "E0921");
    assert_eq!(report.exit_code(), 1);
    assert!(matches!(report.steps[0].status, StepStatus::Done { .. }));
}

struct Hush;

impl Redact for Hush {
    fn hide<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        text.replace("Emma", "***").into()
    }
}

#[test]
fn what_is_secret_is_masked_everywhere() {
    let plan = both();
    let options = RunOptions { redact: std::rc::Rc::new(Hush), ..RunOptions::default() };
    let simulator = simulator(&plan, &[]);
    let mut state = StateStore::in_memory();
    let mut lines = String::new();
    let report = block_on(
        true,
        run(&plan, &simulator, &mut state, &options, &mut |event| lines.push_str(&event.to_json_line())),
    );
    let report = serde_json::to_string(&report).expect("plain data");
    assert!(report.contains("***"));
    assert!(!lines.contains("Emma") && !report.contains("Emma"));
}

#[test]
fn the_history_remembers_the_run() {
    let plan = one_ensure();
    let mut state = StateStore::in_memory();
    let options = RunOptions { by: "ana".into(), started_at_ms: 42, ..RunOptions::default() };
    let (report, _) = super::stage::play_with(&plan, &simulator(&plan, &[]), &mut state, &options);
    let run = &state.state().runs[0];
    assert_eq!((run.run, run.by.as_str(), run.started_ms), (1, "ana", 42));
    assert_eq!((run.verdict, run.counts), (Some(Verdict::Done), report.counts));
}

#[test]
fn a_step_took_as_long_as_it_took_and_not_as_long_as_the_run() {
    // What is at nantes has ended long before paris answers.
    let plan = both();
    let simulator = simulator(&plan, &["cut=paris@..6s"]);
    let (report, events) = play(&plan, &simulator, &mut StateStore::in_memory());
    let told = events.iter().filter_map(|event| match &event.kind {
        RunEventKind::StepDone { step, millis, .. } => Some((*step, *millis)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), plan.steps.len());
    for (step, millis) in told {
        assert_eq!(report.step(step).millis, millis, "{step:?}");
    }
    assert!(
        report.steps[0].millis + 4_000 < report.millis,
        "{} of {}",
        report.steps[0].millis,
        report.millis
    );
}
