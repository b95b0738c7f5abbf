//! The plan as the scheduler reads it: dense arrays of who tells whom, made once and never changed.
//!
//! In comes a plan, out come for each step its edges both ways, the arms it stands in and the service it asks; for each
//! arm its steps and the choices inside. Every question is answered by a slice, in the order of the plan.

mod building;
mod lanes;
mod quorums;

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{ChoiceId, SiteId, StepId};

use crate::rows::Rows;
use quorums::Quorums;

/// All arms of all choices, numbered through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arm(pub(super) u32);

impl Arm {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A service at a site: what is cut off together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane(pub(super) u32);

/// What an edge waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// That the other ends well: its result is used.
    Done,
    /// That the other ends well, or is left out as the program allows: it only comes before.
    Order,
    /// That it settles, well or not.
    Settled,
    /// That it ends, well or not: what is parked may still end well in this run.
    Ended,
    /// That the other ends well, or is passed over: a guard on an alternative that was not taken.
    Guarded,
    /// Nothing: it is one of the results of a `choose`, a part of a `gather` in an alternative inside of it, or what is
    /// guarded if it is taken. These wait for the choice: what it took has settled by then, and another one may still be
    /// wanted by an arm around. Only undoing goes along this edge.
    Decided,
}

/// One end of an edge, seen from the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbour {
    pub(super) step: StepId,
    pub(super) need: Need,
}

/// A step in an arm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) step: StepId,
    pub(super) arm: Arm,
    /// Its outcome is part of the arm's.
    pub(super) is_member: bool,
}

/// Who does a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    /// The runner, at a site.
    AtSite,
    /// The scheduler: the result of the chosen arm.
    Choose(ChoiceId),
    /// The scheduler: the results of several sites.
    Gather,
    /// The runner, which waits: the next wave of this rollout may begin.
    Gate(usize),
}

/// When the site does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnCut {
    Queue,
    Skip,
    Fail,
}

#[derive(Debug)]
pub(super) struct Graph {
    steps: Vec<StepFacts>,
    out_edges: Rows<Neighbour>,
    in_edges: Rows<Neighbour>,
    /// Of a step: the arms it is done for (`when`).
    guards: Rows<Arm>,
    /// Of a step: the arms that wait for it.
    places: Rows<Place>,
    /// Of an arm: the steps it waits for.
    arm_steps: Rows<Place>,
    /// Of an arm: the steps done for it.
    arm_guarded: Rows<StepId>,
    /// Of an arm: the choices inside.
    arm_choices: Rows<ChoiceId>,
    /// Of a choice: the arms it stands in.
    choice_guards: Rows<Arm>,
    /// Of a choice: the steps that wait for its decision: its `choose`, and what gathers from inside of it.
    choosers: Rows<StepId>,
    /// Of a `gather` and its parts in alternatives inside of it: the arms they are there for.
    inner_arms: BTreeMap<(StepId, StepId), Vec<Arm>>,
    /// Of a `choose`: the results; of a `gather`: the parts.
    sources: Rows<StepId>,
    /// The first arm of each choice, and one past the last.
    first_arm: Vec<u32>,
    choice_of_arm: Vec<ChoiceId>,
    site_lanes: Vec<Vec<Lane>>,
    n_lanes: u32,
    /// Steps of one resource, over its sites: what `on_failure: undo` takes back together.
    groups: Vec<Vec<StepId>>,
    /// By rollout, after how many failures nothing more is begun.
    stop_after: Vec<u32>,
    /// Of a step, whether it only serves others: a look-up for a reference, a copy that is brought, a guard.
    serves: Vec<bool>,
    /// Of a step, whether it is left of a `|`.
    is_left: Vec<bool>,
    quorums: Quorums,
}

#[derive(Debug)]
struct StepFacts {
    site: SiteId,
    lane: Lane,
    priority: u64,
    work: Work,
    /// Of a guard on one of several alternatives, that one.
    alternative: Option<StepId>,
    on_cut: OnCut,
    is_undone: bool,
    tries: u32,
    backoff_ms: u64,
}

impl Graph {
    pub(super) fn site(&self, step: StepId) -> SiteId {
        self.steps[step.index()].site
    }

    pub(super) fn lane(&self, step: StepId) -> Lane {
        self.steps[step.index()].lane
    }

    pub(super) fn lanes_of(&self, site: SiteId) -> &[Lane] {
        &self.site_lanes[site.index()]
    }

    pub(super) fn n_lanes(&self) -> u32 {
        self.n_lanes
    }

    pub(super) fn priority(&self, step: StepId) -> u64 {
        self.steps[step.index()].priority
    }

    pub(super) fn work(&self, step: StepId) -> Work {
        self.steps[step.index()].work
    }

    /// Of a guard that is passed over unless an alternative was taken, the step that gives this one.
    pub(super) fn alternative(&self, guard: StepId) -> Option<StepId> {
        self.steps[guard.index()].alternative
    }

    pub(super) fn on_cut(&self, step: StepId) -> OnCut {
        self.steps[step.index()].on_cut
    }

    /// Whether a step needs what waits at its own site, and may not wait with it: the alternative would never be tried.
    pub(super) fn may_not_wait_for(&self, needed: StepId, user: StepId) -> bool {
        self.is_left[user.index()] && !self.serves[user.index()] && self.is_beside(needed, user)
    }

    /// Whether something that is needed is at the very site.
    pub(super) fn is_beside(&self, needed: StepId, user: StepId) -> bool {
        matches!(self.work(needed), Work::AtSite) && self.site(needed) == self.site(user)
    }

    /// Whether what it creates is deleted again when it is abandoned.
    pub(super) fn is_undone(&self, step: StepId) -> bool {
        self.steps[step.index()].is_undone
    }

    pub(super) fn tries(&self, step: StepId) -> u32 {
        self.steps[step.index()].tries
    }

    pub(super) fn backoff_ms(&self, step: StepId) -> u64 {
        self.steps[step.index()].backoff_ms
    }

    pub(super) fn n_needs(&self, step: StepId) -> u32 {
        let edges = self.in_edges.row(step.index()).iter();
        edges.filter(|edge| edge.need != Need::Decided).count() as u32
    }

    pub(super) fn out_edges(&self, step: StepId) -> &[Neighbour] {
        self.out_edges.row(step.index())
    }

    pub(super) fn in_edges(&self, step: StepId) -> &[Neighbour] {
        self.in_edges.row(step.index())
    }

    pub(super) fn guards(&self, step: StepId) -> &[Arm] {
        self.guards.row(step.index())
    }

    pub(super) fn places(&self, step: StepId) -> &[Place] {
        self.places.row(step.index())
    }

    pub(super) fn n_arms(&self) -> usize {
        self.choice_of_arm.len()
    }

    pub(super) fn arm_steps(&self, arm: Arm) -> &[Place] {
        self.arm_steps.row(arm.index())
    }

    pub(super) fn arm_guarded(&self, arm: Arm) -> &[StepId] {
        self.arm_guarded.row(arm.index())
    }

    pub(super) fn arm_choices(&self, arm: Arm) -> &[ChoiceId] {
        self.arm_choices.row(arm.index())
    }

    pub(super) fn arm(&self, choice: ChoiceId, number: u32) -> Arm {
        Arm(self.first_arm[choice.index()] + number)
    }

    /// The choice an arm belongs to, and its number in it.
    pub(super) fn choice_of(&self, arm: Arm) -> (ChoiceId, u32) {
        let choice = self.choice_of_arm[arm.index()];
        (choice, arm.0 - self.first_arm[choice.index()])
    }

    pub(super) fn n_arms_of(&self, choice: ChoiceId) -> u32 {
        self.first_arm[choice.index() + 1] - self.first_arm[choice.index()]
    }

    pub(super) fn choice_guards(&self, choice: ChoiceId) -> &[Arm] {
        self.choice_guards.row(choice.index())
    }

    pub(super) fn choosers(&self, choice: ChoiceId) -> &[StepId] {
        self.choosers.row(choice.index())
    }

    pub(super) fn outermost_choices(&self) -> impl Iterator<Item = ChoiceId> {
        let n_choices = self.first_arm.len() - 1;
        (0..n_choices as u32).map(ChoiceId).filter(|choice| self.choice_guards(*choice).is_empty())
    }

    /// The step whose result an arm of a `choose` gives.
    pub(super) fn result(&self, choose: StepId, arm: u32) -> StepId {
        self.sources.row(choose.index())[arm as usize]
    }

    /// The parts of a `gather`, the wave of a gate.
    pub(super) fn parts(&self, gather: StepId) -> &[StepId] {
        self.sources.row(gather.index())
    }

    /// By rollout, after how many failures nothing more is begun.
    pub(super) fn stop_after(&self) -> &[u32] {
        &self.stop_after
    }

    /// The `gather`s that count a step, if it counts only with the other copies of a quorum; what only serves copies is a
    /// part of none.
    pub(super) fn gathers_of(&self, step: StepId) -> Option<&[StepId]> {
        self.quorums.of_step[step.index()].map(|_| self.quorums.gathers_of.row(step.index()))
    }

    /// The last steps of a `gather`'s copies.
    pub(super) fn ends_of_copies(&self, gather: StepId) -> &[StepId] {
        self.quorums.ends.get(&gather).map_or(&[], Vec::as_slice)
    }

    /// Whether a choice counts only with the other copies of a quorum.
    pub(super) fn is_copy(&self, choice: ChoiceId) -> bool {
        self.quorums.of_choice[choice.index()].is_some()
    }

    /// The copies that a step is a part of.
    pub(super) fn copies_of(&self, step: StepId) -> &[u32] {
        self.quorums.copies_of.row(step.index())
    }

    /// Every copy: the `gather` that counts it, and how many steps it has.
    pub(super) fn copies(&self) -> &[(StepId, u32)] {
        &self.quorums.copies
    }

    /// How many copies a `gather` needs, and how many there are.
    pub(super) fn quorum(&self, gather: StepId) -> Option<(u32, u32)> {
        self.quorums.needs.get(&gather).copied()
    }

    /// The arms that a part of a `gather` is there for, where these are alternatives inside of the whole.
    pub(super) fn inner_arms(&self, gather: StepId, part: StepId) -> Option<&[Arm]> {
        self.inner_arms.get(&(gather, part)).map(Vec::as_slice)
    }

    /// How many decisions a step waits for.
    pub(super) fn n_decisions(&self, step: StepId) -> u32 {
        match self.work(step) {
            Work::AtSite | Work::Gate(_) => 0,
            Work::Choose(_) => 1,
            Work::Gather => {
                let parts = self.parts(step).iter().filter_map(|part| self.inner_arms(step, *part));
                let choices: BTreeSet<ChoiceId> = parts.flatten().map(|arm| self.choice_of(*arm).0).collect();
                choices.len() as u32
            }
        }
    }

    /// Whether a step only serves others: what it comes to is told by those that need it, who are held back by it.
    pub(super) fn serves(&self, step: StepId) -> bool {
        self.serves[step.index()]
    }

    pub(super) fn groups(&self) -> &[Vec<StepId>] {
        &self.groups
    }
}
