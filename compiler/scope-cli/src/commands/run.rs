//! `scope run`: a program, or a plan, against real or simulated sites.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::rc::Rc;

use scope_compiler::data;
use scope_diagnostics::{Diagnostic, SourceMap, Span, codes};
use scope_plan::plan::{Action, Plan};
use scope_plan::recorded::Recorded;
use scope_runtime::events::{RunEvent, RunEventKind};
use scope_runtime::hooks::Hooks;
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::report::Report;
use scope_runtime::runner::{self, Interrupt, Known, RunOptions};
use scope_runtime::simulator::{Fault, SimulationOptions, Simulator};
use scope_runtime::state::{Holder, Started, StateStore};

use super::detach::{self, Detached};
use super::saved;
use super::survey::{NotAsked, survey};
use super::waiting::{Patience, Waited};
use super::watched::watched;
use super::{FAILED, INTERRUPTED, PENDING, WRONG, now_ms, place};
use crate::args::{Events, How, Program, Run};
use crate::output::{Output, document, note, say, say_error, say_help};
use crate::show::{self, progress::Shower};

pub fn run(command: &Run, output: Output) -> u8 {
    watched(&command.how.watch, output, |output| unwatched(command, output))
}

fn unwatched(command: &Run, output: Output) -> u8 {
    if command.program.simulate {
        let (plan, sources) = match ready(command, Recorded::default(), None, output) {
            Ok(ready) => ready,
            Err(code) => return code,
        };
        return simulate(&plan, &sources, &command.how, &again(&command.program), output);
    }
    whole(command, Answers::First, output)
}

/// The command that runs a program, or a sequence of it, again.
fn again(program: &Program) -> String {
    match &program.sequence {
        Some(sequence) => format!("scope exec {sequence} --program {}", program.file),
        None => format!("scope run {}", program.file),
    }
}

/// What is the same in all runs of one command.
struct Going {
    hooks: Hooks,
    detached: Option<Detached>,
}

/// Whether a run is the first of its program, or goes on with another one.
pub enum Answers {
    /// The first.
    First,
    /// Another one goes on, with what became of requests whose end is not known.
    Resumed(BTreeMap<String, Known>),
}

/// A run against real sites; with `--wait`, more of them until nothing is parked any more or the time is over. What was
/// parked is planned anew each time: only the newest intent is kept.
pub fn whole(command: &Run, answers: Answers, output: Output) -> u8 {
    let file = &command.program.file;
    let program = saved_program(file).unwrap_or_else(|| file.clone());
    let kept = match place::of_program(&program, command.how.state.as_deref()) {
        Ok(kept) => kept,
        Err(code) => return code,
    };
    if command.detaching.detach {
        return detach::start(file, kept.logs());
    }
    let mut detached = command.detaching.detached.then(|| Detached::of(kept.logs()));
    if let Some(detached) = &mut detached
        && let Err(error) = detached.enter()
    {
        say_error(codes::E0981, &format!("the run cannot go on by itself: {error}"));
        return FAILED;
    }
    let hooks = match super::hooks::start(file, &command.how.on) {
        Ok(hooks) => hooks,
        Err(code) => return code,
    };
    let mut going = Going { hooks, detached };
    let code = runs(command, answers, &mut going, output);
    super::hooks::finish(going.hooks);
    if let Some(detached) = &going.detached {
        detached.end(code);
    }
    code
}

/// One run after the other.
fn runs(command: &Run, answers: Answers, going: &mut Going, output: Output) -> u8 {
    let file = &command.program.file;
    let mut state = match open_state(&saved_program(file).unwrap_or_else(|| file.clone()), &command.how) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let (is_first, answers) = match answers {
        Answers::First => (true, BTreeMap::new()),
        Answers::Resumed(answers) => (false, answers),
    };
    let mut beginning = Beginning {
        again: again(&command.program),
        started: Started::default(),
        answers,
        silent: BTreeMap::new(),
    };
    let mut patience = command.how.wait.map(Patience::new);
    loop {
        let now = now_ms();
        let is_left_alone = |site: &str| left_alone(site, &state, &command.how, now).is_some();
        let (plan, sources) = match ready(command, state.recorded(), Some(&is_left_alone), output) {
            Ok(ready) => ready,
            Err(code) => return code,
        };
        // Only the first time: what this run did itself is no surprise.
        if is_first
            && beginning.started.program.is_empty()
            && let Err(code) = is_as_planned(file, &plan, &state, &sources, output)
        {
            return code;
        }
        beginning.started = started(command, &plan);
        let code = run_once(&plan, &sources, &mut state, &command.how, &beginning, going, output);
        let Some(patience) = patience.as_mut().filter(|_| code == PENDING) else { return code };
        match patience.wait(&plan, state.state(), &mut going.hooks) {
            Waited::Answers(silent) => {
                beginning.silent = silent;
                beginning.answers.clear();
            }
            Waited::TimeIsOver => return code,
            Waited::Interrupted => return INTERRUPTED,
        }
    }
}

/// The program of a saved plan, whose state is meant; nothing for programs, and plans that `scope build` wrote.
fn saved_program(file: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok().filter(|_| file.ends_with(".json"))?;
    saved::relied(&text)?;
    Some(scope_plan::json::from_json(&text).ok()?.program.file)
}

/// A saved plan is run only if nothing that it relies on has changed.
fn is_as_planned(
    file: &str,
    plan: &Plan,
    state: &StateStore,
    sources: &SourceMap,
    output: Output,
) -> Result<(), u8> {
    let text = if file.ends_with(".json") {
        std::fs::read_to_string(file).unwrap_or_default()
    } else {
        return Ok(());
    };
    let Some(relied) = saved::relied(&text) else { return Ok(()) };
    let mut changes = relied.changes(plan, state.state(), None);
    if changes.is_empty() {
        match survey(plan, state.state(), sources, output) {
            Ok(now) => changes = relied.changes(plan, state.state(), Some(&now)),
            Err(NotAsked::Refused(code)) => return Err(code),
            // The run says which secret is missing.
            Err(NotAsked::Secrets(_)) => return Ok(()),
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    let words = format!("the plan `{file}` is no longer what a run would do");
    say(&changes.iter().fold(Diagnostic::new(codes::E0923, Span::DUMMY, words), |report, change| {
        report.note(change.to_string())
    }));
    say_help(&format!("plan again: `scope plan {} --out {file}`; nothing was sent", plan.program.file));
    Err(WRONG)
}

/// What a run begins with, besides the plan and the state.
pub struct Beginning {
    /// The command that goes on with it.
    pub again: String,
    /// For resuming.
    pub started: Started,
    /// What became of requests whose end is not known.
    pub answers: BTreeMap<String, Known>,
    /// Sites known not to answer, and why: they are not tried.
    pub silent: BTreeMap<String, String>,
}

/// What `resume` needs; parameters that are secret are named and not kept.
fn started(command: &Run, plan: &Plan) -> Started {
    let program = &command.program;
    let name = |set: &String| set.split('=').next().unwrap_or_default().trim().to_string();
    let (set, secret): (Vec<String>, Vec<String>) =
        program.set.iter().cloned().partition(|set| plan.program.params.contains_key(&name(set)));
    Started {
        program: program.file.clone(),
        set,
        params: program.params.clone(),
        secret: secret.iter().map(name).collect(),
        at: program.at.clone(),
        only: program.only.clone(),
        reconsider: command.how.reconsider,
        again: command.how.again.clone(),
        policies: program.policies.clone(),
        sequence: program.sequence.clone(),
    }
}

/// The sites that this run leaves alone, and why.
fn held(
    plan: &Plan,
    state: &StateStore,
    how: &How,
    beginning: &Beginning,
) -> Result<BTreeMap<String, String>, u8> {
    let is_known = |name: &String| plan.sites.iter().any(|site| site.name == *name);
    if let Some(name) = how.site.iter().chain(&how.except).find(|name| !is_known(name)) {
        let sites: Vec<&str> = plan.sites.iter().map(|site| site.name.as_str()).collect();
        say_error(codes::E0101, &format!("this plan has no site `{name}`: it has {}", sites.join(", ")));
        return Err(WRONG);
    }
    let now = now_ms();
    let mut held = beginning.silent.clone();
    for site in plan.sites.iter().map(|site| &site.name) {
        if let Some(why) = left_alone(site, state, how, now) {
            held.insert(site.clone(), why);
        }
    }
    Ok(held)
}

/// Why a site is asked nothing in this run, if that is so.
fn left_alone(site: &str, state: &StateStore, how: &How, now: u64) -> Option<String> {
    let is_named = |names: &[String]| names.iter().any(|name| name == site);
    if let Some(hold) = state.state().holds.get(site).filter(|hold| hold.is_in_force(now)) {
        return Some(format!("held {}", show::past::hold_words(hold, now)));
    }
    let is_left_out = (!how.site.is_empty() && !is_named(&how.site)) || is_named(&how.except);
    is_left_out.then(|| "left out of this run".into())
}

/// The plan: compiled, or read from a file that `scope build` wrote. Sites that it is not true of may be asked.
fn ready(
    command: &Run,
    recorded: Recorded,
    is_left_alone: Option<&dyn Fn(&str) -> bool>,
    output: Output,
) -> Result<(Plan, SourceMap), u8> {
    let file = &command.program.file;
    if !file.ends_with(".json") {
        let recorded = Recorded { reconsider: command.how.reconsider, ..recorded };
        let mut compilation = super::compiled(&command.program, recorded, is_left_alone)?;
        if !output.compiled(&compilation) {
            return Err(WRONG);
        }
        let plan = compilation.plan.take().expect("a program without errors has a plan");
        return Ok((plan, compilation.sources));
    }
    let text = std::fs::read_to_string(file).map_err(|error| {
        say_error(codes::E0802, &format!("`{file}` cannot be read: {error}"));
        WRONG
    })?;
    let plan = scope_plan::json::from_json(&text).map_err(|error| {
        say_error(
            codes::E0802,
            &format!("`{file}` is not a plan: {error}\nhelp: write it with `scope build --out {file}`"),
        );
        WRONG
    })?;
    // The program's text, if it is still there, so that failures can point into it.
    let mut sources = SourceMap::new();
    for (path, digest) in &plan.program.files {
        if let Ok(text) = std::fs::read_to_string(path)
            && scope_plan::digest::sha256_hex(text.as_bytes()) == *digest
        {
            sources.add(path.as_str(), text);
        }
    }
    Ok((plan, sources))
}

/// Runs against simulated sites.
pub fn simulate(plan: &Plan, sources: &SourceMap, how: &How, again: &str, output: Output) -> u8 {
    let faults = match how.fault.iter().map(|fault| fault.parse()).collect::<Result<Vec<Fault>, _>>() {
        Ok(faults) => faults,
        Err(error) => {
            say_error(codes::E0980, &error.to_string());
            return WRONG;
        }
    };
    let options = SimulationOptions {
        seed: how.seed,
        faults,
        files: Some(Rc::new(DiskFiles)),
        ..SimulationOptions::default()
    };
    let mut shower = Shower::new(plan, how.events, output, how.verbose);
    output.shows(plan, true);
    let mut state = StateStore::in_memory();
    let run_options =
        run_options(plan, how, how.seed, 0, Rc::new(scope_runtime::redact::NoSecrets), Interrupt::new());
    let report: Result<Report, u8> = runner::block_on(true, async {
        let simulator = Simulator::new(plan, options).map_err(|error| {
            say_error(codes::E0980, &error.to_string());
            WRONG
        })?;
        Ok(runner::run(plan, &simulator, &mut state, &run_options, &mut |event| shower.show(event)).await)
    });
    match report {
        Ok(report) => {
            told(plan, &report, sources, how, again, true, output);
            report.exit_code()
        }
        Err(code) => code,
    }
}

/// The report at the end; after the events of `--events json` it is in their last one, and in the document if one is wanted.
fn told(
    plan: &Plan,
    report: &Report,
    sources: &SourceMap,
    how: &How,
    again: &str,
    is_simulated: bool,
    output: Output,
) {
    document::tell("scope-run/1", show::report::document(plan, report, is_simulated));
    if how.events == Events::Text || document::is_wanted() {
        show::report::report(plan, report, sources, output, again, is_simulated);
    }
}

/// The content of `file(…)` for simulated uploads.
pub struct DiskFiles;

impl scope_runtime::simulator::Files for DiskFiles {
    fn open(&self, file: &scope_plan::expr::FileRef) -> std::io::Result<Box<dyn std::io::Read>> {
        Ok(Box::new(std::fs::File::open(&file.path)?))
    }
}

/// One run against real sites, with its hooks.
pub fn real_run(
    plan: &Plan,
    sources: &SourceMap,
    state: &mut StateStore,
    how: &How,
    beginning: &Beginning,
    output: Output,
) -> u8 {
    let hooks = match super::hooks::start(&plan.program.file, &how.on) {
        Ok(hooks) => hooks,
        Err(code) => return code,
    };
    let mut going = Going { hooks, detached: None };
    let code = run_once(plan, sources, state, how, beginning, &mut going, output);
    super::hooks::finish(going.hooks);
    code
}

fn run_once(
    plan: &Plan,
    sources: &SourceMap,
    state: &mut StateStore,
    how: &How,
    beginning: &Beginning,
    going: &mut Going,
    output: Output,
) -> u8 {
    let held = match held(plan, state, how, beginning) {
        Ok(held) => held,
        Err(code) => return code,
    };
    let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(config_value)));
    let missing = real::check_all(plan, &*secrets);
    if !missing.is_empty() {
        let reports: Vec<_> =
            missing.iter().map(|missing| show::failure::missing_secret(plan, missing, sources)).collect();
        output.diagnostics(&reports, sources);
        note("nothing was sent");
        return WRONG;
    }
    if let Err(code) = confirm_deletions(plan, how) {
        return code;
    }
    let reached = real::Options { fence: state.fence(), ..real::Options::at(".") };
    let real_sites = RealSites::new(plan, secrets.clone(), reached);
    let interrupt = Interrupt::new();
    let now = now_ms();
    let options = RunOptions {
        started: beginning.started.clone(),
        answers: beginning.answers.clone(),
        held,
        ..run_options(plan, how, now, now, Rc::new(real_sites.mask()), interrupt.clone())
    };
    // Whoever attaches shows the events.
    let events = if going.detached.is_some() { Events::Json } else { how.events };
    let mut shower = Shower::new(plan, events, output, how.verbose);
    output.shows(plan, false);
    let Going { hooks, detached } = going;
    let mut observe = |event: &RunEvent| {
        if let (Some(detached), RunEventKind::RunStarted { run, .. }) = (&*detached, &event.kind) {
            detached.began(plan, *run, &plan.program.file);
        }
        hooks.tell(event);
        shower.show(event);
    };
    let is_detached = detached.is_some();
    let report = runner::block_on(false, async {
        // A terminal that goes away is no reason to stop.
        #[cfg(unix)]
        let _hangup =
            is_detached.then(|| tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()));
        let listener = tokio::spawn(async move {
            // Once: nothing new is started. Twice: stop at once.
            while super::waiting::stopped().await {
                interrupt.interrupt();
            }
        });
        let entered = real_sites.enter(plan, |site| options.held.contains_key(site)).await;
        let result = if entered.refusals.is_empty() {
            Ok(runner::run(plan, &real_sites, state, &options, &mut observe).await)
        } else {
            Err(entered)
        };
        listener.abort();
        result
    });
    let report = match report {
        Ok(report) => report,
        Err(entered) => {
            output.diagnostics(&show::failure::refusals(plan, &entered, sources), sources);
            note("nothing was sent");
            return WRONG;
        }
    };
    told(plan, &report, sources, how, &beginning.again, false, output);
    if is_detached && let Some(detached) = detached {
        detached.told(&show::report::document(plan, &report, false));
    }
    report.exit_code()
}

/// The state of a program, locked for this run; `Err` is the exit code.
pub fn open_state(program: &str, how: &How) -> Result<StateStore, u8> {
    let at = place::of_program(program, how.state.as_deref())?;
    let holder = Holder::current(&format!("scope run {program}"), now_ms());
    StateStore::open_at(&at, &holder).map_err(|error| place::refused(&error))
}

fn run_options(
    plan: &Plan,
    how: &How,
    seed: u64,
    started_at_ms: u64,
    redact: Rc<dyn scope_runtime::redact::Redact>,
    interrupt: Interrupt,
) -> RunOptions {
    RunOptions {
        by: std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "someone".into()),
        started_at_ms,
        seed,
        reconsider: how.reconsider,
        again: how.again.iter().flat_map(|name| called(plan, name)).collect(),
        redact,
        interrupt,
        ..RunOptions::default()
    }
}

/// The calls of this name, or of the sequence or group of this name.
fn called(plan: &Plan, name: &str) -> Vec<String> {
    let is_in = |step: &&str| step.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']));
    let calls = plan.steps.iter().filter(|step| matches!(step.action, Action::Call { .. }));
    let mut names: Vec<String> =
        calls.map(|step| step.name.as_str()).filter(is_in).map(str::to_string).collect();
    names.push(name.to_string());
    names
}

/// A value of a client's configuration file.
pub fn config_value(path: &std::path::Path, keys: &[String]) -> Result<String, String> {
    let bytes =
        std::fs::read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    // Not the reader's own words: they could quote a line of the file.
    let document = data::parse(&bytes).map_err(|_| format!("`{}` is not valid YAML", path.display()))?;
    let found = keys.iter().try_fold(&document, |node, key| node.get(key));
    match found {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("`{}` has no text at {}", path.display(), keys.join("."))),
    }
}

/// More than a few deletions are asked about.
fn confirm_deletions(plan: &Plan, how: &How) -> Result<(), u8> {
    let deletions: Vec<String> = plan
        .steps
        .iter()
        .filter(
            |step| matches!(&step.action, Action::Delete { unless, keep: false, .. } if unless.is_empty()),
        )
        .map(|step| format!("{} at {}", show::short_name(&step.name), plan.sites[step.site.index()].name))
        .collect();
    if how.yes || deletions.len() <= how.max_delete {
        return Ok(());
    }
    note(&format!("{} resources would be deleted: {}", deletions.len(), deletions.join(", ")));
    if !std::io::stdin().is_terminal() {
        say_error(
            codes::E0982,
            &format!(
                "that is more than {}: add `--yes`, or `--max-delete {}`",
                how.max_delete,
                deletions.len()
            ),
        );
        return Err(WRONG);
    }
    note("delete them? [y/N]");
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if answer.trim().eq_ignore_ascii_case("y") { Ok(()) } else { Err(WRONG) }
}
