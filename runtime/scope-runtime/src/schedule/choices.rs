//! `|`: arms tried from the left, the recorded one first; the next one only after what an unavailable one created is gone.
//!
//! An arm waits for all its steps and for the choices inside; its outcome is the worst of its members and of those (R4).
//! *Done* and *pending* hold; so does *left out*, and is not recorded: an operator's wish moves nothing to another place. *Unavailable* goes on to the next arm (R5). *Unknown* and *invalid* stop: the others are not
//! tried. `paris: unavailable` → undo at paris → `TryArm(lille)`.

use scope_plan::plan::{ChoiceId, Plan, StepId};

use super::graph::{Arm, Graph};
use super::mutants::{self, Mutant};
use super::{Command, Outcome, Schedule, StepState, Work};

/// Where an arm is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArmState {
    /// Not yet tried.
    Untried,
    /// Its steps are being done.
    Trying,
    /// It ended *done* or *pending*.
    Holds,
    /// It ended, nothing holds, and no other one is tried after it.
    Failed,
    /// It was tried and given up; what it created is (being) undone.
    Abandoned,
    /// It is not needed.
    NotChosen,
}

#[derive(Debug)]
pub(super) struct ArmRecord {
    pub(super) state: ArmState,
    /// Steps and choices inside that have not settled.
    n_open: u32,
    outcome: Outcome,
    worst: Option<StepId>,
}

/// Where a choice is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChoiceState {
    /// It stands in arms that are not being tried.
    Waiting,
    /// The arm at this place of the order is being tried, or undone.
    Trying(usize),
    /// It is over.
    Decided(Outcome, Option<u32>),
    /// The arms it stands in were abandoned or are not needed.
    Dropped,
}

#[derive(Debug)]
pub(super) struct ChoiceRecord {
    state: ChoiceState,
    /// Arms in the order they are tried.
    order: Vec<u32>,
    /// The arm that held, though all of it may be given up since.
    pub(super) held: Option<u32>,
    /// Of the last arm tried.
    worst: Option<StepId>,
    /// Arms it stands in that are not abandoned and may still hold.
    n_live: u32,
}

impl ChoiceRecord {
    pub(super) fn chosen(&self) -> Option<u32> {
        match self.state {
            ChoiceState::Decided(_, arm) => arm,
            _ => None,
        }
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        match self.state {
            ChoiceState::Decided(outcome, _) => Some(outcome),
            _ => None,
        }
    }

    pub(super) fn worst_step(&self) -> Option<StepId> {
        self.worst
    }
}

pub(super) fn arm_records(graph: &Graph) -> Vec<ArmRecord> {
    let arms = (0..graph.n_arms() as u32).map(Arm);
    arms.map(|arm| ArmRecord {
        state: ArmState::Untried,
        n_open: (graph.arm_steps(arm).len() + graph.arm_choices(arm).len()) as u32,
        outcome: Outcome::Done,
        worst: None,
    })
    .collect()
}

pub(super) fn choice_records(plan: &Plan, graph: &Graph) -> Vec<ChoiceRecord> {
    let choices = plan.choices.iter().map(|choice| {
        let n_arms = graph.n_arms_of(choice.id);
        let is_ignored = mutants::is(Mutant::RecordedIgnored);
        let recorded = choice.recorded.filter(|arm| !is_ignored && *arm < n_arms);
        let others = (0..n_arms).filter(|arm| Some(*arm) != recorded);
        ChoiceRecord {
            state: ChoiceState::Waiting,
            order: recorded.into_iter().chain(others).collect(),
            held: None,
            worst: None,
            n_live: graph.choice_guards(choice.id).len() as u32,
        }
    });
    choices.collect()
}

impl Schedule {
    pub(super) fn start_choice(&mut self, choice: ChoiceId) {
        if self.choices[choice.index()].state == ChoiceState::Waiting {
            self.try_arm(choice, 0);
        }
    }

    fn try_arm(&mut self, choice: ChoiceId, place: usize) {
        let record = &mut self.choices[choice.index()];
        let Some(number) = record.order.get(place).copied() else {
            // A choice without arms: the plan's verification refuses it.
            return self.decide(choice, Outcome::Unavailable, None, None);
        };
        record.state = ChoiceState::Trying(place);
        let arm = self.graph.arm(choice, number);
        self.arms[arm.index()].state = ArmState::Trying;
        self.commands.push(Command::TryArm { choice, arm: number });
        for step in self.graph.arm_guarded(arm) {
            self.steps[step.index()].n_active += 1;
            self.work.push_back(Work::Check(*step));
        }
        self.work.extend(self.graph.arm_choices(arm).iter().map(|nested| Work::StartChoice(*nested)));
        self.work.push_back(Work::EndArm(arm));
    }

    /// A step settled: the arms it is in take note.
    pub(super) fn tell_arms(&mut self, step: StepId, outcome: Outcome) {
        for place in self.graph.places(step) {
            let worst = place.is_member.then_some((outcome, Some(step)));
            note(&mut self.arms[place.arm.index()], worst);
            self.work.push_back(Work::EndArm(place.arm));
        }
    }

    /// If all of an arm settled while it is being tried, it ends.
    pub(super) fn end_arm(&mut self, arm: Arm) {
        let record = &self.arms[arm.index()];
        if record.state != ArmState::Trying || record.n_open > 0 {
            return;
        }
        let (outcome, worst) = (record.outcome, record.worst);
        let (choice, number) = self.graph.choice_of(arm);
        let outcome = match outcome {
            Outcome::Unknown if mutants::is(Mutant::UnknownFallsThrough) => Outcome::Unavailable,
            Outcome::Invalid if mutants::is(Mutant::InvalidFallsThrough) => Outcome::Unavailable,
            Outcome::Pending if mutants::is(Mutant::PendingFallsThrough) => Outcome::Unavailable,
            Outcome::Unavailable if mutants::is(Mutant::UnavailableHolds) => Outcome::Unknown,
            outcome => outcome,
        };
        match outcome {
            Outcome::Done | Outcome::LeftOut | Outcome::Pending => {
                self.arms[arm.index()].state = ArmState::Holds;
                // Whether the alternative holds was not asked, of a part of it at least.
                let is_asked = outcome != Outcome::LeftOut || mutants::is(Mutant::LeftOutIsChosen);
                if is_asked && !mutants::is(Mutant::ChoiceNotRecorded) {
                    self.commands.push(Command::RecordChoice { choice, arm: number });
                }
                self.drop_untried(choice);
                self.decide(choice, outcome, Some(number), worst);
            }
            Outcome::Unavailable if self.is_interrupted => {}
            Outcome::Unavailable if self.has_next_arm(choice) => {
                self.arms[arm.index()].state = ArmState::Abandoned;
                self.give_up(vec![arm], Some(choice));
                if mutants::is(Mutant::NextArmBeforeUndo) {
                    self.work.push_back(Work::NextArm(choice));
                }
            }
            Outcome::Unavailable | Outcome::Unknown | Outcome::Invalid => {
                self.arms[arm.index()].state = ArmState::Failed;
                self.drop_untried(choice);
                self.decide(choice, outcome, None, worst);
            }
        }
    }

    /// Whether the arm is what its choice ended with, well or not.
    pub(super) fn is_ended(&self, arm: Arm) -> bool {
        matches!(self.arms[arm.index()].state, ArmState::Holds | ArmState::Failed)
    }

    fn has_next_arm(&self, choice: ChoiceId) -> bool {
        let record = &self.choices[choice.index()];
        matches!(record.state, ChoiceState::Trying(place) if place + 1 < record.order.len())
    }

    /// Whether an alternative that a step is of, or one around it, is followed by another one.
    pub(super) fn has_other_way(&self, step: StepId) -> bool {
        let mut open: Vec<Arm> = self.graph.guards(step).to_vec();
        while let Some(arm) = open.pop() {
            let (choice, _) = self.graph.choice_of(arm);
            if self.arms[arm.index()].state == ArmState::Trying && self.has_next_arm(choice) {
                return true;
            }
            open.extend(self.graph.choice_guards(choice));
        }
        false
    }

    /// What the arm before created is gone (or owed).
    pub(super) fn try_next_arm(&mut self, choice: ChoiceId) {
        if self.is_interrupted {
            return;
        }
        if let ChoiceState::Trying(place) = self.choices[choice.index()].state {
            self.try_arm(choice, place + 1);
        }
    }

    /// Arms that will not be tried let go of their steps; one that no other arm wants is not done, or undone.
    fn drop_untried(&mut self, choice: ChoiceId) {
        let numbers = 0..self.graph.n_arms_of(choice);
        let arms: Vec<Arm> = numbers
            .map(|number| self.graph.arm(choice, number))
            .filter(|arm| self.arms[arm.index()].state == ArmState::Untried)
            .collect();
        for arm in &arms {
            self.arms[arm.index()].state = ArmState::NotChosen;
        }
        self.give_up(arms, None);
    }

    fn decide(&mut self, choice: ChoiceId, outcome: Outcome, arm: Option<u32>, worst: Option<StepId>) {
        let record = &mut self.choices[choice.index()];
        record.state = ChoiceState::Decided(outcome, arm);
        record.held = arm;
        record.worst = worst;
        self.close_choice(choice, outcome, worst);
    }

    fn close_choice(&mut self, choice: ChoiceId, outcome: Outcome, worst: Option<StepId>) {
        for outer in self.graph.choice_guards(choice) {
            // In the alternatives around the copies only their quorum counts.
            let is_inside = self.graph.is_copy(self.graph.choice_of(*outer).0);
            let counts = (is_inside || !self.graph.is_copy(choice)).then_some((outcome, worst));
            note(&mut self.arms[outer.index()], counts);
            self.work.push_back(Work::EndArm(*outer));
        }
        for chooser in self.graph.choosers(choice) {
            self.steps[chooser.index()].n_waits -= 1;
            self.work.push_back(Work::Check(*chooser));
        }
    }

    /// These arms let go of what they hold: gives the steps that nothing wants any more. Choices inside that nothing wants
    /// let go of their arms in turn.
    pub(super) fn let_go(&mut self, arms: Vec<Arm>) -> Vec<StepId> {
        let mut unwanted = Vec::new();
        let mut open = arms;
        while let Some(arm) = open.pop() {
            let was_tried = self.arms[arm.index()].state == ArmState::Abandoned;
            for step in self.graph.arm_guarded(arm) {
                let record = &mut self.steps[step.index()];
                record.n_live -= 1;
                record.n_active -= u32::from(was_tried);
                if record.n_live == 0 || mutants::is(Mutant::UndoOfWhatIsWanted) {
                    unwanted.push(*step);
                }
            }
            for nested in self.graph.arm_choices(arm).to_vec() {
                let record = &mut self.choices[nested.index()];
                record.n_live -= 1;
                if record.n_live > 0 {
                    continue;
                }
                let was_decided = matches!(record.state, ChoiceState::Decided(..));
                record.state = ChoiceState::Dropped;
                if !was_decided {
                    self.close_choice(nested, Outcome::Done, None);
                }
                for number in 0..self.graph.n_arms_of(nested) {
                    let inside = self.graph.arm(nested, number);
                    let state = &mut self.arms[inside.index()].state;
                    *state = match *state {
                        ArmState::Untried => ArmState::NotChosen,
                        ArmState::Trying | ArmState::Holds | ArmState::Failed => ArmState::Abandoned,
                        ArmState::Abandoned | ArmState::NotChosen => continue,
                    };
                    open.push(inside);
                }
            }
        }
        unwanted.sort();
        unwanted
    }

    /// Whether it was done, tried or given up: no longer only waiting.
    pub(super) fn is_begun(&self, step: StepId) -> bool {
        !matches!(
            self.state(step),
            StepState::Waiting | StepState::Ready | StepState::Retrying { .. } | StepState::Parked
        )
    }
}

/// One part of an arm settled.
fn note(arm: &mut ArmRecord, part: Option<(Outcome, Option<StepId>)>) {
    arm.n_open -= 1;
    let Some((outcome, step)) = part else { return };
    let is_worse = outcome > arm.outcome || (outcome == arm.outcome && step.is_some() && step < arm.worst);
    if (outcome > Outcome::Done && is_worse) || mutants::is(Mutant::LastOutcomeCounts) {
        arm.outcome = outcome;
        arm.worst = step;
    }
}
