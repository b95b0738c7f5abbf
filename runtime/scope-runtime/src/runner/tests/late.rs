//! What comes too late: an attempt that was given up has no say any more, whatever its site answers afterwards.
//!
//! Told by the events alone: attempts are counted up one by one, each step ends once, and nothing is told of it after.

use std::collections::BTreeMap;

use scope_plan::plan::StepId;
use scope_plan::testing::{borrowed, both, otherwise};

use super::stage::{library, play_with, simulator};
use crate::events::{RunEvent, RunEventKind};
use crate::runner::RunOptions;
use crate::state::StateStore;

/// What was told of each step, in order.
fn told(events: &[RunEvent]) -> BTreeMap<StepId, Vec<&RunEventKind>> {
    let mut told: BTreeMap<StepId, Vec<&RunEventKind>> = BTreeMap::new();
    for event in events {
        let step = match &event.kind {
            RunEventKind::StepStarted { step, .. }
            | RunEventKind::StepRetrying { step, .. }
            | RunEventKind::StepParked { step, .. }
            | RunEventKind::StepDone { step, .. }
            | RunEventKind::StepFailed { step, .. }
            | RunEventKind::StepSkipped { step, .. } => *step,
            _ => continue,
        };
        told.entry(step).or_default().push(&event.kind);
    }
    told
}

fn is_end(kind: &RunEventKind) -> bool {
    matches!(
        kind,
        RunEventKind::StepParked { .. }
            | RunEventKind::StepDone { .. }
            | RunEventKind::StepFailed { .. }
            | RunEventKind::StepSkipped { .. }
    )
}

#[test]
fn late_answers_of_an_abandoned_attempt_are_dropped() {
    let (mut n_retried, mut n_late) = (0, 0);
    for plan in [both(), otherwise(), borrowed(), library()] {
        for faults in [
            // Answered long after the attempt was given up.
            &["freeze=*@0s..45s"][..],
            &["freeze=paris@5ms..70s"],
            &["slow=*:40s@0s..50s"],
            // Carried out after it was given up.
            &["late=create@*:*:35s"],
            &["late=create@*:200ms", "slow=paris:31s@1s..33s"],
            // Never answered, and cut in between.
            &["lose=create@*", "cut=paris@100ms..20s"],
            &["loss=*:30%@0s..2min"],
        ] {
            for seed in 0..4 {
                let simulator = simulator(&plan, faults);
                let mut state = StateStore::in_memory();
                let options = RunOptions { seed, ..RunOptions::default() };
                let (report, events) = play_with(&plan, &simulator, &mut state, &options);
                for (step, kinds) in told(&events) {
                    let name = &plan.step(step).name;
                    let mut attempt = 0;
                    for (position, kind) in kinds.iter().enumerate() {
                        if let RunEventKind::StepStarted { attempt: started, .. } = kind {
                            assert_eq!(*started, attempt + 1, "{name} under {faults:?}: {kinds:#?}");
                            attempt = *started;
                            n_retried += usize::from(attempt > 1);
                        }
                        if let RunEventKind::StepRetrying { attempt: failed, .. } = kind {
                            assert_eq!(
                                *failed, attempt,
                                "{name} under {faults:?}: only the attempt under way fails"
                            );
                        }
                        let is_last = position + 1 == kinds.len();
                        assert!(
                            is_last || !is_end(kind),
                            "{name} under {faults:?} goes on after its end: {kinds:#?}"
                        );
                    }
                    assert_eq!(report.step(step).attempts, attempt, "{name} under {faults:?}");
                }
                // Requests that a site carried out after the run had ended: nobody heard of them.
                let ended = events.last().map_or(0, |event| event.at_ms * 1_000);
                n_late += simulator.calls().iter().filter(|call| call.at_us > ended).count();
                let before = serde_json::to_value(&report).expect("plain data");
                simulator.snapshot();
                assert_eq!(serde_json::to_value(&report).expect("plain data"), before);
            }
        }
    }
    // The test means something only if attempts were given up and repeated.
    assert!(n_retried > 50, "{n_retried} attempts were repeated, {n_late} effects came after the end");
}
