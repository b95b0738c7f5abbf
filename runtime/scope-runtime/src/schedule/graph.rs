//! The plan as the scheduler reads it: dense arrays of who tells whom, made once and never changed.
//!
//! In comes a plan, out come for each step its edges both ways, the arms it stands in and the service it asks; for each
//! arm its steps and the choices inside. Every question is answered by a slice, in the order of the plan.

mod quorums;

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{
    Action, ChoiceId, Edge, EdgeReason, Guard, OnUnreachable, Plan, Purpose, SiteId, Step, StepId, Undo,
};

use super::mutants::{self, Mutant};
use super::rows::Rows;
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
    /// Nothing: it is one of the results of a `choose`, or a part of a `gather` in an alternative inside of it. These wait
    /// for the choice: what it took has settled by then, and another one may still be wanted by an arm around. Only undoing
    /// goes along this edge.
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
    quorums: Quorums,
}

#[derive(Debug)]
struct StepFacts {
    site: SiteId,
    lane: Lane,
    priority: u64,
    work: Work,
    on_cut: OnCut,
    is_undone: bool,
    tries: u32,
    backoff_ms: u64,
}

impl Graph {
    pub(super) fn new(plan: &Plan) -> Self {
        let n_steps = plan.steps.len();
        let n_choices = plan.choices.len();
        let mut first_arm = vec![0];
        let mut choice_of_arm = Vec::new();
        for choice in &plan.choices {
            choice_of_arm.extend(choice.arms.iter().map(|_| choice.id));
            first_arm.push(choice_of_arm.len() as u32);
        }
        let n_arms = choice_of_arm.len();
        let arm = |guard: &scope_plan::plan::Guard| Arm(first_arm[guard.choice.index()] + guard.arm);

        let inner = inner_guards(plan);
        let need = |edge: &Edge| match (&edge.reason, &plan.step(edge.to).action) {
            (EdgeReason::Settled, Action::Choose { results, .. }) if results.contains(&edge.from) => {
                Need::Decided
            }
            (EdgeReason::Settled, Action::Gate { .. } | Action::Gather { quorum: Some(_), .. }) => {
                Need::Ended
            }
            (EdgeReason::Settled, Action::Gather { .. }) if inner.contains_key(&(edge.to, edge.from)) => {
                Need::Decided
            }
            (EdgeReason::Settled, _) => Need::Settled,
            (EdgeReason::Data | EdgeReason::Wave | EdgeReason::Move, _) => Need::Done,
            (EdgeReason::After | EdgeReason::Relation, _) => Need::Order,
        };
        let edges = || plan.edges.iter().map(|edge| (edge, need(edge)));
        let out = edges().map(|(edge, need)| (edge.from.index(), Neighbour { step: edge.to, need }));
        let into = edges().map(|(edge, need)| (edge.to.index(), Neighbour { step: edge.from, need }));

        let mut guards: Vec<(usize, Arm)> = plan
            .steps
            .iter()
            .flat_map(|step| step.when.iter().map(move |guard| (step.id.index(), arm(guard))))
            .collect();
        guards.sort();
        guards.dedup();
        let quorums = Quorums::new(plan);
        let serves: Vec<bool> = plan.steps.iter().map(only_serves).collect();
        let places = places(plan, &guards, &first_arm, &serves, &quorums);
        let mut choice_arms: Vec<(ChoiceId, Arm)> = Vec::new();
        for choice in &plan.choices {
            choice_arms.extend(choice.when.iter().map(|guard| (choice.id, arm(guard))));
            for (number, inside) in choice.arms.iter().enumerate() {
                let arm = Arm(first_arm[choice.id.index()] + number as u32);
                choice_arms.extend(inside.choices.iter().map(|nested| (*nested, arm)));
            }
        }
        choice_arms.sort();
        choice_arms.dedup();

        let mut lanes = Lanes::new(plan);
        let steps = plan.steps.iter().map(|step| StepFacts {
            site: step.site,
            lane: lanes.of(step.site, &step.action),
            priority: step.priority,
            work: match &step.action {
                Action::Choose { choice, .. } => Work::Choose(*choice),
                Action::Gather { .. } => Work::Gather,
                Action::Gate { rollout, .. } => Work::Gate(rollout.index()),
                _ => Work::AtSite,
            },
            on_cut: match step.on_unreachable {
                OnUnreachable::Queue { .. } => OnCut::Queue,
                OnUnreachable::Skip => OnCut::Skip,
                OnUnreachable::Fail => OnCut::Fail,
            },
            is_undone: step.undo.is_wanted(),
            tries: step.retry.times.max(1),
            backoff_ms: step.retry.backoff_ms,
        });
        let steps = steps.collect();
        let sources = plan.steps.iter().flat_map(|step| {
            let sources: Vec<StepId> = match &step.action {
                Action::Choose { results, .. } => results.clone(),
                Action::Gather { parts, .. } => parts.iter().map(|(_, part)| *part).collect(),
                Action::Gate { steps, .. } => steps.clone(),
                _ => Vec::new(),
            };
            sources.into_iter().map(|source| (step.id.index(), source))
        });
        let choosers = plan.steps.iter().filter_map(|step| match &step.action {
            Action::Choose { choice, .. } => Some((choice.index(), step.id)),
            _ => None,
        });
        let gatherers: BTreeSet<(usize, StepId)> = inner
            .iter()
            .flat_map(|((gather, _), guards)| guards.iter().map(|guard| (guard.choice.index(), *gather)))
            .collect();
        let choosers = choosers.chain(gatherers);
        Self {
            steps,
            out_edges: Rows::new(n_steps, out),
            in_edges: Rows::new(n_steps, into),
            arm_guarded: Rows::new(
                n_arms,
                guards.iter().map(|(step, arm)| (arm.index(), StepId(*step as u32))),
            ),
            guards: Rows::new(n_steps, guards.iter().copied()),
            arm_steps: Rows::new(n_arms, places.iter().map(|place| (place.arm.index(), *place))),
            places: Rows::new(n_steps, places.iter().map(|place| (place.step.index(), *place))),
            arm_choices: Rows::new(n_arms, choice_arms.iter().map(|(choice, arm)| (arm.index(), *choice))),
            choice_guards: Rows::new(
                n_choices,
                choice_arms.iter().map(|(choice, arm)| (choice.index(), *arm)),
            ),
            choosers: Rows::new(n_choices, choosers),
            sources: Rows::new(n_steps, sources),
            inner_arms: inner
                .into_iter()
                .map(|(place, guards)| (place, guards.iter().map(arm).collect()))
                .collect(),
            first_arm,
            choice_of_arm,
            n_lanes: lanes.n_lanes,
            site_lanes: lanes.by_site,
            groups: groups(plan),
            stop_after: plan.rollouts.iter().map(|rollout| rollout.stop_after).collect(),
            serves,
            quorums,
        }
    }

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

    pub(super) fn on_cut(&self, step: StepId) -> OnCut {
        self.steps[step.index()].on_cut
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
        self.quorums.of_choice[choice.index()]
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

/// Parts of a `gather` that are there only in alternatives inside of what is gathered, and the arms: `a & (b | c)` has two.
/// Such a part may stand elsewhere, too: in `(a & (b | c)) | c` the second c is not waited for. A quorum counts its copies
/// by themselves.
fn inner_guards(plan: &Plan) -> BTreeMap<(StepId, StepId), Vec<Guard>> {
    let mut inner = BTreeMap::new();
    for step in &plan.steps {
        let Action::Gather { parts, quorum: None } = &step.action else { continue };
        for (_, part) in parts {
            let when = &plan.step(*part).when;
            let is_direct = when.is_empty() || when.iter().any(|guard| step.when.contains(guard));
            let is_inside =
                |guard: &&Guard| step.when.is_empty() || is_around(plan, &step.when, guard.choice);
            let inside: Vec<Guard> = when.iter().filter(is_inside).copied().collect();
            if !is_direct && !inside.is_empty() {
                inner.insert((step.id, *part), inside);
            }
        }
    }
    inner
}

/// Whether one of these arms is around a choice.
fn is_around(plan: &Plan, arms: &[Guard], choice: ChoiceId) -> bool {
    let mut open = vec![choice];
    let mut seen: BTreeSet<ChoiceId> = BTreeSet::from([choice]);
    while let Some(choice) = open.pop() {
        for guard in &plan.choice(choice).when {
            if arms.contains(guard) {
                return true;
            }
            open.extend(Some(guard.choice).filter(|outer| seen.insert(*outer)));
        }
    }
    false
}

fn only_serves(step: &Step) -> bool {
    match &step.action {
        Action::Bring { .. } | Action::Lookup { purpose: Purpose::Reference, .. } => true,
        // Without users it is taken off, for nobody.
        Action::Protect { users, .. } => !users.is_empty(),
        _ => false,
    }
}

/// Every (step, arm) where the arm waits for the step: those it is done for, and members. What only serves others in it has
/// no say of its own, nor has what counts only with the other copies of a quorum in the alternatives around them; in those of
/// its own copy it has.
fn places(
    plan: &Plan,
    guards: &[(usize, Arm)],
    first_arm: &[u32],
    serves: &[bool],
    quorums: &Quorums,
) -> Vec<Place> {
    let mut places: BTreeMap<(Arm, StepId), bool> = BTreeMap::new();
    for (step, arm) in guards {
        places.insert((*arm, StepId(*step as u32)), false);
    }
    // Of alternatives of look-ups nobody inside needs the last one: its end is that of the alternative.
    let mut needed: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for edge in plan.edges.iter().filter(|edge| edge.reason == EdgeReason::Data && serves[edge.from.index()])
    {
        needed.entry(edge.from).or_default().push(edge.to);
    }
    for choice in &plan.choices {
        for (number, arm) in choice.arms.iter().enumerate() {
            let inside: BTreeSet<StepId> = arm.members.iter().copied().collect();
            let is_told = |member: &StepId| {
                needed.get(member).is_some_and(|users| users.iter().any(|user| inside.contains(user)))
            };
            let id = Arm(first_arm[choice.id.index()] + number as u32);
            let is_copy = quorums.of_choice[choice.id.index()];
            let is_copy = is_copy && !mutants::is(Mutant::QuorumCopyNeverFallsBack);
            let counts = |member: &StepId| {
                !is_told(member) && (is_copy || !quorums.is_counted_among(*member, &arm.members))
            };
            places.extend(arm.members.iter().map(|member| ((id, *member), counts(member))));
        }
    }
    places.into_iter().map(|((arm, step), is_member)| Place { step, arm, is_member }).collect()
}

/// The resources that take back all they created when they fail in the end (`on_failure: undo`): their steps, by name.
fn groups(plan: &Plan) -> Vec<Vec<StepId>> {
    let mut undone: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        if step.undo == Undo::DeleteWithResource {
            undone.entry(&step.name).or_default().push(step.id);
        }
    }
    undone.into_values().collect()
}

/// Numbers for services at sites.
struct Lanes<'p> {
    services: BTreeMap<&'p str, &'p str>,
    known: BTreeMap<(SiteId, &'p str), Lane>,
    by_site: Vec<Vec<Lane>>,
    n_lanes: u32,
}

impl<'p> Lanes<'p> {
    fn new(plan: &'p Plan) -> Self {
        let types = plan.drivers.iter().flat_map(|driver| &driver.types);
        Self {
            services: types.map(|ty| (ty.name.as_str(), ty.service.as_str())).collect(),
            known: BTreeMap::new(),
            by_site: vec![Vec::new(); plan.sites.len()],
            n_lanes: 0,
        }
    }

    fn of(&mut self, site: SiteId, action: &'p Action) -> Lane {
        let service = resource_type_of(action).map_or("", |ty| self.services.get(ty).copied().unwrap_or(ty));
        *self.known.entry((site, service)).or_insert_with(|| {
            let lane = Lane(self.n_lanes);
            self.n_lanes += 1;
            self.by_site[site.index()].push(lane);
            lane
        })
    }
}

fn resource_type_of(action: &Action) -> Option<&str> {
    match action {
        Action::Lookup { resource_type, .. }
        | Action::Ensure { resource_type, .. }
        | Action::Bring { resource_type, .. }
        | Action::Call { resource_type, .. }
        | Action::Delete { resource_type, .. }
        | Action::Protect { resource_type, .. } => Some(resource_type),
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => None,
    }
}
