//! `scope resume [RUN]`: starts a run again as it was started; what is done stays done.
//!
//! The program is compiled again with what was recorded, so that what was queued is planned anew.

use scope_diagnostics::codes;
use scope_runtime::report::Verdict;
use scope_runtime::state::{Run as PastRun, State};

use super::place;
use super::watched::watched;
use super::{OK, WRONG};
use crate::args::{Given, How, Kept, Program, Resume, Run};
use crate::output::{Output, document, line, say_error, say_help};
use crate::show;

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
    let is_as_wished = matches!(past.verdict, Some(Verdict::Done | Verdict::NothingToDo));
    if is_as_wished && !state.is_open() {
        document::tell("scope-run/1", show::report::nothing_done(&past.started.program, past.run));
        line(&format!("nothing to resume: run {} ended as wished", past.run));
        return OK;
    }
    if let Err(message) = check_answers(command, &state) {
        say_error(codes::E0922, &message);
        return WRONG;
    }
    let started = &past.started;
    let recorded = (!started.program.is_empty()).then(|| started.program.clone());
    let is_plan = started.program.ends_with(".json");
    let Some(file) = recorded.clone().filter(|_| is_plan).or(found.program).or(recorded) else {
        say_error(codes::E0922, &format!("run {} was one command of `scope exec`: give it again", past.run));
        return WRONG;
    };
    let given = |name: &str| command.set.iter().any(|set| set.split('=').next() == Some(name));
    let missing: Vec<&String> = started.secret.iter().filter(|name| !given(name)).collect();
    if let Some(name) = missing.first() {
        say_error(
            codes::E0922,
            &format!("run {} was given `{name}`, which is secret and was not recorded", past.run),
        );
        say_help(&format!("give it again: `scope resume {} --set {name}=…`", past.run));
        return WRONG;
    }
    let mut set = started.set.clone();
    set.extend(command.set.iter().cloned());
    let how = How {
        fault: Vec::new(),
        seed: 0,
        reconsider: started.reconsider && !is_as_wished,
        again: Vec::new(),
        yes: command.yes,
        max_delete: 3,
        wait: command.wait,
        site: Vec::new(),
        except: Vec::new(),
        telling: command.telling.clone(),
        kept: Kept { state: Some(found.place.text()) },
    };
    let program = Program {
        file,
        given: Given { set, params: started.params.clone(), at: started.at.clone() },
        only: started.only.clone(),
        simulate: false,
        policies: started.policies.clone(),
        sequence: started.sequence.clone(),
    };
    let again = Run { program, how, detaching: command.detaching };
    let answers = super::run::Answers::Resumed(command.answer.iter().cloned().collect());
    super::run::whole(&again, answers, output)
}

fn past_run(state: &State, number: Option<u64>) -> Result<&PastRun, String> {
    let Some(last) = state.runs.last() else { return Err("there was no run yet: `scope run FILE`".into()) };
    let Some(number) = number else { return Ok(last) };
    state
        .runs
        .iter()
        .find(|run| run.run == number)
        .ok_or_else(|| format!("there is no run {number}: the last is {}, see `scope history`", last.run))
}

/// An answer is about a request whose end is not known.
fn check_answers(command: &Resume, state: &State) -> Result<(), String> {
    for (step, _) in &command.answer {
        let is_meant = state.sent.iter().any(|(key, sent)| {
            key == step || sent.name == *step || format!("{}@{}", sent.name, sent.site) == *step
        });
        if !is_meant {
            let open: Vec<String> =
                state.sent.values().map(|sent| format!("`{}@{}`", sent.name, sent.site)).collect();
            let open = if open.is_empty() { "there is none".to_string() } else { open.join(", ") };
            return Err(format!("no request of `{step}` has an unknown end: {open}"));
        }
    }
    Ok(())
}
