//! A run's report: what failed as compile errors are shown, outputs, results of commands, and one line of verdict.

use std::collections::BTreeMap;

use scope_diagnostics::render::is_obeyed;
use scope_diagnostics::{Diagnostic, SourceMap};
use scope_plan::plan::{Action, Guard, Plan, Step};
use scope_runtime::events::{Awaited, Effect, Outcome, SkipReason};
use scope_runtime::report::{Counts, NotDone, OutputValue, Report, StepReport, StepStatus, Verdict};
use scope_runtime::state::utc;
use serde_json::{Value, json};

use super::alike::{Failed, told_once};
use super::plan::touches_site;
use super::{failure, needed_name, seconds, short_name};
use crate::output::{Output, line};

/// What to type after a run.
#[derive(Debug)]
pub struct Next {
    /// What goes on with it.
    pub again: String,
    /// What tells it the end of requests of which only a person knows it.
    pub answer: Option<String>,
}

/// Prints a report.
pub fn report(
    plan: &Plan,
    report: &Report,
    sources: &SourceMap,
    output: Output,
    next: &Next,
    simulated: bool,
) {
    let mut failed = Vec::new();
    for (step, ended) in plan.steps.iter().zip(&report.steps) {
        if let StepStatus::Failed { failure } = &ended.status
            && is_told(plan, report, step)
        {
            let report = failure::diagnostic(plan, step, failure, sources);
            failed.push(Failed { report, site: plan.site(step.site), name: short_name(&step.name) });
        }
    }
    let mut diagnostics = told_once(failed);
    diagnostics.extend(outputs_without_value(plan, report, sources));
    diagnostics.extend(report.stopped.as_ref().map(failure::of_run));
    output.diagnostics(&diagnostics, sources);
    let columns = super::progress::Columns::of(plan);
    for (step, ended) in plan.steps.iter().zip(&report.steps) {
        if let StepStatus::Skipped { because } = &ended.status
            && touches_site(step)
            && is_told(plan, report, step)
            // Of sites that are left out as was asked for there is nothing to tell one by one.
            && *because != SkipReason::LeftOut
            && let Some((word, why)) = not_done(plan, report, step, because)
        {
            line(&columns.line(plan, step, in_line(word), &why));
        }
    }
    for owed in &report.owed {
        line(&format!("  owed    {owed}"));
    }
    printed(plan, report);
    outputs(report);
    line(&verdict(plan, report, next, simulated));
}

/// The reports for outputs that have no value.
pub fn outputs_without_value(plan: &Plan, report: &Report, sources: &SourceMap) -> Vec<Diagnostic> {
    let failed = plan.outputs.iter().filter_map(|output| match report.outputs.get(&output.name)? {
        OutputValue::Failed(failure) => Some(failure::of_output(output, failure, sources)),
        OutputValue::Value(_) | OutputValue::Missing(_) => None,
    });
    failed.collect()
}

/// The same for programs: every step's end, what is masked stays masked.
pub fn document(plan: &Plan, report: &Report, is_simulated: bool) -> Value {
    let steps = plan.steps.iter().zip(&report.steps).map(|(step, ended)| {
        let mut told = json!({
            "step": step.id,
            "key": step.key,
            "name": step.name,
            "site": plan.site(step.site).name,
            "verb": step.action.verb(),
            "type": step.action.resource_type(),
            "file": step.origin.file,
            "line": step.origin.line,
        });
        let ended = json!({
            "status": ended.status,
            "abandoned": ended.is_abandoned,
            "undo": ended.undo,
            "attempts": ended.attempts,
            "millis": ended.millis,
            "output": ended.output,
        });
        for (name, value) in ended.as_object().into_iter().flatten() {
            // How it ended is a record of its own: what comes with it stands beside it.
            match value {
                Value::Object(status) if name == "status" => {
                    status.iter().for_each(|(name, value)| told[name] = value.clone());
                }
                _ => told[name] = value.clone(),
            }
        }
        told
    });
    let choices = report.choices.iter().map(|(id, arm)| {
        let choice = plan.choice(*id);
        json!({ "choice": choice.label, "arm": arm, "label": choice.arms[*arm as usize].label })
    });
    json!({
        "program": plan.program.file,
        "run": report.run,
        "simulated": is_simulated,
        "verdict": report.verdict,
        "exit_code": report.exit_code(),
        "millis": report.millis,
        "counts": report.counts,
        "by_site": report.by_site,
        "outputs": report.outputs,
        "choices": choices.collect::<Vec<_>>(),
        "owed": report.owed,
        "stopped": report.stopped,
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// The same of a command that had nothing to do, after this run.
pub fn nothing_done(program: &str, run: u64) -> Value {
    json!({
        "program": program,
        "run": run,
        "simulated": false,
        "verdict": Verdict::NothingToDo,
        "exit_code": 0,
        "millis": 0,
        "counts": Counts::default(),
        "by_site": {},
        "outputs": {},
        "choices": [],
        "owed": [],
        "stopped": null,
        "steps": [],
    })
}

/// The word at the head of the line of a step that was not done.
fn in_line(not_done: NotDone) -> &'static str {
    match not_done {
        NotDone::HeldBack => "held",
        NotDone::Waits => "waits",
        NotDone::LeftOut => "without",
        NotDone::Skipped | NotDone::NotChosen | NotDone::Interrupted => "skipped",
    }
}

/// Why a step was not done that the program wants, in a word and in more; nothing where the run was stopped before.
fn not_done(plan: &Plan, report: &Report, step: &Step, because: &SkipReason) -> Option<(NotDone, String)> {
    let word = NotDone::of(plan, because);
    let on = match because {
        SkipReason::NotChosen | SkipReason::Interrupted => return None,
        SkipReason::Unreachable => {
            let site = &plan.site(step.site).name;
            let is = report.held.get(site).map_or("not reachable", String::as_str);
            return Some((word, format!("{site} is {is}, and the rest goes on without it")));
        }
        SkipReason::LeftOut => return Some((word, "left out".into())),
        SkipReason::Dependency { step, .. } => step,
    };
    let needed = plan.step(*on);
    if let Action::Gate { rollout, wave, .. } = &needed.action {
        let rollout = &plan.rollouts[rollout.index()];
        let after = rollout.waves[*wave as usize].number;
        return Some((word, format!("after wave {after} of {}", rollout.key)));
    }
    let name = needed_name(step, needed);
    let needed_at = match needed.site != step.site && touches_site(needed) {
        true => format!("{name} at {}", plan.site(needed.site).name),
        false => name,
    };
    // What is asked for of a guarded resource is its guard, and the one that it waits for relies upon it.
    let why = match (&step.action, &needed.action) {
        (Action::Protect { users, .. }, Action::Ensure { .. } | Action::Delete { .. })
            if users.is_empty() =>
        {
            format!("stays guarded for {needed_at}")
        }
        (Action::Protect { users, .. }, _) if users.is_empty() => format!("stays guarded: needs {needed_at}"),
        (Action::Protect { .. }, _) => format!("is not guarded: needs {needed_at}"),
        _ => format!("needs {needed_at}"),
    };
    Some((word, why))
}

/// Whether what became of a step is told by itself.
fn is_told(plan: &Plan, report: &Report, step: &Step) -> bool {
    !is_abandoned(plan, report, &step.when) && !is_told_by_choice(plan, report, step)
}

/// `, 1 held back, 2 skipped, 1 parked (waits for paris), 3 wait`: what was not done, each with how many.
fn left_undone(plan: &Plan, report: &Report) -> String {
    let steps = || plan.steps.iter().zip(&report.steps);
    let count = |wanted: NotDone| {
        let is_so = |(step, ended): &(&Step, &StepReport)| {
            matches!(&ended.status, StepStatus::Skipped { because }
                if not_done(plan, report, step, because).is_some_and(|(word, _)| word == wanted))
                && touches_site(step)
                && is_told(plan, report, step)
        };
        steps().filter(is_so).count()
    };
    let mut text = String::new();
    let mut add = |n: usize, words: &str| {
        if n > 0 {
            text += &format!(", {n} {words}");
        }
    };
    let n_failed = report.outputs.values().filter(|output| matches!(output, OutputValue::Failed(_))).count();
    add(n_failed, without_value_words(n_failed));
    add(count(NotDone::HeldBack), "held back");
    add(count(NotDone::Skipped), "skipped");
    add(report.counts.parked, &format!("parked (waits for {})", waiting_sites(plan, report)));
    let n_wait = count(NotDone::Waits);
    add(n_wait, if n_wait == 1 { "waits" } else { "wait" });
    add(count(NotDone::LeftOut), &format!("left out ({})", left_out_sites(plan, report)));
    let is_cut_short = |(step, ended): &(&Step, &StepReport)| {
        matches!(ended.status, StepStatus::Skipped { because: SkipReason::Interrupted })
            && touches_site(step)
            && is_told(plan, report, step)
    };
    // Where somebody stopped it, that is said.
    let n_cut_short = report.stopped.iter().flat_map(|_| steps().filter(is_cut_short)).count();
    add(n_cut_short, "not done");
    text
}

/// What so many outputs are, behind their number.
pub fn without_value_words(n_outputs: usize) -> &'static str {
    if n_outputs == 1 { "output without a value" } else { "outputs without a value" }
}

/// Whether a step failed in an alternative of a choice of which none held: the choice's own report tells of them all.
fn is_told_by_choice(plan: &Plan, report: &Report, step: &Step) -> bool {
    plan.steps.iter().zip(&report.steps).any(|(chooser, ended)| {
        matches!(ended.status, StepStatus::Failed { .. })
            && matches!(&chooser.action, Action::Choose { choice, .. }
                if step.when.iter().any(|guard| guard.choice == *choice))
    })
}

/// Whether a step was only of alternatives that were given up for another one: what went wrong there is no error.
fn is_abandoned(plan: &Plan, report: &Report, when: &[Guard]) -> bool {
    !when.is_empty()
        && when.iter().all(|guard| match report.choices.get(&guard.choice) {
            Some(arm) if *arm != guard.arm => true,
            _ => is_abandoned(plan, report, &plan.choice(guard.choice).when),
        })
}

/// The results of commands that read, sites joined.
fn printed(plan: &Plan, report: &Report) {
    let mut shown: Vec<(&str, Vec<(&Step, &Value)>)> = Vec::new();
    for (step, ended) in plan.steps.iter().zip(&report.steps) {
        if let StepStatus::Done { effect: Effect::Printed { value } } = &ended.status {
            match shown.iter_mut().find(|(name, _)| *name == step.name) {
                Some((_, parts)) => parts.push((step, value)),
                None => shown.push((&step.name, vec![(step, value)])),
            }
        }
    }
    for (name, parts) in shown {
        line(&format!("{name}:"));
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (step, value) in parts {
            let site = &plan.sites[step.site.index()].name;
            let records: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            };
            for record in records {
                rows.push(row(site, record));
            }
        }
        if rows.is_empty() {
            line("  (nothing)");
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                rows.iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for row in rows {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            line(format!("  {}", cells.join("  ")).trim_end());
        }
    }
}

/// A record as cells: the site, identity and name first, then a few short fields.
fn row(site: &str, record: &Value) -> Vec<String> {
    let mut cells = vec![site.to_string()];
    let Value::Object(fields) = record else {
        cells.push(cell(record));
        return cells;
    };
    const FIRST: [&str; 3] = ["id", "name", "status"];
    for name in FIRST {
        if let Some(value) = fields.get(name) {
            cells.push(cell(value));
        }
    }
    let rest = fields
        .iter()
        .filter(|(name, value)| !FIRST.contains(&name.as_str()) && (value.is_string() || value.is_number()))
        .take(3);
    cells.extend(rest.map(|(name, value)| format!("{name}={}", cell(value))));
    cells
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().filter(|c| !c.is_control()).take(60).collect(),
        other => other.to_string(),
    }
}

fn outputs(report: &Report) {
    for (name, output) in &report.outputs {
        match output {
            OutputValue::Value(value) => line(&format!("{name} = {}", output_text(value))),
            OutputValue::Missing(why) => line(&format!("{name} is not known: {why}")),
            // Told where it is written.
            OutputValue::Failed(_) => {}
        }
    }
}

/// As JSON, and what a terminal would obey by its number: a site may have given it.
fn output_text(value: &Value) -> String {
    let mut text = String::new();
    for one in value.to_string().chars() {
        if is_obeyed(one) {
            one.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        } else {
            text.push(one);
        }
    }
    text
}

/// What ended well, in the order in which it is told.
pub fn ended_well(counts: &Counts) -> [(usize, &'static str); 10] {
    [
        (counts.created, "created"),
        (counts.borrowed, "borrowed"),
        (counts.adopted, "adopted"),
        (counts.updated, "changed"),
        (counts.deleted, "deleted"),
        (counts.released, "released"),
        (counts.guarded, "guarded"),
        (counts.called, "called"),
        (counts.undone, "undone"),
        (counts.unchanged, "unchanged"),
    ]
}

/// `3 created, 1 borrowed`: what there is none of is left out.
pub fn listed(counts: &[(usize, &str)]) -> String {
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "nothing changed".into() } else { parts.join(", ") }
}

fn verdict(plan: &Plan, report: &Report, next: &Next, simulated: bool) -> String {
    let Next { again, answer } = next;
    let counts = &report.counts;
    let run = match report.run {
        _ if simulated => "simulated".to_string(),
        // The state could not be written, or was taken over: there is no run of this number.
        0 => "no run".to_string(),
        run => format!("run {run}"),
    };
    let end = format!("{run}, exit {}", report.exit_code());
    let done = listed(&ended_well(counts));
    let undone = left_undone(plan, report);
    let took = seconds(report.millis);
    match report.verdict {
        Verdict::NothingToDo if counts.unchanged + counts.found == 0 && !undone.is_empty() => {
            format!("nothing to do{undone}   {end}")
        }
        Verdict::NothingToDo if counts.unchanged == 0 => {
            format!("ok: {} read{undone} in {took}   {end}", counts.found)
        }
        Verdict::NothingToDo => {
            let all = counts.unchanged;
            let nothing = format!(
                "nothing to do: {all} of {all} as the program says{undone} (checked in {took})   {end}"
            );
            // Where all that there is was asked for by hand, it may be meant to be done once more.
            let is_call = |step: &Step| matches!(step.action, Action::Call { once: true, .. });
            let makes = |step: &Step| matches!(step.action, Action::Ensure { .. } | Action::Delete { .. });
            match plan.steps.iter().any(is_call) && !plan.steps.iter().any(makes) {
                true => format!("{nothing}\n  next: {again} --again NAME does what is done once more"),
                false => nothing,
            }
        }
        Verdict::Done => format!("ok: {done}{undone} in {took}   {end}"),
        Verdict::Pending if simulated => {
            let when = awaited_words(&report.awaited);
            format!("pending: {done}{undone}   {end}\n  next: {again} once more; a real run goes on {when}")
        }
        Verdict::Pending => {
            format!("pending: {done}{undone}   {end}\n  next: {again}, {}", awaited_words(&report.awaited))
        }
        Verdict::Failed => {
            let is_gate = |step: &Step| matches!(step.action, Action::Gate { .. });
            let failed = || {
                let steps = plan.steps.iter().zip(&report.steps);
                steps.filter(|(step, ended)| {
                    matches!(ended.status, StepStatus::Failed { .. }) && is_told(plan, report, step)
                })
            };
            let counted = |is_so: &dyn Fn(&StepStatus) -> bool| {
                failed().filter(|(step, ended)| !is_gate(step) && is_so(&ended.status)).count()
            };
            let n_failed = counted(&|_| true);
            let n_stopped = failed().filter(|(step, _)| is_gate(step)).count();
            let is_cause = |status: &StepStatus| matches!(status, StepStatus::Failed { failure } if failure.outcome != Outcome::Unknown);
            let next = match answer {
                None if simulated => format!("mend the cause, then {again}"),
                None => format!("mend the cause, then {again}: what is done stays done"),
                Some(answer) if counted(&is_cause) > 0 => {
                    format!("mend the cause and look at the site, then {answer}")
                }
                Some(answer) => format!("look at the site, then {answer}"),
            };
            let mut steps = String::new();
            for (n, words) in [
                (n_failed, "failed"),
                (n_stopped, if n_stopped == 1 { "rollout stopped" } else { "rollouts stopped" }),
            ] {
                if n > 0 {
                    steps += &format!(", {n} {words}");
                }
            }
            format!("failed: {done}{steps}{undone} in {took}   {end}\n  next: {next}")
        }
        Verdict::Interrupted => match answer {
            None if simulated => format!("interrupted: {done}   {end}\n  next: {again} begins anew"),
            None => format!("interrupted: {done}   {end}\n  next: {again} goes on"),
            Some(answer) => format!("interrupted: {done}   {end}\n  next: look at the site, then {answer}"),
        },
    }
}

/// `when nantes and paris answer, lille is released`.
pub fn awaited_words(awaited: &BTreeMap<String, Awaited>) -> String {
    let of = |is_it: &dyn Fn(&Awaited) -> bool| {
        let sites: Vec<&str> =
            awaited.iter().filter(|(_, awaits)| is_it(awaits)).map(|(site, _)| site.as_str()).collect();
        let verb = if sites.len() > 1 { ["answer", "are"] } else { ["answers", "is"] };
        (!sites.is_empty()).then(|| (scope_plan::fleet::listed(&sites), verb))
    };
    let mut parts = Vec::new();
    if let Some((sites, [answer, _])) = of(&|awaits| *awaits == Awaited::Answer) {
        parts.push(format!("{sites} {answer}"));
    }
    if let Some((sites, [_, are])) = of(&|awaits| *awaits == Awaited::Release { until_ms: None }) {
        parts.push(format!("{sites} {are} released"));
    }
    for (site, awaits) in awaited {
        if let Awaited::Release { until_ms: Some(until_ms) } = awaits {
            parts.push(format!("{site} is no longer held ({})", utc(*until_ms)));
        }
    }
    format!("when {}", parts.join(" and "))
}

fn waiting_sites(plan: &Plan, report: &Report) -> String {
    sites_of(plan, report, |status| matches!(status, StepStatus::Parked { .. }))
}

fn left_out_sites(plan: &Plan, report: &Report) -> String {
    sites_of(plan, report, |status| matches!(status, StepStatus::Skipped { because: SkipReason::LeftOut }))
}

/// The sites of steps that ended so.
fn sites_of(plan: &Plan, report: &Report, is_so: impl Fn(&StepStatus) -> bool) -> String {
    let mut sites: Vec<&str> = plan
        .steps
        .iter()
        .zip(&report.steps)
        .filter(|(_, ended)| is_so(&ended.status))
        .map(|(step, _)| plan.sites[step.site.index()].name.as_str())
        .collect();
    sites.sort_unstable();
    sites.dedup();
    scope_plan::fleet::listed(&sites)
}
