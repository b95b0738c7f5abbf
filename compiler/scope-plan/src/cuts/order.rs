//! In which order the ends of steps and choices follow from each other: in comes a plan, out go its nodes, sorted.
//!
//! A node is a step, or, counted on from the last step, a choice: `image` → `vm` → the choice of `vm` → its `choose`.

use super::arms::choices_inside;
use crate::inner::InnerGuards;
use crate::plan::{Action, Plan};

/// Steps and choices in order.
pub(super) struct Order {
    /// By node, what follows from it.
    pub(super) after: Vec<Vec<usize>>,
    /// A choice after its members and inner choices, a `choose` after its choice.
    pub(super) nodes: Vec<usize>,
    /// By node, its place in it.
    pub(super) rank: Vec<usize>,
}

impl Order {
    /// Of a plan, and of the parts of its gathers that are there only in arms inside of them.
    pub(super) fn of(plan: &Plan, inner: &InnerGuards) -> Self {
        let steps = plan.steps.len();
        let mut waits_for = vec![0_usize; steps + plan.choices.len()];
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
        let mut edge = |from: usize, to: usize| {
            after[from].push(to);
            waits_for[to] += 1;
        };
        for each in &plan.edges {
            edge(each.from.index(), each.to.index());
        }
        for choice in &plan.choices {
            for arm in &choice.arms {
                arm.members.iter().for_each(|member| edge(member.index(), steps + choice.id.index()));
                arm.choices.iter().for_each(|inner| edge(steps + inner.index(), steps + choice.id.index()));
            }
        }
        for step in &plan.steps {
            if let Action::Choose { choice, .. } = step.action {
                edge(steps + choice.index(), step.id.index());
            }
        }
        for ((gather, _), guards) in inner {
            for choice in choices_inside(plan, &plan.step(*gather).when, guards) {
                edge(steps + choice.index(), gather.index());
            }
        }
        let mut ready: Vec<usize> = (0..waits_for.len()).filter(|node| waits_for[*node] == 0).collect();
        let (mut nodes, mut rank) = (Vec::with_capacity(waits_for.len()), vec![usize::MAX; waits_for.len()]);
        while let Some(node) = ready.pop() {
            rank[node] = nodes.len();
            nodes.push(node);
            for next in &after[node] {
                waits_for[*next] -= 1;
                if waits_for[*next] == 0 {
                    ready.push(*next);
                }
            }
        }
        Self { after, nodes, rank }
    }
}
