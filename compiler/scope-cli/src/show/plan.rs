//! A plan by site, as an operator reads it: what is made, borrowed, read and called, and what happens if a site is cut.

use std::collections::BTreeMap;
use std::fmt::Write;

use scope_plan::cuts;
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Plan, SiteId, Step, StepId};
use scope_runtime::state::State;

use super::difference::{self, Row, What};
use super::past::ago;
use super::{bytes, seconds, short_name, short_type};

/// The print-out of a survey: what differs, by site.
pub fn surveyed(plan: &Plan, file: &str, state: &State, rows: &[Row], now_ms: u64) -> String {
    let mut text = String::new();
    let entry = plan.program.entry.map_or("-", |site| plan.sites[site.index()].name.as_str());
    let known = match state.runs.last() {
        Some(run) => {
            format!("state of run {} ({}, {})", run.run, run.by, ago(now_ms.saturating_sub(run.started_ms)))
        }
        None => "no state yet".into(),
    };
    let sites = difference::answering(plan, rows);
    let n_answer = sites.iter().filter(|(_, answers)| *answers).count();
    let _ = writeln!(text, "{file}  entry {entry}   {known}   sites {n_answer} of {} answer", sites.len());
    text += &difference::by_site(plan, rows);
    let steps = plan.steps.iter().filter(|step| touches_site(step)).count();
    let _ = writeln!(
        text,
        "\n{}      {steps} steps, {} at once, {}",
        difference::summary(rows),
        widest(plan),
        expected_time(plan)
    );
    let secrets = secrets(plan);
    if !secrets.is_empty() {
        let _ = writeln!(text, "secrets: {}", secrets.join(", "));
    }
    for line in if_cut(plan) {
        let _ = writeln!(text, "{line}");
    }
    let is_any = rows.iter().any(|row| row.what.is_change());
    let _ = match is_any {
        true => writeln!(text, "run it:  scope run {file}          save: --out plan.json"),
        false if rows.iter().any(|row| row.what == What::Unknown) => {
            writeln!(text, "nothing to do where sites answer; what is unknown is not known to be so")
        }
        false => writeln!(text, "nothing to do"),
    };
    text
}

/// `CloudOne            rtt 1 ms`
pub fn site_line(plan: &Plan, name: &str) -> String {
    let site = plan.sites.iter().position(|site| site.name == name).map(|index| SiteId(index as u32));
    let rtt = plan.program.entry.zip(site).and_then(|(entry, site)| round_trip(plan, entry, site));
    match rtt {
        Some(rtt) => format!("{name:<58}  rtt {:.0} ms", rtt as f64 / 1000.0),
        None => name.to_string(),
    }
}

/// The whole print-out.
pub fn plan(plan: &Plan, file: &str, state: Option<&State>) -> String {
    let mut text = String::new();
    let entry = plan.program.entry.map_or("-", |site| plan.sites[site.index()].name.as_str());
    let known = match state {
        Some(state) if state.last_run > 0 => format!("state of run {}", state.last_run),
        _ => "no state yet".into(),
    };
    let _ = writeln!(text, "{file}  entry {entry}   {known}   {} sites", plan.sites.len());
    for (index, site) in plan.sites.iter().enumerate() {
        let id = SiteId(index as u32);
        let steps: Vec<&Step> =
            plan.steps.iter().filter(|step| step.site == id && touches_site(step)).collect();
        if steps.is_empty() {
            continue;
        }
        let rtt = plan.program.entry.and_then(|entry| round_trip(plan, entry, id));
        match rtt {
            Some(rtt) => {
                let _ = writeln!(text, "\n{:<58}  rtt {:.0} ms", site.name, rtt as f64 / 1000.0);
            }
            None => {
                let _ = writeln!(text, "\n{}", site.name);
            }
        }
        for step in steps {
            let _ = writeln!(text, "{}", step_line(plan, step, state));
        }
    }
    let count = |sign: &str| {
        plan.steps.iter().filter(|step| touches_site(step) && sign_of(plan, step, state) == sign).count()
    };
    // What there is none of is not counted; creations and deletions are said all the same.
    let counts: Vec<String> = [
        ("+", "to create"),
        ("=", "recorded"),
        (">", "to borrow"),
        ("?", "to read"),
        ("!", "to call"),
        ("-", "to delete"),
    ]
    .into_iter()
    .map(|(sign, word)| (count(sign), sign, word))
    .filter(|(n, sign, _)| *n > 0 || matches!(*sign, "+" | "-"))
    .map(|(n, _, word)| format!("{n} {word}"))
    .collect();
    let _ = writeln!(
        text,
        "\n{}      {} steps, {} at once, {}",
        counts.join(", "),
        plan.steps.iter().filter(|step| touches_site(step)).count(),
        widest(plan),
        expected_time(plan),
    );
    let secrets = secrets(plan);
    if !secrets.is_empty() {
        let _ = writeln!(text, "secrets: {}", secrets.join(", "));
    }
    for line in if_cut(plan) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "run it:  scope run {file}          try it: --simulate");
    text
}

/// Steps done by the scheduler alone are not shown.
pub fn touches_site(step: &Step) -> bool {
    !matches!(step.action, Action::Choose { .. } | Action::Gather { .. })
}

fn sign_of(plan: &Plan, step: &Step, state: Option<&State>) -> &'static str {
    match &step.action {
        Action::Ensure { .. } => {
            let site = &plan.sites[step.site.index()].name;
            if state.is_some_and(|state| state.resource(&step.name, site).is_some()) { "=" } else { "+" }
        }
        Action::Bring { .. } => ">",
        Action::Lookup { .. } => "?",
        Action::Call { prints: true, .. } => "?",
        Action::Call { .. } => "!",
        Action::Delete { .. } => "-",
        Action::Choose { .. } | Action::Gather { .. } => " ",
    }
}

fn step_line(plan: &Plan, step: &Step, state: Option<&State>) -> String {
    let kind = step.action.resource_type().map_or("", short_type);
    let mut line = format!(
        "  {} {kind:<10} {:<16} {}",
        sign_of(plan, step, state),
        short_name(&step.name),
        details(plan, step)
    );
    let arms: Vec<String> = step
        .when
        .iter()
        .map(|guard| {
            let choice = &plan.choices[guard.choice.index()];
            format!("if `{}` is tried", choice.arms[guard.arm as usize].label)
        })
        .collect();
    if !arms.is_empty() {
        let _ = write!(line, "   ({})", arms.join(", or "));
    }
    line.trim_end().to_string()
}

pub fn details(plan: &Plan, step: &Step) -> String {
    match &step.action {
        Action::Ensure { attributes, .. } => attributes
            .iter()
            .filter(|(name, _)| name != "name")
            .filter_map(|(name, value)| Some(format!("{name} {}", value_text(plan, value)?)))
            .take(4)
            .collect::<Vec<_>>()
            .join(", "),
        Action::Bring { sources, .. } => {
            let sites: Vec<&str> = sources
                .iter()
                .map(|source| plan.sites[plan.steps[source.index()].site.index()].name.as_str())
                .collect();
            format!("borrowed from {}      {}", sites.join(" or "), needed_by(plan, step.id))
        }
        Action::Lookup { .. } => {
            format!("read only      {}", needed_by(plan, step.id)).trim_end().to_string()
        }
        Action::Call { operation, prints, .. } => {
            if *prints {
                format!("{operation}, printed")
            } else {
                operation.clone()
            }
        }
        Action::Delete { .. } => "no longer in the program".into(),
        Action::Choose { .. } | Action::Gather { .. } => String::new(),
    }
}

fn value_text(plan: &Plan, value: &Expr) -> Option<String> {
    Some(match value {
        Expr::Value(serde_json::Value::String(text)) if text.len() <= 40 => text.clone(),
        Expr::Value(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => value.to_string(),
        Expr::File(file) => format!("{} from {}", bytes(file.size), file.path),
        Expr::Step { step, path } if path.is_empty() => {
            short_name(&plan.steps[step.index()].name).to_string()
        }
        Expr::Secret(_) => "(secret)".into(),
        _ => return None,
    })
}

pub fn needed_by(plan: &Plan, step: StepId) -> String {
    let user = plan.edges.iter().find(|edge| edge.from == step).map(|edge| &plan.steps[edge.to.index()]);
    match user {
        Some(user) => format!("for {} (line {})", short_name(&user.name), user.origin.line),
        None => String::new(),
    }
}

fn round_trip(plan: &Plan, from: SiteId, to: SiteId) -> Option<u64> {
    plan.links
        .iter()
        .filter(|link| (link.from == from && link.to == to) || (link.from == to && link.to == from))
        .filter_map(|link| link.rtt_us)
        .min()
}

/// The greatest number of steps at one depth: how many may be under way at once.
fn widest(plan: &Plan) -> usize {
    let depth = scope_plan::graph::levels(plan, |_| true);
    let mut at_depth: BTreeMap<u32, usize> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| touches_site(step)) {
        *at_depth.entry(depth[step.id.index()]).or_default() += 1;
    }
    at_depth.values().copied().max().unwrap_or(0)
}

fn expected_time(plan: &Plan) -> String {
    let longest = plan.steps.iter().map(|step| step.priority).max().unwrap_or(0);
    if longest == 0 { String::new() } else { format!("about {}", seconds(longest)) }
}

/// Which secret goes to which site, by name only.
fn secrets(plan: &Plan) -> Vec<String> {
    let mut found: BTreeMap<(String, String), ()> = BTreeMap::new();
    let mut note = |source: &SecretSource, site: &str| {
        found.insert((secret_name(source), site.to_string()), ());
    };
    for site in &plan.sites {
        for setting in site.settings.values().flat_map(|settings| settings.values()) {
            setting.secrets_used().into_iter().for_each(|source| note(source, &site.name));
        }
    }
    for step in &plan.steps {
        let site = &plan.sites[step.site.index()].name;
        for (_, input) in step.action.inputs() {
            input.secrets_used().into_iter().for_each(|source| note(source, site));
        }
    }
    found.into_keys().map(|(secret, site)| format!("{secret} -> {site}")).collect()
}

/// A secret's source as people name it.
pub fn secret_name(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => name.clone(),
        SecretSource::File(path) => path.clone(),
        SecretSource::Command(words) => format!("`{}`", words.first().map_or("", String::as_str)),
        SecretSource::Config { file, keys } => format!("{file} ({})", keys.join(".")),
    }
}

/// What waits and what fails when one site cannot be reached.
fn if_cut(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, site) in plan.sites.iter().enumerate() {
        let cut = cuts::cut(plan, SiteId(index as u32));
        let summary = cuts::summary(plan, &cut);
        if !summary.is_empty() {
            lines.push(format!("if cut:  {}: {}", site.name, summary.join("; ")));
        }
    }
    lines
}
