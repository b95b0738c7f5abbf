//! `scope destroy`: deletes what a program made, users before what they use; what was adopted stays, and is said.

use std::io::{BufRead, IsTerminal};

use scope_diagnostics::codes;
use scope_plan::plan::{Action, Step};
use scope_plan::recorded::How;
use scope_runtime::state::Started;

use super::run::{Beginning, open_state, real_run};
use super::watched::watched;
use super::{OK, WRONG};
use crate::args::{Destroy, How as RunHow};
use crate::output::{Output, document, line, note, say_error};
use crate::show::{self, plural, short_name};
use crate::world::Disk;

pub fn run(command: &Destroy, output: Output) -> u8 {
    watched(&command.how.telling.watch, output, |output| unwatched(command, output))
}

fn unwatched(command: &Destroy, output: Output) -> u8 {
    let file = &command.program.file;
    if command.program.simulate {
        say_error(codes::E0980, "a simulation leaves nothing behind that could be destroyed");
        return WRONG;
    }
    let mut state = match open_state(file, &command.how) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let recorded = state.recorded();
    let (adopted, ours): (Vec<_>, Vec<_>) =
        recorded.resources.iter().cloned().partition(|resource| resource.how == How::Adopted);
    for resource in &adopted {
        line(&format!("  stays   {}  {}   adopted, so not ours to delete", resource.site, resource.name));
    }
    if ours.is_empty() && recorded.open.is_empty() {
        document::tell("scope-run/1", show::report::nothing_done(file, state.state().last_run));
        line("nothing to destroy: nothing that this program made is recorded");
        return OK;
    }
    let options = match super::options(&command.program, recorded) {
        Ok(options) => scope_compiler::Options { destroy: true, ..options },
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let compilation = scope_compiler::compile(&Disk, file, &options);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let plan = super::plan_of(&compilation);
    let deletions: Vec<&Step> =
        plan.steps.iter().filter(|step| matches!(step.action, Action::Delete { keep: false, .. })).collect();
    let kept = plan.steps.iter().filter(|step| matches!(step.action, Action::Delete { keep: true, .. }));
    let kept: Vec<&Step> = kept.collect();
    for step in &kept {
        let site = &plan.site(step.site).name;
        line(&format!("  stays   {site}  {}   not deleted, as it was said (`keep`)", step.name));
    }
    super::reach::tell(&command.program, &compilation.program, &state.recorded());
    let names: Vec<String> = deletions
        .iter()
        .map(|step| format!("{} at {}", short_name(&step.name), plan.site(step.site).name))
        .collect();
    if !command.how.yes && !is_confirmed(&names, command.how.max_delete) {
        return WRONG;
    }
    let how = RunHow { yes: true, ..command.how.clone() };
    let beginning = Beginning {
        again: format!("scope destroy {file}"),
        started: Started::default(),
        answers: Default::default(),
        silent: Default::default(),
    };
    real_run(plan, &compilation.sources, &mut state, &how, &beginning, output)
}

/// Asks, at a terminal; elsewhere it takes `--yes` or a `--max-delete` that was given high enough.
fn is_confirmed(names: &[String], most: usize) -> bool {
    note(&format!("{} would be deleted: {}", plural(names.len(), "resource"), names.join(", ")));
    if !std::io::stdin().is_terminal() {
        if names.len() <= most {
            return true;
        }
        say_error(
            codes::E0982,
            &format!("that is more than {most}: add `--yes`, or `--max-delete {}`", names.len()),
        );
        return false;
    }
    note("delete them? [y/N]");
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    answer.trim().eq_ignore_ascii_case("y")
}
