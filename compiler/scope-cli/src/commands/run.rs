//! `scope run`: a program, or a plan, against real or simulated sites.

mod once;
mod ready;
mod simulated;

use std::collections::BTreeMap;

use scope_diagnostics::{SourceMap, codes};
use scope_plan::plan::Plan;
use scope_plan::recorded::Recorded;
use scope_runtime::hooks::Hooks;
use scope_runtime::runner::Known;
use scope_runtime::state::{Fence, Holder, Started, StateStore};

use super::detach::{self, Detached};
use super::waiting::{Patience, Waited};
use super::watched::watched;
use super::{FAILED, INTERRUPTED, OK, PENDING, now_ms, place};
use crate::args::{How, Program, Run};
use crate::output::{Output, say_error};
use once::{left_alone, run_once};
use ready::{is_as_planned, ready, saved_program};

pub use once::config_value;
pub use simulated::{DiskFiles, simulate};

pub fn run(command: &Run, output: Output) -> u8 {
    watched(&command.how.telling.watch, output, |output| unwatched(command, output))
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
    /// The last run could not go on: another one may have taken its state over.
    is_stopped: bool,
}

impl Going {
    /// The last run is over, and its state given back: what it told is true, unless it was not its to tell.
    fn finish(self) -> Option<Detached> {
        if !self.is_stopped {
            self.hooks.pass(Fence::default());
        }
        super::hooks::finish(self.hooks);
        self.detached
    }
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
    let kept = match place::of_program(&program, command.how.kept.state.as_deref()) {
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
    let hooks = match super::hooks::start(file, &command.how.telling.on) {
        Ok(hooks) => hooks,
        Err(code) => return code,
    };
    let mut going = Going { hooks, detached, is_stopped: false };
    let code = runs(command, answers, &mut going, output);
    if let Some(detached) = going.finish() {
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
        let debts = state.state().debts();
        let code = run_once(&plan, &sources, &mut state, &command.how, &beginning, going, output);
        // What is owed and stays so though its site was heard from waits for no site.
        let is_new =
            |debt: &(String, String)| !debts.contains(debt) || beginning.silent.contains_key(&debt.0);
        let is_owed = code == OK && state.state().debts().iter().any(is_new);
        let Some(patience) = patience.as_mut().filter(|_| code == PENDING || is_owed) else { return code };
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
        program.given.set.iter().cloned().partition(|set| plan.program.params.contains_key(&name(set)));
    Started {
        program: program.file.clone(),
        set,
        params: program.given.params.clone(),
        secret: secret.iter().map(name).collect(),
        at: program.given.at.clone(),
        only: program.only.clone(),
        reconsider: command.how.reconsider,
        again: command.how.again.clone(),
        policies: program.policies.clone(),
        sequence: program.sequence.clone(),
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
    let hooks = match super::hooks::start(&plan.program.file, &how.telling.on) {
        Ok(hooks) => hooks,
        Err(code) => return code,
    };
    let mut going = Going { hooks, detached: None, is_stopped: false };
    let code = run_once(plan, sources, state, how, beginning, &mut going, output);
    going.finish();
    code
}

/// The state of a program, locked for this run; `Err` is the exit code.
pub fn open_state(program: &str, how: &How) -> Result<StateStore, u8> {
    let at = place::of_program(program, how.kept.state.as_deref())?;
    let holder = Holder::current(&format!("scope run {program}"), now_ms());
    StateStore::open_at(&at, &holder).map_err(|error| place::refused(&error))
}
