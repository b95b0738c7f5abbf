//! Rollouts and quorums: what is in a later wave waits for the gate of the one before, and a quorum can be reached.
//!
//! A step of the second wave without an edge from the first one's gate → `wave-order`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, Rule, twice};
use crate::plan::{Action, Edge, EdgeReason, Plan, RolloutId, StepId};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "wave-steps",
        demands: "a wave has ensures and deletions, in no arm, each in one wave",
        check: wave_steps,
    },
    Rule { name: "wave-gate", demands: "a gate waits for all of its wave", check: gates },
    Rule { name: "wave-order", demands: "a wave waits for the gate of the one before", check: order },
    Rule { name: "wave-edge", demands: "a wave edge comes from a gate", check: edges },
    Rule { name: "rollout-limits", demands: "a rollout stops after at least one failure", check: limits },
    Rule { name: "quorum", demands: "a quorum is of 1 to all of its copies", check: quorum },
];

fn wave_steps(plan: &Plan, report: &mut Report) {
    let mut all: Vec<StepId> = Vec::new();
    for wave in plan.rollouts.iter().flat_map(|rollout| &rollout.waves) {
        for step in wave.steps.iter().chain(&wave.at_once) {
            all.push(*step);
            let found = plan.step(*step);
            if !matches!(found.action, Action::Ensure { .. } | Action::Delete { .. }) {
                report.step(*step, "is in a wave, and neither ensures nor deletes");
            }
            if !found.when.is_empty() {
                report.step(*step, "is in a wave and in an arm that may not be tried");
            }
        }
    }
    if let Some(step) = twice(all) {
        report.step(step, "is in two waves");
    }
}

/// The gates by what they wait for.
fn gates_by_wave(plan: &Plan) -> BTreeMap<(RolloutId, u32), StepId> {
    let gates = plan.steps.iter().filter_map(|step| match step.action {
        Action::Gate { rollout, wave, .. } => Some(((rollout, wave), step.id)),
        _ => None,
    });
    gates.collect()
}

fn gates(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let Action::Gate { rollout, wave, steps } = &step.action else { continue };
        let waited_for: BTreeSet<&StepId> = steps.iter().collect();
        let of_wave: BTreeSet<&StepId> =
            plan.rollouts[rollout.index()].waves[*wave as usize].steps.iter().collect();
        if waited_for != of_wave {
            report.step(step.id, "does not wait for exactly the steps of its wave");
        }
    }
}

fn order(plan: &Plan, report: &mut Report) {
    if plan.rollouts.is_empty() {
        return;
    }
    let gates = gates_by_wave(plan);
    let edges: BTreeSet<&Edge> = plan.edges.iter().collect();
    for (index, rollout) in plan.rollouts.iter().enumerate() {
        let mut before: Option<(u32, StepId)> = None;
        let waves = rollout.waves.iter().enumerate().filter(|(_, wave)| !wave.steps.is_empty());
        for (place, wave) in waves {
            if let Some((number, gate)) = before {
                for step in &wave.steps {
                    let edge = Edge { from: gate, to: *step, reason: EdgeReason::Wave };
                    if !edges.contains(&edge) {
                        report.step(*step, format!("does not wait for wave {number} of `{}`", rollout.key));
                    }
                }
            }
            let gate = gates.get(&(RolloutId(index as u32), place as u32));
            let is_last = rollout.waves[place + 1..].iter().all(|later| later.steps.is_empty());
            before = gate.map(|gate| (wave.number, *gate));
            if gate.is_none() && !is_last {
                report.plan(format!("nothing waits for wave {} of `{}`", wave.number, rollout.key));
            }
        }
    }
}

fn edges(plan: &Plan, report: &mut Report) {
    for edge in plan.edges.iter().filter(|edge| edge.reason == EdgeReason::Wave) {
        if !matches!(plan.step(edge.from).action, Action::Gate { .. }) {
            report.step(edge.to, "waits for a wave that no gate ends");
        }
    }
}

fn limits(plan: &Plan, report: &mut Report) {
    for rollout in plan.rollouts.iter().filter(|rollout| rollout.stop_after == 0) {
        report.plan(format!("`{}` would stop before it begins", rollout.key));
    }
}

fn quorum(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let Action::Gather { quorum: Some(quorum), .. } = &step.action else { continue };
        let copies = quorum.copies.len();
        if quorum.need == 0 || quorum.need as usize > copies {
            report.step(step.id, format!("asks for {} of {copies} copies", quorum.need));
        }
        if quorum.copies.iter().any(Vec::is_empty) {
            report.step(step.id, "has a copy without a step");
        }
    }
}
