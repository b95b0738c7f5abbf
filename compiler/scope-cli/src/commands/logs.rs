//! `scope logs [STEP] [--run N]`: what happened to a step, line by line, as the journal has it.

use scope_diagnostics::codes;
use scope_runtime::state::{Place, Record, StateStore, Told};
use serde_json::json;

use super::{FAILED, OK, WRONG, place};
use crate::args::Logs;
use crate::output::{document, line, note, say_error};
use crate::show::{past, short_name};

pub fn run(command: &Logs) -> u8 {
    let (found, state) = match place::find(&command.place)
        .and_then(|found| place::peek(&found.place).map(|state| (found, state)))
    {
        Ok(both) => both,
        Err(code) => return code,
    };
    let number = command.run.unwrap_or(state.last_run);
    let Some(run) = state.runs.iter().find(|run| run.run == number) else {
        say_error(codes::E0922, &format!("there is no run {number}: see `scope history`"));
        return WRONG;
    };
    let records = match StateStore::records_of(found.place.logs(), number) {
        Ok(records) => records,
        Err(error) => return place::refused(&error),
    };
    if let (true, Place::Shared(_)) = (records.is_empty(), &found.place) {
        note(&format!("the log of run {number} is on the machine that ran it, for {}", run.by));
        return FAILED;
    }
    let all: Vec<Told> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Told { told } => Some(told),
            _ => None,
        })
        .collect();
    let lines: Vec<&Told> =
        all.iter().filter(|told| command.step.as_ref().is_none_or(|step| is_about(told, step))).collect();
    if let (Some(step), true) = (&command.step, lines.is_empty()) {
        let mut names: Vec<&str> = all.iter().map(|told| short_name(&told.name)).collect();
        names.sort_unstable();
        names.dedup();
        say_error(codes::E0922, &format!("run {number} has no step `{step}`: it has {}", names.join(", ")));
        return FAILED;
    }
    document::tell("scope-logs/1", json!({ "run": number, "started_ms": run.started_ms, "lines": lines }));
    line(past::logs(run, &lines).trim_end());
    OK
}

/// A line is meant by the resource's name, `name@site`, or the step's key.
fn is_about(told: &Told, step: &str) -> bool {
    let short = short_name(&told.name);
    [told.key.as_str(), &told.name, short].contains(&step)
        || [&told.name, short].iter().any(|name| format!("{name}@{}", told.site) == step)
}
