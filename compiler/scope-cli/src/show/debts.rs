//! What earlier runs owe, as a plan tells it: deletions, and changes to be set back, that the next run does where the site
//! answers.
//!
//! `card c7 at paris`, left by run 3 → `-  card  first  owed since run 3: deleted when paris answers`.

use std::collections::BTreeSet;

use scope_plan::plan::{Action, Plan};
use scope_plan::recorded::Relied;
use scope_runtime::state::{Owed, Sent, State};

use super::difference::{Row, What};
use super::{short_name, short_type};

/// A row for each debt at a site of the plan; `given_up` are the keys of steps that are wanted no more, as far as it is known.
pub fn rows(plan: &Plan, state: &State, given_up: &BTreeSet<&str>) -> Vec<Row> {
    let is_live = |key: &str| {
        let mut steps = plan.steps.iter().filter(|step| step.key == key);
        steps.any(|step| !given_up.contains(step.key.as_str()))
    };
    // What is wanted again is found there, and owed no more.
    let is_wanted = |name: &str, site: &str| {
        let is_it = |step: &&scope_plan::plan::Step| {
            step.name == name
                && plan.site(step.site).name == site
                && matches!(step.action, Action::Ensure { .. } | Action::Bring { .. })
        };
        plan.steps.iter().filter(is_it).any(|step| !given_up.contains(step.key.as_str()))
    };
    let owed = state.owed.iter().filter(|owed| !is_wanted(&owed.name, &owed.site)).map(|owed| {
        let row = row(&owed.key, &owed.name, &owed.site, &owed.resource_type);
        Row { why: deletion(state, owed), ..row }
    });
    let is_open = |key: &String| plan.unwanted.contains(key) || given_up.contains(key.as_str());
    let is_debt = |key: &String| state.owed.iter().any(|owed| owed.key == *key);
    let is_there = |sent: &Sent| state.resource(&sent.name, &sent.site).is_some();
    let sent = state.sent.iter().filter(|(key, sent)| is_open(key) && !is_debt(key) && !is_there(sent));
    let sent = sent.map(|(key, sent)| {
        let row = row(key, &sent.name, &sent.site, &sent.resource_type);
        Row { why: perhaps(sent.run, &sent.site), ..row }
    });
    let changed = state.changed.iter().filter(|(key, _)| !is_live(key));
    let changed = changed.map(|(key, changed)| {
        let names: Vec<&str> = changed.attributes.iter().map(|known| known.attribute.as_str()).collect();
        let row = row(key, &changed.name, &changed.site, &changed.resource_type);
        let why = format!(
            "owed since run {}: {} is set back when {} answers",
            changed.run,
            names.join(", "),
            changed.site
        );
        Row { why, ..row }
    });
    let looks = state.looks.keys().map(|site| Row {
        why: format!("whether something is there twice is looked for when {site} answers"),
        ..row("", "", site, "")
    });
    let rows = owed.chain(sent).chain(changed).chain(looks);
    rows.filter(|row| plan.sites.iter().any(|site| site.name == row.site)).collect()
}

fn row(key: &str, name: &str, site: &str, resource_type: &str) -> Row {
    Row {
        site: site.to_owned(),
        kind: short_type(resource_type).to_owned(),
        name: name.to_owned(),
        what: What::Owed,
        why: String::new(),
        differences: Vec::new(),
        is_outside: false,
        line: 0,
        key: key.to_owned(),
    }
}

fn deletion(state: &State, owed: &Owed) -> String {
    let Some(relied) = owed.relied() else { return perhaps(owed.run, &owed.site) };
    let after = users(state, &relied);
    match after.is_empty() {
        true => format!("owed since run {}: deleted when {} answers", owed.run, owed.site),
        false => format!("owed since run {}: deleted after {}", owed.run, after.join(", ")),
    }
}

fn perhaps(run: u64, site: &str) -> String {
    let since = if run == 0 { "since the state was rebuilt".to_string() } else { format!("since run {run}") };
    format!("owed {since}: perhaps made; looked for, and deleted, when {site} answers")
}

/// Those that are deleted before it.
fn users(state: &State, relied: &Relied) -> Vec<String> {
    let users = state.owed.iter().filter(|owed| owed.relies.contains(relied));
    users.map(|owed| format!("{} at {}", short_name(&owed.name), owed.site)).collect()
}
