//! `quorum: n`, of the copies of the outermost `&`.
//!
//! Two of three are enough: two are done, one is refused → done, and the third is kept for later.

use std::collections::BTreeMap;

use super::standing::Evaluation;
use super::{End, Ended, Leaf, Outcome, Run};
use crate::oracle::program::Loc;

impl Run<'_> {
    /// So many copies are enough: with them it is done, and the others are kept for later. With too few that are done or
    /// may still be, it is unavailable; *unknown* and *invalid* are no matter of counting.
    pub(super) fn quorum(
        &mut self,
        need: usize,
        parts: &[&Loc],
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Ended {
        // What an alternative before asked for has ended, and keeps its end.
        let sites = parts.iter().filter_map(|copy| match copy {
            Loc::Site(site) => Some(*site),
            _ => None,
        });
        let leaves = sites.flat_map(|site| evaluation.leaves(site));
        let fresh: Vec<Leaf> = leaves.filter(|leaf| self.leaves[leaf].0 == End::Untried).collect();
        let copies = self.parts(parts.iter().copied().enumerate(), evaluation, place, blocked);
        self.enough_of_each(need, copies, &fresh, &evaluation.members, blocked)
    }

    /// In a group the quorum holds for each of its items: some copies of each are enough, not the same ones.
    pub(super) fn enough_of_each(
        &mut self,
        need: usize,
        copies: Vec<Ended>,
        fresh: &[Leaf],
        members: &[usize],
        blocked: Option<Outcome>,
    ) -> Ended {
        if let [number] = members {
            let ended = self.enough(need, copies, fresh);
            return Ended { items: BTreeMap::from([(*number, ended.outcome)]), ..ended };
        }
        let mut all = Ended::all(copies);
        let sites: Vec<usize> = all.occurrences.iter().map(|(site, _)| *site).collect();
        let (mut outcome, mut whole) = (Outcome::Done, Outcome::Done);
        for number in members {
            let is_it = |leaf: &&Leaf| leaf.0 == *number;
            let fresh: Vec<Leaf> = fresh.iter().filter(is_it).copied().collect();
            fresh.iter().for_each(|leaf| self.block_again(*leaf, members, blocked));
            let copies = sites.iter().map(|site| {
                let (end, _) = self.leaves[&(*number, *site)];
                Ended::new(end.outcome(), matches!(end, End::Done { .. }), Vec::new())
            });
            let ended = self.enough(need, copies.collect(), &fresh);
            all.items.insert(*number, ended.outcome);
            (outcome, whole) = (outcome.max(ended.outcome), whole.max(ended.whole));
        }
        Ended { outcome, whole, ..all }
    }

    /// What was held back at a site, for another of the group failed there, waits if that one does by now.
    fn block_again(&mut self, leaf: Leaf, members: &[usize], blocked: Option<Outcome>) {
        let (number, site) = leaf;
        let (End::Blocked(Outcome::Unavailable), undo) = self.leaves[&leaf] else { return };
        let what = &self.program.resources[number];
        let before = what.after.iter().chain(&what.about).filter(|other| members.contains(other));
        let before = before.map(|other| self.leaves[&(*other, site)].0.outcome());
        if let Some(outcome) = before.chain(blocked).max().filter(|outcome| *outcome > Outcome::Done) {
            self.leaves.insert(leaf, (End::Blocked(outcome), undo));
        }
    }

    /// How the whole ended, given how its copies did; those that were asked for now and that others may make up for wait.
    pub(super) fn enough(&mut self, need: usize, copies: Vec<Ended>, fresh: &[Leaf]) -> Ended {
        let count = |is: &dyn Fn(&Ended) -> bool| copies.iter().filter(|copy| is(copy)).count();
        let n_done = count(&|copy| copy.outcome == Outcome::Done && copy.is_there);
        let n_waiting = count(&|copy| matches!(copy.outcome, Outcome::Pending | Outcome::LeftOut));
        let worst = copies.iter().map(|copy| copy.outcome).max().unwrap_or(Outcome::Done);
        let is_missed = n_done + n_waiting < need;
        let outcome = match worst {
            _ if n_done >= need => Outcome::Done,
            Outcome::Unknown | Outcome::Invalid => worst,
            _ if is_missed => Outcome::Unavailable,
            _ if copies.iter().all(|copy| copy.outcome <= Outcome::LeftOut) => Outcome::LeftOut,
            _ => Outcome::Pending,
        };
        let kept = |outcome| if outcome == Outcome::Unavailable { Outcome::Pending } else { outcome };
        let whole = copies.iter().map(|copy| kept(copy.whole)).max().unwrap_or(Outcome::Done);
        for leaf in fresh.iter().filter(|_| !is_missed) {
            let (end, undo) = self.leaves[leaf];
            if end == End::Failed(Outcome::Unavailable) {
                self.leaves.insert(*leaf, (End::Waits, undo));
            }
        }
        let all = Ended::all(copies);
        Ended { outcome, whole: whole.max(outcome), ..all }
    }
}
