//! Ids are positions, and everything that is pointed at is there.
//!
//! An edge to step 9 of a plan of 4 → `edge-range`.

use super::{Report, Rule};
use crate::expr::{Expr, MAXIMUM_DEPTH};
use crate::plan::{Action, Plan, StepId, VERSION};

pub(super) const RULES: &[Rule] = &[
    Rule { name: "version", demands: "the plan is of this version", check: version },
    Rule { name: "step-ids", demands: "a step's id is its position", check: step_ids },
    Rule { name: "choice-ids", demands: "a choice's id is its position", check: choice_ids },
    Rule { name: "site-range", demands: "every site pointed at is there", check: site_range },
    Rule { name: "edge-range", demands: "both ends of an edge are steps", check: edge_range },
    Rule {
        name: "step-range",
        demands: "every step pointed at by a step, arm or output is there",
        check: step_range,
    },
    Rule { name: "choice-range", demands: "every choice and arm pointed at is there", check: choice_range },
    Rule { name: "cross-range", demands: "every step that a cross points at is there", check: cross_range },
    Rule {
        name: "rollout-range",
        demands: "every step and rollout that waves and gates point at is there",
        check: rollout_range,
    },
    Rule { name: "depth", demands: "no expression is nested deeper than 256", check: depth },
];

fn version(plan: &Plan, report: &mut Report) {
    if plan.version != VERSION {
        report.plan(format!("expected version {VERSION}, found {}", plan.version));
    }
}

fn cross_range(plan: &Plan, report: &mut Report) {
    for cross in &plan.crosses {
        let steps = cross.parts.iter().flat_map(|part| &part.steps).chain([&cross.prime]);
        for step in steps.filter(|step| step.index() >= plan.steps.len()) {
            report.plan(format!("`{}` has a part at step {} of {}", cross.key, step.0, plan.steps.len()));
        }
    }
}

fn rollout_range(plan: &Plan, report: &mut Report) {
    let count = plan.steps.len();
    for rollout in &plan.rollouts {
        let steps = rollout.waves.iter().flat_map(|wave| wave.steps.iter().chain(&wave.at_once));
        for step in steps.filter(|step| step.index() >= count) {
            report.plan(format!("a wave of `{}` has step {} of {count}", rollout.key, step.0));
        }
    }
    for step in &plan.steps {
        let Action::Gate { rollout, wave, .. } = step.action else { continue };
        let waves = plan.rollouts.get(rollout.index()).map_or(0, |rollout| rollout.waves.len());
        if wave as usize >= waves {
            report.step(step.id, format!("waits for wave {wave} of {waves}"));
        }
    }
}

fn step_ids(plan: &Plan, report: &mut Report) {
    for (position, step) in plan.steps.iter().enumerate() {
        if step.id.index() != position {
            report.plan(format!("`{}` is at position {position} and has id {}", step.name, step.id.0));
        }
    }
}

fn choice_ids(plan: &Plan, report: &mut Report) {
    for (position, choice) in plan.choices.iter().enumerate() {
        if choice.id.index() != position {
            report.plan(format!(
                "choice `{}` is at position {position} and has id {}",
                choice.key, choice.id.0
            ));
        }
    }
}

fn site_range(plan: &Plan, report: &mut Report) {
    let count = plan.sites.len();
    for step in &plan.steps {
        if step.site.index() >= count {
            report.step(step.id, format!("is at site {} of {count}", step.site.0));
        }
        if let Action::Gather { parts, .. } = &step.action {
            for (site, _) in parts.iter().filter(|(site, _)| site.index() >= count) {
                report.step(step.id, format!("gathers from site {} of {count}", site.0));
            }
        }
    }
    if plan.program.entry.is_some_and(|entry| entry.index() >= count) {
        report.plan("the entry site is none of the plan's");
    }
    for link in &plan.links {
        if link.from.index() >= count || link.to.index() >= count {
            report.plan(format!("a link goes from site {} to site {} of {count}", link.from.0, link.to.0));
        }
    }
}

fn edge_range(plan: &Plan, report: &mut Report) {
    let count = plan.steps.len();
    for edge in &plan.edges {
        if edge.from.index() >= count || edge.to.index() >= count {
            report.plan(format!("an edge goes from step {} to step {} of {count}", edge.from.0, edge.to.0));
        }
    }
}

fn step_range(plan: &Plan, report: &mut Report) {
    let count = plan.steps.len();
    let is_missing = |step: &StepId| step.index() >= count;
    for step in &plan.steps {
        for missing in step.action.sources().into_iter().chain(step.steps_used()).filter(is_missing) {
            report.step(step.id, format!("takes the output of step {} of {count}", missing.0));
        }
    }
    for choice in &plan.choices {
        for missing in choice.arms.iter().flat_map(|arm| &arm.members).filter(|step| is_missing(step)) {
            report.plan(format!("an arm of choice `{}` has step {} of {count}", choice.key, missing.0));
        }
    }
    for output in &plan.outputs {
        for missing in output.value.steps_used().into_iter().filter(is_missing) {
            report
                .plan(format!("output `{}` takes the output of step {} of {count}", output.name, missing.0));
        }
    }
}

fn choice_range(plan: &Plan, report: &mut Report) {
    let count = plan.choices.len();
    let is_missing = |guard: &crate::plan::Guard| {
        plan.choices.get(guard.choice.index()).is_none_or(|choice| guard.arm as usize >= choice.arms.len())
    };
    for step in &plan.steps {
        for guard in step.when.iter().filter(|guard| is_missing(guard)) {
            report.step(step.id, format!("is in arm {} of choice {}", guard.arm, guard.choice.0));
        }
        if let Action::Choose { choice, .. } = step.action
            && choice.index() >= count
        {
            report.step(step.id, format!("is the result of choice {} of {count}", choice.0));
        }
    }
    for choice in &plan.choices {
        for guard in choice.when.iter().filter(|guard| is_missing(guard)) {
            report.plan(format!(
                "choice `{}` is in arm {} of choice {}",
                choice.key, guard.arm, guard.choice.0
            ));
        }
        for inner in choice.arms.iter().flat_map(|arm| &arm.choices).filter(|inner| inner.index() >= count) {
            report.plan(format!("an arm of choice `{}` has choice {} of {count}", choice.key, inner.0));
        }
    }
}

fn depth(plan: &Plan, report: &mut Report) {
    let is_deep = |expr: &Expr| expr.depth() > MAXIMUM_DEPTH;
    for step in &plan.steps {
        for (input, _) in step.action.inputs().filter(|(_, expr)| is_deep(expr)) {
            report.step(step.id, format!("`{input}` is nested deeper than {MAXIMUM_DEPTH}"));
        }
    }
    for output in plan.outputs.iter().filter(|output| is_deep(&output.value)) {
        report.plan(format!("output `{}` is nested deeper than {MAXIMUM_DEPTH}", output.name));
    }
    for site in &plan.sites {
        for (setting, _) in site.settings.values().flatten().filter(|(_, expr)| is_deep(expr)) {
            report
                .plan(format!("setting `{setting}` of {} is nested deeper than {MAXIMUM_DEPTH}", site.name));
        }
    }
    for driver in &plan.drivers {
        if driver.expressions().into_iter().any(is_deep) {
            report.plan(format!(
                "an expression of driver `{}` is nested deeper than {MAXIMUM_DEPTH}",
                driver.name
            ));
        }
    }
}
