//! `scope exec -- openstack server create vm --scope '{"image": "paris"}'`: one native command, with the sites and
//! drivers of a file. Its state is that file's.
//!
//! `scope exec restart --program shop.scope`: a sequence of a program, which is a run as any other.

use scope_compiler::Options;
use scope_plan::recorded::Recorded;

use super::WRONG;
use super::watched::watched;
use crate::args::{Exec, Program, Run};
use crate::output::Output;
use crate::world::Disk;

/// How one command goes on.
const SAME_WORDS: &str = "scope exec with the same words";

pub fn run(command: &Exec, output: Output) -> u8 {
    if let Some(sequence) = &command.sequence {
        return run_sequence(command, sequence, output);
    }
    watched(&command.how.watch, output, |output| unwatched(command, output))
}

fn unwatched(command: &Exec, output: Output) -> u8 {
    let mut state = None;
    let mut recorded = Recorded::default();
    if !command.simulate {
        match super::run::open_state(&command.program, &command.how) {
            Ok(opened) => {
                // What other commands made is not to be deleted because this one does not name it.
                recorded.choices = opened.recorded().choices;
                state = Some(opened);
            }
            Err(code) => return code,
        }
    }
    let options = Options {
        entry: command.at.clone(),
        simulate: command.simulate,
        policies: command.policies.clone(),
        recorded,
        ..Options::default()
    };
    let compilation = scope_compiler::compile_command(&Disk, &command.program, &command.words, &options);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let plan = super::plan_of(&compilation);
    match &mut state {
        None => super::run::simulate(plan, &compilation.sources, &command.how, SAME_WORDS, output),
        Some(state) => {
            let beginning = super::run::Beginning {
                again: SAME_WORDS.into(),
                started: Default::default(),
                answers: Default::default(),
                silent: Default::default(),
            };
            super::run::real_run(plan, &compilation.sources, state, &command.how, &beginning, output)
        }
    }
}

fn run_sequence(command: &Exec, sequence: &str, output: Output) -> u8 {
    let program = Program {
        file: command.program.clone(),
        set: command.set.clone(),
        params: command.params.clone(),
        at: command.at.clone(),
        only: Vec::new(),
        simulate: command.simulate,
        policies: command.policies.clone(),
        sequence: Some(sequence.to_string()),
    };
    super::run::run(&Run { program, how: command.how.clone(), detaching: Default::default() }, output)
}
