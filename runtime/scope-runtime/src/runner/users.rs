//! Who relies upon what, as it is recorded: looked up for each guard, of which a plan may have as many as resources.
//!
//! `append(Resource(port at nantes relies upon net))` → `of(net at nantes) == [(port, nantes)]`, until `append(Gone(port at nantes))`.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::recorded::Relied;

use crate::state::{Record, Resource, State};

/// The users of each thing that is relied upon, name and site: what [`State::users_of`] gives, kept as the state changes.
pub(super) struct Users(BTreeMap<Relied, BTreeSet<(String, String)>>);

impl Users {
    pub(super) fn new(state: &State) -> Self {
        let mut users = Self(BTreeMap::new());
        for (name, sites) in &state.resources {
            sites.iter().for_each(|(site, resource)| users.add(name, site, resource));
        }
        users
    }

    pub(super) fn of(&self, relied: &Relied) -> Vec<(String, String)> {
        self.0.get(relied).into_iter().flatten().cloned().collect()
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
            // Before the first step, and seldom.
            Record::Renamed(_) => {
                let mut renamed = State { resources: state.resources.clone(), ..State::new(String::new()) };
                renamed.apply(record);
                *self = Self::new(&renamed);
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &str, site: &str, resource: &Resource) {
        for relied in &resource.relies {
            self.0.entry(relied.clone()).or_default().insert((name.to_owned(), site.to_owned()));
        }
    }

    fn remove(&mut self, state: &State, name: &str, site: &str) {
        let user = (name.to_owned(), site.to_owned());
        for relied in state.resource(name, site).iter().flat_map(|resource| &resource.relies) {
            if let Some(users) = self.0.get_mut(relied) {
                users.remove(&user);
            }
        }
    }
}
