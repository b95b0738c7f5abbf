//! The tests tested: each mistake that the scheduler could make ([`ALL`]) is switched on, and the simulation must find it.
//!
//! *Found* is: some program of the seeds does not end as the rules say, something that must never happen does, or the run
//! never ends. Without a mistake nothing is found.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use scope_plan::plan::{Plan, StepId};

use super::differential::{Drawn, compare_plan, shown};
use super::fate::{Fate, Fates};
use super::play;
use super::program::{Kind, Loc, OnDisconnect, Program, Resource, Rollout};
use super::random::{self, Dice};
use super::rules::Leaf;
use super::seeds;
use super::weather::Weather;
use crate::events::Outcome;
use crate::schedule::mutants::{ALL, Mutant, with};
use crate::schedule::{Command, Event, Schedule, ScheduleOptions, StepState, Touched};

/// A mutant that survives so many, and those that are written for one, is not found.
const N_CASES: u64 = 100;

struct Case {
    name: String,
    program: Program,
    fates: Fates,
    plan: Plan,
}

/// What is written for a mistake, and of many seeds those in which something happens.
fn cases() -> Vec<Case> {
    let drawn = |of: &'static str, n_cases: u64, draw: Drawn| {
        (0..n_cases).map(move |seed| {
            let (program, fates) = draw(&mut Dice::new(&random::numbers(seed, 160)));
            let plan = play::optimised(&play::lowered(&program));
            Case { name: format!("{of}, seed {seed}"), program, fates, plan }
        })
    };
    let single = drawn("programs", N_CASES, |dice| {
        let program = random::program(dice);
        let fates = random::fates(dice, &program);
        (program, fates)
    });
    let guarded = drawn("guards", N_CASES, |dice| {
        let program = random::relying(dice);
        let fates = random::referring_fates(dice, &program);
        (program, fates)
    });
    let grouped = drawn("groups", N_CASES / 2, |dice| {
        let program = random::grouped(dice);
        let fates = random::fates(dice, &program);
        (program, fates)
    });
    let drawn = single.chain(guarded).chain(grouped);
    let drawn = drawn.filter(|case| !case.fates.by_leaf.is_empty());
    let written = [
        a_copy_waits(),
        a_copy_lacks_its_seal(),
        one_is_left_out(),
        what_is_taken_back_relies_upon_nothing(),
        another_one_is_taken(),
        one_is_delivered_twice(),
        one_that_relies_upon_it_is_owed(),
        what_comes_after_a_copy_in_a_wave(),
        a_site_is_left_out(),
        what_it_needs_waits_beside(),
    ];
    written.into_iter().chain(drawn).collect()
}

/// Two copies of three are enough; one is done, one waits for its site, one is refused: it may still be done.
fn a_copy_waits() -> Case {
    let copies = Loc::And((0..3).map(Loc::Site).collect());
    let resource = Resource { quorum: Some(2), ..Resource::plain(Kind::Note, copies, Vec::new()) };
    directed("a copy waits", vec![resource], &[((0, 1), Fate::Cut), ((0, 2), Fate::Refused)])
}

/// In the first wave of a group one copy is refused, and another one comes after it.
fn what_comes_after_a_copy_in_a_wave() -> Case {
    let rollout = Rollout { first: vec![0], then: 1, stop_after: 1 };
    let both = Loc::And(vec![Loc::Site(0), Loc::Site(1)]);
    let copies = |after| Resource {
        quorum: Some(1),
        rollout: Some(rollout.clone()),
        ..Resource::plain(Kind::Note, both.clone(), after)
    };
    let case =
        directed("a copy in a wave", vec![copies(vec![]), copies(vec![0])], &[((0, 0), Fate::Refused)]);
    let program = Program { group: vec![0, 1], ..case.program };
    Case { plan: play::optimised(&play::lowered(&program)), program, ..case }
}

/// Paris is cut off and may be left out; what comes after it is made.
fn one_is_left_out() -> Case {
    let skipped = Resource::plain(Kind::Note, Loc::Site(1), Vec::new());
    let skipped = Resource { on_disconnect: Some(OnDisconnect::Skip), ..skipped };
    let after = Resource::plain(Kind::Note, Loc::Site(0), vec![0]);
    directed("one is left out", vec![skipped, after], &[((0, 1), Fate::Cut)])
}

/// The run leaves paris out, which is the first alternative of one and all that there is of another: neither goes to nantes,
/// in this run or the next one.
fn a_site_is_left_out() -> Case {
    let chosen = Resource::plain(Kind::Note, Loc::Or(vec![Loc::Site(1), Loc::Site(0)]), Vec::new());
    // A part of the last alternative is there, which says nothing of the rest.
    let parts = Loc::And(vec![Loc::Site(0), Loc::Site(1)]);
    let partly = Resource::plain(Kind::Note, Loc::Or(vec![Loc::Site(2), parts]), Vec::new());
    let case = directed("a site is left out", vec![chosen, partly], &[((1, 2), Fate::Refused)]);
    Case { fates: Fates { left_out: [1].into(), ..case.fates.clone() }, ..case }
}

/// The pier at paris waits for its site; the boat, which would be there first, goes to nantes, where the other pier is.
fn what_it_needs_waits_beside() -> Case {
    let both = Loc::And(vec![Loc::Site(0), Loc::Site(1)]);
    let pier = Resource::plain(Kind::Pier, both, Vec::new());
    let place = Loc::Or(vec![Loc::Site(1), Loc::Site(0)]);
    let boat = Resource { about: Some(0), ..Resource::plain(Kind::Boat, place, Vec::new()) };
    directed("what it needs waits beside it", vec![pier, boat], &[((0, 1), Fate::Cut)])
}

/// A program written for a mistake, and what happens in it.
fn directed(name: &str, resources: Vec<Resource>, fates: &[(Leaf, Fate)]) -> Case {
    let program = Program { n_sites: 3, concurrency: 8, resources, ..Program::default() };
    let by_leaf = fates.iter().copied().collect();
    let plan = play::optimised(&play::lowered(&program));
    Case { name: name.to_owned(), program, fates: Fates { by_leaf, ..Fates::default() }, plan }
}

/// Of two resources one copy of two is enough; what the other copies refer to cannot be brought to their site.
fn a_copy_lacks_its_seal() -> Case {
    let seal = Resource::plain(Kind::Seal, Loc::Site(0), Vec::new());
    let copies = Loc::And(vec![Loc::Site(0), Loc::Site(1)]);
    let slip =
        Resource { quorum: Some(1), about: Some(0), ..Resource::plain(Kind::Slip, copies, Vec::new()) };
    directed("a copy lacks what it refers to", vec![seal, slip.clone(), slip], &[((0, 1), Fate::Refused)])
}

/// The boat at paris is taken back, since there is none at lille.
fn what_is_taken_back_relies_upon_nothing() -> Case {
    let pier = Resource::plain(Kind::Pier, Loc::Site(0), Vec::new());
    let both = Loc::And(vec![Loc::Site(1), Loc::Site(2)]);
    let boat = Resource { is_undone: true, about: Some(0), ..Resource::plain(Kind::Boat, both, Vec::new()) };
    directed("what is taken back relies upon nothing", vec![pier, boat], &[((1, 2), Fate::Refused)])
}

/// The last alternative is not answered; the next run takes the first one.
fn another_one_is_taken() -> Case {
    let card = Resource::plain(Kind::Card, Loc::Or(vec![Loc::Site(1), Loc::Site(0)]), Vec::new());
    let fates = [((0, 1), Fate::Refused), ((0, 0), Fate::AnswerLostThenCut)];
    directed("another alternative is taken", vec![card], &fates)
}

/// The network delivers a creation twice, and answers well.
fn one_is_delivered_twice() -> Case {
    let card = Resource::plain(Kind::Card, Loc::Site(0), Vec::new());
    directed("one is delivered twice", vec![card], &[((0, 0), Fate::DeliveredTwice)])
}

/// The boat is made at paris, which cannot be reached any more; the card is refused there, and the group goes to nantes. The
/// boat's undo is owed, and so is that of the pier.
fn one_that_relies_upon_it_is_owed() -> Case {
    let place = Loc::Or(vec![Loc::Site(1), Loc::Site(0)]);
    let pier = Resource::plain(Kind::Pier, place.clone(), vec![]);
    let boat = Resource { about: Some(0), ..Resource::plain(Kind::Boat, place.clone(), vec![]) };
    let card = Resource::plain(Kind::Card, place, vec![1]);
    let fates = [((1, 1), Fate::CutAfterCreate), ((2, 1), Fate::Refused)];
    let case = directed("one that relies upon it is owed", vec![pier, boat, card], &fates);
    let program = Program { group: vec![0, 1, 2], ..case.program };
    let plan = play::optimised(&play::lowered(&program));
    Case { program, plan, ..case }
}

fn ends(case: &Case) -> Result<(), String> {
    let Case { program, fates, plan, .. } = case;
    let compared = catch_unwind(AssertUnwindSafe(|| compare_plan("", program, plan, fates)));
    compared.unwrap_or_else(|_| Err("it panics, or never ends".to_owned()))
}

/// The first that finds it, and how it is seen.
fn found(mutant: Mutant, cases: &[Case]) -> Option<String> {
    let differs = |case: &Case| {
        let different = with(mutant, || ends(case)).err()?;
        Some(format!("{}: {}", case.name, different.lines().take(3).collect::<Vec<_>>().join(" ")))
    };
    cases
        .iter()
        .find_map(differs)
        .or_else(|| with(mutant, || cases.iter().find_map(late_answers)))
        .or_else(|| with(mutant, || a_site_comes_back().err()))
}

/// Answers of attempts that are over come in between, and change nothing: the scheduler by itself, for the runner never
/// awaits two attempts of one step.
fn late_answers(case: &Case) -> Option<String> {
    let (quiet, noisy) = (alone(case, false), alone(case, true));
    (quiet != noisy).then(|| format!("{}: late answers change how it ends", case.name))
}

/// The scheduler alone: each step fails once and then succeeds. How all of them end.
fn alone(case: &Case, is_noisy: bool) -> Vec<StepState> {
    let mut schedule = Schedule::new(&case.plan, ScheduleOptions::default());
    let mut events = VecDeque::from([Event::Started]);
    while let Some(event) = events.pop_front() {
        for command in schedule.on(event) {
            match command {
                Command::Start { step, attempt } => {
                    let failed = |attempt, outcome, is_retryable| Event::Failed {
                        step,
                        attempt,
                        outcome,
                        is_cut_off: false,
                        is_held: false,
                        is_overdue: false,
                        is_retryable,
                        touched: Touched::Nothing,
                    };
                    if attempt == 1 {
                        events.push_back(failed(1, Outcome::Unavailable, true));
                        continue;
                    }
                    if is_noisy {
                        events.push_back(failed(1, Outcome::Invalid, false));
                    }
                    events.push_back(Event::Succeeded { step, attempt, touched: Touched::Created });
                }
                Command::SetTimer { step, attempt, .. } => {
                    events.push_back(Event::TimerFired { step, attempt });
                }
                Command::Undo { step } => events.push_back(Event::UndoDone { step }),
                Command::Settled { .. }
                | Command::TryArm { .. }
                | Command::RecordChoice { .. }
                | Command::Finish { .. } => {}
            }
        }
    }
    (0..case.plan.steps.len() as u32).map(|step| schedule.state(StepId(step))).collect()
}

/// Paris is cut for a while; `r0` waits for it, and is done when `r3` is heard from there, some seconds later.
fn a_site_comes_back() -> Result<(), String> {
    let both = || vec![Loc::Site(0), Loc::Site(1)];
    comes_back(Resource::plain(Kind::Note, Loc::And(both()), vec![]))?;
    // Left of a `|` it would fail, if it were not a copy that others make up for.
    let whole = Loc::Or(vec![Loc::And(both()), Loc::Site(0)]);
    comes_back(Resource { quorum: Some(1), ..Resource::plain(Kind::Note, whole, vec![]) })
}

fn comes_back(waits: Resource) -> Result<(), String> {
    let program = Program {
        n_sites: 2,
        concurrency: 8,
        has_one_service: true,
        resources: vec![
            waits,
            Resource::plain(Kind::Card, Loc::Site(0), vec![]),
            Resource::plain(Kind::Card, Loc::Site(0), vec![1]),
            Resource::plain(Kind::Note, Loc::Site(1), vec![2]),
        ],
        ..Program::default()
    };
    let plan = play::optimised(&play::lowered(&program));
    let ready = |number| format!("ready=toy.card{number}@nantes:9s");
    let weather = Weather::of(&["cut=paris@..17500ms", &ready(1), &ready(2)]);
    seeds::weathered(&program, &plan, &weather, &mut 0)
}

#[test]
fn every_mutant_is_found() {
    let cases = cases();
    for case in &cases {
        let ended = ends(case);
        assert!(ended.is_ok(), "{}: {ended:?}\n{}", case.name, shown(&case.program, &case.fates));
    }
    assert!(cases.iter().find_map(late_answers).is_none(), "late answers change nothing");
    assert_eq!(a_site_comes_back(), Ok(()));
    let mut living = Vec::new();
    for mutant in ALL {
        match found(*mutant, &cases) {
            Some(how) => println!("{mutant:?}: {how}"),
            None => living.push(*mutant),
        }
    }
    println!("{} of {} mutants found, in {} programs", ALL.len() - living.len(), ALL.len(), cases.len());
    assert!(living.is_empty(), "not found: {living:?}");
}
