//! Stopped after every commit to the journal, and the journal cut at each record of it and inside of one: what is resumed ends as if
//! nothing had happened (guarantee 6), for each example and for generated programs.
//!
//! The process dies right after a commit, while the sites are as they are then; of what that commit wrote any part may be
//! missing: nothing that builds on it has happened. What was synced before may not: cut there, at each record and inside
//! of it, the state does not open. The real process is killed by `tests/durable`.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use scope_compiler::Options;
use scope_plan::driver::OperationKind;
use scope_plan::plan::{Action, Plan};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::examples::{self, with_recorded};
use super::play;
use super::program::Program;
use super::random::{self, Dice};
use super::seeds::failures;
use crate::report::{Report, StepStatus, Verdict};
use crate::runner::{Known, RunOptions, run};
use crate::simulator::{SimulationOptions, Simulator, virtual_runtime};
use crate::state::{Holder, StateStore};

/// Generated programs of each kind, where `SCOPE_KILLS` says nothing else.
const N_PROGRAMS: u64 = 6;

thread_local! {
    /// How many commits the process lives for.
    static LIFE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// What a death leaves behind it.
struct Died;

/// Told after each commit.
pub(crate) fn committed() {
    if let Some(left) = LIFE.get() {
        LIFE.set(left.checked_sub(1));
        if left == 1 {
            LIFE.set(None);
            resume_unwind(Box::new(Died));
        }
    }
}

/// Whether a death is to come.
pub(crate) fn is_counting() -> bool {
    LIFE.get().is_some()
}

fn holder() -> Holder {
    Holder::current("scope run test.scope", 7)
}

/// A folder whose syncs cost nothing, where there is one.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// Simulated sites whose time goes on, and a folder with the state.
struct Place {
    sites: Simulator,
    folder: tempfile::TempDir,
    runtime: Runtime,
}

impl Place {
    fn new(plan: &Plan) -> Self {
        let sites = Simulator::new(plan, SimulationOptions::default()).expect("a simulation");
        Self { sites, folder: folder(), runtime: virtual_runtime().expect("a runtime") }
    }
}

/// One run with the state in a folder; `None` if the process died.
fn go(place: &Place, plan: &Plan, life: Option<usize>, options: &RunOptions) -> Option<Report> {
    LIFE.set(life);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let mut state = StateStore::open(place.folder.path(), &holder()).expect("it opens");
        let plan = with_recorded(plan, &state);
        place.runtime.block_on(run(&plan, &place.sites, &mut state, options, &mut |_| {}))
    }));
    LIFE.set(None);
    match ended {
        Ok(report) => Some(report),
        Err(died) if is_death(&*died) => None,
        Err(panic) => resume_unwind(panic),
    }
}

fn is_death(panic: &(dyn Any + Send)) -> bool {
    panic.is::<Died>()
}

/// A path whose ids, which a site makes up anew each time, are left out.
fn without_ids(name: &str) -> String {
    let is_id = |part: &str| part.len() == 36 && part.matches('-').count() == 4;
    name.split('/').map(|part| if is_id(part) { "…" } else { part }).collect::<Vec<_>>().join("/")
}

/// What the sites hold, without what differs from run to run: of each type the names.
fn end_state(simulator: &Simulator) -> BTreeMap<(String, String), Vec<String>> {
    let mut end = BTreeMap::new();
    let Value::Object(sites) = simulator.snapshot() else { return end };
    for (site, types) in sites {
        for (ty, records) in types.as_object().into_iter().flatten() {
            let name = |record: &Value| {
                let named = ["name", "title", "path"].iter().find_map(|by| record[by].as_str());
                // Who relies upon it, without the deployment's id.
                let users = record["notes"].as_str().and_then(|notes| notes.split_once('/'));
                let users = users.map_or("", |(_, users)| users).split('/');
                let users = users.map(|part| part.split_once(':').map_or(part, |(before, _)| before));
                let users = users.collect::<Vec<_>>().join("/");
                format!("{} {} {users}", without_ids(named.unwrap_or_default()), record["value"])
            };
            let mut names: Vec<String> = records.as_array().into_iter().flatten().map(name).collect();
            names.sort();
            end.insert((site.clone(), ty.clone()), names);
        }
    }
    end
}

/// Operations that are no part of making something, each with how often it was done.
fn deeds(plan: &Plan, simulator: &Simulator) -> BTreeMap<String, usize> {
    let mut deeds = BTreeMap::new();
    let once = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Call { operation, once: true, .. } => Some(operation.clone()),
        _ => None,
    });
    let once: Vec<String> = once.collect();
    for call in simulator.calls() {
        let is_done = matches!(call.outcome, "done" | "gone" | "found");
        if call.kind == OperationKind::Action && is_done && once.contains(&call.operation) {
            *deeds.entry(format!("{} at {}", call.operation, call.site)).or_default() += 1;
        }
    }
    deeds
}

/// Where each record of a journal begins, and where the last ends: of those that were synced before the last commit, and
/// of the last commit's.
fn bounds(journal: &[u8]) -> (Vec<usize>, Vec<usize>) {
    let mut bounds = vec![crate::journal::HEADER.len()];
    let mut durable = Vec::new();
    let number = |at: usize| {
        let bytes = journal.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().expect("four bytes")) as usize)
    };
    while let Some(length) = bounds.last().and_then(|start| number(*start)) {
        let start = *bounds.last().expect("there is one");
        if start + 16 + length > journal.len() {
            break;
        }
        durable.push(
            u64::from_le_bytes(journal[start + 8..start + 16].try_into().expect("eight bytes")) as usize
        );
        bounds.push(start + 16 + length);
    }
    let synced = durable.last().copied().unwrap_or_default().max(crate::journal::HEADER.len());
    let before = bounds.iter().copied().take_while(|bound| *bound <= synced).collect();
    bounds.retain(|bound| *bound >= synced);
    (before, bounds)
}

/// Cut before the last sync, at a record or inside of one, it is said which record is gone, and nothing is done. Of the
/// records before, the commits before are about.
fn is_told_of_each_cut(
    what: &str,
    place: &Place,
    path: &Path,
    bytes: &[u8],
    synced: &[usize],
    counted: &mut Counted,
) {
    const N_RECORDS: usize = 4;
    let records = synced.windows(2).rev().take(N_RECORDS);
    for end in records.flat_map(|pair| [pair[0], usize::midpoint(pair[0], pair[1])]) {
        std::fs::write(path, &bytes[..end]).expect("it can be cut");
        let record = synced.iter().filter(|bound| **bound <= end).count();
        let error = StateStore::open(place.folder.path(), &holder()).expect_err("it lost what was synced");
        let failure = error.failure();
        assert_eq!(failure.code, "E0920", "{what}, cut at {end}");
        let words = format!("record {record} (at byte {}) is gone", synced[record - 1]);
        assert!(failure.message.contains(&words), "{what}, cut at {end}: {}", failure.message);
        counted.n_told += 1;
    }
    std::fs::write(path, bytes).expect("it can be put back");
}

fn journal(folder: &Path, run: usize) -> std::path::PathBuf {
    folder.join(format!("runs/{run:08}.journal"))
}

#[derive(Debug, Default)]
struct Counted {
    n_commits: usize,
    n_cuts: usize,
    n_told: usize,
    n_asked: usize,
}

/// Stops a plan's run after each commit, cuts its journal at each record of it and inside of one, and resumes.
fn killed_everywhere(name: &str, plan: &Plan, counted: &mut Counted) {
    killed_after(name, &[], plan, counted);
}

/// The same where other plans were run before.
fn killed_after(name: &str, before: &[&Plan], plan: &Plan, counted: &mut Counted) {
    let place = || {
        let place = Place::new(before.first().unwrap_or(&plan));
        for plan in before {
            go(&place, plan, None, &RunOptions::default()).expect("nobody dies");
        }
        place
    };
    let whole = place();
    let report = go(&whole, plan, None, &RunOptions::default()).expect("nobody dies");
    let wished = (end_state(&whole.sites), deeds(plan, &whole.sites), report.verdict);
    for commit in 1.. {
        let mut cuts: Vec<usize> = vec![usize::MAX];
        let mut is_over = false;
        for number in 0.. {
            let Some(cut) = cuts.get(number).copied() else { break };
            let place = place();
            if go(&place, plan, Some(commit), &RunOptions::default()).is_some() {
                is_over = true;
                break;
            }
            let path = journal(place.folder.path(), 1 + before.len());
            let bytes = std::fs::read(&path).expect("a journal");
            if cut == usize::MAX {
                counted.n_commits += 1;
                let (synced, bounds) = bounds(&bytes);
                let what = format!("{name}, commit {commit}");
                is_told_of_each_cut(&what, &place, &path, &bytes, &synced, counted);
                let inside = bounds.windows(2).map(|pair| usize::midpoint(pair[0], pair[1])).take(1);
                cuts.extend(bounds.iter().copied().filter(|bound| *bound < bytes.len()).chain(inside));
            } else {
                std::fs::write(&path, &bytes[..cut]).expect("it can be cut");
                // As the crash came before that commit was synced, nothing said that it was.
                crate::journal::say_synced(&path, crate::journal::VERSION, bounds(&bytes).1[0] as u64);
            }
            counted.n_cuts += 1;
            let what = format!("{name}, commit {commit}, {} of {} bytes", cut.min(bytes.len()), bytes.len());
            resume(&what, plan, &place, &wished, counted);
        }
        if is_over {
            break;
        }
    }
}

type Wished = (BTreeMap<(String, String), Vec<String>>, BTreeMap<String, usize>, Verdict);

fn resume(what: &str, plan: &Plan, place: &Place, wished: &Wished, counted: &mut Counted) {
    let sites = &place.sites;
    let mut report = go(place, plan, None, &RunOptions::default()).expect("nobody dies");
    let unknown: Vec<String> = report
        .steps
        .iter()
        .filter(|step| matches!(&step.status, StepStatus::Failed { failure } if failure.code == "E0906"))
        .map(|step| plan.step(step.step).key.clone())
        .collect();
    if !unknown.is_empty() {
        // What must not be repeated is asked; whoever answers has looked at the site.
        counted.n_asked += 1;
        let is_done = |key: &String| {
            let step = plan.steps.iter().find(|step| step.key == *key).expect("it is of this plan");
            let Action::Call { operation, .. } = &step.action else { return false };
            deeds(plan, sites).contains_key(&format!("{operation} at {}", plan.site(step.site).name))
        };
        let answers = unknown.into_iter().map(|key| {
            let known = if is_done(&key) { Known::Done } else { Known::Retry };
            (key, known)
        });
        let options = RunOptions { answers: answers.collect(), ..RunOptions::default() };
        report = go(place, plan, None, &options).expect("nobody dies");
    }
    let is_wished =
        matches!(report.verdict, Verdict::Done | Verdict::NothingToDo) || report.verdict == wished.2;
    assert!(is_wished, "{what}: {:?}: {}", report.verdict, failures(&report));
    assert_eq!(end_state(sites), wished.0, "{what}");
    assert_eq!(deeds(plan, sites), wished.1, "{what}");
}

#[test]
fn examples_stopped_after_every_record_end_the_same() {
    let mut counted = Counted::default();
    let plans = examples::plans();
    for (name, plan) in &plans {
        killed_everywhere(name, plan, &mut counted);
    }
    println!(
        "{} examples, stopped after {} commits, {} cuts of the journal, asked {} times: the same end each time; {} cuts before the last sync, each told",
        plans.len(),
        counted.n_commits,
        counted.n_cuts,
        counted.n_asked,
        counted.n_told
    );
    assert!(counted.n_commits > 50 && counted.n_cuts > 2 * counted.n_commits, "{counted:?}");
    assert!(counted.n_told > 2 * counted.n_commits, "{counted:?}");
}

fn generated_stopped_after_every_record(of: &str, drawn: fn(&mut Dice<'_>) -> Program) {
    let mut counted = Counted::default();
    let wanted = std::env::var("SCOPE_KILLS").ok();
    let n_programs = wanted.map_or(N_PROGRAMS, |text| text.parse().expect("SCOPE_KILLS is a number"));
    for seed in 0..n_programs {
        let numbers = random::numbers(seed.wrapping_add(77), 80);
        let program = drawn(&mut Dice::new(&numbers));
        let plan = play::optimised(&play::lowered(&program));
        killed_everywhere(&format!("seed {seed}\n{}\n", program.items().join("\n")), &plan, &mut counted);
    }
    println!(
        "{n_programs} programs{of}, stopped after {} commits, {} cuts of the journal: the same end each time; {} cuts before the last sync, each told",
        counted.n_commits, counted.n_cuts, counted.n_told
    );
    assert!(counted.n_cuts > 100 && counted.n_told > 100, "{counted:?}");
}

#[test]
fn generated_programs_stopped_after_every_record_end_the_same() {
    generated_stopped_after_every_record("", random::program);
}

#[test]
fn generated_groups_stopped_after_every_record_end_the_same() {
    generated_stopped_after_every_record(" with a group", random::grouped);
}

#[test]
fn generated_guards_stopped_after_every_record_end_the_same() {
    generated_stopped_after_every_record(" with guards", random::relying);
}

#[test]
fn generated_references_stopped_after_every_record_end_the_same() {
    generated_stopped_after_every_record(" with references", random::referring);
    generated_stopped_after_every_record(" with parts that refer", random::referring_parts);
}

#[test]
fn generated_rollouts_stopped_after_every_record_end_the_same() {
    generated_stopped_after_every_record(" with a rollout", random::waved);
    generated_stopped_after_every_record(" with copies of a group", random::grouped_copies);
}

/// What the program says of a net and what is in it; its second word of the net is another one.
fn remade(value: u32) -> Plan {
    let text = include_str!("remade.scope").replace("VALUE", &value.to_string());
    let compilation = play::compile_files(&[("main.scope", text)], Options::default());
    let reports: Vec<&String> = compilation.diagnostics.iter().map(|report| &report.message).collect();
    let plan = compilation.plan.unwrap_or_else(|| panic!("it does not compile: {reports:#?}"));
    play::optimised(&plan)
}

#[test]
fn what_is_made_anew_stopped_after_every_record_ends_the_same() {
    let mut counted = Counted::default();
    let (before, after) = (remade(1), remade(2));
    killed_after("made anew", &[&before], &after, &mut counted);
    println!(
        "made anew, stopped after {} commits, {} cuts of the journal: the same end each time; {} cuts before the last sync, each told",
        counted.n_commits, counted.n_cuts, counted.n_told
    );
    assert!(counted.n_commits > 8 && counted.n_cuts > 40, "{counted:?}");
    let place = Place::new(&before);
    for plan in [&before, &after] {
        go(&place, plan, None, &RunOptions::default()).expect("nobody dies");
    }
    let again = go(&place, &after, None, &RunOptions::default()).expect("nobody dies");
    assert_eq!(again.verdict, Verdict::NothingToDo, "{}", failures(&again));
    let held = end_state(&place.sites);
    let of = |ty: &str| &held[&("nantes".to_owned(), format!("yard.{ty}"))];
    assert!(of("net").len() == 1 && of("host").len() == 2 && of("lease").len() == 1, "{held:#?}");
}
