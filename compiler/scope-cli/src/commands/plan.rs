//! `scope plan`: what a run would do, by site: the sites are asked, nothing is changed.

use std::collections::BTreeSet;

use scope_compiler::Compilation;
use scope_plan::plan::SiteId;
use scope_plan::recorded::Recorded;
use scope_runtime::state::{Started, State};
use serde_json::json;

use super::reach::{self, Lost};
use super::run::{knows_sites, left_out};
use super::saved::{self, Relied};
use super::survey::{self, NotAsked, survey_for};
use super::{DIFFERENT, FAILED, OK, again, asked, now_ms, place, status};
use crate::args::{About, Plan};
use crate::output::{Output, document, line, note};
use crate::show;
use crate::show::difference::{self, Row, What};
use crate::show::past::Lives;
use crate::show::said;

pub fn run(command: &Plan, output: Output) -> u8 {
    let state = match command.program.simulate {
        true => None,
        false => match place::of_program(&command.program.file, command.kept.state.as_deref())
            .and_then(|at| place::peek(&at))
        {
            Ok(state) => Some(state),
            Err(code) => return code,
        },
    };
    let given = command.kept.state.as_deref();
    let recorded = state.as_ref().map(|state| place::recorded(state, &command.program.file, given));
    let recorded = Recorded { reconsider: command.reconsider, ..recorded.unwrap_or_default() };
    let before = recorded.clone();
    let is_asking = !command.offline && !command.steps && !command.cuts;
    let now = now_ms();
    let holds = state.as_ref().map(|state| &state.holds);
    let is_left_alone = |site: &str| {
        let hold = holds.and_then(|holds| holds.get(site));
        hold.is_some_and(|hold| hold.is_in_force(now)) || command.about.leaves_out(site)
    };
    let compiled = super::compiled(
        &command.program.with(&command.of),
        recorded,
        is_asking.then_some(&is_left_alone as &dyn Fn(&str) -> bool),
    );
    let compilation = match compiled.and_then(|compilation| super::shown(compilation, output)) {
        Ok(compilation) => compilation,
        Err(code) => return code,
    };
    let plan = super::plan_of(&compilation);
    let declared = compilation.program.sites.iter().map(|site| site.name.as_str());
    if let Err(code) = knows_sites(plan, declared, &command.about) {
        return code;
    }
    if let Err(code) = again::is_something(plan, &command.again) {
        return code;
    }
    let left_out = left_out(plan, &command.about);
    let is_left_out = |site: &SiteId| left_out.contains(&plan.site(*site).name);
    let not_asked = (0..plan.sites.len() as u32).map(SiteId).filter(is_left_out).collect();
    let lost = reach::of(&command.program.with(&command.of), &compilation.program, &before);
    let (state, unused) = match is_asking {
        true => (state, None),
        false => (None, state.map(|state| again::undone(state, plan, &command.again))),
    };
    let Some(state) = state else {
        let code = unasked(command, &compilation, unused.as_ref(), &not_asked, &lost, None);
        if !left_out.is_empty() {
            let sites: Vec<&str> = left_out.iter().map(String::as_str).collect();
            let of_all = if command.cuts { "" } else { "this is of all sites; " };
            note(&format!("{of_all}the run would leave out {}", sites.join(", ")));
        }
        return code;
    };
    let about = survey::About { left_out, again: again::of(plan, &command.again, None) };
    let surveyed = survey_for(plan, &state, about, &compilation.sources, output);
    let state = again::undone(state, plan, &command.again);
    let report = match surveyed {
        Ok(report) => report,
        Err(NotAsked::Refused(code)) => return code,
        Err(NotAsked::Secrets(why)) => {
            return unasked(command, &compilation, Some(&state), &not_asked, &lost, Some(&why));
        }
    };
    let under_way = match under_way(command, &state) {
        Ok(under_way) => under_way,
        Err(code) => return code,
    };
    let mut rows = difference::rows(plan, &report, &state);
    if let Some((run, _)) = &under_way {
        difference::as_under_way(&mut rows, *run, &state);
    }
    if let Some(path) = &command.out {
        let relied =
            Relied::new(asked_of(command, plan), plan, &state, command.kept.state.as_deref(), Some(&report));
        if let Err(code) = super::write_beside(&compilation, path, saved::to_json(plan, &relied).as_bytes()) {
            return code;
        }
    }
    let file = &command.program.file;
    let without_value = show::report::outputs_without_value(plan, &report, &compilation.sources);
    if !without_value.is_empty() {
        output.diagnostics(&without_value, &compilation.sources);
    }
    let fails = !without_value.is_empty() || rows.iter().any(|row| row.what == What::Fails);
    document::tell("scope-difference/1", json_twin(file, Some(&state), &rows, &lost, (plan, true)));
    let next = match &command.out {
        Some(_) => next(command, plan),
        None => format!("{}          save: --out plan.json", next(command, plan)),
    };
    let survey = show::plan::Survey { rows: &rows, fails };
    let shown = (&not_asked, command.verbose);
    line(show::plan::surveyed(plan, file, &next, &state, &survey, now_ms(), shown).trim_end());
    tell(command, &lost);
    if let Some((run, lives)) = under_way {
        note(&format!("run {run} is under way: {}; this is how far it has come", lives.words));
    }
    let is_different = !lost.is_empty()
        || rows.iter().any(|row| row.what.is_change() || matches!(row.what, What::Unknown | What::HeldBack));
    match command.check {
        true if fails => FAILED,
        true if is_different => DIFFERENT,
        _ => OK,
    }
}

/// The run that is under way with this state, and who runs it; `Err` is the exit code.
fn under_way(command: &Plan, state: &State) -> Result<Option<(u64, Lives)>, u8> {
    let at = place::of_program(&command.program.file, command.kept.state.as_deref())?;
    let lives = status::lives(&at, state)?.filter(|lives| !lives.waits);
    Ok(state.runs.last().map(|run| run.run).zip(lives))
}

/// The plan without what is there: asked for, simulated, or a secret is missing.
fn unasked(
    command: &Plan,
    compilation: &Compilation,
    state: Option<&State>,
    left_out: &BTreeSet<SiteId>,
    lost: &[Lost],
    missing: Option<&[String]>,
) -> u8 {
    let plan = super::plan_of(compilation);
    let state = state.filter(|_| !command.program.simulate);
    if let Some(path) = &command.out {
        let relied = state.map(|state| {
            Relied::new(asked_of(command, plan), plan, state, command.kept.state.as_deref(), None)
        });
        let text =
            relied.map_or_else(|| scope_plan::json::to_json(plan), |relied| saved::to_json(plan, &relied));
        if let Err(code) = super::write_beside(compilation, path, text.as_bytes()) {
            return code;
        }
    }
    let file = &command.program.file;
    let text = if command.cuts {
        let plan = &show::plan::as_waited(plan, state, now_ms());
        let cuts = show::plan::cuts(plan, state);
        let rows = scope_plan::cut_table::rows(&cuts, left_out);
        document::tell("scope-cuts/1", json!({ "program": file, "steps": rows }));
        scope_plan::cut_table::to_text(&cuts, left_out)
    } else if command.steps {
        document::tell_whole(&scope_plan::json::to_json(plan));
        scope_plan::text::to_text(plan)
    } else {
        document::tell(
            "scope-difference/1",
            json_twin(file, state, &show::plan::rows(plan, state), lost, (plan, false)),
        );
        show::plan::plan(plan, file, &next(command, plan), state, (left_out, command.verbose))
    };
    line(text.trim_end());
    tell(command, lost);
    if let Some(missing) = missing {
        note(&format!("no site was asked, what is there is unknown: {}", missing.join("; ")));
        if command.check {
            return DIFFERENT;
        }
    }
    OK
}

/// The command that does what is shown: that runs the plan, where it was saved.
fn next(command: &Plan, plan: &scope_plan::plan::Plan) -> String {
    if let Some(path) = &command.out {
        return format!("scope run {}", scope_runtime::shell::word(path));
    }
    said::command(&asked_of(command, plan), command.kept.state.as_deref())
}

/// What is planned.
fn asked_of(command: &Plan, plan: &scope_plan::plan::Plan) -> Started {
    let About { site, except } = command.about.clone();
    let asked = asked::of_program(&command.program.with(&command.of), plan);
    Started { reconsider: command.reconsider, again: command.again.clone(), site, except, ..asked }
}

fn tell(command: &Plan, lost: &[Lost]) {
    if !lost.is_empty() {
        let at = place::words(&command.program.file, command.kept.state.as_deref());
        line(&format!("\n{}", reach::words(lost, &at)));
    }
}

fn json_twin(
    file: &str,
    state: Option<&State>,
    rows: &[Row],
    lost: &[Lost],
    (plan, was_asked): (&scope_plan::plan::Plan, bool),
) -> serde_json::Value {
    let sites: Vec<_> = difference::answering(plan, rows)
        .into_iter()
        .map(|(site, answers)| json!({ "site": site, "answers": was_asked.then_some(answers) }))
        .collect();
    json!({
        "program": file,
        "serial": state.map(|state| state.serial),
        "sites": sites,
        "resources": rows,
        "out_of_reach": lost,
    })
}
