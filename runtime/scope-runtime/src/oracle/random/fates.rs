//! What happens to a program's requests.
//!
//! `[12, …]` → the service of `r0` at nantes cannot be reached, and nothing else goes wrong.

use std::collections::BTreeMap;

use super::Dice;
use crate::oracle::fate::{Cut, Fate, Fates};
use crate::oracle::program::{CALL, Kind, Program};

/// What happens to the program's requests in one run.
pub(in crate::oracle) fn fates(dice: &mut Dice<'_>, program: &Program) -> Fates {
    let mut by_leaf = BTreeMap::new();
    for (number, resource) in program.resources.iter().enumerate() {
        for site in resource.loc.sites() {
            let fate = fate(dice, resource.kind);
            if fate != Fate::Fine {
                by_leaf.insert((number, site), fate);
            }
        }
    }
    for (coin, site) in program.called() {
        let fate = [Fate::Cut, Fate::Denied, Fate::AnswerLost, Fate::RequestLost, Fate::AnswerLostThenCut];
        if let Some(fate) = fate.get(dice.below(8)) {
            by_leaf.insert((CALL + coin, site), *fate);
        }
    }
    let mut cut = None;
    if dice.below(3) == 1 {
        let resource = dice.below(program.resources.len());
        // What is copied is made at other sites, too.
        let what = &program.resources[resource];
        let sites: Vec<usize> = match what.kind {
            Kind::Seal => (0..program.n_sites).collect(),
            _ => what.loc.sites().into_iter().collect(),
        };
        let site = sites[dice.below(sites.len())];
        // Nothing else goes wrong at the site.
        by_leaf.retain(|(_, other), _| *other != site);
        cut = Some(Cut { resource, site });
    }
    Fates { by_leaf, cut, ..Fates::default() }
}

/// The same for a program with references: what is copied from or relied upon answers once it has been made, and so does its
/// site.
pub(in crate::oracle) fn referring_fates(dice: &mut Dice<'_>, program: &Program) -> Fates {
    let origins = program.resources[0].loc.sites();
    let mut fates = fates(dice, program);
    let n_copied_to = if program.resources[0].kind == Kind::Seal { program.n_sites } else { 0 };
    for site in 0..n_copied_to {
        let fate = fate(dice, Kind::Seal);
        if fate != Fate::Fine {
            fates.by_leaf.insert((0, site), fate);
        }
    }
    let falls_silent =
        |fate: &Fate| matches!(fate, Fate::AnswerLostThenCut | Fate::CutAfterCreate | Fate::CutWhenDone);
    fates
        .by_leaf
        .retain(|(number, site), fate| !(*number == 0 && origins.contains(site) && falls_silent(fate)));
    if let Some(cut) = fates.cut {
        match origins.contains(&cut.site) {
            true => fates.cut = None,
            false => fates.by_leaf.retain(|(_, site), _| *site != cut.site),
        }
    }
    fates
}

fn fate(dice: &mut Dice<'_>, kind: Kind) -> Fate {
    match dice.below(25) {
        12 => Fate::Cut,
        13 => Fate::Denied,
        14 => Fate::Refused,
        15 => Fate::Down,
        16 if kind == Kind::Card => Fate::Broken,
        17 => Fate::AnswerLost,
        18 => Fate::RequestLost,
        19 => Fate::AnswerLostThenCut,
        20 => Fate::RequestLostThenCut,
        21 => Fate::CutAfterCreate,
        22 => Fate::Blinks,
        23 => Fate::Flickers,
        24 => Fate::Late,
        11 if kind == Kind::Card => Fate::DeliveredTwice,
        _ => Fate::Fine,
    }
}
