//! A program that was changed, run after the one before: what is elsewhere now moves, what is called otherwise is renamed, what
//! is gone is deleted (R10, R11).
//!
//! `r0` at nantes, then `n0` with `moved_from: "r0"` at paris → made at paris, then deleted at nantes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::differential::{different, found_of, shown, wanted};
use super::explore::Exploration;
use super::fate::{Fate, Fates};
use super::places::World;
use super::play::{self, Deployment};
use super::program::{Kind, Loc, Program, Resource};
use super::random::{self, Dice};
use super::rules::Outcome;
use crate::report::Verdict;

/// So many runs: one of the program before, and three of the one after.
const RUNS: usize = 4;

/// The same resources at all sites: the sites of both programs.
fn everywhere(program: &Program) -> Program {
    let all = Loc::And((0..program.n_sites).map(Loc::Site).collect());
    let resources = program.resources.iter().map(|what| Resource::plain(what.kind, all.clone(), Vec::new()));
    Program { resources: resources.collect(), ..program.clone() }
}

fn compare(before: &Program, after: &Program, fates: &[Fates; 2]) -> Result<(), String> {
    let mut world = World::planned_anew();
    let everywhere = everywhere(before);
    let mut deployment = Deployment::new(before, play::optimised(&play::lowered(&everywhere)));
    let mut verdict = Outcome::Done;
    for (run, program, fates) in [
        ("the run before", before, &fates[0]),
        ("the run after", after, &fates[1]),
        ("the next run", after, &Fates::default()),
    ] {
        let plan = play::after(program, &deployment.state);
        let (found, met, mut wrong) = found_of(&mut deployment, &plan, fates);
        let wanted = wanted(program, &met, &mut world);
        if fates.by_leaf.is_empty() && wanted.seen.verdict == Outcome::Done {
            wrong.extend(deployment.misnamed(program, &wanted.seen));
        }
        if found != wanted || !wrong.is_empty() {
            return Err(format!("{}{}", different(run, &wanted, &found), wrong.join("\n")));
        }
        verdict = wanted.seen.verdict;
    }
    if verdict == Outcome::Done {
        let plan = play::after(after, &deployment.state);
        let (_, report, _, _) = deployment.run_plan(&plan, &Fates::default());
        if report.verdict != Verdict::NothingToDo {
            return Err(format!("the last run ends {:?}: {:#?}", report.verdict, report.steps));
        }
    }
    Ok(())
}

#[test]
fn changed_programs_end_as_the_rules_say() {
    Exploration { of: "changed programs against the rules", n_seeds: 300 }.each(|seed| {
        let numbers = random::numbers(seed, 160);
        let dice = &mut Dice::new(&numbers);
        let (before, after) = random::changed(dice);
        let fates = [random::refusals(dice, &before), random::changed_fates(dice, &before, &after)];
        let compared = catch_unwind(AssertUnwindSafe(|| compare(&before, &after, &fates)));
        let compared = compared.unwrap_or_else(|_| Err("it panics, or never ends".to_owned()));
        let shown = || format!("{}\nthen\n{}", shown(&before, &fates[0]), shown(&after, &fates[1]));
        compared.map(|()| RUNS).map_err(|different| format!("{different}\n{}", shown()))
    });
}

/// A change in which nothing goes wrong.
fn moves(before: &Program, after: &Program) {
    assert_eq!(compare(before, after, &Default::default()), Ok(()));
}

fn one(kind: Kind, loc: Loc) -> Program {
    let resources = vec![Resource::plain(kind, loc, Vec::new())];
    Program { n_sites: 3, concurrency: 8, resources, ..Program::default() }
}

fn any_of(sites: &[usize]) -> Loc {
    Loc::Or(sites.iter().copied().map(Loc::Site).collect())
}

/// What was chosen at the entry site, where the result of all alternatives is.
#[test]
fn what_is_made_at_one_of_several_sites_now_is_deleted_at_the_entry_site() {
    moves(&one(Kind::Note, Loc::Site(0)), &one(Kind::Note, any_of(&[1, 2])));
}

#[test]
fn a_site_that_is_named_twice_is_moved_to_once() {
    let twice = Loc::And(vec![Loc::Site(1), Loc::Site(1)]);
    moves(&one(Kind::Note, Loc::Site(0)), &one(Kind::Note, twice));
}

/// Paris was refused, so lille was taken.
fn taken_at_lille(before: &Program, after: &Program) {
    let refused = Fates { by_leaf: [((0, 1), Fate::Refused)].into(), ..Fates::default() };
    assert_eq!(compare(before, after, &[refused, Fates::default()]), Ok(()));
}

#[test]
fn what_was_chosen_is_kept_where_the_alternatives_are_in_another_order() {
    taken_at_lille(&one(Kind::Card, any_of(&[1, 2])), &one(Kind::Card, any_of(&[2, 0, 1])));
    taken_at_lille(&one(Kind::Card, any_of(&[1, 2])), &one(Kind::Card, any_of(&[0, 1, 2])));
}

#[test]
fn what_was_chosen_within_an_alternative_is_kept_under_a_new_name() {
    let before = one(Kind::Card, Loc::And(vec![any_of(&[1, 2]), Loc::Site(0)]));
    let after = Program { renamed: [0].into(), ..before.clone() };
    taken_at_lille(&before, &after);
}
