//! `scope history`: the runs of a deployment, the newest first.

use scope_runtime::state::State;
use serde_json::json;

use super::{OK, place};
use crate::args::History;
use crate::output::{document, line};
use crate::show::past;

pub fn run(command: &History) -> u8 {
    let state = match place::find(&command.whose.place()).and_then(|found| place::peek(&found.place)) {
        Ok(state) => state,
        Err(code) => return code,
    };
    document::tell("scope-history/1", json!({ "runs": runs(&state) }));
    line(past::history(&state, super::now_ms()).trim_end());
    OK
}

fn runs(state: &State) -> Vec<serde_json::Value> {
    let runs = state.runs.iter().rev();
    runs.map(|run| serde_json::to_value(run).expect("text keys only")).collect()
}
