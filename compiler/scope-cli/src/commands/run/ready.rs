//! The plan of a run: compiled, or read from a file; a saved one only if nothing that it relies on has changed.

use scope_diagnostics::{Diagnostic, SourceMap, Span, codes};
use scope_plan::plan::Plan;
use scope_plan::recorded::Recorded;
use scope_runtime::state::{Hold, Started, State, Wish};

use super::super::saved::{self, Saved};
use super::super::survey::{self, NotAsked, survey_for};
use super::super::{WRONG, again, reach};
use super::once::knows_sites;
use crate::args::{How, Run};
use crate::output::{Output, say, say_error, say_help};
use crate::show::said;

/// A saved plan is run only if nothing that it relies on has changed.
pub(super) fn is_as_planned(
    command: &Run,
    plan: &Plan,
    state: &State,
    sources: &SourceMap,
    output: Output,
) -> Result<(), u8> {
    let file = &command.program.file;
    let Some(Saved { relied, .. }) = Saved::of(file) else { return Ok(()) };
    let state = without_left_out(state, plan, &command.how);
    let mut changes = relied.changes(plan, &state, None);
    if changes.is_empty() && !relied.read.is_empty() {
        let asked = relied.asked.as_ref().map(|asked| asked.again.as_slice());
        let again = again::of(plan, asked.unwrap_or_default(), None);
        let about = survey::About { again, ..survey::About::default() };
        match survey_for(plan, &state, about, sources, output) {
            Ok(now) => changes = relied.changes(plan, &state, Some(&now)),
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
    let of_program = || Started { program: plan.program.file.clone(), ..Started::default() };
    let asked = relied.asked.clone().unwrap_or_else(of_program);
    let again = said::planning(&asked, relied.state.as_deref(), file);
    say_help(&format!("plan again: `{again}`; nothing was sent"));
    Err(WRONG)
}

/// The state in which the sites that this run leaves out are held: they are asked nothing.
fn without_left_out(state: &State, plan: &Plan, how: &How) -> State {
    let mut state = state.clone();
    let left_out = plan.sites.iter().map(|site| &site.name).filter(|site| how.about.leaves_out(site));
    let hold = || Hold { by: String::new(), since_ms: 0, until_ms: None, reason: String::new() };
    state.holds.extend(left_out.map(|site| (site.clone(), hold())));
    state
}

/// The plan: compiled, or read from a file that `scope build` wrote. Sites that it is not true of may be asked.
pub(super) fn ready(
    command: &Run,
    recorded: Recorded,
    is_left_alone: Option<&dyn Fn(&str) -> bool>,
    output: Output,
) -> Result<(Plan, SourceMap), u8> {
    let file = &command.program.file;
    if !saved::is_plan(file) {
        let recorded = match command.program.wish {
            // What else there is is not to be deleted because one command does not name it.
            Wish::Command => {
                let Recorded { choices, chosen_sites, .. } = recorded;
                Recorded { choices, chosen_sites, ..Recorded::default() }
            }
            Wish::Program | Wish::Nothing => recorded,
        };
        let recorded = Recorded { reconsider: command.how.reconsider, ..recorded };
        let mut compilation = super::super::compiled(&command.program, recorded.clone(), is_left_alone)?;
        if !output.compiled(&compilation) {
            return Err(WRONG);
        }
        reach::tell(&command.program, command.how.kept.state.as_deref(), &compilation.program, &recorded);
        let plan = compilation.plan.take().expect("a program without errors has a plan");
        let declared = compilation.program.sites.iter().map(|site| site.name.as_str());
        knows_sites(&plan, declared, &command.how.about)?;
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
    knows_sites(&plan, std::iter::empty(), &command.how.about)?;
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
