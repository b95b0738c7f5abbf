//! Programs with a group: resources made at one location together.
//!
//! `[]` → two notes at nantes.

use super::{Dice, loc, resource};
use crate::oracle::program::{Kind, Program, Resource, SITES};

/// A group of up to three, perhaps with something before or beside it; members come after one another, or rely upon one another.
pub(in crate::oracle) fn grouped(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let n_before = dice.below(2);
    let mut resources: Vec<Resource> =
        (0..n_before).map(|number| resource(dice, n_sites, number, false)).collect();
    let group: Vec<usize> = (n_before..n_before + 2 + dice.below(2)).collect();
    let place = loc(dice, n_sites, 0);
    let after_all = if n_before > 0 && dice.below(2) == 1 { vec![0] } else { Vec::new() };
    for number in &group {
        let inner: Vec<usize> = (group[0]..*number).filter(|_| dice.below(3) == 1).collect();
        let after = if *number == group[0] { after_all.clone() } else { inner };
        let kind = [Kind::Note, Kind::Card, Kind::Coin, Kind::Pier, Kind::Boat][dice.below(5)];
        let pier = (group[0]..*number).find(|other| resources[*other].kind == Kind::Pier);
        let (kind, about) = match (kind, pier) {
            (Kind::Boat, None) => (Kind::Note, None),
            (Kind::Boat, pier) => (Kind::Boat, pier),
            (other, _) => (other, None),
        };
        resources.push(Resource { about, ..Resource::plain(kind, place.clone(), after) });
    }
    if dice.below(2) == 1 {
        let number = resources.len();
        let mut last = resource(dice, n_sites, number, false);
        last.after.retain(|other| !group.contains(other));
        resources.push(last);
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, group, ..Program::default() }
}
