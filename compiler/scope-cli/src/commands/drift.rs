//! `scope drift`: what is not as it was left, three ways: the program, the state, the sites; changes nothing. Exit 2 where
//! somebody outside changed something, or something cannot be seen; what only the program changed is no drift.
//!
//! With `--accept` what the sites say is taken over instead of told; exit 2 where there is drift that was not accepted.

use scope_runtime::state::State;
use serde_json::json;

use super::accept::{self, Accepted};
use super::survey::{NotAsked, survey};
use super::{DIFFERENT, OK, WRONG, asked, now_ms, place, reach};
use crate::args::Drift;
use crate::output::{Output, document, line, note};
use crate::show::drift::{self, Drifted};
use crate::show::said;

pub fn run(command: &Drift, output: Output) -> u8 {
    match drift(command, output) {
        Ok(true) => DIFFERENT,
        Ok(false) => OK,
        Err(code) => code,
    }
}

/// Whether there is drift left.
fn drift(command: &Drift, output: Output) -> Result<bool, u8> {
    let at = place::of_program(&command.program.file, command.kept.state.as_deref())?;
    let state = place::peek(&at)?;
    let recorded = place::recorded(&state, &command.program.file, command.kept.state.as_deref());
    let compilation = super::compile(&command.program, recorded.clone(), output)?;
    let plan = super::plan_of(&compilation);
    let report = match survey(plan, &state, &compilation.sources, output) {
        Ok(report) => report,
        Err(NotAsked::Refused(code)) => return Err(code),
        Err(NotAsked::Secrets(why)) => {
            note(&format!("no site was asked: {}", why.join("; ")));
            return Err(WRONG);
        }
    };
    let lost = reach::unseen(&command.program, &compilation.program, &recorded);
    let rows = drift::drifted(plan, &report, &state, &lost, now_ms());
    let file = &command.program.file;
    let Some(wanted) = &command.accept else {
        document::tell("scope-drift/2", json_twin(file, &state, &rows));
        let again = said::command(&asked::of_program(&command.program, plan), command.kept.state.as_deref());
        line(drift::report(plan, file, &again, &state, &rows, now_ms(), command.verbose).trim_end());
        reach::tell(&command.program, command.kept.state.as_deref(), &compilation.program, &recorded);
        return Ok(rows.iter().any(Drifted::is_drift));
    };
    let accepted = accept::chosen(wanted, &rows, &compilation.program)?;
    if accepted.is_empty() {
        note("nothing was accepted: nothing that somebody changed at a site is known");
    }
    let options = super::options(&command.program, recorded).map_err(|_| WRONG)?;
    let taking =
        accept::Taking { command, at: &at, state: &state, compilation: &compilation, options: &options };
    let patch = taking.accept(&accepted)?;
    let mut twin = json_twin(file, &state, &rows);
    twin["accepted"] = accepted.iter().map(json_accepted).collect();
    twin["patch"] = json!(patch);
    document::tell("scope-drift/2", twin);
    if !command.write && !patch.is_empty() {
        line(patch.trim_end());
    }
    let is_accepted = |row: &&Drifted| {
        accepted
            .iter()
            .any(|one| std::ptr::eq(one.row, *row) && one.attributes.len() == row.differences.len())
    };
    Ok(rows.iter().any(|row| row.is_drift() && !is_accepted(&row)))
}

fn json_twin(file: &str, state: &State, rows: &[Drifted]) -> serde_json::Value {
    json!({
        "program": file,
        "serial": state.serial,
        "run": state.runs.last().map(|run| run.run),
        "is_drift": rows.iter().any(Drifted::is_drift),
        "resources": rows,
    })
}

fn json_accepted(accepted: &Accepted<'_>) -> serde_json::Value {
    let Drifted { name, site, what, .. } = accepted.row;
    json!({ "name": name, "site": site, "what": what, "attributes": accepted.attributes })
}
