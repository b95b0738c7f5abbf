//! What each record of a journal changes in a state.
//!
//! `apply(Gone(base at nantes))` → `state.resource("base", "nantes")` is `None`.

use std::collections::BTreeMap;

use scope_plan::plan::Rename;
use scope_plan::recorded::{How, rename_choices};

use super::{KEPT_RUNS, Owed, Parked, Record, Resource, Run, Sent, State, Wish};
use crate::events::Outcome;
use crate::report::Counts;

impl State {
    /// The only way to change it. Applying a record twice is the same as applying it once.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::RunStarted { run, by, at_ms, plan, started, .. } => {
                // The last one may have been killed behind its last deletion.
                self.forgets_calls();
                self.last_run = self.last_run.max(*run);
                if self.runs.iter().all(|known| known.run != *run) {
                    self.runs.push(Run {
                        run: *run,
                        by: by.clone(),
                        started_ms: *at_ms,
                        millis: None,
                        verdict: None,
                        counts: Counts::default(),
                        without_value: BTreeMap::new(),
                        stays: Vec::new(),
                        plan: plan.clone(),
                        started: started.clone(),
                    });
                    let n_forgotten = self.runs.len().saturating_sub(KEPT_RUNS);
                    self.runs.drain(..n_forgotten);
                }
            }
            Record::Sent { key, sent } => {
                self.sets_apart(&sent.name, &sent.site);
                self.sent.insert(key.clone(), sent.clone());
            }
            Record::Settled { key } => {
                self.settled(key);
            }
            Record::Changing { key, changed } => {
                self.changed.insert(key.clone(), changed.clone());
            }
            Record::ChangeEnded { key } => {
                self.changed.remove(key);
            }
            Record::Resource { name, site, resource } => {
                if self.runs.last().is_some_and(|run| run.run == resource.run) {
                    self.sets_apart(name, site);
                }
                self.resources.entry(name.clone()).or_default().insert(site.clone(), resource.clone());
                remove(&mut self.undone, name, site);
                // It is wanted again: what was owed there is this very resource.
                self.owed.retain(|owed| {
                    owed.name != *name
                        || owed.site != *site
                        || owed.identity.as_ref().is_some_and(|identity| *identity != resource.identity)
                });
            }
            Record::Complete { name, site } => {
                if let Some(resource) = self.resources.get_mut(name).and_then(|sites| sites.get_mut(site)) {
                    resource.is_complete = true;
                    resource.begun_ms = None;
                }
            }
            Record::Gone { name, site } => {
                remove(&mut self.resources, name, site);
                self.guards.gone(name, site);
                self.apart.remove(&(name.clone(), site.clone()));
            }
            Record::Claimed { name, site } => {
                self.apart.remove(&(name.clone(), site.clone()));
            }
            Record::Undone { name, site, resource } => {
                self.undone.entry(name.clone()).or_default().insert(site.clone(), resource.clone());
            }
            Record::Look { site, words: Some(words) } => {
                self.looks.insert(site.clone(), words.clone());
            }
            Record::Look { site, words: None } => {
                self.looks.remove(site);
            }
            Record::Certain { name, site } => remove(&mut self.undone, name, site),
            Record::Call { key, call } => {
                if self.sent.get(key).is_some_and(|sent| sent.inputs == call.inputs) {
                    self.settled(key);
                }
                self.calls.insert(key.clone(), call.clone());
            }
            Record::Choice { key, arm, sites } => {
                self.choices.insert(key.clone(), *arm);
                self.chosen_sites.insert(key.clone(), sites.clone());
            }
            Record::Protected { guard } => self.guards.insert(guard.clone()),
            Record::LetGo { guard } => self.guards.remove(guard),
            Record::Owed { owed } => {
                // It is there as long as it is owed, and so is what stands on it.
                if self.resource(&owed.name, &owed.site).is_some_and(|known| owed.is_about(known)) {
                    remove(&mut self.resources, &owed.name, &owed.site);
                }
                self.owed.retain(|known| known.key != owed.key || known.identity != owed.identity);
                self.owed.push(owed.clone());
            }
            Record::Paid { key, identity } => {
                let is_paid = |owed: &Owed| owed.key == *key && owed.identity == *identity;
                for owed in self.owed.extract_if(.., |owed| is_paid(owed)).collect::<Vec<Owed>>() {
                    if self.resource(&owed.name, &owed.site).is_none() {
                        self.guards.gone(&owed.name, &owed.site);
                    }
                }
                self.forgets_apart();
            }
            Record::Parked { key, parked } => {
                let since = self.parked.get(key).map(|known| (known.run, known.since_ms));
                let mut parked = parked.clone();
                if let Some((run, since_ms)) = since {
                    (parked.run, parked.since_ms) = (run, since_ms);
                }
                self.parked.insert(key.clone(), parked);
            }
            Record::Step { key, outcome, .. } => {
                self.parked.remove(key);
                if *outcome == Outcome::Done {
                    self.saw(key);
                }
            }
            Record::Hold { site, hold: Some(hold) } => {
                self.holds.insert(site.clone(), hold.clone());
            }
            Record::Hold { site, hold: None } => {
                self.holds.remove(site);
            }
            Record::Site { site, addresses } => {
                self.sites.insert(site.clone(), addresses.clone());
            }
            Record::Wave { key, wave: Some(wave) } => {
                self.waves.insert(key.clone(), wave.clone());
            }
            Record::Wave { key, wave: None } => {
                self.waves.remove(key);
            }
            Record::Renamed(rename) => self.rename(rename),
            Record::Told { .. } => {}
            Record::RunEnded { run, end } => {
                self.former_sites.clear();
                if let Some(known) = self.runs.iter_mut().find(|known| known.run == *run) {
                    known.verdict = Some(end.verdict);
                    known.counts = end.counts;
                    known.millis = Some(end.millis);
                    known.without_value.clone_from(&end.without_value);
                    known.stays.clone_from(&end.stays);
                }
                self.forgets_calls();
            }
        }
    }

    /// What one command makes, and nothing is known of yet, is no part of the program.
    fn sets_apart(&mut self, name: &str, site: &str) {
        let is_of_command = self.runs.last().is_some_and(|run| run.started.wish == Wish::Command);
        if is_of_command && !self.is_known(name, site) {
            self.apart.insert((name.to_owned(), site.to_owned()));
        }
    }

    /// Of what a destroy left nothing of, no operation is done: what is made next is another thing.
    fn forgets_calls(&mut self) {
        let is_destroy = self.runs.last().is_some_and(|run| run.started.wish == Wish::Nothing);
        if is_destroy && !self.calls.is_empty() && self.is_destroyed() {
            self.calls.clear();
        }
    }

    /// Whether nothing is there, or may be, of what the program made: what was adopted, or made by one command, is not its own.
    fn is_destroyed(&self) -> bool {
        let mut there =
            self.resources.iter().flat_map(|(name, sites)| sites.iter().map(move |at| (name, at)));
        !self.is_open()
            && there.all(|(name, (site, known))| {
                known.how == How::Adopted || self.apart.contains(&(name.clone(), site.clone()))
            })
    }

    /// The end of a request is known.
    fn settled(&mut self, key: &str) {
        self.sent.remove(key);
        self.forgets_apart();
    }

    /// Of what nothing is known any more it need not be known whose it was.
    fn forgets_apart(&mut self) {
        let mut apart = std::mem::take(&mut self.apart);
        apart.retain(|(name, site)| self.is_known(name, site));
        self.apart = apart;
    }

    /// Whether it is there, or may be.
    pub(crate) fn is_known(&self, name: &str, site: &str) -> bool {
        self.resource(name, site).is_some()
            || self.sent.values().any(|sent| sent.name == name && sent.site == site)
            || self.owed.iter().any(|owed| owed.name == name && owed.site == site)
            || self.undone.get(name).is_some_and(|sites| sites.contains_key(site))
    }

    /// Whether a run saw all that is recorded of a driver at a site, copies left out: each is the run's that last had it made.
    pub(crate) fn is_seen_whole(&self, site: &str, driver: &str, run: u64) -> bool {
        let is_of_driver = |known: &&Resource| {
            known.how != How::Borrowed && known.resource_type.split('.').next() == Some(driver)
        };
        let there = self.resources.values().filter_map(|sites| sites.get(site));
        there.filter(is_of_driver).all(|known| known.seen == Some(run))
    }

    /// Whether anything, a call that was done included, is recorded under a name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let is_of_it = |key: &String| {
            let verb = key.split_once('/').and_then(|(_, rest)| rest.strip_prefix(name));
            verb.and_then(|rest| rest.strip_prefix('/')).is_some_and(|verb| !verb.contains('/'))
        };
        self.resources.contains_key(name) || self.calls.keys().any(is_of_it)
    }

    /// A step ended well: what it is about, if it is recorded, was seen as the program says. Its key is `site/name/verb`, and
    /// either may hold a slash.
    fn saw(&mut self, key: &str) {
        if self.resources.is_empty() {
            return;
        }
        let Some((place, _)) = key.rsplit_once('/') else { return };
        for (slash, _) in place.match_indices('/') {
            let (site, name) = (&place[..slash], &place[slash + 1..]);
            if let Some(known) = self.resources.get_mut(name).and_then(|sites| sites.get_mut(site)) {
                known.seen = Some(self.last_run);
            }
        }
    }

    /// What was called so is called otherwise from now on.
    fn rename(&mut self, rename: &Rename) {
        let Rename { from, to, at } = rename;
        let is_it = |name: &str, site: &str| name == from && rename.is_at(site);
        if let Some(mut sites) = self.resources.remove(from) {
            let renamed = sites.extract_if(.., |site, _| rename.is_at(site)).collect::<BTreeMap<_, _>>();
            renamed.keys().for_each(|site| self.guards.rename(from, to, site));
            self.resources.entry(to.clone()).or_default().extend(renamed);
            if !sites.is_empty() {
                self.resources.insert(from.clone(), sites);
            }
        }
        self.apart.retain(|(name, site)| !is_it(name, site));
        let needs = self.resources.values_mut().flat_map(|sites| sites.values_mut());
        for (name, _) in
            needs.flat_map(|resource| &mut resource.needs).filter(|(name, site)| is_it(name, site))
        {
            to.clone_into(name);
        }
        if at.is_none() {
            rename_choices(&mut self.choices, from, to);
            rename_choices(&mut self.chosen_sites, from, to);
        }
        // A step's key is made of its site and its name.
        let key = |old: &str| old.replacen(&format!("/{from}/"), &format!("/{to}/"), 1);
        let is_of_it = |key: &str| {
            let rest = key.split_once(&format!("/{from}/"));
            rest.is_some_and(|(site, verb)| !site.contains('/') && !verb.contains('/') && rename.is_at(site))
        };
        let renamed = |old: String| if is_of_it(&old) { key(&old) } else { old };
        for (old, mut call) in std::mem::take(&mut self.calls) {
            call.taken = call.taken.into_iter().map(|(step, parts)| (renamed(step), parts)).collect();
            self.calls.insert(renamed(old), call);
        }
        for (old, parked) in std::mem::take(&mut self.parked) {
            match is_it(&parked.name, &parked.site) {
                true => self.parked.insert(key(&old), Parked { name: to.to_owned(), ..parked }),
                false => self.parked.insert(old, parked),
            };
        }
        for (old, sent) in std::mem::take(&mut self.sent) {
            match is_it(&sent.name, &sent.site) {
                true => self.sent.insert(key(&old), Sent { name: to.to_owned(), ..sent }),
                false => self.sent.insert(old, sent),
            };
        }
    }
}

fn remove(resources: &mut BTreeMap<String, BTreeMap<String, Resource>>, name: &str, site: &str) {
    let Some(sites) = resources.get_mut(name) else { return };
    sites.remove(site);
    if sites.is_empty() {
        resources.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use scope_plan::recorded::How;
    use serde_json::Value;

    use super::super::{Call, Record, Resource, RunEnd, Started, State, Wish};
    use crate::report::{Counts, Verdict};

    fn begun(state: &mut State, run: u64, wish: Wish) {
        let started = Started { wish, ..Started::default() };
        state.apply(&Record::RunStarted {
            run,
            by: "ana".into(),
            at_ms: 0,
            written_by: String::new(),
            plan: String::new(),
            started,
        });
    }

    fn ended(state: &mut State, run: u64) {
        let end = RunEnd {
            verdict: Verdict::Done,
            counts: Counts::default(),
            millis: 1,
            without_value: BTreeMap::new(),
            stays: Vec::new(),
        };
        state.apply(&Record::RunEnded { run, end });
    }

    fn gone(state: &mut State, name: &str) {
        state.apply(&Record::Gone { name: name.into(), site: "nantes".into() });
    }

    /// A door that we made, a lamp that was there, and a bell that was rung.
    fn made() -> State {
        let mut state = State::new("9f2c".into());
        begun(&mut state, 1, Wish::Program);
        for (name, how) in [("door", How::Created), ("lamp", How::Adopted)] {
            let resource = Resource { run: 1, ..Resource::new("desk.note", name, how) };
            state.apply(&Record::Resource { name: name.into(), site: "nantes".into(), resource });
        }
        state.apply(&Record::Call {
            key: "nantes/ring/call".into(),
            call: Call::new(String::new(), Value::Null, 1),
        });
        ended(&mut state, 1);
        state
    }

    #[test]
    fn what_was_done_is_done_no_more_when_all_that_was_made_is_destroyed() {
        let mut state = made();
        begun(&mut state, 2, Wish::Nothing);
        gone(&mut state, "door");
        let mut killed = state.clone();
        ended(&mut state, 2);
        assert!(state.calls.is_empty(), "what was adopted stays, and is not ours");
        assert_eq!(killed.calls.len(), 1);
        begun(&mut killed, 3, Wish::Program);
        assert!(killed.calls.is_empty(), "the destroy came to its last deletion, and not to its end");
    }

    #[test]
    fn what_was_done_stays_done_as_long_as_something_of_it_is_there() {
        // Not all is deleted yet.
        let mut state = made();
        begun(&mut state, 2, Wish::Nothing);
        ended(&mut state, 2);
        assert_eq!(state.calls.len(), 1);
        // The program has no resource any more, and still has the call.
        let mut state = made();
        begun(&mut state, 2, Wish::Program);
        gone(&mut state, "door");
        ended(&mut state, 2);
        assert_eq!(state.calls.len(), 1);
    }
}
