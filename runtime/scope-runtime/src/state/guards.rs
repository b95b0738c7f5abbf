//! The guards that a deployment left: found by what they are on, and by its name.
//!
//! `insert(net n1 at nantes)`, `gone("net", "nantes")` → none. Written as a list.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::recorded::{RecordedGuard, Relied};
use serde::{Deserialize, Serialize};

/// Guards on resources, one for each of these. Both maps have the same ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<RecordedGuard>", into = "Vec<RecordedGuard>")]
pub struct Guards {
    on: BTreeMap<Relied, RecordedGuard>,
    /// Site and name → what is called so.
    called: BTreeMap<(String, String), BTreeSet<Relied>>,
}

impl Guards {
    /// All of them, by what they are on.
    pub fn iter(&self) -> impl Iterator<Item = &RecordedGuard> {
        self.on.values()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.on.is_empty()
    }

    /// Whether this very one is there.
    pub fn contains(&self, guard: &RecordedGuard) -> bool {
        self.on.get(&relied(guard)) == Some(guard)
    }

    /// Leaves one; another one on the same resource, under another name, is no more.
    pub(super) fn insert(&mut self, guard: RecordedGuard) {
        self.remove(&guard);
        let relied = relied(&guard);
        self.called.entry(place(&guard)).or_default().insert(relied.clone());
        self.on.insert(relied, guard);
    }

    /// Takes off the one on this resource, whatever it is called.
    pub(super) fn remove(&mut self, guard: &RecordedGuard) {
        let relied = relied(guard);
        let Some(known) = self.on.remove(&relied) else { return };
        let place = place(&known);
        if let Some(all) = self.called.get_mut(&place) {
            all.remove(&relied);
            if all.is_empty() {
                self.called.remove(&place);
            }
        }
    }

    /// What the guards at a site are on is called otherwise from now on.
    pub(super) fn rename(&mut self, from: &str, to: &str, site: &str) {
        for relied in self.called.remove(&(site.to_owned(), from.to_owned())).into_iter().flatten() {
            if let Some(guard) = self.on.get_mut(&relied) {
                to.clone_into(&mut guard.name);
                self.called.entry(place(guard)).or_default().insert(relied);
            }
        }
    }

    /// A guard goes with what it is on.
    pub(super) fn gone(&mut self, name: &str, site: &str) {
        for relied in self.called.remove(&(site.to_owned(), name.to_owned())).into_iter().flatten() {
            self.on.remove(&relied);
        }
    }
}

impl From<Vec<RecordedGuard>> for Guards {
    fn from(all: Vec<RecordedGuard>) -> Self {
        let mut guards = Self::default();
        all.into_iter().for_each(|guard| guards.insert(guard));
        guards
    }
}

impl From<Guards> for Vec<RecordedGuard> {
    fn from(guards: Guards) -> Self {
        guards.on.into_values().collect()
    }
}

fn relied(guard: &RecordedGuard) -> Relied {
    let RecordedGuard { site, resource_type, identity, .. } = guard;
    Relied { resource_type: resource_type.clone(), site: site.clone(), identity: identity.clone() }
}

fn place(guard: &RecordedGuard) -> (String, String) {
    (guard.site.clone(), guard.name.clone())
}
