//! What is recorded, by the things that it is about: what they are called, and who relies upon them. Looked up for each guard, deletion
//! and copy, of which a plan may have as many as resources.
//!
//! `append(Resource(port p1 at nantes relies upon net n1))` → `named(port p1 at nantes) == [port]`, `users(net n1 at nantes) ==
//! [(port, nantes)]`, until `append(Gone(port at nantes))`.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::Rename;
use scope_plan::recorded::Relied;

use crate::state::{Record, Resource, State};

/// Kept as the state changes.
#[derive(Default)]
pub(super) struct Recorded {
    /// Of each thing that is relied upon its users, name and site: what [`State::users_of`] gives.
    users: BTreeMap<Relied, BTreeSet<(String, String)>>,
    /// Of each thing that is recorded its names.
    names: BTreeMap<Relied, BTreeSet<String>>,
}

impl Recorded {
    pub(super) fn new(state: &State) -> Self {
        let mut recorded = Self::default();
        for (name, sites) in &state.resources {
            sites.iter().for_each(|(site, resource)| recorded.add(name, site, resource));
        }
        recorded
    }

    pub(super) fn users(&self, relied: &Relied) -> Vec<(String, String)> {
        self.users.get(relied).into_iter().flatten().cloned().collect()
    }

    /// In order.
    pub(super) fn names(&self, thing: &Relied) -> impl Iterator<Item = &str> {
        self.names.get(thing).into_iter().flatten().map(String::as_str)
    }

    /// A record is about to be applied to this state.
    pub(super) fn follow(&mut self, state: &State, record: &Record) {
        match record {
            Record::Resource { name, site, resource } => {
                self.remove(state, name, site);
                self.add(name, site, resource);
            }
            Record::Gone { name, site } => self.remove(state, name, site),
            Record::Owed { owed }
                if state.resource(&owed.name, &owed.site).is_some_and(|known| owed.is_about(known)) =>
            {
                self.remove(state, &owed.name, &owed.site);
            }
            Record::Renamed(rename) => self.rename(state, rename),
            _ => {}
        }
    }

    fn rename(&mut self, state: &State, rename: &Rename) {
        let Some(sites) = state.resources.get(&rename.from) else { return };
        for (site, resource) in sites.iter().filter(|(site, _)| rename.is_at(site)) {
            self.remove(state, &rename.from, site);
            // What was called so there is no more.
            self.remove(state, &rename.to, site);
            self.add(&rename.to, site, resource);
        }
    }

    fn add(&mut self, name: &str, site: &str, resource: &Resource) {
        for relied in &resource.relies {
            self.users.entry(relied.clone()).or_default().insert((name.to_owned(), site.to_owned()));
        }
        self.names.entry(thing(site, resource)).or_default().insert(name.to_owned());
    }

    fn remove(&mut self, state: &State, name: &str, site: &str) {
        let Some(resource) = state.resource(name, site) else { return };
        let user = (name.to_owned(), site.to_owned());
        for relied in &resource.relies {
            if let Some(users) = self.users.get_mut(relied) {
                users.remove(&user);
            }
        }
        let thing = thing(site, resource);
        if let Some(names) = self.names.get_mut(&thing) {
            names.remove(name);
            if names.is_empty() {
                self.names.remove(&thing);
            }
        }
    }
}

fn thing(site: &str, resource: &Resource) -> Relied {
    Relied {
        resource_type: resource.resource_type.clone(),
        site: site.to_owned(),
        identity: resource.identity.clone(),
    }
}

#[cfg(test)]
mod tests {
    use scope_plan::recorded::How;

    use super::*;

    fn resource(identity: &str, relies: &[&Relied]) -> Record {
        let relies = relies.iter().map(|relied| (*relied).clone()).collect();
        let resource = Resource { relies, ..Resource::new("desk.card", identity, How::Created) };
        Record::Resource { name: format!("r{identity}"), site: "nantes".into(), resource }
    }

    fn card(identity: &str) -> Relied {
        Relied { resource_type: "desk.card".into(), site: "nantes".into(), identity: identity.into() }
    }

    /// What is looked up after each record is what a new look at the state gives.
    #[test]
    fn it_follows_the_state() {
        let mut state = State::new("9f2c".into());
        let mut recorded = Recorded::new(&state);
        let rename = |from: &str, to: &str| {
            Record::Renamed(Rename { from: from.into(), to: to.into(), at: Some("nantes".into()) })
        };
        let gone = Record::Gone { name: "r2".into(), site: "nantes".into() };
        for record in [
            resource("1", &[]),
            resource("2", &[&card("1")]),
            resource("2", &[&card("1"), &card("3")]),
            rename("r1", "first"),
            rename("r2", "second"),
            resource("2", &[]),
            gone,
            rename("second", "r2"),
        ] {
            recorded.follow(&state, &record);
            state.apply(&record);
            let anew = Recorded::new(&state);
            for thing in [card("1"), card("2"), card("3")] {
                assert_eq!(recorded.users(&thing), anew.users(&thing), "{record:?}");
                assert!(recorded.names(&thing).eq(anew.names(&thing)), "{record:?}");
            }
        }
        assert_eq!(recorded.names(&card("1")).collect::<Vec<_>>(), ["first"]);
        assert_eq!(recorded.users(&card("1")), [("r2".into(), "nantes".into())]);
    }
}
