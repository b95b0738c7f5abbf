//! What is recorded of one resource at one site.

use std::collections::BTreeMap;

use scope_plan::plan::OnUnreachable;
use scope_plan::recorded::{How, RecordedWave, Relied};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A resource at a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// `openstack.image`
    pub resource_type: String,
    /// Its identity at the site.
    pub identity: String,
    /// How it came to be there.
    pub how: How,
    /// Made, filled and seen ready: what is not was interrupted, and is finished by the next run.
    pub is_complete: bool,
    /// When it was begun, in milliseconds since 1970, as long as it is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_ms: Option<u64>,
    /// The digest of what the program set last: for types that cannot be read back, and to tell a change of the program
    /// from one that was made outside.
    pub inputs: Option<String>,
    /// What the program set last, without what is secret, content or long: tells who changed what since.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// Digests of the rest of it, by attribute; nothing is known of what an earlier version recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digests: Option<BTreeMap<String, String>>,
    /// What the site went on to tell otherwise after it was set: nobody changed it since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_taken: BTreeMap<String, NotTaken>,
    /// The run that recorded it.
    pub run: u64,
    /// The last run that saw it as the program said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// Borrowed: the site it was copied from.
    pub from: Option<String>,
    /// Borrowed: the identity that its origin had there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Borrowed: the identities that it had here before, and that of its origin. What was made with one of these is not
    /// made anew because the copy was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formerly: Vec<String>,
    /// What it was made from, name and site: deleted only after it.
    #[serde(default)]
    pub needs: Vec<(String, String)>,
    /// What it relies upon as long as it lives: not deleted meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relies: Vec<Relied>,
    /// The rollout that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RecordedWave>,
    /// It is left at its site where the program no longer has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// What the program said of a site that cannot be reached: its deletion does as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_cut: Option<OnUnreachable>,
    /// A part of a `%`: divided attribute → its share.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, Value>,
    /// Its creation was sent more than once, and an earlier request may have taken effect after all: the next look is for all
    /// that bear its mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_doubtful: bool,
    /// The files in which secrets are kept that its site made: they stay when it is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_in: Vec<String>,
}

impl Resource {
    /// Something whole that is at a site; nothing more is known of it.
    pub fn new(resource_type: impl Into<String>, identity: impl Into<String>, how: How) -> Self {
        Self {
            resource_type: resource_type.into(),
            identity: identity.into(),
            how,
            is_complete: true,
            begun_ms: None,
            inputs: None,
            set: Map::new(),
            digests: None,
            not_taken: BTreeMap::new(),
            run: 0,
            seen: None,
            from: None,
            of: None,
            formerly: Vec::new(),
            needs: Vec::new(),
            relies: Vec::new(),
            rollout: None,
            keep: false,
            when_cut: None,
            shares: Default::default(),
            is_doubtful: false,
            kept_in: Vec::new(),
        }
    }
}

/// A value that a site did not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTaken {
    /// The last run that set it.
    pub run: u64,
    /// The digest of what the site told instead.
    pub told: String,
}
