//! What a plan has settled is not said anew beside it: it is run as it was made, with the state that it was made from.
//!
//! `scope run plan.json --only web` → E0869, and the command that plans again with it.

use scope_diagnostics::codes;
use scope_runtime::shell;
use scope_runtime::state::Wish;

use super::super::saved::{Saved, is_plan};
use super::super::{WRONG, place};
use crate::args::Run;
use crate::output::{say_error, say_help};
use crate::world;

/// Refuses options that would make another plan, and a plan where a program is meant; `Err` is the exit code.
pub(super) fn refuse(command: &Run) -> Result<(), u8> {
    let file = &command.program.file;
    let text = std::fs::read_to_string(file).ok().filter(|_| is_plan(file));
    // What is no plan at all is told when it is read to be run.
    let Some(plan) = text.and_then(|text| scope_plan::json::from_json(&text).ok()) else { return Ok(()) };
    let saved = Saved::of(file);
    let program = shell::word(&plan.program.file);
    if command.program.wish == Wish::Nothing {
        say_error(codes::E0870, &format!("`{file}` is a plan, and what a program made is destroyed"));
        let at = match &saved {
            Some(saved) => saved.relied.state.clone(),
            None => Some(place::of_program(file, command.how.kept.state.as_deref())?.text()),
        };
        let at = at.map(|at| format!(" --state {}", shell::word(&at))).unwrap_or_default();
        say_help(&format!("`scope destroy {program}{at}`"));
        return Err(WRONG);
    }
    let options = would_change(command, saved.as_ref());
    if options.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
    say_error(codes::E0869, &format!("`{file}` is run as it was made, without {}", named.join(", ")));
    let how = if saved.is_some() { "plan" } else { "build" };
    let (options, file) = (options.join(" "), shell::word(file));
    say_help(&format!("`scope {how} {program} {options} --out {file}`, then `scope run {file}`"));
    Err(WRONG)
}

/// What is given that another plan would follow from. Of a parameter the name is told: its value may be a secret.
fn would_change(command: &Run, saved: Option<&Saved>) -> Vec<String> {
    let program = &command.program;
    let name = |set: &String| format!("--set {}=…", set.split('=').next().unwrap_or_default());
    let option = |name: &'static str| move |value: &String| format!("--{name} {}", shell::word(value));
    let given = program.given.set.iter().map(name);
    let given = given.chain(program.given.params.iter().map(option("params")));
    let given = given.chain(program.given.at.iter().map(option("at")));
    let given = given.chain(program.only.iter().map(option("only")));
    let given = given.chain(program.policies.iter().map(option("policy")));
    let given = given.chain(command.how.reconsider.then(|| "--reconsider".to_owned()));
    // What a saved plan does once more was shown. One that `scope build` wrote knows nothing that was done.
    let shown =
        saved.map(|saved| saved.relied.asked.iter().flat_map(|asked| &asked.again).collect::<Vec<_>>());
    let is_shown = |name: &&String| shown.as_ref().is_none_or(|shown| shown.contains(name));
    let given = given.chain(command.how.again.iter().filter(|name| !is_shown(name)).map(option("again")));
    // A plan that `scope build` wrote was made from no state.
    let place = |saved: &Saved, at: Option<&str>| {
        world::state_place(&saved.program, at).map(|place| place.text()).ok()
    };
    let is_elsewhere = |at: &&String| {
        saved.is_some_and(|saved| place(saved, Some(at)) != place(saved, saved.relied.state.as_deref()))
    };
    given.chain(command.how.kept.state.iter().filter(is_elsewhere).map(option("state"))).collect()
}
