//! An `after` that other edges imply goes: the transitive reduction of the order edges, data edges untouched.
//!
//! ```text
//! resource a …                                            0 ensure a
//! resource b … with { after: a }                          1 ensure b     0 → 1 after
//! resource c … with { after: [a, b] }                     2 ensure c     1 → 2 after, 0 → 2 after (goes)
//! ```
//!
//! A way round counts only if it says as much: all along it a step waits for the other to end *well* (a settled edge
//! says less), and the steps on it are done whenever the last one is and are never skipped.

use crate::graph::{self, Neighbours};
use crate::plan::{Edge, EdgeReason, OnUnreachable, Plan, StepId};
use crate::verify::{Nesting, is_implied};

/// Where so many steps stand between, the edges stay: looking further costs more than an edge too many.
const FARTHEST: usize = 2048;

/// See above.
pub fn reduce_order(mut plan: Plan) -> Plan {
    let mut after: Vec<Edge> =
        plan.edges.iter().filter(|edge| edge.reason == EdgeReason::After).cloned().collect();
    if after.is_empty() {
        return plan;
    }
    after.sort_by_key(|edge| edge.to);
    let mut search = Search::new(&plan);
    let mut implied: Vec<Edge> = Vec::new();
    for edges in after.chunk_by(|one, other| one.to == other.to) {
        search.implied(&plan, edges, &mut implied);
    }
    implied.sort();
    plan.edges.retain(|edge| implied.binary_search(edge).is_err());
    plan
}

fn says_well(edge: &Edge) -> bool {
    edge.reason != EdgeReason::Settled
}

struct Search {
    /// What each step waits for to end well.
    before: Neighbours,
    /// The same without `after`.
    before_otherwise: Neighbours,
    levels: Vec<u32>,
    nesting: Nesting,
    /// In which search a step was last seen; saves clearing a set for each.
    seen: Vec<u32>,
    searches: u32,
}

impl Search {
    fn new(plan: &Plan) -> Self {
        Self {
            before: Neighbours::before(plan, says_well),
            before_otherwise: Neighbours::before(plan, |edge| {
                says_well(edge) && edge.reason != EdgeReason::After
            }),
            levels: graph::levels(plan, says_well),
            nesting: Nesting::new(plan),
            seen: vec![0; plan.steps.len()],
            searches: 0,
        }
    }

    /// Adds those of `edges`, all to the same step, that other ways imply. All ways lead back to at least the lowest
    /// level an edge comes from, so steps below it need no look.
    fn implied(&mut self, plan: &Plan, edges: &[Edge], implied: &mut Vec<Edge>) {
        let to = edges[0].to;
        let floor = edges.iter().map(|edge| self.levels[edge.from.index()]).min().unwrap_or(0);
        self.searches += 1;
        let mut visited = 0;
        let direct: Vec<StepId> = self.before.of(to).to_vec();
        let mut open: Vec<StepId> = Vec::new();
        // Seen is what a way of two edges or more leads to.
        for first in direct {
            if self.may_be_passed(plan, first, to) {
                self.look_behind(first, floor, &mut open);
            }
        }
        while let Some(step) = open.pop() {
            visited += 1;
            if visited > FARTHEST {
                return;
            }
            if self.may_be_passed(plan, step, to) {
                self.look_behind(step, floor, &mut open);
            }
        }
        for edge in edges {
            let is_seen = self.seen[edge.from.index()] == self.searches;
            if is_seen || self.before_otherwise.of(to).binary_search(&edge.from).is_ok() {
                implied.push(edge.clone());
            }
        }
    }

    fn look_behind(&mut self, step: StepId, floor: u32, open: &mut Vec<StepId>) {
        for index in 0..self.before.of(step).len() {
            let earlier = self.before.of(step)[index];
            if self.levels[earlier.index()] >= floor && self.seen[earlier.index()] != self.searches {
                self.seen[earlier.index()] = self.searches;
                open.push(earlier);
            }
        }
    }

    /// Whether `step` is done whenever `last` is.
    fn may_be_passed(&self, plan: &Plan, step: StepId, last: StepId) -> bool {
        let (step, last) = (plan.step(step), plan.step(last));
        step.on_unreachable != OnUnreachable::Skip && is_implied(&self.nesting, &last.when, &step.when)
    }
}
