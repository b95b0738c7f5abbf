//! Taking back what was created: in reverse where one creation needed the other, and only what nothing wants any more.
//!
//! In come arms that are given up; out come [`Command::Undo`]s, those of a server before that of its network, and, when
//! all of them ended (done or owed), the next arm. `network ← server` → `Undo(server)`, `UndoDone(server)`,
//! `Undo(network)`.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{ChoiceId, StepId};

use super::graph::Arm;
use super::mutants::{self, Mutant};
use super::queue::Job;
use super::{Outcome, Schedule, SkipReason, StepState, Touched, Work};

/// What became of what a step created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UndoState {
    /// It is wanted, or there is nothing.
    #[default]
    None,
    /// It is being deleted.
    Running,
    /// It is gone.
    Done,
    /// It could not be deleted; perhaps it was never made.
    Owed,
    /// Something that is wanted uses it.
    Kept,
}

#[derive(Debug, Default)]
pub(super) struct UndoRecord {
    pub(super) state: UndoState,
    /// In which batch it is given up.
    batch: Option<u32>,
    /// Steps of that batch, built on it, whose undo has not ended.
    n_waits: u32,
}

/// Steps given up together.
#[derive(Debug)]
pub(super) struct Batch {
    n_open: usize,
    /// Whose next arm comes then.
    then: Option<ChoiceId>,
    /// A step → those of the batch that it is built on: they come free with it.
    below: BTreeMap<StepId, Vec<StepId>>,
}

impl Schedule {
    /// Gives up arms (already marked so) and everything that only they wanted.
    pub(super) fn give_up(&mut self, arms: Vec<Arm>, then: Option<ChoiceId>) {
        let then = then.filter(|_| !mutants::is(Mutant::NextArmBeforeUndo));
        let unwanted = self.let_go(arms);
        for step in &unwanted {
            if !self.is_begun(*step) {
                self.transition(*step, StepState::Skipped { because: SkipReason::NotChosen });
            }
        }
        self.undo_all(&unwanted, then);
    }

    /// `on_failure: undo`: a resource that failed at a site takes back what it created at the others. What failed in an
    /// alternative that was given up is no failure of the whole. True if there is something to do.
    pub(super) fn undo_failed_groups(&mut self) -> bool {
        if mutants::is(Mutant::GroupUndoForgotten) {
            return false;
        }
        let has_failed = |group: &Vec<StepId>| {
            let live = group.iter().copied().filter(|step| self.is_live(*step));
            let outcomes = live.filter_map(|step| self.state(self.counted_by(step)).outcome());
            matches!(outcomes.max(), Some(Outcome::Unavailable | Outcome::Invalid))
        };
        let is_open = |step: &StepId| self.steps[step.index()].undo.batch.is_none() && self.is_to_undo(*step);
        let groups = self.graph.groups().iter().filter(|group| has_failed(group));
        let steps: Vec<StepId> = groups.flatten().copied().filter(is_open).collect();
        self.undo_all(&steps, None);
        self.n_undoing > 0
    }

    /// A step that nothing wants any more settled only now (its answer came after an interruption).
    pub(super) fn undo_late(&mut self, step: StepId) {
        if self.steps[step.index()].undo.batch.is_none() && self.is_to_undo(step) {
            self.undo_all(&[step], None);
        }
    }

    pub(super) fn end_undo(&mut self, step: StepId, state: UndoState) {
        if self.steps[step.index()].undo.state != UndoState::Running {
            return;
        }
        self.n_undoing -= 1;
        self.queue.release(self.graph.site(step));
        let is_dropped = mutants::is(Mutant::OwedUndoDropped);
        self.steps[step.index()].undo.state = if is_dropped { UndoState::Done } else { state };
        self.advance(Vec::new(), vec![step]);
    }

    fn is_to_undo(&self, step: StepId) -> bool {
        self.graph.is_undone(step) && self.steps[step.index()].touched > Touched::Nothing
    }

    fn undo_all(&mut self, steps: &[StepId], then: Option<ChoiceId>) {
        let is_one_forgotten = steps.len() > 1 && mutants::is(Mutant::OneIsLeftBehind);
        let steps = if is_one_forgotten { &steps[1..] } else { steps };
        let batch = self.batches.len() as u32;
        for step in steps {
            self.steps[step.index()].undo.batch = Some(batch);
        }
        let mut below: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
        for step in steps {
            let above = self.built_on(*step, batch);
            self.steps[step.index()].undo.n_waits = above.len() as u32;
            above.into_iter().for_each(|above| below.entry(above).or_default().push(*step));
        }
        self.batches.push(Batch { n_open: steps.len(), then, below });
        let free = steps.iter().copied().filter(|step| self.steps[step.index()].undo.n_waits == 0).collect();
        if steps.is_empty() {
            self.end_batch(batch);
        }
        self.advance(free, Vec::new());
    }

    /// Nothing is built on those that are `free` any more: what they created is deleted, and those that created nothing are
    /// through at once. Under those that are `through`, others come free.
    fn advance(&mut self, mut free: Vec<StepId>, mut through: Vec<StepId>) {
        loop {
            for step in std::mem::take(&mut free) {
                if !self.is_to_undo(step) || mutants::is(Mutant::ForgottenUndo) {
                    through.push(step);
                } else if self.is_used(step) {
                    self.steps[step.index()].undo.state = UndoState::Kept;
                    through.push(step);
                } else {
                    self.steps[step.index()].undo.state = UndoState::Running;
                    self.n_undoing += 1;
                    self.queue.push(self.graph.site(step), u64::MAX, Job::Undo(step));
                }
            }
            let Some(step) = through.pop() else { return };
            let batch = self.steps[step.index()].undo.batch.expect("only steps of a batch are undone");
            for below in self.batches[batch as usize].below.remove(&step).unwrap_or_default() {
                let undo = &mut self.steps[below.index()].undo;
                undo.n_waits -= 1;
                if undo.n_waits == 0 {
                    free.push(below);
                }
            }
            self.batches[batch as usize].n_open -= 1;
            if self.batches[batch as usize].n_open == 0 {
                self.end_batch(batch);
            }
        }
    }

    /// The steps of a batch that are built on one: at once, or on what only serves others and stays, such as a guard.
    fn built_on(&self, step: StepId, batch: u32) -> BTreeSet<StepId> {
        let mut above = BTreeSet::new();
        let mut passed = BTreeSet::new();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            for edge in self.graph.out_edges(step) {
                if self.steps[edge.step.index()].undo.batch == Some(batch) {
                    above.insert(edge.step);
                } else if self.graph.serves(edge.step) && passed.insert(edge.step) {
                    open.push(edge.step);
                }
            }
        }
        above
    }

    fn end_batch(&mut self, batch: u32) {
        if let Some(choice) = self.batches[batch as usize].then {
            self.work.push_back(Work::NextArm(choice));
        }
    }

    /// Whether something that is wanted was made with it. What only serves others, a guard or a copy, is wanted where they are.
    fn is_used(&self, step: StepId) -> bool {
        self.graph.out_edges(step).iter().any(|edge| {
            let user = &self.steps[edge.step.index()];
            let is_there = user.touched == Touched::Created && user.state == StepState::Done;
            let is_wanted = user.undo.batch.is_none();
            is_wanted && is_there && (!self.graph.serves(edge.step) || self.is_used(edge.step))
        })
    }
}
