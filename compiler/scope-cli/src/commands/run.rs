//! `scope run`: a program, or a plan, against real or simulated sites.

mod consent;
mod once;
mod ready;
mod settled;
mod simulated;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use scope_diagnostics::{SourceMap, codes};
use scope_plan::plan::Plan;
use scope_plan::recorded::Recorded;
use scope_runtime::hooks::Hooks;
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::runner::Known;
use scope_runtime::state::{Fence, Holder, Place, Started, State, StateStore, Wish};

use super::detach::{self, Detached};
use super::saved::Saved;
use super::waiting::{Later, Patience, Waited, Waits};
use super::watched::watched;
use super::{FAILED, INTERRUPTED, OK, WRONG, again, answers, asked, now_ms, place};
use crate::args::Run;
use crate::output::{Output, say_error};
use crate::show::said;
use once::{is_left_alone, run_once};
pub use once::{knows_sites, left_out};
use ready::{is_as_planned, ready};

pub use once::config_value;
pub use simulated::{DiskFiles, simulate};

pub fn run(command: &Run, output: Output) -> u8 {
    watched(&command.how.telling.watch, output, |output| unwatched(command, output))
}

fn unwatched(command: &Run, output: Output) -> u8 {
    if command.program.simulate {
        if let Err(code) = settled::refuse(command) {
            return code;
        }
        let (plan, sources) = match ready(command, Recorded::default(), None, output) {
            Ok(ready) => ready,
            Err(code) => return code,
        };
        let again = said::simulating(&asked::of_run(command, &plan), &command.how.fault, command.how.seed);
        return simulate(&plan, &sources, &command.how, &again, output);
    }
    whole(command, Answers::First, output)
}

/// What is the same in all runs of one command.
struct Going {
    hooks: Hooks,
    detached: Option<Detached>,
    /// The last run could not go on: another one may have taken its state over.
    is_stopped: bool,
    /// All that this command deletes may be deleted.
    has_consent: bool,
    /// Those of the first plan, where they are known before there is a state.
    secrets: Option<Rc<SecretStore>>,
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
    /// Another one goes on.
    Resumed {
        /// The run that it goes on with, or the first that that one went on with.
        first: u64,
        /// What became of requests whose end is not known, by their keys.
        answers: BTreeMap<String, Known>,
    },
}

/// A run against real sites; with `--wait`, more of them until nothing is parked any more or the time is over. What was
/// parked is planned anew each time: only the newest intent is kept.
pub fn whole(command: &Run, answers: Answers, output: Output) -> u8 {
    if let Err(code) = settled::refuse(command) {
        return code;
    }
    let mut command = command.clone();
    let mut program = command.program.file.clone();
    if let Some(saved) = Saved::of(&program) {
        program = saved.program;
        command.how.kept.state = command.how.kept.state.or(saved.relied.state);
        for name in saved.relied.asked.into_iter().flat_map(|asked| asked.again) {
            if !command.how.again.contains(&name) {
                command.how.again.push(name);
            }
        }
    }
    let file = &command.program.file;
    let kept = match place::of_program(&program, command.how.kept.state.as_deref()) {
        Ok(kept) => kept,
        Err(code) => return code,
    };
    if command.detaching.detach {
        let at = place::words(&program, command.how.kept.state.as_deref());
        return detach::start(file, kept.logs(), &at);
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
    let mut going = Going { hooks, detached, is_stopped: false, has_consent: false, secrets: None };
    let code = runs(&command, &program, answers, &mut going, output);
    if let Some(detached) = going.finish() {
        detached.end(code);
    }
    code
}

/// One run after the other, with the state of this program.
fn runs(command: &Run, program: &str, answers: Answers, going: &mut Going, output: Output) -> u8 {
    let file = &command.program.file;
    let mut first_plan = match first_plan(program, command, going, output) {
        Ok(plan) => plan,
        Err(code) => return code,
    };
    let mut state = match open_state(program, command) {
        Ok(state) => state,
        Err(code) => return code,
    };
    if command.program.wish == Wish::Nothing && super::destroy::is_done(file, state.state()) {
        return OK;
    }
    let (mut first, answers) = match answers {
        Answers::First => (None, BTreeMap::new()),
        Answers::Resumed { first, answers } => (Some(first), answers),
    };
    let given = command.how.kept.state.clone();
    let mut beginning = Beginning {
        started: Started::default(),
        place: place::words(program, given.as_deref()),
        state: given.clone(),
        answers,
        silent: BTreeMap::new(),
    };
    let mut patience = command.how.wait.map(Patience::new);
    let mut is_first = first.is_none();
    loop {
        let now = now_ms();
        let is_alone = |site: &str| is_left_alone(site, state.state(), &command.how, now);
        // Another command may have begun the state meanwhile.
        let ready = match first_plan.take().filter(|_| state.state().serial == 0) {
            Some(ready) => Ok(ready),
            None => {
                going.secrets = None;
                ready(
                    command,
                    place::recorded(state.state(), program, given.as_deref()),
                    Some(&is_alone),
                    output,
                )
            }
        };
        let (plan, sources) = match ready {
            Ok(ready) => ready,
            Err(code) => return code,
        };
        // Only the first time: what this run did itself is no surprise. What is resumed has been asked for before.
        if std::mem::take(&mut is_first) {
            let planned = is_as_planned(command, &plan, state.state(), &sources, output);
            if let Err(code) = planned.and_then(|()| again::is_something(&plan, &command.how.again)) {
                return code;
            }
        }
        if command.program.wish == Wish::Nothing {
            super::destroy::tell_kept(&plan, state.state());
        }
        beginning.started = Started { first, ..asked::of_run(command, &plan) };
        let debts = state.state().debts();
        let sent = state.state().sent.clone();
        let code = run_once(&plan, &sources, &mut state, &command.how, &beginning, going, output);
        if let Err(code) = answers::record_unused(&beginning.answers, &sent, &mut state) {
            return code;
        }
        // What is owed and stays so though its site was heard from waits for no site.
        let is_new =
            |debt: &(String, String)| !debts.contains(debt) || beginning.silent.contains_key(&debt.0);
        let is_ended = code == OK && !state.state().debts().iter().any(is_new);
        let is_over = matches!(code, WRONG | INTERRUPTED) || going.is_stopped || is_ended;
        let Some(patience) = patience.as_mut().filter(|_| !is_over) else {
            // Where nothing was sent, since a site refuses to be entered, say, nothing is kept.
            state.leave_nothing();
            return code;
        };
        let run = state.state().last_run;
        first.get_or_insert(run);
        // Meanwhile others may have the state, to hold a site, say. What they do is planned with.
        drop(state);
        going.hooks.pass(Fence::default());
        let at = match place::of_program(program, command.how.kept.state.as_deref()) {
            Ok(at) => at,
            Err(code) => return code,
        };
        let waits = Waits {
            plan: &plan,
            place: &at,
            how: &command.how,
            run,
            started: &beginning.started,
            followed_by: Cell::new(run),
        };
        match patience.wait(&waits, &holder(program, command), &mut going.hooks) {
            Waited::Answers(silent) => {
                beginning.silent = silent;
                beginning.answers.clear();
            }
            Waited::TimeIsOver => return code,
            Waited::Overtaken(later) => {
                later.tell();
                return code;
            }
            Waited::Interrupted => return INTERRUPTED,
        }
        state = match patience.open(&at, &holder(program, command)) {
            Ok(state) => state,
            Err(error) => return place::refused(&error),
        };
        // It may have come between the last look and now.
        if let Some(later) = Later::of(state.state(), &waits) {
            later.tell();
            return code;
        }
    }
}

/// The plan of a program that has no state yet: made before there is one, so that what does not compile, or is not there,
/// leaves nothing behind; nor does a secret that is not to be had. At a shared place nothing is written before a run begins.
fn first_plan(
    program: &str,
    command: &Run,
    going: &mut Going,
    output: Output,
) -> Result<Option<(Plan, SourceMap)>, u8> {
    let place = place::of_program(program, command.how.kept.state.as_deref())?;
    let is_new = matches!(place, Place::Folder(_)) && matches!(StateStore::is_at(&place), Ok(false));
    if !is_new || command.program.wish == Wish::Nothing {
        return Ok(None);
    }
    let state = State::new(String::new());
    let is_alone = |site: &str| is_left_alone(site, &state, &command.how, now_ms());
    let (plan, sources) = ready(command, Recorded::default(), Some(&is_alone), output)?;
    going.secrets = Some(once::secrets(&plan, &left_out(&plan, &command.how.about), &sources, output)?);
    Ok(Some((plan, sources)))
}

/// What a run begins with, besides the plan and the state.
pub struct Beginning {
    /// For resuming.
    pub started: Started,
    /// Where its state is, as it was said.
    pub state: Option<String>,
    /// What `scope resume` is told of where that is.
    pub place: String,
    /// What became of requests whose end is not known.
    pub answers: BTreeMap<String, Known>,
    /// Sites known not to answer, and why: they are not tried.
    pub silent: BTreeMap<String, String>,
}

/// The state of a program, locked for this run; `Err` is the exit code.
fn open_state(program: &str, command: &Run) -> Result<StateStore, u8> {
    let at = place::of_program(program, command.how.kept.state.as_deref())?;
    StateStore::open_at(&at, &holder(program, command)).map_err(|error| place::refused(&error))
}

/// Who has it meanwhile.
fn holder(program: &str, command: &Run) -> Holder {
    let what = match command.program.wish {
        Wish::Program => "run",
        Wish::Nothing => "destroy",
        Wish::Command => "exec --program",
    };
    Holder::current(&format!("scope {what} {program}"), now_ms())
}
