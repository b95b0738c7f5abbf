//! Thousands of seeds: generated programs and the examples, each under random faults in time, then healed and run again.
//!
//! What a seed finds is printed with the seed, which plays it again exactly; how many are tried: see [`super::explore`].

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{Action, Plan};
use serde_json::Value;

use super::examples;
use super::explore::{self, Exploration};
use super::play::{self, Deployment};
use super::program::Program;
use super::random::{self, Dice};
use super::rules::Leaf;
use super::{trace, weather};
use crate::events::RunEvent;
use crate::report::{Report, Verdict};
use crate::simulator::{SimulationOptions, Simulator, Types, virtual_runtime};
use crate::state::StateStore;

const PROGRAMS: Exploration = Exploration { of: "generated programs", n_seeds: 2_000 };
const EXAMPLES: Exploration = Exploration { of: "examples", n_seeds: 2_000 };
/// Each program is played under so many weathers.
const FAULTS_EACH: u64 = 4;
/// At the latest in this run there must be nothing to do any more.
const MOST_RUNS: usize = 7;

/// The program of a seed, and the numbers its faults are drawn from.
fn program_of(seed: u64) -> (Program, Vec<u16>) {
    let numbers = random::numbers(seed / FAULTS_EACH, 80);
    let program = random::program(&mut Dice::new(&numbers));
    // What must not be repeated may have to be asked about for ever: that is what the rules are compared for.
    let program =
        Program { has_one_service: (seed / FAULTS_EACH).is_multiple_of(2), calls: Vec::new(), ..program };
    (program, random::numbers(!seed, 40))
}

#[test]
fn generated_programs_end_well_whatever_the_weather() {
    let mut plan: Option<(u64, Plan)> = None;
    PROGRAMS.each(|seed| {
        let (program, numbers) = program_of(seed);
        let number = seed / FAULTS_EACH;
        if plan.as_ref().is_none_or(|(known, _)| *known != number) {
            plan = Some((number, play::optimised(&play::lowered(&program))));
        }
        let plan = &plan.as_ref().expect("just made").1;
        let faults = weather::faults(&mut Dice::new(&numbers), plan);
        let mut n_runs = 0;
        let ended = weathered(&program, plan, &faults, &mut n_runs);
        ended
            .map(|()| n_runs)
            .map_err(|why| format!("{why}\n{}\n{}", program.items().join("\n"), faults.join(" ")))
    });
}

pub(super) fn weathered(
    program: &Program,
    plan: &Plan,
    faults: &[String],
    n_runs: &mut usize,
) -> Result<(), String> {
    let mut deployment = Deployment::new(program, plan.clone());
    let simulator = deployment.simulator(options(faults)?);
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
        wrong.extend(twice(&held));
        if number == 1 {
            let held: BTreeSet<Leaf> = held.keys().copied().collect();
            wrong.extend(trace::wrong(program, &seen, &held));
            wrong.extend(lost(&seen, &held, &deployment.owed()));
        }
        if report.verdict == Verdict::NothingToDo && number > 1 {
            if simulator.snapshot() != before {
                wrong.push("a run that has nothing to do changes something".to_owned());
            }
            if wrong.is_empty() {
                return Ok(());
            }
        }
        if number == MOST_RUNS {
            wrong.push(format!("it is still {:?}: {:?}: {}", report.verdict, seen.leaves, failures(&report)));
        }
        if !wrong.is_empty() {
            return Err(format!("run {number}: {}", wrong.join("; ")));
        }
        // A fault may begin only in a later run; each is over after that.
        simulator.heal(None).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What a site has twice.
fn twice(held: &BTreeMap<Leaf, Vec<Option<u64>>>) -> Vec<String> {
    let twice = held.iter().filter(|(_, records)| records.len() > 1);
    twice.map(|(leaf, records)| format!("{leaf:?} is there {} times", records.len())).collect()
}

/// What was undone and is still there, with nobody who owes it.
fn lost(seen: &super::rules::Seen, held: &BTreeSet<Leaf>, owed: &BTreeSet<Leaf>) -> Vec<String> {
    use super::rules::Undo;
    let undone = seen.leaves.iter().filter(|(_, (_, undo))| *undo != Undo::None);
    let lost = undone.filter(|(leaf, _)| held.contains(leaf) && !owed.contains(leaf));
    lost.map(|(leaf, _)| format!("{leaf:?} is undone, still there, and nobody owes it")).collect()
}

pub(super) fn options(faults: &[String]) -> Result<SimulationOptions, String> {
    let parsed: Result<Vec<_>, _> = faults.iter().map(|fault| fault.parse()).collect();
    let faults = parsed.map_err(|error: crate::simulator::FaultError| error.to_string())?;
    Ok(SimulationOptions { faults, ..SimulationOptions::default() })
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
        let faults = weather::faults(&mut Dice::new(&random::numbers(seed, 40)), plan);
        let mut n_runs = 0;
        let ended = example(plan, types, &faults, &mut n_runs);
        ended.map(|()| n_runs).map_err(|why| format!("{name} {}: {why}", faults.join(" ")))
    });
}

pub(super) fn example(
    plan: &mut Plan,
    types: &Types,
    faults: &[String],
    n_runs: &mut usize,
) -> Result<(), String> {
    let simulator =
        Simulator::with_types(plan, types, options(faults)?).map_err(|error| error.to_string())?;
    let before = simulator.snapshot();
    let mut state = StateStore::in_memory();
    let runtime = virtual_runtime().map_err(|error| error.to_string())?;
    for number in 1..=MOST_RUNS {
        *n_runs += 1;
        examples::recall(plan, &state);
        let mut tell = |event: &RunEvent| explore::tell(plan, event);
        let (report, mut wrong) = play::play(&runtime, plan, &simulator, &mut state, &mut tell);
        wrong.extend(too_many(plan, &before, &simulator.snapshot()));
        if !wrong.is_empty() {
            return Err(format!("run {number}: {}", wrong.join("; ")));
        }
        if number > 1 && report.verdict == Verdict::NothingToDo {
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

/// More of a type at a site than was there before and the plan makes.
fn too_many(plan: &Plan, before: &Value, after: &Value) -> Vec<String> {
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
        let most = count(before, site, ty) + names.len();
        let found = count(after, site, ty);
        (found > most).then(|| format!("{site} has {found} of {ty}, and at most {most} are wanted"))
    });
    wrong.collect()
}
