//! The way of each line, once boxes and slots are placed.
//!
//! `a → c` past `b` → out of the right side of `a`, level through its slot, into the left side of `c`.

use std::collections::BTreeMap;

use super::layout::Node;
use super::shapes::Shape;
use crate::plan::{Action, EdgeReason, Plan, StepId};

/// An edge's way: from point to point, level across a layer, bent in the gaps.
pub struct Line {
    pub reason: EdgeReason,
    pub points: Vec<(f64, f64)>,
}

/// The points of each edge: ports spread over the sides of a box in the order of where the lines come from and go to.
pub fn lines(
    plan: &Plan,
    rows: &Rows,
    nodes: &[Node],
    ways: &[Vec<usize>],
    layers: &[(f64, f64)],
    shapes: &[Shape],
) -> Vec<Line> {
    let mut out: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut into: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for (position, node) in nodes.iter().enumerate().filter(|(_, node)| node.step.is_some()) {
        for (near, ports) in [(&node.after, &mut out), (&node.before, &mut into)] {
            let mut near = near.clone();
            near.sort_by(|one, other| nodes[*one].y.total_cmp(&nodes[*other].y).then(one.cmp(other)));
            let room = (node.height - 24.0).max(0.0);
            let step = (room / near.len().max(1) as f64).min(12.0);
            let first = node.y - step * near.len().saturating_sub(1) as f64 / 2.0;
            for (place, other) in near.into_iter().enumerate() {
                ports.insert((position, other), first + step * place as f64);
            }
        }
    }
    let mut lines = Vec::with_capacity(ways.len());
    for (edge, way) in plan.edges.iter().zip(ways) {
        let mut points = Vec::new();
        let first = (way[0], way[1]);
        let (x, width) = layers[nodes[way[0]].layer];
        points.push((x + width, out[&first]));
        for slot in &way[1..way.len() - 1] {
            let (x, width) = layers[nodes[*slot].layer];
            points.extend([(x, nodes[*slot].y), (x + width, nodes[*slot].y)]);
        }
        let (last, before) = (way[way.len() - 1], way[way.len() - 2]);
        let x = layers[nodes[last].layer].0;
        let top = nodes[last].y - nodes[last].height / 2.0;
        // A row of its own for each arm or part.
        match rows.get(&(edge.to, edge.from)).filter(|_| edge.reason == EdgeReason::Settled) {
            None => {
                points.push((x, into[&(last, before)]));
                lines.push(Line { reason: edge.reason.clone(), points });
            }
            Some(rows) => lines.extend(rows.iter().map(|row| {
                let end = (x, top + shapes[last].row_middle(*row));
                let points = points.iter().copied().chain([end]).collect();
                Line { reason: edge.reason.clone(), points }
            })),
        }
    }
    lines
}

/// By a `choose` or `gather` and a source of it, the rows that the source has there.
pub type Rows = BTreeMap<(StepId, StepId), Vec<usize>>;

/// Every row of every `choose` and `gather`.
pub fn rows(plan: &Plan) -> Rows {
    let mut rows = Rows::new();
    for step in &plan.steps {
        if matches!(step.action, Action::Choose { .. } | Action::Gather { .. }) {
            for (row, source) in step.action.sources().into_iter().enumerate() {
                rows.entry((step.id, source)).or_default().push(row);
            }
        }
    }
    rows
}
