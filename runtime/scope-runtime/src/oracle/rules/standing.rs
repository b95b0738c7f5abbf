//! Where a site stands in a location, and what follows from it: whether it may wait, and who still holds it.
//!
//! `nantes | (paris & lille)`: nantes is left of a `|` and fails where it is cut; paris and lille are copies, and wait.

use std::collections::BTreeMap;

use super::{Leaf, OnCut};
use crate::oracle::program::{Loc, OnDisconnect, Resource};

/// Where a site stands in a location, for all its occurrences.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    is_left: bool,
    is_copy: bool,
}

/// One evaluation of a location.
pub(super) struct Evaluation {
    /// The resource; of a group all of them.
    pub(super) members: Vec<usize>,
    on_disconnect: Option<OnDisconnect>,
    /// Of the outermost `&`, while it has not come.
    pub(super) quorum: Option<usize>,
    standings: BTreeMap<usize, Standing>,
    /// For each site, whether each of its occurrences still holds it.
    holds: BTreeMap<usize, Vec<bool>>,
}

/// An occurrence of a site: the site and its number.
pub(super) type Occurrence = (usize, usize);

impl Evaluation {
    pub(super) fn new(members: &[usize], resource: &Resource, loc: &Loc) -> Self {
        let mut standings = BTreeMap::new();
        stand(loc, Standing::default(), &mut standings);
        Self {
            members: members.to_vec(),
            on_disconnect: resource.on_disconnect,
            quorum: resource.quorum,
            standings,
            holds: BTreeMap::new(),
        }
    }

    /// All of it at a site.
    pub(super) fn leaves(&self, site: usize) -> impl Iterator<Item = Leaf> + '_ {
        self.members.iter().map(move |number| (*number, site))
    }

    /// Sites of which every occurrence was given up.
    pub(super) fn given_up(&self) -> Vec<usize> {
        let holds = self.holds.iter().filter(|(_, holds)| holds.iter().all(|holds| !holds));
        holds.map(|(site, _)| *site).collect()
    }

    pub(super) fn occurrence(&mut self, site: usize, holds: bool) -> Occurrence {
        let all = self.holds.entry(site).or_default();
        all.push(holds);
        (site, all.len() - 1)
    }

    pub(super) fn give_up(&mut self, occurrences: &[Occurrence]) {
        for (site, number) in occurrences {
            self.holds.get_mut(site).expect("it was counted")[*number] = false;
        }
    }

    /// An alternative that is not tried holds nothing.
    pub(super) fn pass_over(&mut self, loc: &Loc) {
        match loc {
            Loc::Site(site) => {
                self.occurrence(*site, false);
            }
            Loc::And(parts) | Loc::Or(parts) | Loc::Cross(parts, _) => {
                parts.iter().for_each(|part| self.pass_over(part));
            }
        }
    }

    /// Whether it is asked for left of a `|`, and so may not wait.
    pub(super) fn is_left(&self, site: usize) -> bool {
        self.standings[&site].is_left
    }

    /// What the program says; else what is asked for left of a `|` fails, and copies wait.
    pub(super) fn on_cut(&self, site: usize) -> OnCut {
        let standing = self.standings[&site];
        match self.on_disconnect {
            Some(OnDisconnect::Skip) => OnCut::Skip,
            _ if standing.is_left => OnCut::Fail,
            Some(OnDisconnect::Queue) => OnCut::Queue,
            Some(OnDisconnect::Fail | OnDisconnect::LocalOnly) => OnCut::Fail,
            None if standing.is_copy => OnCut::Queue,
            None => OnCut::Fail,
        }
    }
}

/// `local_only`: the entry site does it, the others are dropped.
pub(in crate::oracle) fn kept(resource: &Resource) -> Loc {
    match resource.on_disconnect {
        Some(OnDisconnect::LocalOnly) => Loc::Site(0),
        _ => resource.loc.clone(),
    }
}

fn stand(loc: &Loc, standing: Standing, standings: &mut BTreeMap<usize, Standing>) {
    match loc {
        Loc::Site(site) => {
            let all = standings.entry(*site).or_default();
            all.is_left |= standing.is_left;
            all.is_copy |= standing.is_copy;
        }
        Loc::And(parts) => {
            for part in parts {
                stand(part, Standing { is_copy: true, ..standing }, standings);
            }
        }
        Loc::Or(arms) => {
            for (index, arm) in arms.iter().enumerate() {
                let is_left = standing.is_left || index + 1 < arms.len();
                stand(arm, Standing { is_left, ..standing }, standings);
            }
        }
        Loc::Cross(parts, prime) => {
            for (index, part) in parts.iter().enumerate() {
                stand(part, Standing { is_copy: index != *prime, ..standing }, standings);
            }
        }
    }
}
