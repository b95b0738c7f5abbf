//! R10 and R11, what the program names no more: it is deleted once all that came after it is gone or has followed; what is
//! made elsewhere instead, only when it is there. So is what an earlier run left for another alternative, where this run does
//! not come to it again. A deletion waits for a site that is cut off, unless the program says otherwise.
//!
//! A note at paris is written at nantes now, and nantes is cut off → the one at paris stays.

use std::collections::{BTreeMap, BTreeSet};

use super::{End, Leaf, OnCut, Outcome, Run, kept};
use crate::oracle::program::{Kind, Loc, OnDisconnect};

impl Run<'_> {
    /// Deletes what earlier runs made where the program does not name it, the last first; how that ends.
    pub(super) fn remove(&mut self, recorded: &BTreeMap<Leaf, BTreeSet<Leaf>>) -> Outcome {
        let program = self.program;
        // A copy that was brought has a life of its own: that of those who need it.
        let is_brought = |(resource, site): Leaf| {
            let what = &program.resources[resource];
            what.kind == Kind::Seal
                && !program.gone.contains(&resource)
                && !kept(what).sites().contains(&site)
        };
        let leaving = recorded.keys().copied().rev();
        let is_left = |leaf: &Leaf| {
            self.left.contains(leaf) && !matches!(self.leaves.get(leaf), Some((End::Done { .. }, _)))
        };
        let is_leaving = |leaf: &Leaf| !self.leaves.contains_key(leaf) && !is_brought(*leaf) || is_left(leaf);
        let leaving: Vec<Leaf> = leaving.filter(is_leaving).collect();
        let all: BTreeSet<Leaf> = leaving.iter().copied().collect();
        let mut ends: BTreeMap<Leaf, End> = BTreeMap::new();
        let mut kept_for: BTreeSet<Leaf> = BTreeSet::new();
        for leaf in leaving {
            let users = recorded.iter().filter(|(_, needs)| needs.contains(&leaf)).map(|(user, _)| user);
            let users: Vec<&Leaf> = users.collect();
            // An alternative of an earlier run that is not come to in this one stays as it is, and what it came after with it.
            let is_passed_over = |user: &&Leaf| {
                !all.contains(*user) && matches!(self.leaves.get(*user), Some((End::Untried, _)))
            };
            let is_kept = users.iter().any(|user| is_passed_over(user) || kept_for.contains(*user));
            if is_kept {
                kept_for.insert(leaf);
                continue;
            }
            let followed: Vec<End> = users
                .into_iter()
                .filter_map(|user| ends.get(user).copied().or_else(|| Some(self.leaves.get(user)?.0)))
                .collect();
            let is_left = self.left.contains(&leaf);
            let moves = is_left || self.is_elsewhere(leaf.0, recorded);
            let elsewhere = moves.then(|| self.whole[&leaf.0]);
            // Where it was to be instead, or who came after it, may have been left out: it is as if its own site were cut.
            let is_short = moves && self.ends(leaf.0).any(|end| end == End::LeftOut);
            let on_cut = self.on_deletion(leaf.0);
            let as_cut = (is_short || followed.contains(&End::LeftOut)).then(|| on_cut.end());
            let outcomes = followed.iter().chain(&as_cut).map(|end| end.outcome());
            let blocked = outcomes.chain(elsewhere).max().filter(|outcome| *outcome > Outcome::Done);
            let end = match blocked {
                _ if self.places.is_left_out(leaf.1) => End::NotAsked,
                Some(outcome) => End::Blocked(outcome),
                None => as_cut.unwrap_or_else(|| self.places.delete(leaf, on_cut)),
            };
            ends.insert(leaf, end);
        }
        ends.into_values().map(End::outcome).max().unwrap_or(Outcome::Done)
    }

    /// A deletion waits for its site, unless the program says otherwise of the resource, or did when it last had it.
    fn on_deletion(&self, resource: usize) -> OnCut {
        match self.program.resources[resource].on_disconnect {
            Some(OnDisconnect::Skip) => OnCut::Skip,
            Some(OnDisconnect::Fail) => OnCut::Fail,
            Some(OnDisconnect::Queue | OnDisconnect::LocalOnly) | None => OnCut::Queue,
        }
    }

    /// The sites of alternatives that are not those which hold until now.
    pub(super) fn left_alternatives(
        &self,
        resource: usize,
        loc: &Loc,
        place: &mut Vec<usize>,
        left: &mut BTreeSet<usize>,
    ) {
        let parts = match loc {
            Loc::Site(_) => return,
            Loc::And(parts) | Loc::Or(parts) | Loc::Cross(parts, _) => parts,
        };
        let chosen = match loc {
            Loc::Or(arms) => Some(self.places.chosen(resource, place, arms)),
            _ => None,
        };
        for (index, part) in parts.iter().enumerate() {
            if chosen.is_some_and(|chosen| chosen != Some(index)) {
                left.extend(part.sites());
            }
            place.push(index);
            self.left_alternatives(resource, part, place, left);
            place.pop();
        }
    }

    /// Whether a resource is at a site now where it was not.
    fn is_elsewhere(&self, resource: usize, recorded: &BTreeMap<Leaf, BTreeSet<Leaf>>) -> bool {
        let is_new = |site: usize| !recorded.contains_key(&(resource, site));
        let is_here = !self.program.gone.contains(&resource);
        is_here && kept(&self.program.resources[resource]).sites().into_iter().any(is_new)
    }

    /// How it ended at each of its sites.
    fn ends(&self, resource: usize) -> impl Iterator<Item = End> + '_ {
        let sites = kept(&self.program.resources[resource]).sites();
        sites.into_iter().filter_map(move |site| Some(self.leaves.get(&(resource, site))?.0))
    }
}
