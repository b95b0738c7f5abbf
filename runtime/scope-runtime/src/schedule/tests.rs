//! The scheduler, driven by event scripts, against a recursive oracle, and at size.

mod oracle;
mod plans;
mod random;
mod scripts;
mod size;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::StepState;

thread_local! {
    static SEEN: RefCell<BTreeSet<(&'static str, &'static str)>> = const { RefCell::new(BTreeSet::new()) };
}

/// Remembers that this thread's test made this transition.
pub(super) fn seen(from: StepState, to: StepState) {
    SEEN.with_borrow_mut(|seen| seen.insert((name(from), name(to))));
}

fn name(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Ready => "ready",
        StepState::Running { .. } => "running",
        StepState::Retrying { .. } => "retrying",
        StepState::Parked => "parked",
        StepState::Done => "done",
        StepState::Failed { .. } => "failed",
        StepState::Unknown => "unknown",
        StepState::Skipped { .. } => "skipped",
    }
}
