//! Thousands of seeds: generated programs and the examples, each under random faults in time, then healed and run again.
//!
//! What a seed finds is printed with the seed, which plays it again exactly; how many are tried: see [`super::explore`].

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use scope_plan::plan::{Action, Plan};
use serde_json::Value;

use super::differential;
use super::examples;
use super::explore::{self, Exploration};
use super::fate::Fates;
use super::play::{self, Deployment};
use super::program::Program;
use super::random::{self, Dice};
use super::rules::Leaf;
use super::trace;
use super::weather::Weather;
use crate::events::RunEvent;
use crate::report::{Report, Verdict};
use crate::simulator::{Simulator, Types, virtual_runtime};
use crate::state::StateStore;

const PROGRAMS: Exploration = Exploration { of: "generated programs", n_seeds: 2_000 };
const GROUPS: Exploration = Exploration { of: "groups in the weather", n_seeds: 400 };
const GUARDS: Exploration = Exploration { of: "guards in the weather", n_seeds: 400 };
const EXAMPLES: Exploration = Exploration { of: "examples", n_seeds: 2_000 };
/// Each program is played under so many weathers.
const FAULTS_EACH: u64 = 4;
/// At the latest in this run there must be nothing to do any more.
const MOST_RUNS: usize = 7;

type Drawn = fn(&mut Dice<'_>) -> Program;

/// Who relies upon what.
type Guards = BTreeMap<Leaf, BTreeSet<Leaf>>;

/// The program of a number; what must not be repeated may have to be asked about for ever: that is what the rules are compared for.
fn program_of(number: u64, count: usize, drawn: Drawn) -> Program {
    let program = drawn(&mut Dice::new(&random::numbers(number, count)));
    // A scope that names the one service would narrow where what is referred to is looked for.
    let is_alone =
        program.resources.iter().all(|resource| resource.about.is_none()) || !program.group.is_empty();
    Program { has_one_service: is_alone && number.is_multiple_of(2), calls: Vec::new(), ..program }
}

/// Plays each program under several weathers.
fn whatever_the_weather(exploration: Exploration, count: usize, drawn: Drawn) {
    let mut known: Option<(u64, Program, Plan)> = None;
    exploration.each(|seed| {
        let number = seed / FAULTS_EACH;
        if known.as_ref().is_none_or(|(known, ..)| *known != number) {
            let program = program_of(number, count, drawn);
            let plan = play::optimised(&play::lowered(&program));
            known = Some((number, program, plan));
        }
        let (_, program, plan) = known.as_ref().expect("just made");
        let weather = Weather::drawn(seed, plan);
        let mut n_runs = 0;
        let ended = catch_unwind(AssertUnwindSafe(|| weathered(program, plan, &weather, &mut n_runs)));
        let ended = ended.unwrap_or_else(|_| Err("it panics, or never ends".to_owned()));
        let shown =
            || format!("{}{}", differential::shown(program, &Fates::default()), weather.faults.join(" "));
        ended.map(|()| n_runs).map_err(|why| format!("{why}\n{}", shown()))
    });
}

#[test]
fn generated_programs_end_well_whatever_the_weather() {
    whatever_the_weather(PROGRAMS, 80, random::program);
}

#[test]
fn groups_end_well_whatever_the_weather() {
    whatever_the_weather(GROUPS, 160, random::grouped);
}

#[test]
fn guards_hold_whatever_the_weather() {
    whatever_the_weather(GUARDS, 160, random::relying);
}

pub(super) fn weathered(
    program: &Program,
    plan: &Plan,
    weather: &Weather,
    n_runs: &mut usize,
) -> Result<(), String> {
    let mut deployment = Deployment::new(program, weather.over(plan));
    let simulator = deployment.simulator(weather.options()?);
    for number in 1..=MOST_RUNS {
        *n_runs += 1;
        let before = simulator.snapshot();
        let plan = deployment.plan();
        let (report, mut wrong) =
            play::play(&deployment.runtime, &plan, &simulator, &mut deployment.state, &mut |event| {
                explore::tell(&plan, event);
            });
        let seen = play::seen(&plan, &report);
        let held = deployment.held();
        wrong.extend(twice(&held, &deployment.open()));
        let held: BTreeSet<Leaf> = held.into_keys().collect();
        wrong.extend(unguarded(program, &held, &deployment.guards()));
        if number == 1 {
            let guarding = play::guarding(&plan, &report);
            wrong.extend(trace::wrong(program, &seen, &held, &guarding));
            wrong.extend(lost(&seen, &held, &deployment.owed()));
        }
        let mut is_settled = false;
        if report.verdict == Verdict::NothingToDo && number > 1 {
            if simulator.snapshot() != before {
                wrong.push("a run that has nothing to do changes something".to_owned());
            }
            // A site may be cut in this very run, and what is owed there is paid in the next one.
            is_settled = deployment.is_paid()
                && deployment.is_certain()
                && misguarded(program, &held, &deployment).is_none();
        }
        if number == MOST_RUNS && !is_settled {
            wrong.push(format!("it is still {:?}: {:?}: {}", report.verdict, seen.leaves, failures(&report)));
            wrong.push(format!("owed is {:?}", deployment.owed()));
            wrong.extend(misguarded(program, &held, &deployment));
        }
        if !wrong.is_empty() {
            return Err(format!("run {number}: {}", wrong.join("; ")));
        }
        if is_settled {
            return Ok(());
        }
        // A fault may begin only in a later run; each is over after that.
        simulator.heal(None).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What a site has twice; of what is open the next run knows that it is to look.
fn twice(held: &BTreeMap<Leaf, Vec<Option<u64>>>, open: &BTreeSet<Leaf>) -> Vec<String> {
    let twice = held.iter().filter(|(leaf, records)| records.len() > 1 && !open.contains(leaf));
    twice.map(|(leaf, records)| format!("{leaf:?} is there {} times", records.len())).collect()
}

/// What was undone and is still there, with nobody who owes it.
fn lost(seen: &super::rules::Seen, held: &BTreeSet<Leaf>, owed: &BTreeSet<Leaf>) -> Vec<String> {
    use super::rules::Undo;
    let undone = seen.leaves.iter().filter(|(_, (_, undo))| *undo != Undo::None);
    let lost = undone.filter(|(leaf, _)| held.contains(leaf) && !owed.contains(leaf));
    lost.map(|(leaf, _)| format!("{leaf:?} is undone, still there, and nobody owes it")).collect()
}

/// What is there and relies upon something that is not guarded for it, or gone.
fn unguarded(program: &Program, held: &BTreeSet<Leaf>, guards: &Guards) -> Vec<String> {
    let is_guarded = |user: &Leaf, relied: &Leaf| {
        held.contains(relied) && guards.get(relied).is_some_and(|users| users.contains(user))
    };
    let relies = held.iter().filter(|user| program.relied(**user).is_some());
    let relies = relies.map(|user| (user, program.may_rely(*user, held)));
    let wrong = relies.filter(|(user, relied)| !relied.iter().any(|relied| is_guarded(user, relied)));
    wrong
        .map(|(user, relied)| format!("{user:?} is there, and none of {relied:?} is guarded for it"))
        .collect()
}

/// In the end guards are for those that are there, and for nobody else.
fn misguarded(program: &Program, held: &BTreeSet<Leaf>, deployment: &Deployment<'_>) -> Option<String> {
    let (guards, guarded) = (deployment.guards(), deployment.guarded());
    let mut users: Guards = BTreeMap::new();
    for user in held {
        // Of several alternatives that are there, one is relied upon: what another run took is deleted by its own plan.
        let relied = program.may_rely(*user, held);
        let names = |relied: &&Leaf| guards.get(*relied).is_some_and(|users| users.contains(user));
        if let Some(relied) = relied.iter().find(names).or(relied.first()) {
            users.entry(*relied).or_default().insert(*user);
        }
    }
    let is_wrong = guards != users || !guarded.iter().eq(users.keys());
    is_wrong
        .then(|| format!("in the end guards are {guards:?}, recorded of {guarded:?}, and wanted {users:?}"))
}

#[test]
fn examples_end_well_whatever_the_weather() {
    let prepared = examples::plans().into_iter().map(|(name, plan)| {
        let types = Types::new(&plan);
        (name, plan, types)
    });
    let mut examples: Vec<(String, Plan, Types)> = prepared.collect();
    assert!(examples.iter().any(|(name, ..)| name == "web.scope"), "all examples are here");
    EXAMPLES.each(|seed| {
        let index = (seed % examples.len() as u64) as usize;
        let (name, plan, types) = &mut examples[index];
        let weather = Weather::drawn(seed, plan);
        let mut n_runs = 0;
        let ended = example(plan, types, &weather, &mut n_runs);
        ended.map(|()| n_runs).map_err(|why| format!("{name} {}: {why}", weather.faults.join(" ")))
    });
}

pub(super) fn example(
    plan: &mut Plan,
    types: &Types,
    weather: &Weather,
    n_runs: &mut usize,
) -> Result<(), String> {
    let simulator =
        Simulator::with_types(plan, types, weather.options()?).map_err(|error| error.to_string())?;
    let before = simulator.snapshot();
    let mut state = StateStore::in_memory();
    let runtime = virtual_runtime().map_err(|error| error.to_string())?;
    for number in 1..=MOST_RUNS {
        *n_runs += 1;
        examples::recall(plan, &state);
        let mut tell = |event: &RunEvent| explore::tell(plan, event);
        let (report, mut wrong) = play::play(&runtime, plan, &simulator, &mut state, &mut tell);
        wrong.extend(too_many(plan, &before, &simulator.snapshot(), &state));
        if !wrong.is_empty() {
            return Err(format!("run {number}: {}", wrong.join("; ")));
        }
        if number > 1 && report.verdict == Verdict::NothingToDo && is_certain(&state) {
            return Ok(());
        }
        if number == MOST_RUNS {
            return Err(format!(
                "after {number} runs it is still {:?}: {}",
                report.verdict,
                failures(&report)
            ));
        }
        simulator.heal(None).map_err(|error| error.to_string())?;
    }
    Ok(())
}

pub(super) fn failures(report: &Report) -> String {
    let failed = report.steps.iter().filter_map(|step| match &step.status {
        crate::report::StepStatus::Failed { failure } => {
            Some(format!("{} {}", failure.code, failure.message))
        }
        _ => None,
    });
    failed.collect::<Vec<_>>().join("; ")
}

/// Whether nothing may be there twice.
fn is_certain(state: &StateStore) -> bool {
    state.state().resources.values().flat_map(BTreeMap::values).all(|resource| !resource.is_doubtful)
}

/// More of a type at a site than was there before and the plan makes; of what is doubtful there may be another one, for
/// which the next run looks.
fn too_many(plan: &Plan, before: &Value, after: &Value, state: &StateStore) -> Vec<String> {
    let state = state.state();
    let n_open = |site: &str, ty: &str| {
        let at_site = state.resources.values().filter_map(|sites| sites.get(site));
        let doubtful = at_site.filter(|resource| resource.is_doubtful && resource.resource_type == ty);
        let sent = state.sent.values().filter(|sent| sent.site == site && sent.resource_type == ty);
        let owed = state.owed.iter().filter(|owed| owed.site == site && owed.resource_type == ty);
        doubtful.count() + sent.count() + owed.count()
    };
    let count = |snapshot: &Value, site: &str, ty: &str| snapshot[site][ty].as_array().map_or(0, Vec::len);
    let mut makes: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for step in &plan.steps {
        if let (Action::Ensure { .. } | Action::Bring { .. } | Action::Call { .. }, Some(ty)) =
            (&step.action, step.action.resource_type())
        {
            let name = step.name.rsplit(':').next().unwrap_or_default();
            makes.entry((&plan.site(step.site).name, ty)).or_default().insert(name);
        }
    }
    let wrong = makes.into_iter().filter_map(|((site, ty), names)| {
        let most = count(before, site, ty) + names.len() + n_open(site, ty);
        let found = count(after, site, ty);
        (found > most).then(|| format!("{site} has {found} of {ty}, and at most {most} are wanted"))
    });
    wrong.collect()
}
