//! A saved plan: the plan, and what it relies on: the state, the files, what was read at the sites.
//!
//! `scope plan web.scope --out plan.json`, then `scope run plan.json` → runs, or says what changed since (E0923). A plan for
//! which no site was asked (`--offline`) relies on the state and the files alone.

use std::collections::{BTreeMap, BTreeSet};

use scope_compiler::{ReadError, World};
use scope_plan::plan::Plan;
use scope_runtime::report::{Report, StepStatus};
use scope_runtime::state::{Started, State, digest_of_value};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::now_ms;
use crate::show::difference::is_silent;
use crate::show::short_name;
use crate::world::Disk;

/// What a saved plan relies on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relied {
    /// The deployment's id.
    pub deployment: String,
    /// The state's serial number.
    pub serial: u64,
    /// Where the state is, if that was said (`--state`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What was planned; nothing is known of what an older version planned but its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Started>,
    /// Step key → a digest of what was found there; nothing of what was not asked, or did not answer.
    pub read: BTreeMap<String, String>,
}

/// A plan that `scope plan --out` wrote.
pub struct Saved {
    /// Whose state it is run with.
    pub program: String,
    /// What it relies on.
    pub relied: Relied,
}

impl Saved {
    /// Nothing for a program, and for a plan that `scope build` wrote: that has a state of its own.
    pub fn of(file: &str) -> Option<Saved> {
        let text = std::fs::read_to_string(file).ok().filter(|_| is_plan(file))?;
        let relied = relied(&text)?;
        Some(Saved { program: scope_plan::json::from_json(&text).ok()?.program.file, relied })
    }
}

/// Whether a file that is to be run is a plan, and not a program.
pub fn is_plan(file: &str) -> bool {
    file.ends_with(".json")
}

impl Relied {
    /// Of a plan that was asked for, and made from this state at this place; `survey` is what its sites were seen to have.
    pub fn new(
        asked: Started,
        plan: &Plan,
        state: &State,
        place: Option<&str>,
        survey: Option<&Report>,
    ) -> Self {
        Self {
            deployment: state.deployment.clone(),
            serial: state.serial,
            state: place.map(str::to_owned),
            asked: Some(asked),
            read: survey.map(|survey| read(survey, plan)).unwrap_or_default(),
        }
    }

    /// What is not as it was, a sentence each. `now` is a survey of the same plan.
    pub fn changes(&self, plan: &Plan, state: &State, now: Option<&Report>) -> Vec<String> {
        let mut changes = Vec::new();
        // A plan made before the first run knows no deployment: the serial tells whether there was one since.
        if state.deployment != self.deployment && !self.deployment.is_empty() {
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
        for (path, known) in files(plan) {
            match Disk.digest(path) {
                Err(error) => changes.push(format!("`{path}` cannot be read any more: {}", words(&error))),
                Ok(digest) if digest.sha256 != known => changes.push(format!("`{path}` has changed")),
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
        let Some(survey) = now else { return changes };
        let now = read(survey, plan);
        // Several steps look at one resource: it is told once.
        let mut told = BTreeSet::new();
        let mut tell = |words: String| {
            if told.insert(words.clone()) {
                changes.push(words);
            }
        };
        for (step, ended) in plan.steps.iter().zip(&survey.steps) {
            let (name, site) = (short_name(&step.name), &plan.site(step.site).name);
            // Where nothing will be sent, what is there does not matter.
            let is_held = state.holds.get(site).is_some_and(|hold| hold.is_in_force(now_ms()));
            match (self.read.get(&step.key).filter(|_| !is_held), now.get(&step.key)) {
                (Some(before), Some(after)) if before != after => {
                    tell(format!("`{name}` at {site} is not as it was read"));
                }
                (Some(_), None) => tell(match &ended.status {
                    // The site answered: what is there is other than what was read.
                    StepStatus::Failed { failure } if !is_silent(&ended.status) => {
                        format!("`{name}` at {site} is not as it was read: {}", failure.message)
                    }
                    StepStatus::Failed { failure } => {
                        format!("`{name}` at {site} cannot be read any more: {}", failure.message)
                    }
                    _ => format!("`{name}` at {site} cannot be read any more"),
                }),
                _ => {}
            }
        }
        changes
    }
}

fn words(error: &ReadError) -> &str {
    match error {
        ReadError::NotFound => "it is not there",
        ReadError::TooLarge => "it is too large",
        ReadError::Other(words) => words,
    }
}

/// The files of the program, path and digest: its texts, and the contents that its resources are given.
fn files(plan: &Plan) -> BTreeMap<&str, &str> {
    let texts = plan.program.files.iter().map(|(path, digest)| (path.as_str(), digest.as_str()));
    let texts = texts.filter(|(path, _)| !path.starts_with("std:"));
    let inputs = plan.steps.iter().flat_map(|step| step.action.inputs());
    let contents = inputs.flat_map(|(_, input)| input.files_used());
    // A plan made by hand may know no digest.
    let contents = contents.filter(|file| !file.sha256.is_empty());
    texts.chain(contents.map(|file| (file.path.as_str(), file.sha256.as_str()))).collect()
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

fn relied(text: &str) -> Option<Relied> {
    #[derive(Deserialize)]
    struct Head {
        relies_on: Option<Relied>,
    }
    serde_json::from_str::<Head>(text).ok()?.relies_on
}
