//! How urgent each step is: the estimated time of the longest chain from its start to the end of the plan.
//!
//! ```text
//! 0 look up image at paris (200 ms) → 1 bring to nantes (3 s) → 2 ensure vm (8 s)      priorities 11200, 11000, 8000
//! 3 ensure base at paris (3 s)                                                         priority 3000: may wait
//! ```
//!
//! Estimates are of [`crate::estimate`]; they decide what is started first where a site takes no more at once.

use crate::estimate::{Links, step_ms};
use crate::graph::{self, Neighbours};
use crate::plan::Plan;

/// See above.
pub fn priority(mut plan: Plan) -> Plan {
    let after = Neighbours::after(&plan, |_| true);
    let links = Links::new(&plan);
    let costs: Vec<u64> = plan.steps.iter().map(|step| step_ms(&plan, &links, step)).collect();
    let mut priorities = vec![0_u64; plan.steps.len()];
    for step in graph::order(&plan).into_iter().rev() {
        let rest = after.of(step).iter().map(|next| priorities[next.index()]).max().unwrap_or(0);
        priorities[step.index()] = rest.saturating_add(costs[step.index()]);
    }
    for (step, priority) in plan.steps.iter_mut().zip(priorities) {
        step.priority = priority;
    }
    plan
}
