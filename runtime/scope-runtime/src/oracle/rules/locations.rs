//! R4 (`&`), R5 (`|`) and R6 (`%`): how a location ends, given how its requests do.
//!
//! `(nantes & paris) | lille`, paris refuses → the first alternative is *unavailable*: it is given up, lille is asked.

use super::standing::Evaluation;
use super::{End, Ended, Outcome, Run};
use crate::oracle::program::Loc;

impl Run<'_> {
    pub(super) fn location(
        &mut self,
        loc: &Loc,
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Ended {
        match loc {
            Loc::Site(site) => {
                let outcome = self.site(*site, evaluation, blocked);
                let is_done = |number: &usize| matches!(self.leaves[&(*number, *site)].0, End::Done { .. });
                let is_there = evaluation.members.iter().all(is_done);
                let items = evaluation.leaves(*site).map(|leaf| (leaf.0, self.leaves[&leaf].0.outcome()));
                let items = items.collect();
                Ended { items, ..Ended::new(outcome, is_there, vec![evaluation.occurrence(*site, true)]) }
            }
            Loc::And(parts) => match evaluation.quorum.take() {
                Some(need) => {
                    let ended = self.quorum(need, &loc.copies(), evaluation, place, blocked);
                    evaluation.quorum = Some(need);
                    ended
                }
                None => Ended::all(self.parts(parts.iter().enumerate(), evaluation, place, blocked)),
            },
            Loc::Or(arms) => self.otherwise(arms, evaluation, place, blocked),
            Loc::Cross(parts, prime) => {
                let numbered = parts.iter().enumerate();
                let (first, others): (Vec<_>, Vec<_>) = numbered.partition(|(index, _)| index == prime);
                let mut all = self.parts(first.into_iter(), evaluation, place, blocked);
                let blocked = Some(all[0].outcome).filter(|outcome| *outcome > Outcome::Done);
                all.extend(self.parts(others.into_iter(), evaluation, place, blocked));
                Ended::all(all)
            }
        }
    }

    pub(super) fn parts<'l>(
        &mut self,
        parts: impl Iterator<Item = (usize, &'l Loc)>,
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Vec<Ended> {
        let mut all = Vec::new();
        for (index, part) in parts {
            place.push(index);
            all.push(self.location(part, evaluation, place, blocked));
            place.pop();
        }
        all
    }

    /// From the left, what was chosen before first; only *unavailable* goes on.
    fn otherwise(
        &mut self,
        arms: &[Loc],
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Ended {
        let chosen = self.places.chosen(evaluation.members[0], place, arms);
        let others = (0..arms.len()).filter(|arm| Some(*arm) != chosen);
        let order: Vec<usize> = chosen.into_iter().chain(others).collect();
        for (turn, arm) in order.iter().copied().enumerate() {
            place.push(arm);
            let ended = self.location(&arms[arm], evaluation, place, blocked);
            place.pop();
            let is_last = turn + 1 == arms.len();
            if ended.outcome == Outcome::Unavailable && !is_last {
                evaluation.give_up(&ended.occurrences);
                continue;
            }
            // What was left out, if only in part, was not found to hold.
            if matches!(ended.outcome, Outcome::Done | Outcome::Pending) {
                self.places.choose(evaluation.members[0], place, arm, &arms[arm]);
            }
            for untried in &order[turn + 1..] {
                evaluation.pass_over(&arms[*untried]);
            }
            return ended;
        }
        Ended::new(Outcome::Unavailable, false, Vec::new())
    }
}
