//! A program, and the same after somebody changed it: resources that are elsewhere, are called otherwise, or are gone.
//!
//! `[]` → a note at nantes, which stays as it is.

use super::{Dice, loc, shuffled};
use crate::oracle::fate::{Fate, Fates};
use crate::oracle::program::{Kind, Loc, OnDisconnect, Program, Resource, SITES};

/// A program and what became of it.
pub(in crate::oracle) fn changed(dice: &mut Dice<'_>) -> (Program, Program) {
    let n_sites = 2 + dice.below(SITES.len() - 1);
    let n_resources = 1 + dice.below(3);
    let mut resources: Vec<Resource> = Vec::new();
    for number in 0..n_resources {
        let kind = [Kind::Note, Kind::Card, Kind::Coin][dice.below(3)];
        let after = (0..number).filter(|_| dice.below(2) == 1).collect();
        let (loc, on_disconnect) = (loc(dice, n_sites, 1), on_disconnect(dice));
        let on_disconnect = on_disconnect.filter(|on| may_stand(*on, &loc));
        resources.push(Resource { on_disconnect, ..Resource::plain(kind, loc, after) });
    }
    let concurrency = [8, 1, 2][dice.below(3)];
    let before = Program { n_sites, concurrency, resources, ..Program::default() };
    let mut after = before.clone();
    for number in 0..n_resources {
        let is_moved = match dice.below(6) {
            1 | 2 => true,
            3 => !after.renamed.insert(number),
            4 => after.renamed.insert(number),
            5 => !after.gone.insert(number),
            _ => false,
        };
        if is_moved {
            let resource = &mut after.resources[number];
            resource.loc = moved(dice, n_sites, &resource.loc);
            let loc = &resource.loc;
            resource.on_disconnect = resource.on_disconnect.filter(|on| may_stand(*on, loc));
        }
    }
    let gone = after.gone.clone();
    after.resources.iter_mut().for_each(|resource| resource.after.retain(|other| !gone.contains(other)));
    (before, after)
}

fn on_disconnect(dice: &mut Dice<'_>) -> Option<OnDisconnect> {
    use OnDisconnect::{Fail, Queue, Skip};
    [None, None, None, Some(Queue), Some(Fail), Some(Skip)][dice.below(6)]
}

/// What is queued or left out is no alternative that is given up for another one.
fn may_stand(on_disconnect: OnDisconnect, loc: &Loc) -> bool {
    !(loc.has_choice() && matches!(on_disconnect, OnDisconnect::Queue | OnDisconnect::Skip))
}

/// The same parts in another order, or anything else.
fn moved(dice: &mut Dice<'_>, n_sites: usize, from: &Loc) -> Loc {
    let (Loc::Or(parts) | Loc::And(parts)) = from else { return loc(dice, n_sites, 1) };
    if dice.below(2) == 1 {
        return loc(dice, n_sites, 1);
    }
    let order = shuffled(dice, parts.len());
    let parts = order.into_iter().map(|part| parts[part].clone()).collect();
    if matches!(from, Loc::Or(_)) { Loc::Or(parts) } else { Loc::And(parts) }
}

/// What happens before the change: some sites refuse, and nothing is left open.
pub(in crate::oracle) fn refusals(dice: &mut Dice<'_>, program: &Program) -> Fates {
    let fate = |dice: &mut Dice<'_>| [Fate::Refused, Fate::Cut, Fate::Down].get(dice.below(12)).copied();
    fates_of(dice, program, &fate)
}

/// What happens in the run of the changed program, at the sites of both.
pub(in crate::oracle) fn changed_fates(dice: &mut Dice<'_>, before: &Program, after: &Program) -> Fates {
    let mut everywhere = after.clone();
    for (resource, former) in everywhere.resources.iter_mut().zip(&before.resources) {
        resource.loc = Loc::And(vec![resource.loc.clone(), former.loc.clone()]);
    }
    let fates = super::fates(dice, &everywhere);
    Fates { cut: None, ..fates }
}

fn fates_of(dice: &mut Dice<'_>, program: &Program, fate: &dyn Fn(&mut Dice<'_>) -> Option<Fate>) -> Fates {
    let mut by_leaf = std::collections::BTreeMap::new();
    for (number, resource) in program.resources.iter().enumerate() {
        for site in resource.loc.sites() {
            by_leaf.extend(fate(dice).map(|fate| ((number, site), fate)));
        }
    }
    Fates { by_leaf, ..Fates::default() }
}
