//! The graphs: a chain, a fan (one, many, one), and layers of about √n steps that wait for one to five of the layer before.
//!
//! `Graph::new("chain", 3)` → `before: [[], [0], [1]]`; the same graph each time.

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Plan, SiteId, StepId};
use scope_plan::testing::Builder;

pub const N_SITES: usize = 10;

pub struct Graph {
    /// For each step, those it waits for.
    pub before: Vec<Vec<u32>>,
    /// For each step, those that wait for it.
    pub after: Vec<Vec<u32>>,
}

impl Graph {
    pub fn new(shape: &str, n: usize) -> Graph {
        let before: Vec<Vec<u32>> = match shape {
            "chain" => (0..n).map(|i| i.checked_sub(1).map(|i| i as u32).into_iter().collect()).collect(),
            "fan" => (0..n)
                .map(|i| {
                    if i == 0 {
                        vec![]
                    } else if i + 1 < n {
                        vec![0]
                    } else {
                        (1..i as u32).collect()
                    }
                })
                .collect(),
            "layered" => layered(n),
            other => panic!("`{other}` is none of chain, fan, layered"),
        };
        let mut after = vec![Vec::new(); n];
        for (step, before) in before.iter().enumerate() {
            before.iter().for_each(|first| after[*first as usize].push(step as u32));
        }
        Graph { before, after }
    }

    /// The least time that steps of these lengths can take.
    pub fn bound(&self, lengths: &[f64], n_sites: usize, at_once: usize) -> f64 {
        let mut ends = vec![0.0_f64; lengths.len()];
        let mut by_site = vec![0.0; n_sites];
        for (step, before) in self.before.iter().enumerate() {
            let start = before.iter().map(|first| ends[*first as usize]).fold(0.0, f64::max);
            ends[step] = start + lengths[step];
            by_site[step % n_sites] += lengths[step];
        }
        let longest = ends.into_iter().fold(0.0, f64::max);
        let busiest = by_site.into_iter().fold(0.0, f64::max);
        longest.max(busiest / at_once as f64)
    }
}

fn layered(n: usize) -> Vec<Vec<u32>> {
    let width = n.isqrt().max(2);
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        // Xorshift: the same numbers everywhere.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let step = |step: usize| {
        let layer = step / width;
        if layer == 0 {
            return Vec::new();
        }
        let first = (layer - 1) * width;
        let n_before = 1 + draw(5);
        let mut before: Vec<u32> = (0..n_before).map(|_| (first + draw(width)) as u32).collect();
        before.sort_unstable();
        before.dedup();
        before
    };
    (0..n).map(step).collect()
}

/// A plan of it: each step is one read at one of ten sites.
pub fn plan_of(graph: &Graph, at_once: u32) -> Plan {
    plan_with(graph, at_once, "read")
}

/// The same, where each step makes something, once: it is recorded before it is sent, and when it is done.
pub fn changing(graph: &Graph, at_once: u32) -> Plan {
    plan_with(graph, at_once, "create")
}

fn plan_with(graph: &Graph, at_once: u32, operation: &str) -> Plan {
    let mut plan = Builder::new();
    let sites: Vec<SiteId> = (0..N_SITES).map(|site| plan.site(&format!("s{site}"))).collect();
    for step in 0..graph.before.len() {
        let action = Action::Call {
            resource_type: "shelf.loan".into(),
            operation: operation.into(),
            inputs: vec![("id".into(), Expr::text(step.to_string()))],
            once: operation != "read",
            prints: false,
        };
        plan.step(sites[step % N_SITES], &format!("r{step}"), action);
    }
    for (step, before) in graph.before.iter().enumerate() {
        before.iter().for_each(|first| plan.after(StepId(*first), StepId(step as u32)));
    }
    let mut plan = plan.finish();
    plan.sites.iter_mut().for_each(|site| site.concurrency = at_once);
    plan
}
