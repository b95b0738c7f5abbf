//! The passes: each a pure function from plan to plan, named, that changes nothing the second time.
//!
//! | pass | makes of | this |
//! |---|---|---|
//! | [`merge_lookups`] | two equal look-ups at a site; two equal transfers to it | one |
//! | [`prune`] | a look-up, `choose` or `gather` nothing uses; a transfer to where the data is | nothing; the data itself |
//! | [`nearest_source`] | a bring's sources in any order | the nearest first |
//! | [`reduce_order`] | an `after` that other edges say already | nothing |
//! | [`priority`] | steps of one urgency | the critical path first |

pub(crate) mod edit;
pub mod merge_lookups;
pub mod nearest_source;
pub mod priority;
pub mod prune;
pub mod reduce_order;

use crate::plan::Plan;

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name: `merge-lookups`.
    pub name: &'static str,
    /// What it does.
    pub run: fn(Plan) -> Plan,
}

/// All, in the order they are run: what makes steps fewer comes first, priorities are of what is left.
pub const PASSES: &[Pass] = &[
    Pass { name: "merge-lookups", run: merge_lookups::merge_lookups },
    Pass { name: "prune", run: prune::prune },
    Pass { name: "nearest-source", run: nearest_source::nearest_source },
    Pass { name: "reduce-order", run: reduce_order::reduce_order },
    Pass { name: "priority", run: priority::priority },
];
