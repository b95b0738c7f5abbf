//! Edges: what waits for what is exactly what the steps take in, and what was given; no circle.
//!
//! `ensure loan { book: #1 }` without an edge 1 → 2 → `reference-edge`.

use std::collections::BTreeSet;

use super::choices::{Nesting, is_implied, widened};
use super::{Report, Rule, named, twice};
use crate::graph;
use crate::plan::{Action, Edge, EdgeReason, Plan, StepId};

pub(super) const RULES: &[Rule] = &[
    Rule { name: "edge-self", demands: "no step waits for itself", check: no_self },
    Rule { name: "edge-twice", demands: "no edge is there twice", check: no_duplicates },
    Rule { name: "edge-cycle", demands: "the edges have no circle", check: no_cycle },
    Rule {
        name: "reference-edge",
        demands: "every output in an expression has a data edge",
        check: references,
    },
    Rule {
        name: "source-edge",
        demands: "every source of bring, choose, gather and a guard has a settled edge",
        check: sources,
    },
    Rule {
        name: "edge-reference",
        demands: "every data and settled edge has its reason in the step",
        check: reasons,
    },
    Rule {
        name: "data-available",
        demands: "what a step needs is done whenever the step is",
        check: available,
    },
];

fn no_self(plan: &Plan, report: &mut Report) {
    for edge in plan.edges.iter().filter(|edge| edge.from == edge.to) {
        report.step(edge.from, "waits for itself");
    }
}

fn no_duplicates(plan: &Plan, report: &mut Report) {
    if let Some(edge) = twice(&plan.edges) {
        let from = named(plan, edge.from);
        report.step(edge.to, format!("waits for {from} twice for the same reason"));
    }
}

/// Self-loops are the other rule's.
fn no_cycle(plan: &Plan, report: &mut Report) {
    if let Some(circle) = graph::circle(plan) {
        let names: Vec<String> = circle.iter().take(8).map(|step| named(plan, *step)).collect();
        report.step(circle[0], format!("waits for itself through {}", names.join(", ")));
    }
}

fn references(plan: &Plan, report: &mut Report) {
    let there: BTreeSet<&Edge> = plan.edges.iter().collect();
    for step in &plan.steps {
        for from in step.steps_used() {
            if !there.contains(&Edge { from, to: step.id, reason: EdgeReason::Data }) {
                report.step(
                    step.id,
                    format!("uses the output of {} without a data edge from it", named(plan, from)),
                );
            }
        }
    }
}

fn sources(plan: &Plan, report: &mut Report) {
    let there: BTreeSet<&Edge> = plan.edges.iter().collect();
    for step in &plan.steps {
        let sources = step.action.sources();
        for from in sources.iter().copied() {
            let has = |reason| there.contains(&Edge { from, to: step.id, reason });
            let has_data = may_be_data(plan, step.id, sources.len()) && has(EdgeReason::Data);
            if !has(EdgeReason::Settled) && !has_data {
                let from = named(plan, from);
                report.step(step.id, format!("takes {from} as it is, without a settled edge from it"));
            }
        }
    }
}

/// A bring of one source may need it well.
fn may_be_data(plan: &Plan, step: StepId, sources: usize) -> bool {
    matches!(plan.step(step).action, Action::Bring { .. }) && sources == 1
}

fn reasons(plan: &Plan, report: &mut Report) {
    let mut used: BTreeSet<(StepId, StepId)> = BTreeSet::new();
    let mut taken: BTreeSet<(StepId, StepId)> = BTreeSet::new();
    for step in &plan.steps {
        used.extend(step.steps_used().into_iter().map(|from| (from, step.id)));
        let sources = step.action.sources();
        if may_be_data(plan, step.id, sources.len()) {
            used.extend(sources.iter().map(|from| (*from, step.id)));
        }
        taken.extend(sources.into_iter().map(|from| (from, step.id)));
    }
    for edge in &plan.edges {
        let pair = (edge.from, edge.to);
        let (has_reason, kind) = match edge.reason {
            EdgeReason::Data => (used.contains(&pair), "data"),
            EdgeReason::Settled => (taken.contains(&pair), "settled"),
            EdgeReason::After
            | EdgeReason::Relation
            | EdgeReason::Wave
            | EdgeReason::Move
            | EdgeReason::Guard => continue,
        };
        if !has_reason {
            let from = named(plan, edge.from);
            report.step(edge.to, format!("has a {kind} edge from {from}, whose output it does not take"));
        }
    }
}

fn available(plan: &Plan, report: &mut Report) {
    let nesting = Nesting::new(plan);
    for edge in plan.edges.iter().filter(|edge| edge.reason == EdgeReason::Data) {
        if is_passed_over(plan, edge) {
            continue;
        }
        let needed = widened(plan, &plan.step(edge.from).when);
        if !is_implied(&nesting, &plan.step(edge.to).when, &needed) {
            let from = named(plan, edge.from);
            report.step(edge.to, format!("needs {from}, which is done only in some arms it is not in"));
        }
    }
}

/// A guard on one of several alternatives is passed over where that is not the one that was taken.
fn is_passed_over(plan: &Plan, edge: &Edge) -> bool {
    matches!(plan.step(edge.to).action, Action::Protect { among: Some(_), .. })
}
