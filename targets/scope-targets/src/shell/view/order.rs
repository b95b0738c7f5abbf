//! Which step comes when: the order of all, the arms of the choices, what is undone together.
//!
//! `a → b`, `c` more urgent → `c a b`; the arms of `paris | lille` with their steps: `1 2`, `3`.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{Guard, Plan, StepId, Undo};

use super::facts::{ArmView, ChoiceView};
use crate::TargetError;

pub(super) fn choices(plan: &Plan) -> Vec<ChoiceView> {
    let mut steps_of: BTreeMap<Guard, BTreeSet<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        for guard in &step.when {
            steps_of.entry(*guard).or_default().insert(step.id);
        }
    }
    plan.choices
        .iter()
        .map(|choice| ChoiceView {
            number: choice.id.0,
            title: format!("`{}`, {}:{}", choice.key, choice.origin.file, choice.origin.line),
            key: choice.key.clone(),
            guards: guards(&choice.when),
            recorded: choice.recorded.map_or_else(String::new, |arm| arm.to_string()),
            arms: choice
                .arms
                .iter()
                .enumerate()
                .map(|(number, arm)| {
                    let guard = Guard { choice: choice.id, arm: number as u32 };
                    let mut steps = steps_of.get(&guard).cloned().unwrap_or_default();
                    steps.extend(arm.members.iter().copied());
                    let steps: Vec<StepId> = steps.into_iter().collect();
                    let inside: Vec<String> = arm.choices.iter().map(|inner| inner.0.to_string()).collect();
                    ArmView {
                        label: arm.label.clone(),
                        steps: ids(&steps),
                        members: ids(&arm.members),
                        choices: inside.join(" "),
                    }
                })
                .collect(),
        })
        .collect()
}

/// Steps that the program wants undone together: those of one resource.
pub(super) fn groups(plan: &Plan) -> Vec<String> {
    let mut groups: indexmap::IndexMap<&str, Vec<String>> = indexmap::IndexMap::new();
    for step in plan.steps.iter().filter(|step| step.undo == Undo::DeleteWithResource) {
        groups.entry(step.name.as_str()).or_default().push(step.id.0.to_string());
    }
    groups.into_values().map(|steps| steps.join(",")).collect()
}

/// Every step after those it waits for; of those that may come next, the one on the longest way first.
pub(super) fn order(plan: &Plan) -> Result<Vec<u32>, TargetError> {
    let mut n_waits = vec![0_usize; plan.steps.len()];
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    for edge in &plan.edges {
        let (Some(list), true) = (after.get_mut(edge.from.index()), edge.to.index() < plan.steps.len())
        else {
            return Err(TargetError::Broken("an edge leads to no step".to_owned()));
        };
        list.push(edge.to.index());
        n_waits[edge.to.index()] += 1;
    }
    let rank = |step: usize| (plan.steps[step].priority, std::cmp::Reverse(step));
    let mut ready: std::collections::BinaryHeap<_> =
        (0..plan.steps.len()).filter(|step| n_waits[*step] == 0).map(|step| (rank(step), step)).collect();
    let mut order = Vec::new();
    while let Some((_, step)) = ready.pop() {
        order.push(plan.steps[step].id.0);
        for next in std::mem::take(&mut after[step]) {
            n_waits[next] -= 1;
            if n_waits[next] == 0 {
                ready.push((rank(next), next));
            }
        }
    }
    if order.len() < plan.steps.len() {
        return Err(TargetError::Broken("its steps wait for each other in a circle".to_owned()));
    }
    Ok(order)
}

pub(super) fn guards(guards: &[Guard]) -> String {
    let guards: Vec<String> =
        guards.iter().map(|guard| format!("{}:{}", guard.choice.0, guard.arm)).collect();
    guards.join(" ")
}

pub(super) fn ids(steps: &[StepId]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| step.0.to_string()).collect();
    steps.join(" ")
}
