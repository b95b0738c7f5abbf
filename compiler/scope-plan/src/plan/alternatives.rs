//! Choices: `a | b` is one with two arms, and every step for `b` alone has its arm as a guard.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChoiceId, Origin, StepId};

/// One arm of one choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// The choice.
    pub choice: ChoiceId,
    /// The arm, from 0.
    pub arm: u32,
}

/// A `|`: arms tried from the left; the next one only after what an *unavailable* one created is undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// Its position in `Plan::choices`.
    pub id: ChoiceId,
    /// `base`, `vm.image`: recorded in the state under this key.
    pub key: String,
    /// What is chosen, for people: `` `base` ``, `` `image` of `vm` at nantes ``.
    pub label: String,
    /// The arms of other choices it stands in; empty: always tried.
    pub when: Vec<Guard>,
    /// The arms.
    pub arms: Vec<Arm>,
    /// The arm recorded by an earlier run, tried first and kept while it holds.
    pub recorded: Option<u32>,
    /// The program's line.
    pub origin: Origin,
}

/// One alternative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Arm {
    /// As written, for people: `paris & lille`.
    pub label: String,
    /// The steps whose outcome is the arm's, those of nested choices not included. A step that is also needed outside
    /// (`A & (A | B)`) is a member all the same.
    pub members: Vec<StepId>,
    /// Choices directly inside.
    pub choices: Vec<ChoiceId>,
}
