//! A plan read into the scheduler's arrays, each by a function of its own.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::expr::Expr;
use scope_plan::inner::InnerGuards;
use scope_plan::plan::{
    Action, ChoiceId, Edge, EdgeReason, Guard, OnUnreachable, Plan, Purpose, Step, StepId, Undo,
};

use super::super::mutants::{self, Mutant};
use super::lanes::Lanes;
use super::quorums::Quorums;
use super::{Arm, Graph, Need, Neighbour, OnCut, Place, StepFacts, Work};
use crate::rows::Rows;

impl Graph {
    pub(in crate::schedule) fn new(plan: &Plan) -> Self {
        let n_steps = plan.steps.len();
        let n_choices = plan.choices.len();
        let (first_arm, choice_of_arm) = numbered_arms(plan);
        let n_arms = choice_of_arm.len();
        let arm = |guard: &Guard| Arm(first_arm[guard.choice.index()] + guard.arm);

        let inner = scope_plan::inner::of_gathers(plan);
        let needs: Vec<Need> = plan.edges.iter().map(|edge| need(plan, edge, &inner)).collect();
        let edges = || plan.edges.iter().zip(&needs);
        let gates = gates_in_order(plan);
        let after = |gate: &(StepId, StepId)| (gate.0.index(), Neighbour { step: gate.1, need: Need::Done });
        let before = |gate: &(StepId, StepId)| (gate.1.index(), Neighbour { step: gate.0, need: Need::Done });
        let out = edges().map(|(edge, need)| (edge.from.index(), Neighbour { step: edge.to, need: *need }));
        let out = out.chain(gates.iter().map(after));
        let into = edges().map(|(edge, need)| (edge.to.index(), Neighbour { step: edge.from, need: *need }));
        let into = into.chain(gates.iter().map(before));

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
        let choice_arms = choice_arms(plan, &first_arm);
        let mut lanes = Lanes::new(plan);
        let steps = plan.steps.iter().map(|step| StepFacts::of(step, &mut lanes)).collect();
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
            choosers: Rows::new(n_choices, choosers(plan, &inner)),
            sources: Rows::new(n_steps, sources(plan)),
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
            is_left: scope_plan::left::of_steps(plan),
            quorums,
        }
    }
}

impl StepFacts {
    fn of<'p>(step: &'p Step, lanes: &mut Lanes<'p>) -> Self {
        Self {
            site: step.site,
            lane: lanes.of(step.site, &step.action),
            priority: step.priority,
            work: match &step.action {
                Action::Choose { choice, .. } => Work::Choose(*choice),
                Action::Gather { .. } => Work::Gather,
                Action::Gate { rollout, .. } => Work::Gate(rollout.index()),
                _ => Work::AtSite,
            },
            alternative: match &step.action {
                Action::Protect { of: Expr::Step { step: of, .. }, among: Some(_), .. } => Some(*of),
                _ => None,
            },
            on_cut: match step.on_unreachable {
                OnUnreachable::Queue { .. } => OnCut::Queue,
                OnUnreachable::Skip => OnCut::Skip,
                OnUnreachable::Fail => OnCut::Fail,
            },
            is_undone: step.undo.is_wanted(),
            tries: step.retry.times.max(1),
            backoff_ms: step.retry.backoff_ms,
        }
    }
}

/// The first arm of each choice and one past the last; of each arm, its choice.
fn numbered_arms(plan: &Plan) -> (Vec<u32>, Vec<ChoiceId>) {
    let mut first_arm = vec![0];
    let mut choice_of_arm = Vec::new();
    for choice in &plan.choices {
        choice_of_arm.extend(choice.arms.iter().map(|_| choice.id));
        first_arm.push(choice_of_arm.len() as u32);
    }
    (first_arm, choice_of_arm)
}

/// What an edge waits for.
fn need(plan: &Plan, edge: &Edge, inner: &InnerGuards) -> Need {
    match (&edge.reason, &plan.step(edge.to).action) {
        (EdgeReason::Settled, Action::Choose { results, .. }) if results.contains(&edge.from) => {
            Need::Decided
        }
        (EdgeReason::Settled, Action::Gate { .. } | Action::Gather { quorum: Some(_), .. }) => Need::Ended,
        (EdgeReason::Settled, Action::Gather { .. }) if inner.contains_key(&(edge.to, edge.from)) => {
            Need::Decided
        }
        // It is known then which alternative was taken, and whether it is this one.
        (EdgeReason::Settled, Action::Protect { .. }) => Need::Done,
        (EdgeReason::Data, Action::Protect { among: Some(_), .. }) => Need::Decided,
        (EdgeReason::Settled, _) => Need::Settled,
        (EdgeReason::Guard, _) => Need::Guarded,
        (EdgeReason::Data | EdgeReason::Wave | EdgeReason::Move, _) => Need::Done,
        // A user whose own deletion is left out is still there.
        (EdgeReason::Relation, action) if action.goes_after_users() => Need::Done,
        (EdgeReason::After | EdgeReason::Relation, _) => Need::Order,
    }
}

/// Each gate and the next one of its rollout. Behind a wave that waits for its sites, all of a later one may fail for reasons of
/// its own: nothing is begun after it either.
fn gates_in_order(plan: &Plan) -> Vec<(StepId, StepId)> {
    let mut gates: Vec<(usize, u32, StepId)> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Gate { rollout, wave, .. } => Some((rollout.index(), *wave, step.id)),
            _ => None,
        })
        .collect();
    gates.sort_unstable();
    let pairs = gates.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    pairs.map(|pair| (pair[0].2, pair[1].2)).collect()
}

/// Every (choice, arm) where the choice stands in the arm, sorted.
fn choice_arms(plan: &Plan, first_arm: &[u32]) -> Vec<(ChoiceId, Arm)> {
    let mut choice_arms: Vec<(ChoiceId, Arm)> = Vec::new();
    for choice in &plan.choices {
        let around = choice.when.iter();
        choice_arms.extend(around.map(|guard| (choice.id, Arm(first_arm[guard.choice.index()] + guard.arm))));
        for (number, inside) in choice.arms.iter().enumerate() {
            let arm = Arm(first_arm[choice.id.index()] + number as u32);
            choice_arms.extend(inside.choices.iter().map(|nested| (*nested, arm)));
        }
    }
    choice_arms.sort();
    choice_arms.dedup();
    choice_arms
}

/// By choice, the steps that wait for its decision.
fn choosers(plan: &Plan, inner: &InnerGuards) -> impl Iterator<Item = (usize, StepId)> {
    let choosers = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Choose { choice, .. } => Some((choice.index(), step.id)),
        _ => None,
    });
    let gatherers: BTreeSet<(usize, StepId)> = inner
        .iter()
        .flat_map(|((gather, _), guards)| guards.iter().map(|guard| (guard.choice.index(), *gather)))
        .collect();
    choosers.chain(gatherers)
}

/// By step that does nothing at a site, the steps it is made of.
fn sources(plan: &Plan) -> impl Iterator<Item = (usize, StepId)> {
    plan.steps.iter().flat_map(|step| {
        let sources: Vec<StepId> = match &step.action {
            Action::Choose { results, .. } => results.clone(),
            Action::Gather { parts, .. } => parts.iter().map(|(_, part)| *part).collect(),
            Action::Gate { steps, .. } => steps.clone(),
            _ => Vec::new(),
        };
        sources.into_iter().map(|source| (step.id.index(), source))
    })
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
    let is_told = |edge: &&Edge| match edge.reason {
        EdgeReason::Data | EdgeReason::Guard => true,
        // One source that does not answer is for what is brought to tell: another one may do (R8).
        EdgeReason::Settled => matches!(plan.step(edge.to).action, Action::Bring { .. }),
        EdgeReason::After | EdgeReason::Relation | EdgeReason::Wave | EdgeReason::Move => false,
    };
    for edge in plan.edges.iter().filter(is_told).filter(|edge| serves[edge.from.index()]) {
        needed.entry(edge.from).or_default().push(edge.to);
    }
    for choice in &plan.choices {
        for (number, arm) in choice.arms.iter().enumerate() {
            let inside: BTreeSet<StepId> = arm.members.iter().copied().collect();
            let is_told = |member: &StepId| {
                needed.get(member).is_some_and(|users| users.iter().any(|user| inside.contains(user)))
            };
            let id = Arm(first_arm[choice.id.index()] + number as u32);
            let is_copy = quorums.of_choice[choice.id.index()].is_some();
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
