//! A saved plan: the plan, and what it relies on: the state, the files, what was read at the sites.
//!
//! `scope plan web.scope --out plan.json`, then `scope run plan.json` → runs, or says what changed since (E0923).

use std::collections::BTreeMap;

use scope_plan::plan::Plan;
use scope_runtime::report::{Report, StepStatus};
use scope_runtime::state::{State, digest_of_value};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::show::short_name;

/// What a saved plan relies on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relied {
    /// The deployment's id.
    pub deployment: String,
    /// The state's serial number.
    pub serial: u64,
    /// Step key → a digest of what was found there.
    pub read: BTreeMap<String, String>,
}

impl Relied {
    /// Of a plan that was surveyed.
    pub fn new(state: &State, survey: &Report, plan: &Plan) -> Self {
        Self { deployment: state.deployment.clone(), serial: state.serial, read: read(survey, plan) }
    }

    /// What is not as it was, a sentence each. `now` is a survey of the same plan.
    pub fn changes(&self, plan: &Plan, state: &State, now: Option<&Report>) -> Vec<String> {
        let mut changes = Vec::new();
        // A plan made before the first run knows no deployment.
        if state.deployment != self.deployment && !(self.deployment.is_empty() && state.last_run == 0) {
            changes.push(format!(
                "it is for another deployment ({}, this one is {})",
                self.deployment, state.deployment
            ));
        }
        if state.serial != self.serial {
            changes.push(format!(
                "the state is at serial {}, the plan was made from {}",
                state.serial, self.serial
            ));
        }
        for (path, digest) in plan.program.files.iter().filter(|(path, _)| !path.starts_with("std:")) {
            match std::fs::read(path) {
                Err(error) => changes.push(format!("`{path}` cannot be read any more: {error}")),
                Ok(bytes) if scope_plan::digest::sha256_hex(&bytes) != *digest => {
                    changes.push(format!("`{path}` has changed"));
                }
                Ok(_) => {}
            }
        }
        for (path, digest) in
            plan.program.files.iter().filter_map(|(path, digest)| Some((path.strip_prefix("std:")?, digest)))
        {
            let is_same = scope_stdlib::module(path)
                .is_some_and(|text| scope_plan::digest::sha256_hex(text.as_bytes()) == *digest);
            if !is_same {
                changes.push(format!("the library's `{path}` is another version"));
            }
        }
        let now = now.map(|survey| read(survey, plan)).unwrap_or_default();
        for step in &plan.steps {
            let (before, after) = (self.read.get(&step.key), now.get(&step.key));
            if !now.is_empty() && before != after {
                let site = &plan.site(step.site).name;
                changes.push(format!("`{}` at {site} is not as it was read", short_name(&step.name)));
            }
        }
        changes
    }
}

/// What a survey found, as digests: no attribute of a resource is repeated here.
fn read(survey: &Report, plan: &Plan) -> BTreeMap<String, String> {
    let steps = plan.steps.iter().zip(&survey.steps);
    let found = steps.filter_map(|(step, ended)| {
        let found = match &ended.status {
            StepStatus::Done { effect } => json!({ "effect": effect, "output": stable(&ended.output) }),
            // A site that was silent gave nothing to rely on: its steps are looked up by the run.
            StepStatus::Parked { .. } | StepStatus::Failed { .. } | StepStatus::Skipped { .. } => {
                return None;
            }
        };
        Some((step.key.clone(), digest_of_value(&found)))
    });
    found.collect()
}

/// Without what changes by itself.
fn stable(output: &Value) -> Value {
    let mut output = output.clone();
    if let Value::Object(fields) = &mut output {
        fields.retain(|name, _| !name.ends_with("_at") && name != "updated" && name != "progress");
    }
    output
}

/// The plan's JSON with one field more, which a reader of plans passes over.
pub fn to_json(plan: &Plan, relied: &Relied) -> String {
    scope_plan::json::to_json_with(plan, "relies_on", relied)
}

/// What the text of a plan says that it relies on; nothing for one that `scope build` wrote.
pub fn relied(text: &str) -> Option<Relied> {
    #[derive(Deserialize)]
    struct Head {
        relies_on: Option<Relied>,
    }
    serde_json::from_str::<Head>(text).ok()?.relies_on
}
