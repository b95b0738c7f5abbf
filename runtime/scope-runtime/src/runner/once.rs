//! The end of a run: what it made is there once. A network may deliver a request twice, and answer well.
//!
//! `first` was created as `c1`; one list of its kind at its site has `c7` with its mark, too → `c7` is deleted. Sites are
//! looked at side by side.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use scope_plan::plan::{Action, SiteId, StepId};
use scope_plan::recorded::How;

use super::Shared;
use crate::events::RunEventKind;
use crate::procedure::{Doubtful, Looked, look_at_site};
use crate::schedule::mutants::{self, Mutant};

/// Deletes second ones of what this run made; how many there were. What is left, and what is not known, is told. A silent
/// site, at which nothing that was tried ended well, is not waited for once more.
pub(super) async fn remove_seconds(
    shared: &Shared<'_>,
    silent: &BTreeSet<SiteId>,
    words: &mut Vec<String>,
) -> usize {
    if mutants::is(Mutant::SecondNotLookedFor) {
        return 0;
    }
    let doubtful = doubtful(shared);
    let looks = doubtful.iter().map(|(site, doubtful)| async move {
        let name = &shared.plan.site(*site).name;
        match silent.contains(site) {
            true => Looked::not_known(name, doubtful.len(), "nothing ended well there"),
            false => look_at_site(shared, *site, doubtful).await,
        }
    });
    let mut n_deleted = 0;
    for looked in join_all(looks).await {
        for deleted in looked.deleted {
            n_deleted += 1;
            shared.emit(RunEventKind::UndoDone { step: None, words: deleted });
        }
        for left in looked.left {
            words.push(shared.options.redact.hide(&left).into_owned());
            shared.emit(RunEventKind::UndoOwed { step: None, words: left });
        }
    }
    n_deleted
}

/// What may be there twice and was not looked for yet, by site: what this run recorded, copies, for which no step looks, and
/// what no step of this run was about.
fn doubtful(shared: &Shared<'_>) -> BTreeMap<SiteId, Vec<Doubtful>> {
    let mut found: BTreeMap<SiteId, Vec<Doubtful>> = BTreeMap::new();
    shared.ledger.with(|state| {
        for (name, sites) in &state.resources {
            for (site, resource) in sites.iter().filter(|(_, resource)| resource.is_doubtful) {
                let step = ensuring(shared, name, site);
                let is_looked_at = step.is_some_and(|step| shared.memory(step).has_begun());
                let is_to_look = resource.run == shared.run || resource.how == How::Borrowed || !is_looked_at;
                let id = shared.index.site(site);
                let Some(id) = id.filter(|_| is_to_look && !shared.options.leaves_alone(site)) else {
                    continue;
                };
                let one = Doubtful { name: name.clone(), step, resource: resource.clone() };
                found.entry(id).or_default().push(one);
            }
        }
    });
    found
}

fn ensuring(shared: &Shared<'_>, name: &str, site: &str) -> Option<StepId> {
    let mut steps = shared.index.steps(name, site).iter();
    steps.find(|step| matches!(shared.plan.step(**step).action, Action::Ensure { .. })).copied()
}
