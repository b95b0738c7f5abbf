//! R9 and R11 at a deletion: users go first, and what is still relied upon stays, whoever asks.
//!
//! A boat at lille relies upon the pier at paris. The pier alone is to be deleted → it stays. All is, and lille is cut off → the
//! boat stays, and so does the pier; lille is back → both go.

use std::collections::BTreeSet;

use super::differential::shown;
use super::explore::Exploration;
use super::fate::Fates;
use super::play::{self, Deployment};
use super::program::{Program, SITES};
use super::random::{self, Dice};
use super::rules::Leaf;
use super::weather::Weather;

/// What stays where these sites are cut off: what is there, and what something that stays relies upon or
/// names.
fn stays(program: &Program, held: &BTreeSet<Leaf>, cut: &BTreeSet<usize>) -> BTreeSet<Leaf> {
    let mut stays: BTreeSet<Leaf> = held.iter().filter(|(_, site)| cut.contains(site)).copied().collect();
    loop {
        let needed = stays.iter().flat_map(|leaf| {
            let relied = program.may_rely(*leaf, held).into_iter().chain(prime(program, *leaf));
            relied.chain(before(program, held, *leaf))
        });
        let needed: Vec<Leaf> = needed.filter(|leaf| held.contains(leaf) && !stays.contains(leaf)).collect();
        if needed.is_empty() {
            return stays;
        }
        stays.extend(needed);
    }
}

/// What it comes after, wherever that is (R11): what was made later is deleted first.
fn before<'h>(
    program: &Program,
    held: &'h BTreeSet<Leaf>,
    (resource, _): Leaf,
) -> impl Iterator<Item = Leaf> + 'h {
    let after = program.resources[resource].after.clone();
    held.iter().filter(move |leaf| after.contains(&leaf.0)).copied()
}

/// The part that another one names.
fn prime(program: &Program, (resource, site): Leaf) -> Option<Leaf> {
    let what = &program.resources[resource];
    Some((resource, what.prime().filter(|_| what.followers().contains(&site))?))
}

/// One deployment made, and deleted bit by bit; an error is what is different.
fn destroyed(program: &Program, cut: &BTreeSet<usize>) -> Result<usize, String> {
    let mut deployment = Deployment::new(program, play::optimised(&play::lowered(program)));
    deployment.run(&Fates::default());
    let made = there(&deployment);
    let is_used = |pier: &Leaf| made.iter().any(|user| program.may_rely(*user, &made).contains(pier));
    let without_the_unused: BTreeSet<Leaf> =
        made.iter().filter(|leaf| leaf.0 != 0 || is_used(leaf)).copied().collect();
    let left = stays(program, &without_the_unused, cut);
    let of_the_plan = |site: &&usize| deployment.plan().sites.iter().any(|known| known.name == SITES[**site]);
    let faults: Vec<String> =
        cut.iter().filter(of_the_plan).map(|site| format!("cut={}", SITES[*site])).collect();
    let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    let whole: &[&str] = &[];
    for (what, only, faults, wanted) in [
        ("the pier alone", &["r0"][..], &[][..], &without_the_unused),
        ("all, with sites cut off", whole, &faults[..], &left),
        ("all", whole, &[], &BTreeSet::new()),
    ] {
        deployment.weather(&Weather::of(faults))?;
        let plan = play::destroying(program, &deployment.state, only);
        let (_, wrong) = deployment.play(&plan);
        let found = there(&deployment);
        if found != *wanted || !wrong.is_empty() {
            return Err(format!(
                "{what} is deleted: there is {found:?}, not {wanted:?}; {}",
                wrong.join("; ")
            ));
        }
        let guards = deployment.guards();
        let is_guarded = |user: &&Leaf| {
            let is_named_on = |relied: &Leaf| guards.get(relied).is_some_and(|users| users.contains(user));
            program.relied(**user).is_none() || program.may_rely(**user, &found).iter().any(is_named_on)
        };
        if let Some(user) = found.iter().find(|user| !is_guarded(user)) {
            return Err(format!("{what} is deleted: nothing is guarded for {user:?} any more"));
        }
    }
    Ok(4)
}

fn there(deployment: &Deployment<'_>) -> BTreeSet<Leaf> {
    deployment.held().into_keys().collect()
}

#[test]
fn what_is_relied_upon_stays_until_its_users_are_gone() {
    Exploration { of: "deletions with guards", n_seeds: 150 }.each(|seed| {
        let numbers = random::numbers(seed, 160);
        let dice = &mut Dice::new(&numbers);
        let mut program = random::relying(dice);
        // Waves order a deletion, too, and hold it back where one fails.
        program.resources.iter_mut().for_each(|resource| resource.rollout = None);
        let cut: BTreeSet<usize> = (0..program.n_sites).filter(|_| dice.below(3) == 1).collect();
        let cut_off = || cut.iter().map(|site| SITES[*site]).collect::<Vec<_>>().join(", ");
        destroyed(&program, &cut)
            .map_err(|why| format!("{why}\n{}cut off: {}\n", shown(&program, &Fates::default()), cut_off()))
    });
}
