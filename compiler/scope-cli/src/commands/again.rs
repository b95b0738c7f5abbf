//! What is done once more (`--again NAME`): a `call` that was done, all of a sequence or a group, the secrets of a resource,
//! a copy whose content is another than its origin's.
//!
//! `bell` → `{"bell": None}`; of what an earlier run was asked for first, with that run, so that it is done once.

use std::collections::{BTreeMap, BTreeSet};

use scope_diagnostics::{codes, similar};
use scope_plan::fleet::listed;
use scope_plan::plan::{Action, Plan, Step};
use scope_runtime::state::State;

use super::WRONG;
use crate::output::{say_error, say_help};

/// The calls to do once more, the resources whose secrets are to be sent once more, the copies to be made anew, and the run that was asked for it first.
pub fn of(plan: &Plan, asked: &[String], first: Option<u64>) -> BTreeMap<String, Option<u64>> {
    let names = asked.iter().flat_map(|name| again(plan, name));
    names.map(|name| (name, first)).collect()
}

/// What is to be done once more is a call, or has some in it, or is given a secret, or copied; else it is said which there are.
pub fn is_something(plan: &Plan, asked: &[String]) -> Result<(), u8> {
    let is_nothing = |name: &&String| again(plan, name).next().is_none();
    let Some(name) = asked.iter().find(is_nothing) else { return Ok(()) };
    if plan.steps.iter().any(|step| step.name == *name) {
        say_error(
            codes::E0922,
            &format!(
                "`{name}` is no `call`, is given no secret, and is copied nowhere: there is nothing of it to be done once more"
            ),
        );
    } else {
        say_error(codes::E0922, &format!("no `call` of this program is named `{name}`"));
    }
    // A call by its name, and every sequence or group that it is in.
    let with_groups = |call: &'_ str| -> Vec<String> {
        let groups = call.match_indices(['.', '[']).map(|(end, _)| call[..end].to_string());
        groups.chain([call.to_string()]).collect()
    };
    let names: BTreeSet<String> = calls(plan).flat_map(with_groups).collect();
    match similar::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => say_help(&format!("did you mean `{near}`?")),
        None if names.is_empty() => say_help("the program has none"),
        None => {
            let all: Vec<&str> = calls(plan).collect::<BTreeSet<_>>().into_iter().collect();
            say_help(&format!("its calls: {}", listed(&all)));
        }
    }
    Err(WRONG)
}

/// The state in which that is not done yet: what a plan tells of it.
pub fn undone(mut state: State, plan: &Plan, asked: &[String]) -> State {
    let again = of(plan, asked, None);
    for step in plan.steps.iter().filter(|step| again.contains_key(&step.name)) {
        state.calls.remove(&step.key);
    }
    state
}

/// What of this name there is to be done once more.
fn again<'p>(plan: &'p Plan, name: &str) -> impl Iterator<Item = String> + use<'p> {
    called(plan, name).chain(with_secrets(plan, name)).chain(copied(plan, name))
}

/// What is copied from one site to another.
fn copied<'p>(plan: &'p Plan, name: &str) -> impl Iterator<Item = String> + use<'p> {
    let name = name.to_string();
    let is_meant = move |step: &&Step| step.name == name && matches!(step.action, Action::Bring { .. });
    plan.steps.iter().filter(is_meant).map(|step| step.name.clone())
}

/// The resources of this name, or of the family of this name, that are given a secret.
fn with_secrets<'p>(plan: &'p Plan, name: &str) -> impl Iterator<Item = String> + use<'p> {
    let name = name.to_string();
    let has_secret = |step: &Step| match &step.action {
        Action::Ensure { attributes, .. } => {
            attributes.iter().any(|(_, value)| !value.secrets_used().is_empty())
        }
        _ => false,
    };
    let is_meant = move |step: &&Step| {
        let rest = step.name.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('[')) && has_secret(step)
    };
    plan.steps.iter().filter(is_meant).map(|step| step.name.clone())
}

/// The calls of this name, or of the sequence or group of this name.
fn called<'p>(plan: &'p Plan, name: &str) -> impl Iterator<Item = String> + use<'p> {
    let name = name.to_string();
    let is_meant = move |step: &&str| {
        step.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    calls(plan).filter(is_meant).map(str::to_string)
}

fn calls(plan: &Plan) -> impl Iterator<Item = &str> {
    let calls = plan.steps.iter().filter(|step| matches!(step.action, Action::Call { .. }));
    calls.map(|step| step.name.as_str())
}
