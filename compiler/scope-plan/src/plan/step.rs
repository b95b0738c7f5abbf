//! One unit of work, and what happens where it does not go as it should.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Guard, Origin, SiteId, StepId};
use crate::driver::Repeat;

/// One unit of work at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its position in `Plan::steps`.
    pub id: StepId,
    /// The global name of the resource: the item's path, `lab.server`; of a look-up, `vm.image`.
    pub name: String,
    /// Where it is done. `choose` and `gather` touch no site; theirs is where the result is used.
    pub site: SiteId,
    /// What is done.
    pub action: Action,
    /// The arms it belongs to; done when any of them is being tried. Empty: always.
    pub when: Vec<Guard>,
    /// When its site cannot be reached.
    pub on_unreachable: OnUnreachable,
    /// Whether what was done is taken back: when the arms it belongs to are abandoned, or also when its resource fails.
    pub undo: Undo,
    /// Attempts and pauses.
    pub retry: Retry,
    /// For the whole request at its site, in milliseconds: all attempts, the pauses between them and readiness included.
    pub timeout_ms: u64,
    /// The part of it for readiness; `None`: the driver's.
    pub ready_within_ms: Option<u64>,
    /// What makes a repeat safe.
    pub repeat: Repeat,
    /// Where a repeat is not safe and it is not known whether it was done.
    #[serde(default, skip_serializing_if = "OnUnknown::is_ask")]
    pub on_unknown: OnUnknown,
    /// The same for the same resource at the same site in every run of a deployment: `nantes/vm/ensure`.
    pub key: String,
    /// Steps with a greater priority are started first: the critical path below them, in estimated milliseconds.
    pub priority: u64,
    /// The program's line.
    pub origin: Origin,
}

/// What happens when the site cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnreachable {
    /// The intent is kept and done when the site is back, at most for so long (milliseconds).
    Queue {
        /// `queue for d`.
        for_ms: Option<u64>,
    },
    /// Left out, and said.
    Skip,
    /// The step ends *unavailable*.
    Fail,
}

/// Whether what a step did is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Nothing was made, or it is kept.
    Keep,
    /// What this evaluation created is deleted; what it changed of something older is set back, where it is still as it was
    /// changed to.
    DeleteCreated,
    /// As that; and when its resource fails in the end, at whatever site (`on_failure: undo`).
    DeleteWithResource,
}

impl Undo {
    /// Whether it is taken back when its arms are abandoned.
    pub fn is_wanted(self) -> bool {
        self != Undo::Keep
    }
}

/// Where it is not known whether an operation that must not be repeated was done: what a person would answer, beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// A person is asked.
    #[default]
    Ask,
    /// It counts as failed: the step ends *unavailable*.
    Fail,
    /// It is sent again, and may be done twice.
    Retry,
}

impl OnUnknown {
    fn is_ask(&self) -> bool {
        *self == OnUnknown::Ask
    }
}

/// Attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    /// At most, the first included.
    pub times: u32,
    /// Before the second, doubling; in milliseconds.
    pub backoff_ms: u64,
}
