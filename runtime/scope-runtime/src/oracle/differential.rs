//! The rules, the plan as lowered and the optimised plan: the same verdict, effects, undos, owed undos and end state, in a
//! run where things go wrong, in the next one where nothing does, and in a third that has nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use scope_plan::plan::Plan;

use super::explore::Exploration;
use super::fate::Fates;
use super::places::{self, World};
use super::play::{self, Deployment};
use super::program::Program;
use super::random::{self, Dice};
use super::rules::{self, Leaf, Seen};
use crate::report::Verdict;

/// What is compared after a run.
#[derive(Debug, PartialEq)]
pub(super) struct After {
    pub(super) seen: Seen,
    held: Vec<(Leaf, Vec<Option<u64>>)>,
    owed: BTreeSet<Leaf>,
    n_called: usize,
    guards: BTreeMap<Leaf, BTreeSet<Leaf>>,
}

/// What the rules say of a run.
pub(super) fn wanted(program: &Program, fates: &Fates, world: &mut World) -> After {
    let seen = rules::run(program, &mut places::Run::new(program, fates, world));
    if fates.by_leaf.is_empty() {
        places::Run::pay(program, world);
    }
    let held = world.there.keys().map(|leaf| {
        let resource = &program.resources[leaf.0];
        let shares = rules::shares(resource);
        let share = || shares.get(&leaf.1).map(|share| u64::from(*share));
        let value = (resource.kind == super::program::Kind::Tally).then(share).flatten();
        (*leaf, vec![value])
    });
    // What is gone has taken its guard along.
    let is_left =
        |(relied, users): &(&Leaf, &BTreeSet<Leaf>)| world.there.contains_key(relied) && !users.is_empty();
    let left = world.guards.iter().filter(is_left).map(|(relied, users)| (*relied, users.clone()));
    let guards = left.filter(|(relied, _)| !fates.of(*relied).falls_silent()).collect();
    let owed = world.owed.keys().copied().collect();
    After { seen, held: held.collect(), owed, n_called: world.n_called, guards }
}

/// What is seen of one, and what the fates turned out to be.
fn found(deployment: &mut Deployment<'_>, fates: &Fates) -> (After, Fates, Vec<String>) {
    let plan = deployment.plan();
    found_of(deployment, &plan, fates)
}

/// The same of another plan.
pub(super) fn found_of(
    deployment: &mut Deployment<'_>,
    plan: &Plan,
    fates: &Fates,
) -> (After, Fates, Vec<String>) {
    let (seen, _, met, mut wrong) = deployment.run_plan(plan, fates);
    let held = deployment.held().into_iter().collect();
    // What cannot be asked any more keeps what was written on it last, which may be for those that were given up since.
    let (mut guards, mut guarded) = (deployment.guards(), deployment.guarded());
    guards.retain(|relied, _| !met.of(*relied).falls_silent());
    guarded.retain(|relied| !met.of(*relied).falls_silent());
    if !guards.keys().eq(&guarded) {
        wrong.push(format!("guards are on {:?}, and recorded of {guarded:?}", guards.keys()));
    }
    (After { seen, held, owed: deployment.owed(), n_called: deployment.n_called(), guards }, met, wrong)
}

/// Runs of one comparison: three of each plan.
const RUNS: usize = 6;

/// Compares all three; an error is what is different.
pub(super) fn compare(program: &Program, fates: &Fates) -> Result<(), String> {
    let lowered = play::lowered(program);
    let optimised = play::optimised(&lowered);
    compare_plan("as lowered", program, &lowered, fates)?;
    compare_plan("optimised", program, &optimised, fates)
}

/// Compares a plan's runs with what the rules say.
pub(super) fn compare_plan(which: &str, program: &Program, plan: &Plan, fates: &Fates) -> Result<(), String> {
    compare_runs(which, program, plan, &[("the run", fates), ("the next run", &Fates::default())])
}

/// The same of so many runs, and of one after them that has nothing to do.
pub(super) fn compare_runs(
    which: &str,
    program: &Program,
    plan: &Plan,
    runs: &[(&str, &Fates)],
) -> Result<(), String> {
    let mut world = World::default();
    let mut deployment = Deployment::new(program, plan.clone());
    let mut verdict = rules::Outcome::Done;
    for (run, fates) in runs {
        let (found, met, wrong) = found(&mut deployment, fates);
        let wanted = wanted(program, &met, &mut world);
        if found != wanted || !wrong.is_empty() {
            let different = different(&format!("{run}, {which}"), &wanted, &found);
            return Err(format!("{different}{}", wrong.join("\n")));
        }
        verdict = wanted.seen.verdict;
    }
    if verdict == rules::Outcome::Done {
        let (_, report, _, _) = deployment.run(&Fates::default());
        if report.verdict != Verdict::NothingToDo {
            return Err(format!("the last run, {which}, ends {:?}: {:#?}", report.verdict, report.steps));
        }
    }
    Ok(())
}

pub(super) fn different(which: &str, wanted: &After, found: &After) -> String {
    let mut text = format!("{which}:\n");
    if wanted.seen.verdict != found.seen.verdict {
        text += &format!("  verdict {:?}, not {:?}\n", found.seen.verdict, wanted.seen.verdict);
    }
    let leaves: BTreeSet<&Leaf> = wanted.seen.leaves.keys().chain(found.seen.leaves.keys()).collect();
    for leaf in leaves {
        let (wanted, found) = (wanted.seen.leaves.get(leaf), found.seen.leaves.get(leaf));
        if wanted != found {
            text +=
                &format!("  r{} at {}: {found:?}, not {wanted:?}\n", leaf.0, super::program::SITES[leaf.1]);
        }
    }
    if wanted.held != found.held {
        text += &format!("  the sites hold {:?}, not {:?}\n", found.held, wanted.held);
    }
    if wanted.n_called != found.n_called {
        text += &format!("  called {} times, not {}\n", found.n_called, wanted.n_called);
    }
    if wanted.guards != found.guards {
        text += &format!("  guards {:?}, not {:?}\n", found.guards, wanted.guards);
    }
    if wanted.owed != found.owed {
        text += &format!("  owed {:?}, not {:?}\n", found.owed, wanted.owed);
    }
    text
}

/// For people: the program, what happens to it.
pub(super) fn shown(program: &Program, fates: &Fates) -> String {
    let happens: Vec<String> = fates
        .by_leaf
        .iter()
        .map(|((resource, site), fate)| format!("r{resource} at {}: {fate:?}", super::program::SITES[*site]))
        .chain(fates.cut.map(|cut| {
            format!("{} is cut after the create of r{}", super::program::SITES[cut.site], cut.resource)
        }))
        .chain(fates.left_out.iter().map(|site| format!("{} is left out", super::program::SITES[*site])))
        .collect();
    let members = program.files().into_iter().filter(|(name, _)| *name == "crew.scope").map(|(_, text)| text);
    let items: Vec<String> = members.chain(program.items()).collect();
    format!("{}\n{}", items.join("\n"), happens.join("\n"))
}

/// A program, and what happens in it.
pub(super) type Drawn = fn(&mut Dice<'_>) -> (Program, Fates);

/// Compares what each seed draws.
fn each(of: &'static str, n_seeds: u64, drawn: Drawn) {
    Exploration { of, n_seeds }.each(|seed| {
        let (program, fates) = drawn(&mut Dice::new(&random::numbers(seed, 160)));
        let compared = catch_unwind(AssertUnwindSafe(|| compare(&program, &fates)));
        let compared = compared.unwrap_or_else(|_| Err("it panics, or never ends".to_owned()));
        compared.map(|()| RUNS).map_err(|different| format!("{different}\n{}", shown(&program, &fates)))
    });
}

#[test]
fn seeds_end_as_the_rules_say() {
    each("programs against the rules", 500, |dice| {
        let program = random::program(dice);
        let fates = random::fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn references_end_as_the_rules_say() {
    each("programs with references against the rules", 120, |dice| {
        let program = random::referring(dice);
        let fates = random::referring_fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn references_of_parts_end_as_the_rules_say() {
    each("parts with references against the rules", 150, |dice| {
        let program = random::referring_parts(dice);
        let fates = random::referring_fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn references_to_what_each_alternative_has_end_as_the_rules_say() {
    each("programs with references in each alternative against the rules", 200, |dice| {
        let program = random::referring_beside(dice);
        let fates = random::referring_fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn guards_end_as_the_rules_say() {
    each("programs with guards against the rules", 200, |dice| {
        let program = random::relying(dice);
        let fates = random::referring_fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn waves_with_a_quorum_end_as_the_rules_say() {
    each("rollouts with a quorum against the rules", 200, |dice| {
        let program = random::waved(dice);
        let fates = random::fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn groups_end_as_the_rules_say() {
    each("programs with a group against the rules", 200, |dice| {
        let program = random::grouped(dice);
        let fates = random::fates(dice, &program);
        (program, fates)
    });
}

#[test]
fn copies_of_a_group_end_as_the_rules_say() {
    each("groups with a quorum or in waves against the rules", 150, |dice| {
        let program = random::grouped_copies(dice);
        let fates = random::fates(dice, &program);
        (program, fates)
    });
}

/// What else may happen, and the site that the run leaves out.
fn left_out(dice: &mut Dice<'_>, program: Program, fates: Fates) -> (Program, Fates) {
    let left_out = BTreeSet::from([dice.below(program.n_sites)]);
    (program, Fates { left_out, ..fates })
}

#[test]
fn what_a_run_leaves_out_ends_as_the_rules_say() {
    for (of, draw) in [
        ("programs with a site left out", random::program as fn(&mut Dice<'_>) -> Program),
        ("rollouts with a site left out", random::waved),
        ("groups with a site left out", random::grouped),
        ("copies of groups with a site left out", random::grouped_copies),
    ] {
        Exploration { of, n_seeds: 200 }.each(|seed| {
            let numbers = random::numbers(seed, 160);
            let dice = &mut Dice::new(&numbers);
            let program = draw(dice);
            let fates = random::fates(dice, &program);
            let (program, fates) = left_out(dice, program, fates);
            let compared = catch_unwind(AssertUnwindSafe(|| compare(&program, &fates)));
            let compared = compared.unwrap_or_else(|_| Err("it panics, or never ends".to_owned()));
            compared.map(|()| RUNS).map_err(|different| format!("{different}\n{}", shown(&program, &fates)))
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_end_as_the_rules_say(numbers in prop::collection::vec(any::<u16>(), 0..120)) {
        let mut dice = Dice::new(&numbers);
        let program = random::program(&mut dice);
        let fates = random::fates(&mut dice, &program);
        if let Err(different) = compare(&program, &fates) {
            return Err(TestCaseError::fail(format!("{different}\n{}\n", shown(&program, &fates))));
        }
    }
}
