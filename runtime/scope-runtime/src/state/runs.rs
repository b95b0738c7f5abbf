//! The history: how each run was started, and how it ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::{Counts, Verdict};

/// A run in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub run: u64,
    /// Who started it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took; `None` where it did not come to its end.
    pub millis: Option<u64>,
    /// How it ended; `None` where it did not come to its end.
    pub verdict: Option<Verdict>,
    /// In numbers.
    pub counts: Counts,
    /// Its outputs that have no value: why not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_value: BTreeMap<String, String>,
    /// What it left at a site and is not recorded as owed: the next plan tells of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<String>,
    /// The digest of its plan.
    pub plan: String,
    /// What it was started with.
    #[serde(default)]
    pub started: Started,
}

/// What a run was asked to do with its program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// That it is as the program says, or the sequence of it that is named.
    #[default]
    Program,
    /// That nothing of it is there: `scope destroy`.
    Nothing,
    /// That one native command is done: `scope exec -- …`.
    Command,
}

impl Wish {
    /// What most runs are asked.
    fn is_program(&self) -> bool {
        *self == Wish::Program
    }
}

/// What a run was started with, so that `resume` can start it again. No secret is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Started {
    /// What was asked.
    #[serde(default, skip_serializing_if = "Wish::is_program")]
    pub wish: Wish,
    /// The run that this one goes on with: the first of the same command. Nothing: it is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The program, or a plan's file, as given.
    pub program: String,
    /// `NAME=VALUE` of parameters; of one that is secret, where it is: `pw=env:PW`.
    pub set: Vec<String>,
    /// `--params`, the files as they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// What an older version kept of secret ones: their names. They must be given again.
    pub secret: Vec<String>,
    /// `--at SITE`
    pub at: Option<String>,
    /// `--only NAME`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// `--reconsider`
    pub reconsider: bool,
    /// `--again NAME`
    pub again: Vec<String>,
    /// `--policy`, the files as they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Of the program, only this sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// The words of one native command; nothing where one of them is secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// `--site SITE`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site: Vec<String>,
    /// `--except SITE`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// `--yes`, or it was said when it was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yes: bool,
    /// `--max-delete COUNT`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete: Option<usize>,
    /// `--on EVENT=COMMAND`, as given; an address may itself be a secret and is not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
}
