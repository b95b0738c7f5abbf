//! Rollouts of which some copies are enough.
//!
//! `[]` → a note at nantes, then at paris; one of the two is enough.

use super::{Dice, rollout, shuffled};
use crate::oracle::program::{Kind, Loc, OnDisconnect, Program, Resource, SITES};

/// One or two resources in waves, each with a quorum.
pub(in crate::oracle) fn waved(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let resources = (0..=dice.below(2)).map(|number| {
        let mut sites = shuffled(dice, n_sites);
        sites.truncate(2 + dice.below(n_sites - 1));
        let n_copies = sites.len();
        let loc = Loc::And(sites.into_iter().map(Loc::Site).collect());
        let kind = [Kind::Note, Kind::Card, Kind::Coin, Kind::Tally][dice.below(4)];
        let after = if number > 0 && dice.below(2) == 1 { vec![0] } else { Vec::new() };
        let rollout = Some(rollout(dice, n_copies, &loc));
        let quorum = Some(1 + dice.below(n_copies));
        let on_disconnect = match dice.below(6) {
            3 => Some(OnDisconnect::Queue),
            4 => Some(OnDisconnect::Skip),
            5 => Some(OnDisconnect::Fail),
            _ => None,
        };
        let (is_undone, total) = (dice.is_one_in(4), dice.below(20) as u32);
        Resource { rollout, quorum, on_disconnect, is_undone, total, ..Resource::plain(kind, loc, after) }
    });
    let resources = resources.collect();
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, ..Program::default() }
}
