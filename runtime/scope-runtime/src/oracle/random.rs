//! Any numbers → a well-typed program and what happens to its requests. Fewer and smaller numbers make a smaller one, so
//! that what proptest shrinks to can be read.
//!
//! `[]` → one note at one site, and nothing goes wrong.

mod changes;
mod fates;
mod groups;
mod references;
mod waves;

use super::program::{Kind, Loc, OnDisconnect, Program, Resource, Rollout, SITES};

pub(super) use changes::{changed, changed_fates, refusals};
pub(super) use fates::{fates, referring_fates};
pub(super) use groups::{grouped, grouped_copies};
pub(super) use references::{reading, referring, referring_beside, referring_parts, relying};
pub(super) use waves::waved;

const DEEPEST: usize = 3;

/// Takes one number after the other; zeros when they are used up.
pub(super) struct Dice<'n> {
    numbers: std::slice::Iter<'n, u16>,
}

impl<'n> Dice<'n> {
    pub(super) fn new(numbers: &'n [u16]) -> Self {
        Self { numbers: numbers.iter() }
    }

    pub(super) fn below(&mut self, below: usize) -> usize {
        self.numbers.next().map_or(0, |number| usize::from(*number) % below.max(1))
    }

    /// One time in so many; never when the numbers are used up.
    fn is_one_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n
    }
}

/// So many numbers from a seed (splitmix64).
pub(super) fn numbers(seed: u64, count: usize) -> Vec<u16> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as u16
    };
    (0..count).map(|_| next()).collect()
}

/// A program.
pub(super) fn program(dice: &mut Dice<'_>) -> Program {
    let n_sites = 1 + dice.below(SITES.len());
    let n_resources = 1 + dice.below(4);
    let is_chain = dice.below(3) == 1;
    let resources: Vec<Resource> =
        (0..n_resources).map(|number| resource(dice, n_sites, number, is_chain)).collect();
    let may_be_called = |resource: &Resource| {
        let is_plain = matches!(resource.loc, Loc::Site(_)) && resource.on_disconnect.is_none();
        is_plain && resource.kind == Kind::Coin
    };
    let may_be_called = resources.iter().enumerate().filter(|(_, resource)| may_be_called(resource));
    let calls = may_be_called.map(|(number, _)| number).collect();
    let concurrency = [8, 1, 2][dice.below(3)];
    Program { n_sites, concurrency, resources, calls, ..Program::default() }
}

fn resource(dice: &mut Dice<'_>, n_sites: usize, number: usize, is_chain: bool) -> Resource {
    let kind = [Kind::Note, Kind::Card, Kind::Coin, Kind::Tally][dice.below(4)];
    let has_quorum = n_sites > 1 && dice.is_one_in(4);
    let has_waves = n_sites > 1 && !has_quorum && dice.is_one_in(6);
    let loc = match kind {
        _ if has_waves => {
            let mut sites = shuffled(dice, n_sites);
            sites.truncate(2 + dice.below(n_sites - 1));
            Loc::And(sites.into_iter().map(Loc::Site).collect())
        }
        _ if has_quorum => copies(dice, n_sites),
        Kind::Tally if n_sites > 1 && dice.below(3) > 0 => cross(dice, n_sites),
        _ => loc(dice, n_sites, 0),
    };
    let mut after: Vec<usize> =
        if is_chain { number.checked_sub(1).into_iter().collect() } else { Vec::new() };
    if !is_chain && number > 0 && dice.is_one_in(3) {
        after = vec![dice.below(number)];
    }
    let on_disconnect = match dice.below(12) {
        8 if !loc.has_choice() => Some(OnDisconnect::Queue),
        9 => Some(OnDisconnect::Skip),
        10 => Some(OnDisconnect::Fail),
        11 if loc.sites().contains(&0) && loc.cross().is_none() && !has_waves => {
            Some(OnDisconnect::LocalOnly)
        }
        _ => None,
    };
    let weights = loc.cross().and_then(|(parts, _)| {
        let weights: Vec<u32> = parts.iter().map(|_| dice.below(4) as u32).collect();
        weights.iter().any(|weight| *weight > 0).then_some(weights)
    });
    let (is_undone, total) = (dice.is_one_in(4), dice.below(20) as u32);
    let fewest = loc.counts().into_iter().min().filter(|_| on_disconnect != Some(OnDisconnect::LocalOnly));
    let quorum = fewest.filter(|_| has_quorum).map(|fewest| 1 + dice.below(fewest));
    let rollout = has_waves.then(|| rollout(dice, loc.copies().len(), &loc));
    Resource { kind, loc, after, on_disconnect, is_undone, total, weights, quorum, rollout, about: None }
}

fn loc(dice: &mut Dice<'_>, n_sites: usize, depth: usize) -> Loc {
    let shape = if depth < DEEPEST { dice.below(5) } else { 0 };
    let parts = |dice: &mut Dice<'_>| {
        let count = 2 + dice.below(2);
        (0..count).map(|_| loc(dice, n_sites, depth + 1)).collect()
    };
    match shape {
        1 => Loc::And(parts(dice)),
        2 | 3 => Loc::Or(parts(dice)),
        _ => Loc::Site(dice.below(n_sites)),
    }
}

/// A first wave that is not all of it, and fewer failures borne than there are sites.
fn rollout(dice: &mut Dice<'_>, n_sites: usize, loc: &Loc) -> Rollout {
    let n_first = 1 + dice.below(n_sites - 1);
    let first = loc.copies().into_iter().take(n_first).flat_map(Loc::sites).collect();
    Rollout { first, then: 1 + dice.below(2), stop_after: 1 + dice.below(n_sites - 1) }
}

fn shuffled(dice: &mut Dice<'_>, n_sites: usize) -> Vec<usize> {
    let mut sites: Vec<usize> = (0..n_sites).collect();
    for index in (1..sites.len()).rev() {
        let other = dice.below(index + 1);
        sites.swap(index, other);
    }
    sites
}

/// Copies to be counted share no site; one of them may have alternatives, and so may the whole, of any kind.
fn copies(dice: &mut Dice<'_>, n_sites: usize) -> Loc {
    let mut sites = shuffled(dice, n_sites);
    let n_parts = 2 + dice.below(sites.len() - 1);
    let mut parts: Vec<Loc> = sites.drain(..n_parts).map(Loc::Site).collect();
    if let (Some(site), true) = (sites.pop(), dice.below(2) == 1) {
        let other = Loc::Site(site);
        let part = &mut parts[dice.below(n_parts)];
        let arms = [[part.clone(), other.clone()], [other, part.clone()]];
        *part = Loc::Or(arms[dice.below(2)].to_vec());
    }
    let whole = Loc::And(parts);
    match dice.below(4) {
        1 => Loc::Or(vec![whole, Loc::Site(dice.below(n_sites))]),
        2 => Loc::Or(vec![Loc::Site(dice.below(n_sites)), whole]),
        3 => Loc::Or(vec![whole, copies(dice, n_sites)]),
        _ => whole,
    }
}

/// Parts share no site; the prime is at one; the whole may be an alternative of another site.
fn cross(dice: &mut Dice<'_>, n_sites: usize) -> Loc {
    let mut sites = shuffled(dice, n_sites);
    let n_parts = 2 + dice.below(sites.len() - 1);
    let mut parts: Vec<Loc> = sites.drain(..n_parts).map(Loc::Site).collect();
    let prime = dice.below(n_parts);
    if let (Some(site), true) = (sites.pop(), dice.below(2) == 1) {
        let index = (prime + 1) % n_parts;
        parts[index] = Loc::Or(vec![parts[index].clone(), Loc::Site(site)]);
    }
    let whole = Loc::Cross(parts, prime);
    match (sites.pop(), dice.below(3)) {
        (Some(site), 1) => Loc::Or(vec![whole, Loc::Site(site)]),
        (Some(site), 2) => Loc::Or(vec![Loc::Site(site), whole]),
        _ => whole,
    }
}
