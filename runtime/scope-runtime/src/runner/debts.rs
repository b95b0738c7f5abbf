//! What a run, or an earlier one, left at the sites and is not wanted: looked for and deleted, or set back, before the
//! guards are settled; what cannot be is told and tried by the next run.
//!
//! `paris | lille`, both fail, and lille did not answer the creation. The next run takes paris → what lille perhaps has is a
//! debt, found there by its mark, and deleted.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{Action, SiteId, Step, StepId};
use scope_plan::recorded::Relied;

use super::Shared;
use super::turn::Ended;
use crate::events::{RunEventKind, SkipReason};
use crate::procedure::{Unpaid, mentions, pay, sent_debt, set_back_later};
use crate::schedule::StepState;
use crate::schedule::mutants::{self, Mutant};
use crate::state::{Owed, Record, Sent};

/// Creations of earlier runs that were not answered, for alternatives that are not taken any more, and for what the program
/// no longer has: nobody asks for them again, so what they perhaps made is owed from now on.
pub(super) fn owe_what_was_sent(shared: &Shared<'_>, ended: &Ended) {
    let sent: BTreeMap<String, Sent> = shared.ledger.with(|state| {
        let debts = state.owed.iter().filter(|owed| owed.identity.is_none());
        let debts: BTreeSet<&String> = debts.map(|owed| &owed.key).collect();
        let is_there = |sent: &Sent| state.resource(&sent.name, &sent.site).is_some();
        let open = state.sent.iter().filter(|(key, sent)| !debts.contains(key) && !is_there(sent));
        open.map(|(key, sent)| (key.clone(), sent.clone())).collect()
    });
    if sent.is_empty() || mutants::is(Mutant::AbandonedRequestForgotten) {
        return;
    }
    let is_making = |step: &&Step| matches!(step.action, Action::Ensure { .. } | Action::Bring { .. });
    let is_open = |step: &Step| step.when.iter().any(|guard| ended.schedule.is_left_open(guard.choice));
    let is_given_up = |step: &&Step| !ended.schedule.is_live(step.id) && !is_open(step);
    let steps = shared.plan.steps.iter().filter(is_making).filter(is_given_up);
    let abandoned = steps.map(|step| (&step.key, Some(step)));
    let unwanted = shared.plan.unwanted.iter().map(|key| (key, None));
    for (key, step) in abandoned.chain(unwanted) {
        let Some(sent) = sent.get(key) else { continue };
        let site = shared.index.site(&sent.site);
        let debt = site.and_then(|site| sent_debt(shared, key, step, site, sent));
        if let Some(owed) = debt {
            // A failure is kept by the ledger, and met when the run is ended.
            let _ = shared.ledger.append(Record::Owed { owed });
        }
    }
}

/// Whether the time of a deletion has come: what another one takes the place of stays until that is there, unless nobody asks
/// for it any more.
fn is_due(shared: &Shared<'_>, ended: &Ended, owed: &Owed) -> bool {
    if !owed.is_replaced {
        return true;
    }
    let is_there = shared
        .ledger
        .with(|state| state.resource(&owed.name, &owed.site).is_some_and(|known| known.is_complete));
    let is_left_for_another = || {
        let is_it = |step: &&Step| step.key == owed.key;
        let guards = shared.plan.steps.iter().find(is_it).into_iter().flat_map(|step| &step.when);
        let mut chosen = guards.map(|guard| (guard.arm, ended.schedule.chosen(guard.choice)));
        chosen.any(|(arm, chosen)| chosen.is_some_and(|chosen| chosen != arm))
    };
    is_there || shared.plan.unwanted.contains(&owed.key) || is_left_for_another()
}

/// Of what another one takes the place of, the sites and identities that something is still made from, as it was set last: it
/// did not come to follow yet, whatever the driver says of what it relies upon.
fn still_made_from(shared: &Shared<'_>, owed: &[Owed]) -> BTreeSet<(String, String)> {
    let mut replaced: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for owed in owed.iter().filter(|owed| owed.is_replaced) {
        let identities = replaced.entry((&owed.name, &owed.site)).or_default();
        identities.extend(owed.identity.as_deref());
    }
    let mut used = BTreeSet::new();
    if replaced.is_empty() {
        return used;
    }
    shared.ledger.with(|state| {
        for resource in state.resources.values().flat_map(|sites| sites.values()) {
            for (name, site) in &resource.needs {
                let formerly = replaced.get(&(name.as_str(), site.as_str())).into_iter().flatten();
                let is_set = |identity: &&&str| resource.set.values().any(|value| mentions(value, identity));
                used.extend(formerly.filter(is_set).map(|identity| (site.clone(), (*identity).to_owned())));
            }
        }
    });
    used
}

/// Deletes what earlier runs left at sites that did not answer them, what others rely upon after those; how many there were.
pub(super) async fn pay_debts(
    shared: &Shared<'_>,
    ended: &Ended,
    answering: &BTreeSet<String>,
    words: &mut Vec<String>,
) -> usize {
    let all: Vec<Owed> = shared.ledger.with(|state| state.owed.clone());
    let used = still_made_from(shared, &all);
    let is_used = |owed: &Owed| {
        let identity = owed.identity.clone();
        identity.is_some_and(|identity| used.contains(&(owed.site.clone(), identity)))
    };
    let is_due = |owed: &Owed| is_due(shared, ended, owed) && !is_used(owed);
    let (mut open, early): (Vec<Owed>, Vec<Owed>) = all.into_iter().partition(is_due);
    let mut silent: BTreeSet<SiteId> = BTreeSet::new();
    let mut needed_by_unpaid: BTreeSet<Relied> = BTreeSet::new();
    for owed in early {
        keep_telling(shared, &owed, words);
        needed_by_unpaid.extend(owed.relies);
    }
    let mut n_paid = 0;
    loop {
        let needed: BTreeSet<Relied> = open.iter().flat_map(|owed| owed.relies.iter().cloned()).collect();
        let is_needed = |owed: &Owed| {
            let own = owed.relied();
            own.is_some_and(|own| needed.contains(&own) || needed_by_unpaid.contains(&own))
        };
        let (later, now): (Vec<Owed>, Vec<Owed>) = open.into_iter().partition(is_needed);
        open = later;
        if now.is_empty() {
            break;
        }
        for owed in now {
            match pay_one(shared, &owed, answering, &mut silent, words).await {
                true => n_paid += 1,
                false => needed_by_unpaid.extend(owed.relies),
            }
        }
    }
    for owed in open {
        keep_telling(shared, &owed, words);
    }
    n_paid
}

/// Whether that is done; in words, what became of it.
async fn pay_one(
    shared: &Shared<'_>,
    owed: &Owed,
    answering: &BTreeSet<String>,
    silent: &mut BTreeSet<SiteId>,
    words: &mut Vec<String>,
) -> bool {
    let site = shared.index.site(&owed.site);
    // What became owed a moment ago is tried again only if its site answered since.
    let is_silent_now = owed.run == shared.run && !answering.contains(&owed.site);
    let payable = site.filter(|site| !silent.contains(site) && !is_silent_now);
    let Some(site) = payable else {
        keep_telling(shared, owed, words);
        return false;
    };
    match pay(shared, owed, site).await {
        Ok(done) => {
            words.retain(|known| *known != owed.words);
            shared.emit(RunEventKind::UndoDone { step: None, words: done });
            true
        }
        Err(Unpaid { words: why, is_cut_off }) => {
            // What cannot be told from another's thing is no reason to leave the rest.
            silent.extend(Some(site).filter(|_| is_cut_off));
            let still = format!("{} (still: {why})", owed.words);
            words.retain(|known| *known != owed.words);
            words.push(shared.options.redact.hide(&still).into_owned());
            shared.emit(RunEventKind::UndoOwed { step: None, words: still });
            false
        }
    }
}

/// What was not tried is told as it was.
fn keep_telling(shared: &Shared<'_>, owed: &Owed, words: &mut Vec<String>) {
    let told = shared.options.redact.hide(&owed.words).into_owned();
    if !words.contains(&told) {
        words.push(told);
    }
}

/// Changes that may have had to be set back: those of steps that are wanted stay from now on; those of steps that nobody
/// wants any more, of a run that did not come to set them back, are set back now. How many these are.
pub(super) async fn end_changes(shared: &Shared<'_>, ended: &Ended, words: &mut Vec<String>) -> usize {
    let mut n_back = 0;
    let all = shared.ledger.with(|state| state.changed.clone());
    let steps = shared.plan.steps.iter().filter(|step| all.contains_key(&step.key));
    let steps: BTreeMap<&str, StepId> = steps.map(|step| (step.key.as_str(), step.id)).collect();
    for (key, changed) in all.clone() {
        let step = steps.get(key.as_str()).copied();
        if let Some(step) = step {
            match ended.schedule.state(step) {
                StepState::Done if ended.schedule.is_live(step) => {
                    // A failure is kept by the ledger, and met when the run is ended.
                    let _ = shared.ledger.append(Record::ChangeEnded { key });
                    continue;
                }
                StepState::Skipped { because: SkipReason::NotChosen } => {}
                // It failed or waits: its next attempt goes on with it; or its undo was tried a moment ago.
                _ => continue,
            }
        }
        let Some(site) = shared.index.site(&changed.site) else { continue };
        match set_back_later(shared, &key, &changed, site).await {
            Ok(done) => {
                n_back += 1;
                shared.emit(RunEventKind::UndoDone { step: None, words: done });
            }
            Err(why) => {
                words.push(shared.options.redact.hide(&why).into_owned());
                shared.emit(RunEventKind::UndoOwed { step: None, words: why });
            }
        }
    }
    n_back
}
