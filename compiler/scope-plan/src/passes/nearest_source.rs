//! The sources of a bring, the nearest first.
//!
//! ```text
//! link nantes -- paris { rtt: 12ms }
//! link nantes -- lille { rtt: 5ms }
//! resource vm: openstack.server { image: "debian" }       bring image from [#0 at paris, #1 at lille] to nantes
//!     scope { compute: nantes, image: paris & lille }   →            from [#1 at lille, #0 at paris]
//! ```
//!
//! By declared round trip, then by declared bandwidth, the greater first, then as they stood; a link that is not declared
//! is farther than any that is, and so is a source whose place only the run decides.

use std::cmp::Reverse;

use crate::estimate::Links;
use crate::plan::{Action, Plan, SiteId, StepId};

/// See above.
pub fn nearest_source(mut plan: Plan) -> Plan {
    let links = Links::new(&plan);
    let distance = |from: StepId, to: SiteId| {
        let from = plan.location(from);
        let rtt_us = from.and_then(|from| links.rtt_us(from, to));
        let bandwidth = from.and_then(|from| links.bandwidth_bps(from, to)).unwrap_or(0);
        (rtt_us.is_none(), rtt_us, Reverse(bandwidth))
    };
    let mut sorted = Vec::new();
    for step in &plan.steps {
        if let Action::Bring { sources, .. } = &step.action
            && sources.len() > 1
        {
            let mut sources = sources.clone();
            sources.sort_by_key(|source| distance(*source, step.site));
            sorted.push((step.id, sources));
        }
    }
    for (step, nearest_first) in sorted {
        if let Action::Bring { sources, .. } = &mut plan.steps[step.index()].action {
            *sources = nearest_first;
        }
    }
    plan
}
