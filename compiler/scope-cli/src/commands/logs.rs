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
    let records = match StateStore::records_of(found.place.logs(), run) {
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

/// A line is meant by the resource's name, that of the family or group it is in, either with `@site`, or the step's key.
fn is_about(told: &Told, step: &str) -> bool {
    let named = match step.rsplit_once('@') {
        Some((name, site)) if site == told.site => name,
        _ => step,
    };
    let is_in = |name: &str| {
        name.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    told.key == step || is_in(&told.name) || is_in(short_name(&told.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_and_a_group_mean_all_that_is_in_them() {
        let told = |name: &str| Told {
            at_ms: 0,
            key: format!("paris/{name}/ensure"),
            name: name.into(),
            site: "paris".into(),
            word: "done".into(),
            words: String::new(),
        };
        for step in ["a", "a[\"one\"]", "a@paris", "a[\"one\"]@paris", "paris/a[\"one\"]/ensure"] {
            assert!(is_about(&told("a[\"one\"]"), step), "{step}");
        }
        assert!(is_about(&told("lab.server"), "lab") && is_about(&told("image:debian"), "debian"));
        for step in ["a", "a@nantes", "abc@nantes", "ab"] {
            assert!(!is_about(&told("abc"), step), "{step}");
        }
    }
}
