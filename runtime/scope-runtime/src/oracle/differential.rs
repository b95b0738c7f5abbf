//! The rules, the plan as lowered and the optimised plan: the same verdict, effects, undos, owed undos and end state, in a
//! run where things go wrong, in the next one where nothing does, and in a third that has nothing to do.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scope_plan::plan::Plan;

use super::fate::Fates;
use super::places::{self, World};
use super::play::{self, Deployment};
use super::program::Program;
use super::random::{self, Dice};
use super::rules::{self, Leaf, Seen};
use crate::report::Verdict;

/// What is compared after a run.
#[derive(Debug, PartialEq)]
struct After {
    seen: Seen,
    held: Vec<(Leaf, Vec<Option<u64>>)>,
    owed: BTreeSet<Leaf>,
}

/// What the rules say of a run.
fn wanted(program: &Program, fates: &Fates, world: &mut World) -> After {
    let seen = rules::run(program, &mut places::Run::new(program, fates, world));
    if fates.by_leaf.is_empty() && fates.cut.is_none() {
        places::Run::pay(world);
    }
    let held = world.there.keys().map(|leaf| {
        let resource = &program.resources[leaf.0];
        let shares = rules::shares(resource);
        let value = (resource.kind == super::program::Kind::Tally).then(|| u64::from(shares[&leaf.1]));
        (*leaf, vec![value])
    });
    After { seen, held: held.collect(), owed: world.owed.keys().copied().collect() }
}

/// What is seen of one.
fn found(deployment: &mut Deployment<'_>, fates: &Fates) -> (After, Vec<String>) {
    let (seen, _, wrong) = deployment.run(fates);
    let held = deployment.held().into_iter().collect();
    (After { seen, held, owed: deployment.owed() }, wrong)
}

/// Compares all three; an error is what is different.
fn compare(program: &Program, fates: &Fates) -> Result<(), String> {
    let lowered = play::lowered(program);
    let optimised = play::optimised(&lowered);
    compare_plan("as lowered", program, &lowered, fates)?;
    compare_plan("optimised", program, &optimised, fates)
}

/// Compares a plan's runs with what the rules say.
pub(super) fn compare_plan(which: &str, program: &Program, plan: &Plan, fates: &Fates) -> Result<(), String> {
    let mut world = World::default();
    let first = wanted(program, fates, &mut world);
    let second = wanted(program, &Fates::default(), &mut world);
    let mut deployment = Deployment::new(program, plan.clone());
    let mut check = |run: &str, wanted: &After, fates: &Fates| {
        let (found, wrong) = found(&mut deployment, fates);
        match found == *wanted && wrong.is_empty() {
            true => Ok(()),
            false => {
                let different = different(&format!("{run}, {which}"), wanted, &found);
                Err(format!("{different}{}", wrong.join("\n")))
            }
        }
    };
    check("the run", &first, fates)?;
    check("the next run", &second, &Fates::default())?;
    if second.seen.verdict == rules::Outcome::Done {
        let (_, report, _) = deployment.run(&Fates::default());
        if report.verdict != Verdict::NothingToDo {
            return Err(format!("the third run, {which}, ends {:?}: {:#?}", report.verdict, report.steps));
        }
    }
    Ok(())
}

fn different(which: &str, wanted: &After, found: &After) -> String {
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
        .collect();
    format!("{}\n{}", program.items().join("\n"), happens.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

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
