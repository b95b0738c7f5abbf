//! What earlier runs recorded and compiling needs to know: which resources are ours, and which arm was chosen.
//!
//! The runtime owns the state and gives this view of it; a plan is a function of it as of the program.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::address::Address;
use crate::plan::OnUnreachable;

/// The recorded state of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// What was created, adopted or borrowed.
    pub resources: Vec<RecordedResource>,
    /// Choice key → arm.
    pub choices: BTreeMap<String, u32>,
    /// Choice key → the names of that arm's sites; an older state has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chosen_sites: BTreeMap<String, BTreeSet<String>>,
    /// Every `|` is chosen again, from the left (`--reconsider`).
    #[serde(default)]
    pub reconsider: bool,
    /// What no program made, but one command of `scope exec`, name and site: it is left as it is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub apart: BTreeSet<(String, String)>,
    /// Guards that this deployment left on what it relies upon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<RecordedGuard>,
    /// Requests that were sent and whose end is not known, and deletions that are owed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenRequest>,
    /// What the program's runs left waiting for a site: the step's key, and the global name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<(String, String)>,
    /// Site's name → its addresses ([`crate::plan::Site::addresses`]) when a run was last about it; an older state has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sites: BTreeMap<String, BTreeMap<String, Address>>,
    /// Site's name → what it was called before, where no run has ended since: what is recorded with such a name as a key of a
    /// family has the new one for its key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub former_sites: BTreeMap<String, Vec<String>>,
    /// What a command is told of where this is kept, behind a blank: ` --program far.scope`; nothing where it finds it.
    #[serde(skip)]
    pub told: String,
}

impl Recorded {
    /// Which of these arms, given by the names of their sites, is the one that was chosen. It is known by its sites, and only
    /// else by its number: alternatives may be in another order since. None where nothing of it is left.
    pub fn chosen(&self, key: &str, arms: &[BTreeSet<String>]) -> Option<u32> {
        let number = *self.choices.get(key)?;
        let Some(sites) = self.chosen_sites.get(key).filter(|sites| !sites.is_empty()) else {
            return ((number as usize) < arms.len()).then_some(number);
        };
        let shared = |arm: &BTreeSet<String>| arm.intersection(sites).count();
        let numbered = (0..).zip(arms).filter(|(_, arm)| shared(arm) > 0);
        let best = numbered
            .max_by_key(|(index, arm)| (*arm == sites, shared(arm), *index == number, Reverse(*index)));
        best.map(|(index, _)| index)
    }
}

impl Recorded {
    /// What was adopted, name and site, and relies upon something that was adopted too and bears our guard for it: where
    /// nothing of the program is to be left, it is let go, and the guard with it.
    pub fn adopted_users(&self) -> BTreeSet<(String, String)> {
        let relied = |resource_type: &String, site: &String, identity: &String| Relied {
            resource_type: resource_type.clone(),
            site: site.clone(),
            identity: identity.clone(),
        };
        let guards = self.guards.iter();
        let guarded: BTreeSet<Relied> =
            guards.map(|guard| relied(&guard.resource_type, &guard.site, &guard.identity)).collect();
        let (adopted, ours): (Vec<_>, Vec<_>) =
            self.resources.iter().partition(|known| known.how == How::Adopted);
        // What is ours is deleted, or stays with those that need it.
        let ours = ours.into_iter().map(|known| relied(&known.resource_type, &known.site, &known.identity));
        let ours: BTreeSet<Relied> = ours.collect();
        let users = adopted.into_iter().filter(|known| {
            known.relies.iter().any(|relied| guarded.contains(relied))
                && !known.relies.iter().any(|relied| ours.contains(relied))
        });
        users.map(|known| (known.name.clone(), known.site.clone())).collect()
    }
}

/// What a map of choices says of a resource or a group, said of what it is called now; choices within its location go with it.
pub fn rename_choices<T>(choices: &mut BTreeMap<String, T>, from: &str, to: &str) {
    let keys: Vec<String> = choices.keys().filter(|key| is_choice_of(key, from)).cloned().collect();
    for key in keys {
        if let Some(known) = choices.remove(&key) {
            choices.insert(format!("{to}{}", &key[from.len()..]), known);
        }
    }
}

/// Whether a choice's key is that of what is called so, or of a choice within its location.
pub fn is_choice_of(key: &str, name: &str) -> bool {
    key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '#']))
}

/// What an earlier run left open at a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenRequest {
    /// The step's key.
    pub key: String,
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `openstack.image`
    pub resource_type: String,
}

/// A guard that was left on a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedGuard {
    /// What the resource is called in the plan that left it.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `openstack.network`
    pub resource_type: String,
    /// Its identity at the site.
    pub identity: String,
}

/// One resource at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedResource {
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `openstack.image`
    pub resource_type: String,
    /// Its identity at the site.
    pub identity: String,
    /// How it came to be there.
    pub how: How,
    /// What it was made from, name and site: deleted only after it.
    #[serde(default)]
    pub needs: Vec<(String, String)>,
    /// The rollout it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RecordedWave>,
    /// What it relies upon as long as it lives: not deleted meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relies: Vec<Relied>,
    /// It is left at its site where the program no longer has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// What the program said of a site that cannot be reached: its deletion does as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_cut: Option<OnUnreachable>,
    /// A part of a `%`: divided attribute → its share.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, Value>,
    /// What the program set last, without what is secret, content or long.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
}

impl RecordedResource {
    /// Whether it is left at its site where the program no longer has it: it was said so, or it was there before us.
    pub fn stays(&self) -> bool {
        self.keep || self.how == How::Adopted
    }
}

/// A resource that another one relies upon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Relied {
    /// `openstack.network`
    pub resource_type: String,
    /// The site's name.
    pub site: String,
    /// Its identity there.
    pub identity: String,
}

/// Where a recorded resource stands in a rollout: what is removed from the program, and what is destroyed, goes in these
/// waves too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedWave {
    /// The rollout's key.
    pub key: String,
    /// From 1.
    pub wave: u32,
    /// As [`crate::plan::Rollout::soak_ms`].
    pub soak_ms: u64,
    /// As [`crate::plan::Rollout::stop_after`].
    pub stop_after: u32,
}

/// What joins the name of a borrowed resource and the site of its origin.
const FROM: &str = " from ";

/// The name that a copy is recorded with: two of one name, from two sites, are two things.
///
/// `borrowed_name("image:debian-12", "paris")` → `image:debian-12 from paris`
pub fn borrowed_name(name: &str, origin: &str) -> String {
    format!("{name}{FROM}{origin}")
}

/// The name that it has in the program, and the site of its origin.
pub fn borrowed_parts(recorded: &str) -> Option<(&str, &str)> {
    recorded.rsplit_once(FROM)
}

/// How a recorded resource came to be at its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// By us: may be deleted by us.
    Created,
    /// Taken over: never deleted by us.
    Adopted,
    /// A copy brought from another site.
    Borrowed,
}
