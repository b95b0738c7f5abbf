//! Spans of a run for `tracing`: `run` › `step` › `attempt` (› `request`, where a site is asked). Nothing where nobody listens.
//!
//! `StepStarted(vm, 2)` → `run{number=7}:step{name=vm site=nantes}:attempt{number=2}`. No field holds a value of the program:
//! names, sites, codes and words that are masked already.

use std::collections::BTreeMap;

use scope_plan::plan::{Plan, StepId};
use tracing::Span;

use crate::events::{RunEvent, RunEventKind};

/// The steps' spans, each open from the first attempt to the end.
#[derive(Default)]
pub(super) struct Spans {
    steps: BTreeMap<StepId, Span>,
}

impl Spans {
    /// The span of an attempt, in that of its step. To be called in the run's.
    pub(super) fn attempt(&mut self, plan: &Plan, id: StepId, attempt: u32) -> Span {
        if !tracing::enabled!(tracing::Level::INFO) {
            return Span::none();
        }
        let step = self.steps.entry(id).or_insert_with(|| {
            let step = plan.step(id);
            let site = plan.site(step.site).name.as_str();
            let verb = step.action.verb();
            tracing::info_span!("step", name = step.name, site, verb, key = step.key)
        });
        tracing::info_span!(parent: &*step, "attempt", number = attempt)
    }

    /// Says in the step's span what became of it, and ends the span where it is over.
    pub(super) fn told(&mut self, event: &RunEvent) {
        let Some(step) = event.kind.ended_step() else { return };
        let Some(span) = self.steps.get(&step) else { return };
        match &event.kind {
            RunEventKind::StepDone { effect, millis, .. } => {
                tracing::info!(parent: span, millis, "{}", super::told::effect_words(effect));
            }
            RunEventKind::StepFailed { failure, millis, .. } => {
                tracing::warn!(parent: span, millis, code = failure.code, "{}", failure.message);
            }
            RunEventKind::StepParked { words, .. } => tracing::warn!(parent: span, "parked: {words}"),
            RunEventKind::StepRetrying { words, after_ms, .. } => {
                tracing::info!(parent: span, after_ms, "again: {words}");
                return;
            }
            _ => {}
        }
        self.steps.remove(&step);
    }
}
