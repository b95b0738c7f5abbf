//! A program compiled and run over simulated sites: what is seen of it, in the words of the rules.
//!
//! `r0` created at nantes, parked at paris → `{ (0, nantes): Done, (0, paris): Waits }`, *pending*.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use scope_compiler::{Compilation, FileDigest, Options, ReadError};
use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::{Action, Plan, SiteId};
use scope_plan::recorded::borrowed_parts;
use tokio::runtime::Runtime;

use super::doomed::Doomed;
use super::examples::with_recorded;
use super::explore;
use super::fate::Fates;
use super::program::{CALL, Kind, Program, SITES, site_number};
use super::rules::{End, Leaf, Outcome, Seen, Undo};
use super::watch::Watch;
use super::weather::Weather;
use crate::events::{self, Effect, RunEvent, SkipReason};
use crate::report::{Report, StepStatus, UndoStatus, Verdict};
use crate::runner::{RunOptions, SiteSet, run};
use crate::simulator::{LoggedCall, SimulationOptions, Simulator, virtual_runtime};
use crate::site::{LocalFuture, Site, SiteError};
use crate::state::StateStore;

/// No run takes so long.
const LONGEST_RUN: Duration = Duration::from_secs(10 * 86_400);

/// Files in memory, beside the standard library.
struct Files<'t, N>(&'t [(N, String)]);

impl<N: AsRef<str>> scope_compiler::World for Files<'_, N> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let found = match path.strip_prefix("std:") {
            Some(module) => scope_stdlib::module(module),
            None => self.0.iter().find(|(name, _)| name.as_ref() == path).map(|(_, text)| text.as_str()),
        };
        found.map(|text| text.as_bytes().to_vec()).ok_or(ReadError::NotFound)
    }

    fn digest(&self, _path: &str) -> Result<FileDigest, ReadError> {
        Err(ReadError::NotFound)
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_string).collect()
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Compiles a text, to the plan as lowered.
pub(super) fn compile(text: &str) -> Compilation {
    compile_files(&[("main.scope", text.to_owned())], Options::default())
}

/// The same of several files.
pub(super) fn compile_files<N: AsRef<str>>(files: &[(N, String)], options: Options) -> Compilation {
    let options = Options { simulate: true, unoptimised: true, ..options };
    scope_compiler::compile(&Files(files), "main.scope", &options)
}

/// The plan of a program as it is lowered, verified.
pub(super) fn lowered(program: &Program) -> Plan {
    verified(program, Options::default())
}

/// The plan of a program after what is recorded.
pub(super) fn after(program: &Program, state: &StateStore) -> Plan {
    optimised(&verified(program, Options { recorded: state.recorded(), ..Options::default() }))
}

/// The plan that deletes what is recorded: all of it, or only these.
pub(super) fn destroying(program: &Program, state: &StateStore, only: &[&str]) -> Plan {
    let only = only.iter().map(|name| (*name).to_owned()).collect();
    optimised(&verified(
        program,
        Options { recorded: state.recorded(), destroy: true, only, ..Options::default() },
    ))
}

fn verified(program: &Program, options: Options) -> Plan {
    let files = program.files();
    let compilation = compile_files(&files, options);
    let reports = compilation.diagnostics.iter();
    let reports: Vec<String> = reports.map(|report| format!("{} {}", report.code, report.message)).collect();
    let text = || files.iter().map(|(name, text)| format!("{name}:\n{text}")).collect::<Vec<_>>().join("\n");
    let plan = compilation.plan.unwrap_or_else(|| panic!("it does not compile: {reports:#?}\n{}", text()));
    let wrong: Vec<String> =
        scope_plan::verify::verify(&plan).iter().map(|wrong| wrong.to_string()).collect();
    assert!(wrong.is_empty(), "its plan is not well-formed: {wrong:#?}");
    plan
}

/// The same plan after all passes.
pub(super) fn optimised(plan: &Plan) -> Plan {
    scope_plan::pipeline::optimise(plan.clone(), &mut |_, _| {}).expect("passes keep a plan well-formed")
}

/// A deployment: simulated sites and the state, through one run after the other.
pub(super) struct Deployment<'p> {
    program: &'p Program,
    plan: Plan,
    /// One for all runs: their time goes on.
    pub(super) runtime: Runtime,
    pub(super) state: StateStore,
    pub(super) simulator: Option<Simulator>,
}

impl<'p> Deployment<'p> {
    pub(super) fn new(program: &'p Program, plan: Plan) -> Self {
        let runtime = virtual_runtime().expect("a runtime");
        Self { program, plan, runtime, state: StateStore::in_memory(), simulator: None }
    }

    /// The plan as of now.
    pub(super) fn plan(&self) -> Plan {
        with_recorded(&self.plan, &self.state)
    }

    /// One run in which this happens: what is seen, what the fates turned out to be, and what must never happen.
    pub(super) fn run(&mut self, fates: &Fates) -> (Seen, Report, Fates, Vec<String>) {
        let plan = self.plan();
        self.run_plan(&plan, fates)
    }

    /// The same of another plan over the same sites.
    pub(super) fn run_plan(&mut self, plan: &Plan, fates: &Fates) -> (Seen, Report, Fates, Vec<String>) {
        let simulator = self.simulator(SimulationOptions::default());
        let renumbered = self.renumbered(plan);
        let sites = Doomed::new(self.program, plan, &renumbered, fates);
        let mut see = |event: &RunEvent| {
            explore::tell(plan, event);
            sites.see(plan, event);
        };
        let left_out = fates.left_out.iter().map(|site| SITES[*site].to_owned()).collect();
        let (report, mut wrong) =
            play_without(left_out, &self.runtime, plan, &sites, &mut self.state, &mut see);
        wrong.extend(sites.wrong());
        // What happens in one run does not happen in the next.
        simulator.calm();
        (seen(plan, &report), report, sites.met(), wrong)
    }

    /// From here on this goes wrong, and nothing that did before.
    pub(super) fn weather(&mut self, weather: &Weather) -> Result<(), String> {
        let simulator = self.simulator(SimulationOptions::default());
        simulator.calm();
        let faults = weather.options()?.faults;
        faults.into_iter().try_for_each(|fault| simulator.inject(fault).map_err(|error| error.to_string()))
    }

    /// Another plan run over the same sites.
    pub(super) fn play(&mut self, plan: &Plan) -> (Report, Vec<String>) {
        let sites = self.renumbered(plan);
        play(&self.runtime, plan, &sites, &mut self.state, &mut |event| explore::tell(plan, event))
    }

    /// The sites as another plan numbers them.
    fn renumbered(&mut self, plan: &Plan) -> Renumbered {
        let simulator = self.simulator(SimulationOptions::default());
        let position = |name: &str| self.plan.sites.iter().position(|site| site.name == name);
        let ids = plan.sites.iter().map(|site| SiteId(position(&site.name).expect("it was there") as u32));
        Renumbered { ids: ids.collect(), simulator }
    }

    /// The sites, which last from run to run.
    pub(super) fn simulator(&mut self, options: SimulationOptions) -> Simulator {
        let plan = &self.plan;
        let new = || Simulator::new(plan, options).expect("it can be simulated");
        self.simulator.get_or_insert_with(new).clone()
    }

    /// How many of each resource each site holds, and the shares.
    pub(super) fn held(&self) -> BTreeMap<Leaf, Vec<Option<u64>>> {
        let simulator = self.simulator.as_ref().expect("there was a run");
        let mut held = BTreeMap::new();
        let snapshot = simulator.snapshot();
        for (number, _) in self.program.resources.iter().enumerate() {
            for (site, name) in SITES[..self.program.n_sites].iter().enumerate() {
                let records = snapshot[*name][self.program.resource_type(number)].as_array();
                let values: Vec<Option<u64>> =
                    records.into_iter().flatten().map(|record| record["value"].as_u64()).collect();
                if !values.is_empty() {
                    held.insert((number, site), values);
                }
            }
        }
        held
    }

    /// Cards whose owner mark does not say what they are called, of those that were seen to be there.
    pub(super) fn misnamed(&self, program: &Program, seen: &Seen) -> Vec<String> {
        let snapshot = self.simulator.as_ref().expect("there was a run").snapshot();
        let mut misnamed = Vec::new();
        let is_card = |leaf: &Leaf| program.resources.get(leaf.0).is_some_and(|what| what.kind == Kind::Card);
        let there =
            seen.leaves.iter().filter(|(leaf, (end, _))| is_card(leaf) && matches!(end, End::Done { .. }));
        for (number, site) in there.map(|(leaf, _)| *leaf) {
            let (name, site) = (program.name(number), SITES[site]);
            let records = snapshot[site][program.resource_type(number)].as_array();
            let marks = records.into_iter().flatten().filter_map(|record| record["remark"].as_str());
            let wrong = marks.filter(|mark| *mark != format!("scope:simulated/{name}@{site}"));
            misnamed.extend(wrong.map(|mark| format!("the mark of {name} at {site} is {mark}")));
        }
        misnamed
    }

    /// How often the call was done.
    pub(super) fn n_called(&self) -> usize {
        let simulator = self.simulator.as_ref().expect("there was a run");
        let is_done = |call: &LoggedCall| call.operation == "spin" && call.outcome == "done";
        simulator.calls().iter().filter(|call| is_done(call)).count()
    }

    /// Who relies upon what, as is written on it at the sites.
    pub(super) fn guards(&self) -> BTreeMap<Leaf, BTreeSet<Leaf>> {
        let snapshot = self.simulator.as_ref().expect("there was a run").snapshot();
        let mut guards = BTreeMap::new();
        for (number, _) in self.program.resources.iter().enumerate() {
            for (site, name) in SITES[..self.program.n_sites].iter().enumerate() {
                let records = snapshot[*name][self.program.resource_type(number)].as_array();
                let notes = records.into_iter().flatten().filter_map(|record| record["notes"].as_str());
                let users: BTreeSet<Leaf> = notes.flat_map(users_in).collect();
                if !users.is_empty() {
                    guards.insert((number, site), users);
                }
            }
        }
        guards
    }

    /// What the state says it has left guards on.
    pub(super) fn guarded(&self) -> BTreeSet<Leaf> {
        let guards = self.state.state().guards.iter();
        guards.map(|guard| (number(&guard.name), site_number(&guard.site))).collect()
    }

    /// Whether nothing is owed that could be paid: what was never seen and bears no mark cannot be told from another's.
    pub(super) fn is_paid(&self) -> bool {
        let state = self.state.state();
        state.owed.iter().all(|owed| owed.identity.is_none() && owed.mark.is_none())
    }

    /// Whether nothing may be there twice.
    pub(super) fn is_certain(&self) -> bool {
        self.doubtful().is_empty()
    }

    /// What the next run knows that it is to look for: what may be there twice, what was not answered, what is owed.
    pub(super) fn open(&self) -> BTreeSet<Leaf> {
        let sent = self.state.state().sent.values();
        let sent = sent.map(|sent| leaf(&sent.name, &sent.site));
        sent.chain(self.doubtful()).chain(self.owed()).collect()
    }

    fn doubtful(&self) -> BTreeSet<Leaf> {
        let state = self.state.state();
        let resources = state.resources.iter().chain(&state.undone);
        let places = resources.flat_map(|(name, sites)| sites.iter().map(move |(site, at)| (name, site, at)));
        let doubtful = places.filter(|(_, _, resource)| resource.is_doubtful || resource.identity.is_empty());
        doubtful.map(|(name, site, _)| leaf(name, site)).collect()
    }

    /// What is owed.
    pub(super) fn owed(&self) -> BTreeSet<Leaf> {
        let owed = self.state.state().owed.iter();
        owed.map(|owed| leaf(&owed.name, &owed.site)).collect()
    }
}

/// A copy is known by its name and its origin's site.
fn leaf(name: &str, site: &str) -> Leaf {
    (number(borrowed_parts(name).map_or(name, |(name, _)| name)), site_number(site))
}

/// The sites of one plan as another one numbers them.
pub(super) struct Renumbered {
    pub(super) simulator: Simulator,
    ids: Vec<SiteId>,
}

impl SiteSet for Renumbered {
    fn site(&self, id: SiteId) -> Rc<dyn Site> {
        self.simulator.site(self.ids[id.index()])
    }

    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        self.simulator.secret(source)
    }

    fn has_secrets(&self) -> bool {
        self.simulator.has_secrets()
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        self.simulator.file(file)
    }
}

/// One run, watched, and its events shown to whom they concern.
pub(super) fn play(
    runtime: &Runtime,
    plan: &Plan,
    sites: &dyn SiteSet,
    state: &mut StateStore,
    show: &mut dyn FnMut(&RunEvent),
) -> (Report, Vec<String>) {
    play_without(BTreeSet::new(), runtime, plan, sites, state, show)
}

/// The same, and these sites are left out.
fn play_without(
    left_out: BTreeSet<String>,
    runtime: &Runtime,
    plan: &Plan,
    sites: &dyn SiteSet,
    state: &mut StateStore,
    show: &mut dyn FnMut(&RunEvent),
) -> (Report, Vec<String>) {
    let mut watch = Watch::new(plan);
    let options = RunOptions { left_out, ..RunOptions::default() };
    let mut see = |event: &RunEvent| {
        watch.see(event);
        show(event);
    };
    // Where all is waiting for nothing, virtual time jumps to this.
    let ended = runtime.block_on(async {
        tokio::time::timeout(LONGEST_RUN, run(plan, sites, state, &options, &mut see)).await
    });
    let report = ended.expect("a run ends");
    let mut wrong = watch.end(&report);
    wrong.extend(left_waiting(plan, &report));
    (report, wrong)
}

/// Steps that the end of the run found waiting, though nobody interrupted it.
fn left_waiting(plan: &Plan, report: &Report) -> Vec<String> {
    let is_left =
        |status: &StepStatus| matches!(status, StepStatus::Skipped { because: SkipReason::Interrupted });
    let left = report.steps.iter().filter(|step| is_left(&step.status));
    left.map(|step| format!("`{}` is left waiting", plan.step(step.step).key)).collect()
}

/// `r3`, or `g.r3` of a group → 3
pub(super) fn number(name: &str) -> usize {
    let name = name.strip_prefix("g.").unwrap_or(name);
    name[1..].parse().expect("resources are numbered")
}

/// `[scope-used:9f2c/r1@nantes,r2@paris]` → `(1, nantes)`, `(2, paris)`
fn users_in(notes: &str) -> Vec<Leaf> {
    let Some((_, users)) = notes.trim_end_matches(']').split_once('/') else { return Vec::new() };
    let users = users.split(',').filter_map(|user| user.split_once('@'));
    users.map(|(name, site)| (number(name), site_number(site))).collect()
}

/// How guarding what each relies upon ended; of several guards for one, each in an alternative of its own, the best.
pub(super) fn guarding(plan: &Plan, report: &Report) -> BTreeMap<Leaf, End> {
    let mut guarding: BTreeMap<Leaf, End> = BTreeMap::new();
    for step in &report.steps {
        let Action::Protect { users, .. } = &plan.step(step.step).action else { continue };
        let end = end(&step.status);
        for (name, site) in users.iter().filter(|_| end != End::Untried) {
            let known = guarding.entry((number(name), site_number(site))).or_insert(end);
            if end.outcome() < known.outcome() {
                *known = end;
            }
        }
    }
    guarding
}

/// A report in the words of the rules.
pub(super) fn seen(plan: &Plan, report: &Report) -> Seen {
    let mut leaves = BTreeMap::new();
    for step in &report.steps {
        let planned = plan.step(step.step);
        let number = match planned.action {
            Action::Ensure { .. } => number(&planned.name),
            Action::Call { .. } => CALL + number(&planned.name),
            _ => continue,
        };
        let leaf = (number, site_number(&plan.site(planned.site).name));
        let end = end(&step.status);
        let undo = match step.undo {
            UndoStatus::None => Undo::None,
            UndoStatus::Done => Undo::Done,
            UndoStatus::Owed => Undo::Owed,
        };
        leaves.insert(leaf, (end, undo));
    }
    let verdict = match report.verdict {
        Verdict::Done | Verdict::NothingToDo => Outcome::Done,
        Verdict::Pending => Outcome::Pending,
        Verdict::Failed => worst(report).max(Outcome::Unavailable),
        Verdict::Interrupted => panic!("nobody interrupts"),
    };
    Seen { verdict, leaves }
}

fn end(status: &StepStatus) -> End {
    match status {
        StepStatus::Done { effect } => {
            End::Done { is_new: matches!(effect, Effect::Created | Effect::Replaced | Effect::Called) }
        }
        StepStatus::Failed { failure } => End::Failed(outcome(failure.outcome)),
        StepStatus::Parked { .. } => End::Waits,
        // Told by `left_waiting`.
        StepStatus::Skipped { because: SkipReason::NotChosen | SkipReason::Interrupted } => End::Untried,
        StepStatus::Skipped { because: SkipReason::Unreachable } => End::LeftOut,
        StepStatus::Skipped { because: SkipReason::LeftOut } => End::NotAsked,
        StepStatus::Skipped { because: SkipReason::Dependency { outcome: why, .. } } => {
            End::Blocked(outcome(*why))
        }
    }
}

/// What a failed run says of itself does not tell how: that is in its steps.
fn worst(report: &Report) -> Outcome {
    let steps = report.steps.iter().filter(|step| !step.is_abandoned);
    let failed = steps.filter_map(|step| match &step.status {
        StepStatus::Failed { failure } => Some(outcome(failure.outcome)),
        StepStatus::Skipped { because: SkipReason::Dependency { outcome: why, .. } } => Some(outcome(*why)),
        _ => None,
    });
    failed.max().unwrap_or(Outcome::Done)
}

fn outcome(outcome: events::Outcome) -> Outcome {
    match outcome {
        events::Outcome::Done => Outcome::Done,
        events::Outcome::LeftOut => Outcome::LeftOut,
        events::Outcome::Pending => Outcome::Pending,
        events::Outcome::Unavailable => Outcome::Unavailable,
        events::Outcome::Unknown => Outcome::Unknown,
        events::Outcome::Invalid => Outcome::Invalid,
    }
}
