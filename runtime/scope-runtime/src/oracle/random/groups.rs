//! Programs with a group: resources made at one location together.
//!
//! `[]` → two notes at nantes.

use super::{Dice, loc, resource, rollout, shuffled};
use crate::oracle::program::{Kind, Loc, OnDisconnect, Program, Resource, SITES};

/// A group of which some copies are enough, or that is made in waves, or both.
pub(in crate::oracle) fn grouped_copies(dice: &mut Dice<'_>) -> Program {
    let mut program = grouped(dice);
    let has_waves = dice.below(2) == 1;
    let mut sites = shuffled(dice, program.n_sites);
    sites.truncate(2 + dice.below(program.n_sites - 1));
    let n_copies = sites.len();
    let copies = Loc::And(sites.into_iter().map(Loc::Site).collect());
    let rollout = has_waves.then(|| rollout(dice, n_copies, &copies));
    let has_quorum = !has_waves || dice.below(2) == 1;
    let quorum = has_quorum.then(|| 1 + dice.below(n_copies));
    let place = match dice.below(3) {
        1 if !has_waves => Loc::Or(vec![copies, Loc::Site(dice.below(program.n_sites))]),
        _ => copies,
    };
    for member in program.group.clone() {
        let resource = &mut program.resources[member];
        (resource.loc, resource.quorum, resource.rollout) = (place.clone(), quorum, rollout.clone());
        let is_possible = match resource.on_disconnect {
            Some(OnDisconnect::LocalOnly) => false,
            Some(OnDisconnect::Queue) => !place.has_choice(),
            _ => true,
        };
        resource.on_disconnect = resource.on_disconnect.filter(|_| is_possible);
    }
    program
}

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
        let kind = [Kind::Note, Kind::Card, Kind::Coin, Kind::Pier, Kind::Boat, Kind::Tally][dice.below(6)];
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
    let on_disconnect = match dice.below(9) {
        5 if !place.has_choice() => Some(OnDisconnect::Queue),
        6 => Some(OnDisconnect::Skip),
        7 => Some(OnDisconnect::Fail),
        8 if place.sites().contains(&0) => Some(OnDisconnect::LocalOnly),
        _ => None,
    };
    let is_undone = dice.is_one_in(4);
    for number in &group {
        (resources[*number].on_disconnect, resources[*number].is_undone) = (on_disconnect, is_undone);
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, group, ..Program::default() }
}
