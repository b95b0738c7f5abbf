//! `scope plan`: what a run would do, by site.

use super::OK;
use crate::args::Plan;
use crate::output::{Output, line};
use crate::{show, world};

pub fn run(command: &Plan, output: Output) -> u8 {
    let folder = world::state_folder(&command.program.file, None);
    let state = match command.program.simulate {
        true => None,
        false => scope_runtime::state::StateStore::peek(&folder).ok(),
    };
    let recorded = state.as_ref().map(scope_runtime::state::State::recorded).unwrap_or_default();
    let compilation = match super::compile(&command.program, recorded, output) {
        Ok(compilation) => compilation,
        Err(code) => return code,
    };
    let plan = super::plan_of(&compilation);
    if let Some(path) = &command.out
        && let Err(code) = super::write_file(path, scope_plan::json::to_json(plan).as_bytes())
    {
        return code;
    }
    let text = if command.steps {
        scope_plan::text::to_text(plan)
    } else {
        show::plan::plan(plan, &command.program.file, state.as_ref())
    };
    line(text.trim_end());
    OK
}
