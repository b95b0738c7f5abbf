//! `scope history`: the runs of a deployment, the newest first.

use scope_runtime::state::State;
use serde_json::json;

use super::{OK, place};
use crate::args::{Format, History};
use crate::output::{Output, line};
use crate::show::past;

pub fn run(command: &History, output: Output) -> u8 {
    let state = match place::find(&command.place).and_then(|found| place::peek(&found.place)) {
        Ok(state) => state,
        Err(code) => return code,
    };
    if output.format == Format::Json {
        line(&json!({ "format": "scope-history/1", "runs": runs(&state) }).to_string());
        return OK;
    }
    line(past::history(&state, super::now_ms()).trim_end());
    OK
}

fn runs(state: &State) -> Vec<serde_json::Value> {
    let runs = state.runs.iter().rev();
    runs.map(|run| serde_json::to_value(run).expect("text keys only")).collect()
}
