//! Steps that change nothing go: look-ups, choices and collections nothing uses, and transfers to where the data is.
//!
//! ```text
//! resource vm: openstack.server { image: "debian" }       0 look up image "debian" at nantes
//!     scope { compute: nantes, image: nantes }            1 bring image from #0 to nantes      (goes)
//!                                                         2 ensure vm { image: #1 }        →   { image: #0 }
//! ```
//!
//! What stays: every step that changes something or that a person named (`existing`), what these and the outputs wait for,
//! and, since an arm ends as all its members do, the members of all arms of a choice in which any step stays. A bring with more sources than the one at its own site stays too: the
//! others stand in where that one is not found.

use std::collections::BTreeSet;

use super::edit::{Fate, edit};
use crate::graph::Neighbours;
use crate::inputs::is_given;
use crate::plan::{Action, ChoiceId, OnUnreachable, Plan, Purpose, Step, StepId};

/// See above.
pub fn prune(plan: Plan) -> Plan {
    let plan = without_idle_transfers(plan);
    let mut life = Life::of(&plan);
    life.spread();
    let fates: Vec<Fate> =
        life.steps.iter().map(|is_alive| if *is_alive { Fate::Kept } else { Fate::Gone }).collect();
    let choices = life.choices;
    edit(plan, &fates, &choices)
}

/// A bring whose only source is at its own site is that source.
fn without_idle_transfers(plan: Plan) -> Plan {
    let mut waits_by_order = vec![false; plan.steps.len()];
    for edge in plan.edges.iter().filter(|edge| is_given(&edge.reason)) {
        waits_by_order[edge.to.index()] = true;
    }
    let mut stands_for: Vec<StepId> = plan.steps.iter().map(|step| step.id).collect();
    // In order, so that a bring of such a bring finds where that one went; two of its sources may be one by then.
    for id in crate::graph::order(&plan) {
        let step = plan.step(id);
        let Action::Bring { sources, .. } = &step.action else { continue };
        let sources: BTreeSet<StepId> = sources.iter().map(|source| stands_for[source.index()]).collect();
        if let Some(source) = sources.first()
            && sources.len() == 1
            && plan.location(*source) == Some(step.site)
            && !waits_by_order[id.index()]
            && has_no_arm_of_its_own(step, plan.step(*source))
        {
            stands_for[id.index()] = *source;
        }
    }
    let fates: Vec<Fate> = stands_for
        .iter()
        .enumerate()
        .map(|(position, other)| if other.index() == position { Fate::Kept } else { Fate::By(*other) })
        .collect();
    let choices = vec![true; plan.choices.len()];
    edit(plan, &fates, &choices)
}

/// Whether the source is done whenever the bring is, and in no more cases once it stands for it; and whether it may stand
/// in the bring's arms: what is queued may not stand left of a `|`.
fn has_no_arm_of_its_own(bring: &Step, source: &Step) -> bool {
    let is_queued = |step: &Step| matches!(step.on_unreachable, OnUnreachable::Queue { .. });
    if is_queued(source) && !is_queued(bring) {
        return false;
    }
    source.when.is_empty()
        || !bring.when.is_empty() && bring.when.iter().all(|guard| source.when.contains(guard))
}

struct Life<'p> {
    plan: &'p Plan,
    /// What each step waits for.
    before: Neighbours,
    steps: Vec<bool>,
    choices: Vec<bool>,
    /// For each step, the choices whose arms list it.
    choices_of: Vec<Vec<ChoiceId>>,
    /// Steps that were found alive and not looked at.
    open: Vec<StepId>,
}

impl<'p> Life<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut choices_of = vec![Vec::new(); plan.steps.len()];
        for choice in &plan.choices {
            for member in choice.arms.iter().flat_map(|arm| &arm.members) {
                choices_of[member.index()].push(choice.id);
            }
        }
        let mut life = Self {
            plan,
            before: Neighbours::before(plan, |_| true),
            steps: vec![false; plan.steps.len()],
            choices: vec![false; plan.choices.len()],
            choices_of,
            open: Vec::new(),
        };
        for step in plan.steps.iter().filter(|step| is_of_use_itself(step)) {
            life.keep(step.id);
        }
        for step in plan.outputs.iter().flat_map(|output| output.value.steps_used()) {
            life.keep(step);
        }
        life
    }

    fn keep(&mut self, step: StepId) {
        if !self.steps[step.index()] {
            self.steps[step.index()] = true;
            self.open.push(step);
        }
    }

    fn spread(&mut self) {
        while let Some(step) = self.open.pop() {
            for index in 0..self.before.of(step).len() {
                self.keep(self.before.of(step)[index]);
            }
            if let Action::Choose { choice, .. } = self.plan.step(step).action {
                self.keep_choice(choice);
            }
            for index in 0..self.choices_of[step.index()].len() {
                self.keep_choice(self.choices_of[step.index()][index]);
            }
        }
    }

    fn keep_choice(&mut self, choice: ChoiceId) {
        let mut open = vec![choice];
        while let Some(choice) = open.pop() {
            if std::mem::replace(&mut self.choices[choice.index()], true) {
                continue;
            }
            let plan = self.plan;
            let choice = plan.choice(choice);
            open.extend(choice.when.iter().map(|guard| guard.choice));
            for arm in &choice.arms {
                open.extend(&arm.choices);
                arm.members.iter().for_each(|member| self.keep(*member));
            }
        }
    }
}

fn is_of_use_itself(step: &Step) -> bool {
    match &step.action {
        Action::Lookup { purpose, .. } => *purpose == Purpose::Existing,
        // A quorum says how its copies end together.
        Action::Gather { quorum, .. } => quorum.is_some(),
        Action::Choose { .. } => false,
        Action::Ensure { .. }
        | Action::Bring { .. }
        | Action::Call { .. }
        | Action::Delete { .. }
        | Action::Protect { .. }
        | Action::Gate { .. } => true,
    }
}
