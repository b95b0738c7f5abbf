//! Where everything goes: layers from left to right by the longest way, lanes from top to bottom by site, and long edges
//! led through slots of their own so that no line crosses a box.
//!
//! `a → b → c`, `a → c` → three layers, and a slot for `a → c` in the second, above or below `b`.
//!
//! Lines of one step and kind share their slots, as a bus, up to the last gap. Between two layers is only empty space, in
//! which lines may bend and go from lane to lane.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::{Line, Rows, lines, rows};
use super::shapes::Shape;
use crate::graph::{self, Neighbours};
use crate::plan::{EdgeReason, Plan, SiteId, StepId};

const GAP_IN_LANE: f64 = 18.0;
const SLOT_HEIGHT: f64 = 10.0;
pub const LANE_PADDING: f64 = 20.0;
const LANE_GAP: f64 = 14.0;
const SWEEPS: usize = 12;
/// Beyond so many slots a drawing is not read any more, and long lines go straight.
const MOST_SLOTS: usize = 20_000;
/// Steps without edges are put in so many columns at least.
const COLUMNS_OF_LONE_STEPS: usize = 4;

pub struct Layout {
    /// By step: the upper left corner.
    pub boxes: Vec<(f64, f64)>,
    /// The x and width of each layer.
    pub layers: Vec<(f64, f64)>,
    pub lanes: Vec<Lane>,
    pub lines: Vec<Line>,
    pub width: f64,
    pub height: f64,
}

pub struct Lane {
    pub site: SiteId,
    pub top: f64,
    pub height: f64,
}

/// A box or a slot, within its lane and layer.
pub struct Node {
    pub step: Option<StepId>,
    pub layer: usize,
    lane: usize,
    pub height: f64,
    /// Of its middle.
    pub y: f64,
    pub before: Vec<usize>,
    pub after: Vec<usize>,
    /// Which row of a `choose` or `gather` it leads to: those of the upper rows stand above.
    row: usize,
}

/// Lays out. `left` is the room before the first layer, `top` that above the first lane.
pub fn layout(plan: &Plan, shapes: &[Shape], left: f64, top: f64) -> Layout {
    let lane_of = lanes(plan);
    let layer_of = layers(plan, &lane_of, shapes);
    let count = layer_of.iter().max().map_or(1, |layer| layer + 1);
    let mut nodes: Vec<Node> = plan
        .steps
        .iter()
        .map(|step| Node {
            step: Some(step.id),
            layer: layer_of[step.id.index()],
            lane: lane_of[&step.site],
            height: shapes[step.id.index()].height,
            y: 0.0,
            before: Vec::new(),
            after: Vec::new(),
            row: 0,
        })
        .collect();
    let rows = rows(plan);
    let ways = ways(plan, &rows, &mut nodes);
    let mut cells = cells(&nodes, count, lane_of.len());
    order_cells(&mut nodes, &mut cells);
    let lanes = place(&mut nodes, &cells, &lane_of, top);
    let layers = columns(plan, shapes, &layer_of, count, left);
    let boxes = plan
        .steps
        .iter()
        .map(|step| {
            let node = &nodes[step.id.index()];
            (layers[node.layer].0, node.y - node.height / 2.0)
        })
        .collect();
    let lines = lines(plan, &rows, &nodes, &ways, &layers, shapes);
    let width = layers.last().map_or(left, |(x, width)| x + width) + LANE_PADDING;
    let height = lanes.last().map_or(top, |lane: &Lane| lane.top + lane.height);
    Layout { boxes, layers, lanes, lines, width, height }
}

/// The lanes: the entry site first, then the sites as they stand; only those at which something is done.
fn lanes(plan: &Plan) -> BTreeMap<SiteId, usize> {
    let mut is_used = vec![false; plan.sites.len()];
    plan.steps.iter().for_each(|step| is_used[step.site.index()] = true);
    let all = (0..plan.sites.len() as u32).map(SiteId);
    let mut sites: Vec<SiteId> = all.filter(|site| is_used[site.index()]).collect();
    sites.sort_by_key(|site| (plan.program.entry != Some(*site), *site));
    sites.into_iter().enumerate().map(|(lane, site)| (site, lane)).collect()
}

/// A layer after all a step waits for; what waits for nothing is moved next to what needs it first, and what has no edge
/// at all where its lane has room.
fn layers(plan: &Plan, lane_of: &BTreeMap<SiteId, usize>, shapes: &[Shape]) -> Vec<usize> {
    let mut layers: Vec<usize> =
        graph::levels(plan, |_| true).into_iter().map(|level| level as usize).collect();
    let before = Neighbours::before(plan, |_| true);
    let after = Neighbours::after(plan, |_| true);
    for step in graph::order(plan).into_iter().rev().filter(|step| before.of(*step).is_empty()) {
        if let Some(first) = after.of(step).iter().map(|next| layers[next.index()]).min() {
            layers[step.index()] = first - 1;
        }
    }
    let columns = layers.iter().max().map_or(1, |layer| layer + 1).max(COLUMNS_OF_LONE_STEPS);
    let mut filled = vec![vec![0.0; columns]; lane_of.len()];
    let is_lone = |step: StepId| before.of(step).is_empty() && after.of(step).is_empty();
    let (lone, joined): (Vec<StepId>, Vec<StepId>) =
        plan.steps.iter().map(|step| step.id).partition(|step| is_lone(*step));
    let lane = |step: StepId| lane_of[&plan.step(step).site];
    let height = |step: StepId| shapes[step.index()].height + GAP_IN_LANE;
    for step in joined {
        filled[lane(step)][layers[step.index()]] += height(step);
    }
    for step in lone {
        let lane = &mut filled[lane(step)];
        let emptiest = (0..columns).min_by(|one, other| lane[*one].total_cmp(&lane[*other])).unwrap_or(0);
        layers[step.index()] = emptiest;
        lane[emptiest] += height(step);
    }
    layers
}

/// The nodes each edge leads through, ends included; makes the slots.
fn ways(plan: &Plan, rows: &Rows, nodes: &mut Vec<Node>) -> Vec<Vec<usize>> {
    let mut joined: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut slots: BTreeMap<(StepId, EdgeReason, usize), usize> = BTreeMap::new();
    let mut ways = Vec::with_capacity(plan.edges.len());
    for edge in &plan.edges {
        let (from, to) = (edge.from.index(), edge.to.index());
        let mut way = vec![from];
        for layer in nodes[from].layer + 1..nodes[to].layer {
            if slots.len() >= MOST_SLOTS {
                break;
            }
            let lane = nodes[from].lane;
            let slot = *slots.entry((edge.from, edge.reason.clone(), layer)).or_insert_with(|| {
                let (before, after) = (Vec::new(), Vec::new());
                nodes.push(Node {
                    step: None,
                    layer,
                    lane,
                    height: SLOT_HEIGHT,
                    y: 0.0,
                    before,
                    after,
                    row: 0,
                });
                nodes.len() - 1
            });
            way.push(slot);
        }
        way.push(to);
        if let Some(row) = rows.get(&(edge.to, edge.from)) {
            nodes[way[way.len() - 2]].row = row[0];
        }
        for pair in way.windows(2) {
            if joined.insert((pair[0], pair[1])) {
                nodes[pair[0]].after.push(pair[1]);
                nodes[pair[1]].before.push(pair[0]);
            }
        }
        ways.push(way);
    }
    ways
}

/// By lane and layer, the nodes from top to bottom.
type Cells = Vec<Vec<Vec<usize>>>;

fn cells(nodes: &[Node], layers: usize, lanes: usize) -> Cells {
    let mut cells = vec![vec![Vec::new(); layers]; lanes];
    for (node, content) in nodes.iter().enumerate() {
        cells[content.lane][content.layer].push(node);
    }
    cells
}

/// Orders each cell by the mean place of the neighbours, to and fro: few lines cross then.
fn order_cells(nodes: &mut [Node], cells: &mut Cells) {
    let layers = cells.first().map_or(0, Vec::len);
    let number = |nodes: &mut [Node], cells: &Cells, layer: usize| {
        let mut place = 0.0;
        for lane in cells {
            for node in &lane[layer] {
                nodes[*node].y = place;
                place += 1.0;
            }
        }
    };
    (0..layers).for_each(|layer| number(nodes, cells, layer));
    for sweep in 0..SWEEPS {
        let to_right = sweep % 2 == 0;
        let all: Vec<usize> = if to_right { (0..layers).collect() } else { (0..layers).rev().collect() };
        for layer in all {
            for lane in cells.iter_mut() {
                let mean = |node: &usize| {
                    let node = &nodes[*node];
                    let near = if to_right { &node.before } else { &node.after };
                    if near.is_empty() {
                        return node.y;
                    }
                    let mean = near.iter().map(|other| nodes[*other].y).sum::<f64>() / near.len() as f64;
                    if to_right { mean } else { mean + node.row as f64 / 1000.0 }
                };
                let mut keyed: Vec<(f64, usize)> =
                    lane[layer].iter().map(|node| (mean(node), *node)).collect();
                // Stable, so that ties stay as they were.
                keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
                lane[layer] = keyed.into_iter().map(|(_, node)| node).collect();
            }
            number(nodes, cells, layer);
        }
    }
}

/// Gives every node its y: lanes as high as their fullest cell, nodes near their neighbours.
fn place(nodes: &mut [Node], cells: &Cells, lane_of: &BTreeMap<SiteId, usize>, top: f64) -> Vec<Lane> {
    let mut sites: Vec<(SiteId, usize)> = lane_of.iter().map(|(site, lane)| (*site, *lane)).collect();
    sites.sort_by_key(|(_, lane)| *lane);
    let mut lanes: Vec<Lane> = Vec::new();
    let mut next = top;
    for (site, lane) in sites {
        let height = |cell: &Vec<usize>| {
            cell.iter().map(|node| nodes[*node].height).sum::<f64>()
                + GAP_IN_LANE * cell.len().saturating_sub(1) as f64
        };
        let content = cells[lane].iter().map(height).fold(40.0, f64::max);
        lanes.push(Lane { site, top: next, height: content + 2.0 * LANE_PADDING });
        next += content + 2.0 * LANE_PADDING + LANE_GAP;
    }
    for (lane, layers) in lanes.iter().zip(cells) {
        let middle = lane.top + lane.height / 2.0;
        for cell in layers {
            cell.iter().for_each(|node| nodes[*node].y = middle);
            settle(nodes, cell, lane);
        }
    }
    let layers = cells.first().map_or(0, Vec::len);
    for sweep in 0..SWEEPS {
        let to_right = sweep % 2 == 0;
        let all: Vec<usize> = if to_right { (0..layers).collect() } else { (0..layers).rev().collect() };
        for layer in all {
            for (lane, layers) in lanes.iter().zip(cells) {
                for node in &layers[layer] {
                    let near = if to_right { &nodes[*node].before } else { &nodes[*node].after };
                    // Only those of its own lane pull: the others it cannot come near.
                    let own: Vec<f64> = near
                        .iter()
                        .filter(|other| nodes[**other].lane == nodes[*node].lane)
                        .map(|other| nodes[*other].y)
                        .collect();
                    if !own.is_empty() {
                        nodes[*node].y = own.iter().sum::<f64>() / own.len() as f64;
                    }
                }
                settle(nodes, &layers[layer], lane);
            }
        }
    }
    lanes
}

/// Moves the nodes of a cell as little as can be so that none overlap, in their order, within the lane: neighbours that
/// would touch form a block, which stands where its members' wishes are on the mean.
fn settle(nodes: &mut [Node], cell: &[usize], lane: &Lane) {
    struct Block {
        /// The wished-for top of the block, summed over its members.
        wishes: f64,
        members: Vec<usize>,
        height: f64,
    }
    impl Block {
        fn top(&self) -> f64 {
            self.wishes / self.members.len() as f64
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    for node in cell {
        let height = nodes[*node].height;
        let mut block = Block { wishes: nodes[*node].y - height / 2.0, members: vec![*node], height };
        while let Some(last) = blocks.last() {
            if last.top() + last.height + GAP_IN_LANE <= block.top() {
                break;
            }
            let last = blocks.pop().expect("there is a last one");
            let offset = last.height + GAP_IN_LANE;
            let wishes = last.wishes + block.wishes - offset * block.members.len() as f64;
            let mut members = last.members;
            members.extend(block.members);
            block = Block { wishes, members, height: offset + block.height };
        }
        blocks.push(block);
    }
    // Down from the upper edge, then up from the lower one; the lane is high enough for all.
    let mut tops: Vec<f64> = Vec::with_capacity(blocks.len());
    let mut free = lane.top + LANE_PADDING;
    for block in &blocks {
        let top = block.top().max(free);
        tops.push(top);
        free = top + block.height + GAP_IN_LANE;
    }
    let mut end = lane.top + lane.height - LANE_PADDING;
    for (block, top) in blocks.iter().zip(&mut tops).rev() {
        *top = top.min(end - block.height);
        end = *top - GAP_IN_LANE;
    }
    for (block, top) in blocks.iter().zip(tops) {
        let mut next = top;
        for node in &block.members {
            nodes[*node].y = next + nodes[*node].height / 2.0;
            next += nodes[*node].height + GAP_IN_LANE;
        }
    }
}

/// Layers as wide as their widest box; gaps wider where many lines bend.
fn columns(plan: &Plan, shapes: &[Shape], layer_of: &[usize], count: usize, left: f64) -> Vec<(f64, f64)> {
    let mut widths = vec![120.0_f64; count];
    for (shape, layer) in shapes.iter().zip(layer_of) {
        widths[*layer] = widths[*layer].max(shape.width);
    }
    let mut bends = vec![0.0_f64; count];
    for edge in &plan.edges {
        let is_between_lanes = plan.step(edge.from).site != plan.step(edge.to).site;
        bends[layer_of[edge.to.index()]] += if is_between_lanes { 4.0 } else { 1.0 };
    }
    let mut x = left;
    let mut layers = Vec::with_capacity(count);
    for (layer, width) in widths.into_iter().enumerate() {
        if layer > 0 {
            x += 56.0 + bends[layer].min(90.0);
        }
        layers.push((x, width));
        x += width;
    }
    layers
}
