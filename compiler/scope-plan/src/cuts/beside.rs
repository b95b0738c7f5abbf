//! What would wait at the cut site for what waits there, too, left of a `|`: then the alternative would never be tried.
//!
//! `vm` and its `net` at paris, of `paris | nantes`, `net` with `queue` → `vm` does not wait, and nantes is taken.

use super::{Cuts, Outcome, is_of_interest};
use crate::graph::Neighbours;
use crate::plan::{Action, EdgeReason, Plan, SiteId, Step};

impl Cuts<'_> {
    /// Whether it is left of a `|`, at the site that is cut, and what it needs there waits.
    pub(super) fn waits_beside(&self, site: Option<SiteId>, outcomes: &[Outcome], step: &Step) -> bool {
        let mut beside = self.beside.of(step.id).iter();
        Some(step.site) == site && beside.any(|needed| outcomes[needed.index()] == Outcome::Waits)
    }
}

/// By step left of a `|`, what it needs at its own site: waiting with that would never let the alternative be tried.
pub(super) fn of_steps(plan: &Plan) -> Neighbours {
    let is_left = crate::left::of_steps(plan);
    Neighbours::before(plan, |edge| {
        let (needed, user) = (plan.step(edge.from), plan.step(edge.to));
        let is_used = matches!(edge.reason, EdgeReason::Data | EdgeReason::Guard);
        let is_beside = needed.site == user.site && is_at_site(needed) && is_of_interest(user);
        is_used && is_beside && is_left[user.id.index()]
    })
}

/// What asks its site for something.
fn is_at_site(step: &Step) -> bool {
    !matches!(step.action, Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. })
}
