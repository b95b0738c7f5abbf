//! How long what waits does at most: in comes what waits, out goes the time after which it fails.
//!
//! `net` waits for paris (`queue for 2h`), and `vm` for `net` → both 2 h.

use std::collections::BTreeMap;

use super::quorum::out_of_reach;
use super::{Cuts, Outcome};
use crate::plan::{Action, OnUnreachable, SiteId, Step, StepId};

impl Cuts<'_> {
    /// How long what waits does at most: as long as its own clause says, and as what it needs.
    pub(super) fn at_most_ms(
        &self,
        site: SiteId,
        outcomes: &[Outcome],
        arms: &[Option<u32>],
        reached: &[StepId],
    ) -> BTreeMap<StepId, u64> {
        let mut at_most = BTreeMap::new();
        let mut waiting: Vec<&StepId> =
            reached.iter().filter(|step| outcomes[step.index()] == Outcome::Waits).collect();
        waiting.sort_by_key(|step| self.rank[step.index()]);
        for step in waiting {
            let limit = |of: &StepId| match outcomes[of.index()] {
                Outcome::Waits => at_most.get(of).copied().unwrap_or(u64::MAX),
                Outcome::Fails => 0,
                _ => u64::MAX,
            };
            let own = match self.plan.step(*step) {
                Step { action: Action::Choose { choice, .. }, .. } => arms[choice.index()].map(|arm| {
                    let members = &self.plan.choice(*choice).arms[arm as usize].members;
                    members.iter().map(limit).min().unwrap_or(u64::MAX)
                }),
                // Until the last of its parts fails.
                Step { action: Action::Gather { quorum: None, parts }, .. } => {
                    let waiting = parts.iter().filter(|(_, part)| outcomes[part.index()] == Outcome::Waits);
                    waiting.map(|(_, part)| limit(part)).max()
                }
                Step { action: Action::Gather { quorum: Some(quorum), .. }, .. } => {
                    out_of_reach(quorum, &limit)
                }
                Step { site: own, on_unreachable: OnUnreachable::Queue { for_ms }, .. } if *own == site => {
                    *for_ms
                }
                _ => None,
            };
            let own = own.filter(|own| *own != u64::MAX);
            let needed = self.before.of(*step).iter().filter_map(|needed| at_most.get(needed).copied());
            if let Some(shortest) = needed.chain(own).min() {
                at_most.insert(*step, shortest);
            }
        }
        at_most
    }
}
