//! R11, rollouts: one wave after the other.
//!
//! `nantes`, then `paris & lille`; nantes is refused, none that fails is borne → paris and lille are held back.

use super::standing::Evaluation;
use super::{Ended, Leaf, Outcome, Run};
use crate::oracle::program::Loc;

impl Run<'_> {
    /// One wave after the other, while fewer sites than are borne have failed; one of which all that there is waits proves
    /// nothing, and those after it wait, too.
    pub(super) fn waves(
        &mut self,
        waves: &[Vec<usize>],
        stop_after: usize,
        evaluation: &mut Evaluation,
        blocked: Option<Outcome>,
    ) -> Ended {
        let leaves = waves.iter().flatten().flat_map(|site| evaluation.leaves(*site));
        let fresh: Vec<Leaf> = leaves.collect();
        let mut all = Vec::new();
        let mut n_failed = 0;
        let mut held = None;
        let mut is_held_back = false;
        for wave in waves {
            is_held_back |= held == Some(Outcome::Unavailable);
            let blocked = blocked.max(held);
            let sites = wave
                .iter()
                .map(|site| self.location(&Loc::Site(*site), evaluation, &mut Vec::new(), blocked));
            let sites: Vec<Ended> = sites.collect();
            let ends = wave.iter().flat_map(|site| evaluation.leaves(*site));
            let ends: Vec<Outcome> = ends.map(|leaf| self.leaves[&leaf].0.outcome()).collect();
            let is_any = |is: &dyn Fn(Outcome) -> bool| ends.iter().any(|end| is(*end));
            n_failed += sites.iter().filter(|site| site.outcome > Outcome::Pending).count();
            held = match n_failed >= stop_after {
                true => Some(Outcome::Unavailable),
                false if is_any(&|end| end == Outcome::Pending) && !is_any(&|end| end == Outcome::Done) => {
                    Some(Outcome::Pending)
                }
                false => held,
            };
            all.extend(sites);
        }
        let ended = match evaluation.quorum {
            Some(need) => self.enough_of_each(need, all, &fresh, &evaluation.members, None),
            None => return Ended::all(all),
        };
        // Enough or not, a rollout that stopped has failed.
        match held {
            Some(Outcome::Unavailable) if is_held_back => {
                Ended { whole: ended.whole.max(Outcome::Unavailable), ..ended }
            }
            _ => ended,
        }
    }
}
