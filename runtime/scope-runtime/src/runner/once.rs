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
use crate::state::{Record, Resource};

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
        let looked = match silent.contains(site) {
            true => Looked::not_known(name, doubtful.len(), "nothing ended well there"),
            false => look_at_site(shared, *site, doubtful).await,
        };
        (name, looked)
    });
    let mut n_deleted = 0;
    for (site, looked) in join_all(looks).await {
        for deleted in looked.deleted {
            n_deleted += 1;
            shared.emit(RunEventKind::UndoDone { step: None, words: deleted });
        }
        let not_known = looked.not_known.map(|words| shared.options.redact.hide(&words).into_owned());
        for left in looked.left.into_iter().chain(not_known.clone()) {
            words.push(shared.options.redact.hide(&left).into_owned());
            shared.emit(RunEventKind::UndoOwed { step: None, words: left });
        }
        remember(shared, site, not_known);
    }
    // Elsewhere the steps have looked, or there is nothing to look for any more.
    let is_asked = |site: &String| {
        let id = shared.index.site(site).filter(|_| !shared.options.leaves_alone(site));
        id.is_some_and(|id| !doubtful.contains_key(&id) && !silent.contains(&id))
    };
    let known: Vec<String> = shared.ledger.with(|state| state.looks.keys().cloned().collect());
    known.iter().filter(|site| is_asked(site)).for_each(|site| remember(shared, site, None));
    n_deleted
}

/// What could not be looked at is owed until it is.
fn remember(shared: &Shared<'_>, site: &str, words: Option<String>) {
    let known = shared.ledger.with(|state| state.looks.get(site).cloned());
    if known != words {
        // A failure is kept by the ledger, and met when the run is ended.
        let _ = shared.ledger.append(Record::Look { site: site.to_owned(), words });
    }
}

/// What may be there twice and was not looked for yet, by site: what this run recorded, copies, for which no step looks, what
/// no step of this run was about, and what was taken back.
fn doubtful(shared: &Shared<'_>) -> BTreeMap<SiteId, Vec<Doubtful>> {
    let mut found: BTreeMap<SiteId, Vec<Doubtful>> = BTreeMap::new();
    let mut add =
        |name: &String, site: &String, step: Option<StepId>, resource: &Resource, is_undone: bool| {
            let id = shared.index.site(site).filter(|_| !shared.options.leaves_alone(site));
            let Some(id) = id else { return };
            let one = Doubtful { name: name.clone(), step, resource: resource.clone(), is_undone };
            found.entry(id).or_default().push(one);
        };
    shared.ledger.with(|state| {
        for (name, sites) in &state.resources {
            for (site, resource) in sites.iter().filter(|(_, resource)| resource.is_doubtful) {
                let step = ensuring(shared, name, site);
                let is_looked_at = step.is_some_and(|step| shared.memory(step).has_begun());
                if resource.run == shared.run || resource.how == How::Borrowed || !is_looked_at {
                    add(name, site, step, resource, false);
                }
            }
        }
        for (name, sites) in &state.undone {
            sites.iter().for_each(|(site, it)| add(name, site, ensuring(shared, name, site), it, true));
        }
    });
    found
}

fn ensuring(shared: &Shared<'_>, name: &str, site: &str) -> Option<StepId> {
    let mut steps = shared.index.steps(name, site).iter();
    steps.find(|step| matches!(shared.plan.step(**step).action, Action::Ensure { .. })).copied()
}
