//! `scope exec -- openstack server create vm --scope '{"image": "paris"}'`: one native command, with the sites and
//! drivers of a file. Its state is that file's.

use scope_compiler::Options;
use scope_plan::recorded::Recorded;

use super::WRONG;
use crate::args::Exec;
use crate::output::Output;
use crate::world::Disk;

pub fn run(command: &Exec, output: Output) -> u8 {
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
    let options =
        Options { entry: command.at.clone(), simulate: command.simulate, recorded, ..Options::default() };
    let compilation = scope_compiler::compile_command(&Disk, &command.program, &command.words, &options);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let plan = super::plan_of(&compilation);
    match &mut state {
        None => super::run::simulate(plan, &compilation.sources, &command.how, &command.program, output),
        Some(state) => {
            let beginning = super::run::Beginning {
                program: &command.program,
                started: Default::default(),
                answers: Default::default(),
                silent: Default::default(),
            };
            super::run::real_run(plan, &compilation.sources, state, &command.how, &beginning, output)
        }
    }
}
