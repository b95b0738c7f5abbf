//! The plan seen as a graph, made when needed and thrown away: steps in an order, circles, levels.
//!
//! Among steps that may go next the smallest id goes first, so the order is the same in every run; petgraph's own
//! `toposort` leaves it open, and names one node of a circle only.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::plan::{Edge, EdgeReason, Plan, StepId};

/// The steps as nodes, of the same index, and the edges with their reasons.
pub fn digraph(plan: &Plan) -> DiGraph<StepId, EdgeReason> {
    let mut graph = DiGraph::with_capacity(plan.steps.len(), plan.edges.len());
    for step in &plan.steps {
        graph.add_node(step.id);
    }
    for edge in &plan.edges {
        graph.add_edge(
            NodeIndex::new(edge.from.index()),
            NodeIndex::new(edge.to.index()),
            edge.reason.clone(),
        );
    }
    graph
}

/// The neighbours of every step in one direction, each list sorted and without repetition: two arrays, whatever the size.
pub struct Neighbours {
    starts: Vec<usize>,
    steps: Vec<StepId>,
}

impl Neighbours {
    /// What waits for each step, along the edges that `is_wanted`.
    pub fn after(plan: &Plan, is_wanted: impl Fn(&Edge) -> bool) -> Self {
        let pairs = plan.edges.iter().filter(|edge| is_wanted(edge)).map(|edge| (edge.from, edge.to));
        Self::new(plan.steps.len(), pairs.collect())
    }

    /// What each step waits for, along the edges that `is_wanted`.
    pub fn before(plan: &Plan, is_wanted: impl Fn(&Edge) -> bool) -> Self {
        let pairs = plan.edges.iter().filter(|edge| is_wanted(edge)).map(|edge| (edge.to, edge.from));
        Self::new(plan.steps.len(), pairs.collect())
    }

    fn new(count: usize, mut pairs: Vec<(StepId, StepId)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; count + 1];
        for (step, _) in &pairs {
            starts[step.index() + 1] += 1;
        }
        for step in 0..count {
            starts[step + 1] += starts[step];
        }
        Self { starts, steps: pairs.into_iter().map(|(_, neighbour)| neighbour).collect() }
    }

    /// The neighbours of one step.
    pub fn of(&self, step: StepId) -> &[StepId] {
        &self.steps[self.starts[step.index()]..self.starts[step.index() + 1]]
    }
}

/// The steps, each after all it waits for, the smallest first. Steps of a circle, and what waits for them, are left out.
pub fn order(plan: &Plan) -> Vec<StepId> {
    let after = Neighbours::after(plan, |_| true);
    let before = Neighbours::before(plan, |_| true);
    let mut waits_for: Vec<usize> = plan.steps.iter().map(|step| before.of(step.id).len()).collect();
    let ready = plan.steps.iter().map(|step| step.id).filter(|step| waits_for[step.index()] == 0);
    let mut ready: BinaryHeap<Reverse<StepId>> = ready.map(Reverse).collect();
    let mut order = Vec::with_capacity(plan.steps.len());
    while let Some(Reverse(step)) = ready.pop() {
        order.push(step);
        for next in after.of(step) {
            waits_for[next.index()] -= 1;
            if waits_for[next.index()] == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    order
}

/// The steps of a circle of edges, in ascending order, if there is one; an edge to itself is none.
pub fn circle(plan: &Plan) -> Option<Vec<StepId>> {
    let mut seen = BTreeSet::new();
    let is_acyclic = order(plan).len() == plan.steps.len();
    if is_acyclic {
        return None;
    }
    // Not `tarjan_scc`: that one recurses, as deep as the circle is long.
    let graph = digraph(plan);
    let components = kosaraju_scc(&graph).into_iter().filter(|component| component.len() > 1);
    for component in components {
        let mut steps: Vec<StepId> = component.into_iter().map(|node| graph[node]).collect();
        steps.sort_unstable();
        seen.insert(steps);
    }
    seen.into_iter().next()
}

/// How many edges lead to each step at most, along the edges that `is_wanted`: 0 for those that wait for nothing.
/// The plan must have no circle.
pub fn levels(plan: &Plan, is_wanted: impl Fn(&Edge) -> bool) -> Vec<u32> {
    let before = Neighbours::before(plan, is_wanted);
    let mut levels = vec![0; plan.steps.len()];
    for step in order(plan) {
        let deepest = before.of(step).iter().map(|earlier| levels[earlier.index()] + 1).max();
        levels[step.index()] = deepest.unwrap_or(0);
    }
    levels
}
