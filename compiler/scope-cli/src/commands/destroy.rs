//! `scope destroy`: deletes what a program made, users before what they use; what was adopted stays, and is said.
//!
//! It is a run that wishes for nothing: it asks first, is resumed, and waits for its sites as any other.

use scope_diagnostics::codes;
use scope_plan::plan::{Action, Plan};
use scope_plan::recorded::How;
use scope_runtime::state::{State, Wish};

use super::WRONG;
use super::run::{Answers, whole};
use super::watched::watched;
use crate::args::{Destroy, Program, Run};
use crate::output::{Output, document, line, say_error};
use crate::show;
use crate::show::past::{is_destroyed, why_it_stays};

pub fn run(command: &Destroy, output: Output) -> u8 {
    watched(&command.how.telling.watch, output, |output| unwatched(command, output))
}

fn unwatched(command: &Destroy, output: Output) -> u8 {
    if command.program.simulate {
        say_error(codes::E0980, "a simulation leaves nothing behind that could be destroyed");
        return WRONG;
    }
    let program = Program { wish: Wish::Nothing, ..command.program.clone() };
    let run = Run { program, how: command.how.clone(), detaching: Default::default() };
    whole(&run, Answers::First, output)
}

/// Says what stays because it is not the program's; whether there is nothing else.
pub(super) fn is_done(file: &str, state: &State) -> bool {
    let recorded = state.recorded();
    for resource in &recorded.resources {
        if let Some(why) = why_it_stays(&recorded, resource) {
            line(&format!("  stays   {}  {}   {why}", resource.site, resource.name));
        }
    }
    let is_done = is_destroyed(&recorded);
    if is_done {
        document::tell("scope-run/1", show::report::nothing_done(file, state.last_run));
        line("nothing to destroy: nothing that this program made is recorded");
    }
    is_done
}

/// Says what stays because the program says so; what was adopted was said to stay before.
pub(super) fn tell_kept(plan: &Plan, state: &State) {
    let kept = plan.steps.iter().filter(|step| matches!(step.action, Action::Delete { keep: true, .. }));
    for step in kept {
        let site = &plan.site(step.site).name;
        if state.resource(&step.name, site).is_some_and(|known| known.how == How::Adopted) {
            continue;
        }
        line(&format!("  stays   {site}  {}   not deleted, as it was said (`keep`)", step.name));
    }
}
