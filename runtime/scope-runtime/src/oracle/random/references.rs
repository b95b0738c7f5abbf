//! Programs with references: slips about a seal, boats at a pier, tallies that read another one.
//!
//! `[]` → a seal at nantes, and a slip about it there.

use super::{Dice, cross, resource, shuffled};
use crate::oracle::program::{Kind, Loc, OnDisconnect, Program, Resource, SITES};

/// A seal at one site or several, and slips about it anywhere: where it is not, a copy is brought.
pub(in crate::oracle) fn referring(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let mut sites = shuffled(dice, n_sites);
    sites.truncate(1 + dice.below(2));
    let mut copies: Vec<Loc> = sites.into_iter().map(Loc::Site).collect();
    let origin = if copies.len() == 1 { copies.remove(0) } else { Loc::And(copies) };
    let on_disconnect = [None, Some(OnDisconnect::Skip), Some(OnDisconnect::Queue)][dice.below(3)];
    let mut resources = vec![Resource { on_disconnect, ..Resource::plain(Kind::Seal, origin, Vec::new()) }];
    for number in 1..=1 + dice.below(3) {
        let mut slip = resource(dice, n_sites, number, false);
        (slip.kind, slip.about, slip.weights) = (Kind::Slip, Some(0), None);
        resources.push(slip);
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, ..Program::default() }
}

/// A seal at one site, and slips about it in parts: the first one uses it, the others name the first.
pub(in crate::oracle) fn referring_parts(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let on_disconnect = [None, Some(OnDisconnect::Skip), Some(OnDisconnect::Queue)][dice.below(3)];
    let origin = Loc::Site(dice.below(n_sites));
    let mut resources = vec![Resource { on_disconnect, ..Resource::plain(Kind::Seal, origin, Vec::new()) }];
    for _ in 0..=dice.below(2) {
        let (is_undone, loc) = (dice.below(4) == 1, cross(dice, n_sites));
        let on_disconnect = match dice.below(5) {
            2 => Some(OnDisconnect::Skip),
            3 => Some(OnDisconnect::Fail),
            4 if !loc.has_choice() => Some(OnDisconnect::Queue),
            _ => None,
        };
        let about = Some(0);
        resources.push(Resource {
            on_disconnect,
            is_undone,
            about,
            ..Resource::plain(Kind::Slip, loc, vec![])
        });
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, ..Program::default() }
}

/// A tally in parts, or at other sites in each alternative, and tallies that read it.
pub(in crate::oracle) fn reading(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let place = match dice.below(3) {
        2 => {
            let mut sites = shuffled(dice, n_sites).into_iter().map(Loc::Site);
            let n_first = 1 + dice.below(n_sites - 1);
            let first = sites.by_ref().take(n_first).collect();
            Loc::Or(vec![Loc::And(first), Loc::And(sites.collect())])
        }
        _ => cross(dice, n_sites),
    };
    let on_disconnect = match dice.below(4) {
        2 => Some(OnDisconnect::Skip),
        3 if !place.has_choice() => Some(OnDisconnect::Queue),
        _ => None,
    };
    let read = Resource { on_disconnect, total: 12, ..Resource::plain(Kind::Tally, place, Vec::new()) };
    let mut resources = vec![read];
    for _ in 0..=dice.below(2) {
        let loc = Loc::Site(dice.below(n_sites));
        let on_disconnect = [None, Some(OnDisconnect::Skip), Some(OnDisconnect::Queue)][dice.below(3)];
        resources.push(Resource {
            on_disconnect,
            about: Some(0),
            ..Resource::plain(Kind::Tally, loc, Vec::new())
        });
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, ..Program::default() }
}

/// A pier at one site, at all of them or at one of several, and boats at it anywhere: where there is none it is used from
/// where it is, and it is guarded for each of them.
pub(in crate::oracle) fn relying(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let place = match dice.below(5) {
        1 => Loc::And((0..n_sites).map(Loc::Site).collect()),
        2 | 3 => alternatives(dice, n_sites),
        _ => Loc::Site(dice.below(n_sites)),
    };
    let queue = Some(OnDisconnect::Queue).filter(|_| !place.has_choice());
    let on_disconnect = [None, Some(OnDisconnect::Skip), queue][dice.below(3)];
    let mut resources = vec![Resource { on_disconnect, ..Resource::plain(Kind::Pier, place, Vec::new()) }];
    // With more of them there would be no room for all their names in the guard.
    for number in 1..=1 + dice.below(2) {
        let mut boat = resource(dice, n_sites, number, false);
        (boat.kind, boat.about, boat.weights) = (Kind::Boat, Some(0), None);
        resources.push(boat);
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, ..Program::default() }
}

/// A seal or a pier that is at one site in each of its alternatives, and slips or boats at this site.
pub(in crate::oracle) fn referring_beside(dice: &mut Dice<'_>) -> Program {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let (kind, user) = [(Kind::Seal, Kind::Slip), (Kind::Pier, Kind::Boat)][dice.below(2)];
    let site = dice.below(n_sites);
    let arms = (0..2 + dice.below(2)).map(|_| match dice.below(3) {
        0 => Loc::Site(site),
        1 => Loc::And(vec![Loc::Site(site), Loc::Site(dice.below(n_sites))]),
        _ => Loc::And(vec![Loc::Site(dice.below(n_sites)), Loc::Site(site)]),
    });
    let place = Loc::Or(arms.collect());
    let mut resources = vec![Resource::plain(kind, place, Vec::new())];
    for _ in 0..=dice.below(2) {
        let again = vec![Loc::Site(site), Loc::Site(site)];
        let loc = [Loc::Site(site), Loc::Or(again.clone()), Loc::And(again)][dice.below(3)].clone();
        let on_disconnect = [None, Some(OnDisconnect::Skip), Some(OnDisconnect::Fail)][dice.below(3)];
        let (is_undone, about) = (dice.below(4) == 1, Some(0));
        resources.push(Resource {
            on_disconnect,
            is_undone,
            about,
            ..Resource::plain(user, loc, Vec::new())
        });
    }
    Program { n_sites, concurrency: [8, 1, 2][dice.below(3)], resources, ..Program::default() }
}

/// Two or three sites, or one of them or two others.
fn alternatives(dice: &mut Dice<'_>, n_sites: usize) -> Loc {
    let mut sites = shuffled(dice, n_sites);
    sites.truncate(2 + dice.below(2));
    let mut arms: Vec<Loc> = sites.into_iter().map(Loc::Site).collect();
    if arms.len() > 2 && dice.below(2) == 1 {
        let inner = arms.split_off(1);
        arms.push(Loc::Or(inner));
    }
    Loc::Or(arms)
}
