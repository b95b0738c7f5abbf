//! `scope drift`: what somebody else changed or deleted, or cannot be seen; changes nothing. Exit 2 where there is any.

use scope_runtime::state::{Holder, Place, Record, State, StateStore};
use serde_json::json;

use super::survey::{NotAsked, survey};
use super::{DIFFERENT, OK, WRONG, now_ms, place};
use crate::args::{Drift, Format};
use crate::output::{Output, line, note};
use crate::show;
use crate::show::difference::{self, Row, What};

pub fn run(command: &Drift, output: Output) -> u8 {
    let at = match place::of_program(&command.program.file, command.state.as_deref()) {
        Ok(at) => at,
        Err(code) => return code,
    };
    let state = match place::peek(&at) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let compilation = match super::compile_quietly(&command.program, state.recorded(), output) {
        Ok(compilation) => compilation,
        Err(code) => return code,
    };
    let plan = super::plan_of(&compilation);
    let report = match survey(plan, &state, &compilation.sources, output) {
        Ok(report) => report,
        Err(NotAsked::Refused(code)) => return code,
        Err(NotAsked::Secrets(why)) => {
            note(&format!("no site was asked: {}", why.join("; ")));
            return WRONG;
        }
    };
    // Only what is recorded can have drifted; what the program changed since is no drift.
    let rows: Vec<Row> = difference::rows(plan, &report, &state)
        .into_iter()
        .filter(|row| state.called(&row.name, &row.site).is_some())
        .filter(|row| row.is_outside || matches!(row.what, What::Unknown | What::Replace))
        .collect();
    if output.format == Format::Json {
        line(
            &json!({ "format": "scope-drift/1", "program": command.program.file, "resources": rows })
                .to_string(),
        );
    } else {
        print(command, plan, &rows);
    }
    if command.accept
        && let Err(code) = accept(&at, &rows, &state)
    {
        return code;
    }
    if rows.is_empty() { OK } else { DIFFERENT }
}

fn print(command: &Drift, plan: &scope_plan::plan::Plan, rows: &[Row]) {
    if rows.is_empty() {
        line("no drift: every recorded resource is as it was left");
        return;
    }
    line(show::difference::by_site(plan, rows, command.verbose).trim_matches('\n'));
    let gone = difference::count(rows, &[What::Create]);
    let changed = difference::count(rows, &[What::Update, What::Replace]);
    let unknown = difference::count(rows, &[What::Unknown]);
    let file = &command.program.file;
    line(&format!(
        "\n{changed} changed, {gone} gone, {unknown} unknown      repair: scope run {file}   forget what is gone: scope drift {file} --accept"
    ));
}

/// Forgets what is gone.
fn accept(at: &Place, rows: &[Row], state: &State) -> Result<(), u8> {
    let holder = Holder::current("scope drift --accept", now_ms());
    let mut store = StateStore::open_at(at, &holder).map_err(|error| place::refused(&error))?;
    if store.state().serial != state.serial {
        note("the state changed meanwhile: nothing was accepted, look again");
        return Err(super::FAILED);
    }
    for row in rows.iter().filter(|row| row.what == What::Create && row.is_outside) {
        let gone = Record::Gone { name: row.name.clone(), site: row.site.clone() };
        store.remember(gone).map_err(|error| place::refused(&error))?;
        line(&format!("forgotten: {} at {}", row.name, row.site));
    }
    Ok(())
}
