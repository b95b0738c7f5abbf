//! R8, what is referred to, and R9, guards on what is relied upon.
//!
//! A slip at nantes about the seal at paris → a copy is brought to nantes first. A boat at lille at the pier at paris → the
//! pier is guarded for it first, and as long as the boat is wanted or may be there.

use std::collections::{BTreeMap, BTreeSet};

use super::{End, Leaf, OnCut, Outcome, Run, Undo, kept};

impl Run<'_> {
    /// What is wrong with what it refers to, where it is needed (R8): in place, or a copy of one that is there. Where that is
    /// left out or cannot be reached, it is as if its own site were cut.
    pub(super) fn lacks(&mut self, (resource, site): Leaf, on_cut: OnCut, is_left: bool) -> Option<Outcome> {
        let what = &self.program.resources[resource];
        let as_if_cut = match on_cut {
            OnCut::Queue => Outcome::Pending,
            OnCut::Skip => Outcome::Done,
            OnCut::Fail => Outcome::Unavailable,
        };
        // The parts of a whole name its prime, which alone uses what the whole needs: without it there is nothing to name.
        if let Some(prime) =
            what.prime().filter(|_| what.kind.is_linked() && what.followers().contains(&site))
        {
            let is_left_out =
                matches!(self.leaves[&(resource, prime)].0, End::LeftOut | End::Blocked(Outcome::Done));
            return is_left_out.then_some(as_if_cut);
        }
        let about = what.about?;
        let sites = kept(&self.program.resources[about]).sites();
        if self.program.has_alternatives_for(about, resource) {
            let end = self.wherever_it_ends(about);
            return self.guarded((resource, site), end, as_if_cut);
        }
        // Left of a `|` nobody waits with what waits at the very site.
        if is_left && sites.contains(&site) && self.waits_for_its_site((about, site)) {
            return Some(as_if_cut);
        }
        let ends: Vec<End> = sites.iter().map(|origin| self.leaves[&(about, *origin)].0).collect();
        let is_done = |end: &End| matches!(end, End::Done { .. });
        let end = match ends.as_slice() {
            _ if sites.contains(&site) => self.leaves[&(about, site)].0,
            [one] if !is_done(one) => *one,
            all if all.iter().all(|end| end.outcome() == Outcome::LeftOut) => End::Blocked(Outcome::LeftOut),
            all if !all.iter().any(is_done) => End::Failed(Outcome::Unavailable),
            [one] if what.kind.relies() => *one,
            _ => match self.copies.get(&(about, site)) {
                Some(known) => *known,
                None => {
                    let brought = match self.places.bring((about, site)) {
                        End::Waits => End::LeftOut,
                        other => other,
                    };
                    self.copies.insert((about, site), brought);
                    brought
                }
            },
        };
        self.guarded((resource, site), end, as_if_cut)
    }

    /// Whether it waits for its site, or for something there that does.
    fn waits_for_its_site(&self, (resource, site): Leaf) -> bool {
        match self.leaves.get(&(resource, site)) {
            Some((End::Waits, _)) => true,
            Some((End::Blocked(Outcome::Pending), _)) => {
                let about = self.program.resources[resource].about;
                about.is_some_and(|about| self.waits_for_its_site((about, site)))
            }
            _ => false,
        }
    }

    /// How what has alternatives ended, for those who use the one that was taken in place.
    fn wherever_it_ends(&self, about: usize) -> End {
        match self.whole[&about] {
            Outcome::Done => self.taken(about).map_or(End::LeftOut, |taken| self.leaves[&taken].0),
            other => End::Blocked(other),
        }
    }

    /// The alternative that is there for those who use it.
    fn taken(&self, about: usize) -> Option<Leaf> {
        let sites = kept(&self.program.resources[about]).sites();
        let is_there = |leaf: &Leaf| {
            matches!(self.leaves.get(leaf), Some((End::Done { .. }, _))) && !self.given_up.contains(leaf)
        };
        sites.into_iter().map(|site| (about, site)).find(is_there)
    }

    /// What a resource relies upon: with alternatives, the one that was taken in this run.
    fn relied(&self, user: Leaf) -> Option<Leaf> {
        let (about, site) = self.program.relied(user)?;
        match self.program.has_alternatives_for(about, user.0) {
            true => self.taken(about),
            false => Some((about, site)),
        }
    }

    /// What is wrong with what it refers to, once that is guarded for it (R9).
    fn guarded(&mut self, user: Leaf, end: End, as_if_cut: Outcome) -> Option<Outcome> {
        let end = match self.relied(user) {
            Some(relied) if matches!(end, End::Done { .. }) => self.places.guarded_for(relied, user),
            _ => end,
        };
        match end {
            End::Done { .. } => {
                let relies = self.program.resources[user.0].kind.relies();
                self.guarded.extend(Some(user).filter(|_| relies));
                None
            }
            End::LeftOut | End::Blocked(Outcome::Done) => Some(as_if_cut),
            other => Some(other.outcome()),
        }
    }

    /// Copies that nobody needs any more: what was perhaps brought, and not answered, is owed.
    pub(super) fn abandon_copies(&mut self) {
        let program = self.program;
        for (about, resource) in program.resources.iter().enumerate() {
            let own = kept(resource).sites();
            for site in (0..program.n_sites).filter(|site| !own.contains(site)) {
                let users = (0..program.resources.len()).map(|user| (user, site));
                // Of a whole only the prime uses what the whole needs.
                let is_user = |user: &Leaf| {
                    let what = &program.resources[user.0];
                    let only_names = what.kind.is_linked() && what.followers().contains(&user.1);
                    what.about == Some(about) && !only_names
                };
                let mut users = users.filter(is_user);
                if users.all(|user| !self.leaves.contains_key(&user) || self.given_up.contains(&user)) {
                    self.places.abandon((about, site));
                }
            }
        }
    }

    /// In the end a guard is for those that are wanted, and for those that are there or may be.
    pub(super) fn leave_guards(&mut self) {
        let mut all: BTreeMap<Leaf, BTreeSet<Leaf>> = BTreeMap::new();
        for (user, (_, undo)) in &self.leaves {
            let Some(relied) = self.relied(*user) else { continue };
            let is_wanted =
                self.guarded.contains(user) && !self.given_up.contains(user) && *undo == Undo::None;
            let users = all.entry(relied).or_default();
            if is_wanted || self.places.may_be_there(*user) {
                users.insert(*user);
            }
        }
        for (relied, users) in all {
            // Of what this run does not have it does not know for whom it should be.
            if matches!(self.leaves[&relied].0, End::Done { .. } | End::Untried) {
                self.places.guard(relied, users);
            }
        }
    }
}
