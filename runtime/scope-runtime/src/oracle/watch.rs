//! What must hold in every run, whatever goes wrong: seen from its events, as they come.
//!
//! A step begins only after what it needs; no more attempts than said; the next alternative only after the undo of the one
//! before; what was parked is tried when its service is heard from. In come a plan and events, out come sentences about
//! what does not hold.

use std::collections::BTreeMap;

use scope_plan::plan::{Action, ChoiceId, EdgeReason, Plan, StepId};

use crate::events::{Outcome, RunEvent, RunEventKind, SkipReason};
use crate::report::{Report, StepStatus};

/// How often a parked step is tried again in one run, at most.
const MOST_WAKES: usize = 3;

pub(super) struct Watch<'p> {
    plan: &'p Plan,
    /// Steps that ended well, and those that were left out.
    is_done: Vec<bool>,
    is_left_out: Vec<bool>,
    /// Steps that ended, well or not.
    has_ended: Vec<bool>,
    /// Copies that others may make up for.
    is_spare: Vec<bool>,
    /// Steps that a quorum counts.
    is_copy: Vec<bool>,
    n_parked: Vec<usize>,
    /// When each step was parked last: the number of the event.
    parked_at: BTreeMap<StepId, usize>,
    /// When a service was heard from last.
    heard_at: BTreeMap<(u32, String), usize>,
    tried: BTreeMap<ChoiceId, Vec<u32>>,
    n_events: usize,
    pub(super) wrong: Vec<String>,
}

impl<'p> Watch<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let n_steps = plan.steps.len();
        Self {
            plan,
            is_done: vec![false; n_steps],
            is_left_out: vec![false; n_steps],
            has_ended: vec![false; n_steps],
            is_spare: vec![false; n_steps],
            is_copy: scope_plan::quorum::of_steps(plan).iter().map(Option::is_some).collect(),
            n_parked: vec![0; n_steps],
            parked_at: BTreeMap::new(),
            heard_at: BTreeMap::new(),
            tried: BTreeMap::new(),
            n_events: 0,
            wrong: Vec::new(),
        }
    }

    pub(super) fn see(&mut self, event: &RunEvent) {
        self.n_events += 1;
        if let RunEventKind::StepDone { step, .. }
        | RunEventKind::StepFailed { step, .. }
        | RunEventKind::StepParked { step, .. }
        | RunEventKind::StepSkipped { step, .. } = &event.kind
        {
            self.has_ended[step.index()] = true;
        }
        match &event.kind {
            RunEventKind::StepStarted { step, attempt } => self.started(*step, *attempt),
            RunEventKind::StepDone { step, .. } => {
                self.is_done[step.index()] = true;
                if let Some(lane) = self.lane(*step) {
                    self.heard_at.insert(lane, self.n_events);
                }
            }
            RunEventKind::StepSkipped {
                step,
                because: SkipReason::Unreachable | SkipReason::Dependency { outcome: Outcome::Done, .. },
            } => {
                self.is_left_out[step.index()] = true;
            }
            RunEventKind::StepParked { step, is_spare, .. } => {
                self.n_parked[step.index()] += 1;
                self.is_spare[step.index()] = self.is_copy[step.index()];
                // A copy that others make up for does not wait for its service.
                match is_spare {
                    true => self.parked_at.remove(step),
                    false => self.parked_at.insert(*step, self.n_events),
                };
            }
            RunEventKind::ChoiceTried { choice, arm, .. } => {
                self.tried.entry(*choice).or_default().push(*arm);
            }
            RunEventKind::UndoDone { step: Some(step), .. }
            | RunEventKind::UndoOwed { step: Some(step), .. } => {
                self.undone(*step);
            }
            _ => {}
        }
    }

    fn started(&mut self, step: StepId, attempt: u32) {
        let plan = self.plan;
        if let Action::Gate { steps, .. } = &plan.step(step).action
            && let Some(open) =
                steps.iter().find(|step| !self.has_ended[step.index()] && !self.is_after_spare(**step))
        {
            let open = &plan.step(*open).key;
            self.wrong.push(format!("`{}` begins before `{open}` ended", plan.step(step).key));
        }
        for edge in plan.edges.iter().filter(|edge| edge.to == step) {
            let is_met = match edge.reason {
                EdgeReason::Settled => true,
                EdgeReason::Data | EdgeReason::Wave | EdgeReason::Move => self.is_done[edge.from.index()],
                // What is deleted, or no longer guarded, was needed by somebody who must be gone.
                EdgeReason::Relation if takes_away(&plan.step(step).action) => {
                    self.is_done[edge.from.index()]
                }
                EdgeReason::After | EdgeReason::Relation => {
                    self.is_done[edge.from.index()] || self.is_left_out[edge.from.index()]
                }
                // Passed over, it has ended, too; that a taken one is not is for the rules.
                EdgeReason::Guard => self.has_ended[edge.from.index()],
            };
            if !is_met {
                let from = &plan.step(edge.from).key;
                self.wrong.push(format!("`{}` begins before `{from}` ended well", plan.step(step).key));
            }
        }
        let most = plan.step(step).retry.times.max(1) as usize * (1 + self.n_parked[step.index()]);
        if attempt as usize > most {
            self.wrong.push(format!("`{}` is tried {attempt} times", plan.step(step).key));
        }
    }

    /// Whether a step waits for a copy that others may make up for.
    fn is_after_spare(&self, step: StepId) -> bool {
        let before = self.plan.edges.iter().filter(|edge| edge.to == step).map(|edge| edge.from);
        let mut before = before.filter(|before| !self.is_done[before.index()]);
        before.any(|before| match self.has_ended[before.index()] {
            true => self.is_spare[before.index()],
            false => self.is_after_spare(before),
        })
    }

    /// A step of one arm only is undone before the next one is tried.
    fn undone(&mut self, step: StepId) {
        let [guard] = self.plan.step(step).when.as_slice() else { return };
        let tried = self.tried.get(&guard.choice).map_or(&[][..], Vec::as_slice);
        if tried.last().is_some_and(|last| *last != guard.arm) {
            let key = &self.plan.step(step).key;
            self.wrong.push(format!("`{key}` is undone after the next alternative was begun"));
        }
    }

    /// What is wrong with the whole.
    pub(super) fn end(mut self, report: &Report) -> Vec<String> {
        for step in &report.steps {
            let parked_at = self.parked_at.get(&step.step).copied();
            let heard_at = self.lane(step.step).and_then(|lane| self.heard_at.get(&lane).copied());
            let may_wake = self.n_parked[step.step.index()] <= MOST_WAKES;
            let is_parked = matches!(step.status, StepStatus::Parked { .. });
            if is_parked && may_wake && parked_at.is_some() && heard_at > parked_at {
                let key = &self.plan.step(step.step).key;
                self.wrong.push(format!("`{key}` waits though its service was heard from"));
            }
        }
        self.wrong
    }

    fn lane(&self, step: StepId) -> Option<(u32, String)> {
        let step = self.plan.step(step);
        let (_, resource_type) = self.plan.resource_type_of(step)?;
        Some((step.site.0, resource_type.service.clone()))
    }
}

/// Deletes something, or takes off the guard on it.
fn takes_away(action: &Action) -> bool {
    match action {
        Action::Delete { .. } => true,
        Action::Protect { users, .. } => users.is_empty(),
        _ => false,
    }
}
