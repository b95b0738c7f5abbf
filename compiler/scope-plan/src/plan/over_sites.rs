//! What is one over several sites: the parts of a `%`, the waves of a rollout.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Origin, StepId};

/// A `%`: one resource over several sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cross {
    /// The resource's key: `hits`.
    pub key: String,
    /// The step that makes the part with the identity of the whole; the others wait for it.
    pub prime: StepId,
    /// The parts, as written.
    pub parts: Vec<CrossPart>,
    /// The attribute by which the prime named another one in an earlier run: it names none now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlinked: Option<String>,
}

/// One part of a `%`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CrossPart {
    /// As written, for people: `paris | lille`.
    pub label: String,
    /// The step that makes it; several where it is a `|`, none where it is left out (`local_only`).
    pub steps: Vec<StepId>,
    /// How much of it the part has, beside those of the other parts.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u64,
    /// Divided attribute → the part's share, made once over all parts, whatever is cut.
    pub shares: IndexMap<String, Value>,
    /// The share that an earlier run gave it, where it was another one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, Value>,
}

fn one() -> u64 {
    1
}

fn is_one(weight: &u64) -> bool {
    *weight == 1
}

/// What `local_only` keeps at the entry site, and where it is written for and not made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// The resource's key: `base`.
    pub key: String,
    /// The names of the other sites of its scope, as written.
    pub sites: Vec<String>,
}

/// Sites that are changed one wave after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rollout {
    /// What is rolled out: an item, a family or a group, `agent`.
    pub key: String,
    /// From the end of a wave to the beginning of the next one, in milliseconds, where the wave changed anything.
    pub soak_ms: u64,
    /// With so many sites failed, nothing more is begun.
    pub stop_after: u32,
    /// The waves, the first one first; those without a site of this plan are left out.
    pub waves: Vec<Wave>,
    /// The program's line.
    pub origin: Origin,
}

/// One wave of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wave {
    /// From 1, counted over all waves of the rollout.
    pub number: u32,
    /// Its steps: they wait for the waves before.
    pub steps: Vec<StepId>,
    /// Steps at its sites that wait for no wave: what is new is made at once.
    pub at_once: Vec<StepId>,
}
