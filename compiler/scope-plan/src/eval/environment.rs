//! Where an expression's names, outputs, secrets and files come from.
//!
//! `Bindings::new().with("id", json!("45da"))` is one with a name and nothing else.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::expr::{FileRef, SecretSource};
use crate::plan::StepId;

/// What an expression may ask for. `None` is an error where the expression needs it.
pub trait Environment {
    /// A name's value; an attribute that is not set is `Some(null)`.
    fn name(&self, _name: &str) -> Option<Value> {
        None
    }

    /// The output of a step.
    fn step(&self, _step: StepId) -> Option<&Value> {
        None
    }

    /// A secret's content.
    fn secret(&self, _source: &SecretSource) -> Option<String> {
        None
    }

    /// Whether what it gives for secrets are the secrets, and not what stands for them: that is bounded by no rule.
    fn has_secrets(&self) -> bool {
        true
    }

    /// A file's bytes. As a value they must be UTF-8; `base64(…)` takes any.
    fn file_bytes(&self, _file: &FileRef) -> Option<Vec<u8>> {
        None
    }
}

/// An environment of given names and outputs, without secrets and files.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    names: BTreeMap<String, Value>,
    outputs: BTreeMap<StepId, Value>,
}

impl Bindings {
    /// Nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// And this name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Self {
        self.names.insert(name.into(), value);
        self
    }

    /// And this step's output.
    #[must_use]
    pub fn with_output(mut self, step: StepId, value: Value) -> Self {
        self.outputs.insert(step, value);
        self
    }
}

impl Environment for Bindings {
    fn name(&self, name: &str) -> Option<Value> {
        self.names.get(name).cloned()
    }

    fn step(&self, step: StepId) -> Option<&Value> {
        self.outputs.get(&step)
    }
}
