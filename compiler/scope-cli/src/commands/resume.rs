//! `scope resume [RUN]`: starts a run again as it was started; what is done stays done.
//!
//! The program is compiled again with what was recorded, so that what was queued is planned anew.

use scope_diagnostics::codes;
use scope_runtime::state::{Run as PastRun, State};

use super::watched::watched;
use super::{OK, WRONG, answers, asked, place, saved};
use crate::args::Resume;
use crate::output::{Output, document, line, say_error, say_help};
use crate::show;
use crate::show::past::{is_as_wished, to_resume};

pub fn run(command: &Resume, output: Output) -> u8 {
    watched(&command.telling.watch, output, |output| unwatched(command, output))
}

fn unwatched(command: &Resume, output: Output) -> u8 {
    let (found, state) = match place::find(&command.place)
        .and_then(|found| place::peek(&found.place).map(|state| (found, state)))
    {
        Ok(both) => both,
        Err(code) => return code,
    };
    let past = match past_run(&state, command.run) {
        Ok(past) => past,
        Err(message) => {
            say_error(codes::E0922, &message);
            return WRONG;
        }
    };
    let answers = match answers::by_key(&command.answer, answers::open(&state)) {
        Ok(answers) => answers,
        Err(message) => {
            say_error(codes::E0922, &message);
            return WRONG;
        }
    };
    let is_as_wished = is_as_wished(past);
    // What it left out may be done now.
    let is_about_others = !command.site.is_empty() || !command.except.is_empty();
    if is_as_wished && !state.is_open() && !is_about_others {
        document::tell("scope-run/1", show::report::nothing_done(&past.started.program, past.run));
        line(&format!("nothing to resume: run {} ended as wished", past.run));
        return OK;
    }
    if !asked::is_newest(&state.runs, past, command.place.state.as_deref()) {
        return WRONG;
    }
    let started = &past.started;
    if started.program.is_empty() {
        let why = "an older version did not record what it was asked";
        say_error(codes::E0922, &format!("run {} cannot be resumed: {why}", past.run));
        say_help("give the command again");
        return WRONG;
    }
    let is_plan = saved::is_plan(&started.program);
    let file = found.program.filter(|_| !is_plan).unwrap_or_else(|| started.program.clone());
    // Said only where it is not where it would be looked for.
    let usual = place::of_program(&file, None).map(|place| place.text());
    let at = Some(found.place.text()).filter(|at| usual.as_ref() != Ok(at));
    let again = match asked::once_more(past, command, file, at, is_as_wished) {
        Ok(again) => again,
        Err((message, help)) => {
            say_error(codes::E0922, &message);
            say_help(&help);
            return WRONG;
        }
    };
    let first = started.first.unwrap_or(past.run);
    super::run::whole(&again, super::run::Answers::Resumed { first, answers }, output)
}

fn past_run(state: &State, number: Option<u64>) -> Result<&PastRun, String> {
    let Some(last) = state.runs.last() else { return Err("there was no run yet: `scope run FILE`".into()) };
    let Some(number) = number else { return Ok(to_resume(state).unwrap_or(last)) };
    state
        .runs
        .iter()
        .find(|run| run.run == number)
        .ok_or_else(|| format!("there is no run {number}: the last is {}, see `scope history`", last.run))
}
