//! The plan: the one value that compiling makes and that the runner, the simulator and the targets take.
//!
//! Vectors are the truth, ids are positions in them; graphs are views built when needed. A plan is a function of the
//! program, its drivers, parameters and recorded state, never of the network or the clock. No secret is in it.
//!
//! `resource vm … scope { compute: a, image: b }` → look up the image at b, bring it to a, ensure `vm` at a:
//! three steps, two data edges.

mod action;
mod alternatives;
mod former;
mod over_sites;
mod step;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::driver::Driver;
use crate::expr::Expr;
use crate::quantity::Unit;

pub use action::{Action, Borrow, KeptSecret, Purpose, Quorum, Replace};
pub use alternatives::{Arm, Choice, Guard};
pub use over_sites::{Cross, CrossPart, Dropped, Rollout, Wave};
pub use step::{OnUnknown, OnUnreachable, Retry, Step, Undo};

/// The version of the plan's format; a reader refuses any other.
pub const VERSION: u32 = 1;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the plan's vector.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A position in [`Plan::steps`].
    StepId
}

id! {
    /// A position in [`Plan::sites`].
    SiteId
}

id! {
    /// A position in [`Plan::choices`].
    ChoiceId
}

id! {
    /// A position in [`Plan::rollouts`].
    RolloutId
}

/// A whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// [`VERSION`]; written with the format's name, as `"format": "scope-plan/1"`.
    #[serde(rename = "format", with = "crate::json::format")]
    #[schemars(with = "String")]
    pub version: u32,
    /// What it was made from.
    pub program: Program,
    /// Every site that a step touches, and the entry site.
    pub sites: Vec<Site>,
    /// Round trips and bandwidths declared between them.
    pub links: Vec<Link>,
    /// What the steps use of each driver. Written, what one says several times stands once.
    #[serde(with = "crate::json::shared")]
    #[schemars(with = "Vec<Driver>")]
    pub drivers: Vec<Driver>,
    /// The steps.
    pub steps: Vec<Step>,
    /// What waits for what, and why.
    pub edges: Vec<Edge>,
    /// Every `|`, outermost first.
    pub choices: Vec<Choice>,
    /// Every `%`: which steps are parts of one resource, and the share of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crosses: Vec<Cross>,
    /// Every resource that `local_only` keeps at the entry site: where it is not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// Every rollout: which steps change their sites one wave after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<Rollout>,
    /// What the state calls otherwise (`moved_from`): old name and new name. Done before anything else; at the
    /// sites it is the owner marks that change, where what is called so is ensured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
    /// Every name → what its resource was called before (`moved_from`), whatever the state knows: where that was lost, what bears the
    /// owner mark of such a name is the resource.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub former_names: BTreeMap<String, Vec<FormerPath>>,
    /// Keys of steps that the program no longer has, of which a request was sent and not answered, or which wait for their
    /// site: what the one perhaps made is looked for, and deleted; the other does not wait any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwanted: Vec<String>,
    /// The program's outputs.
    pub outputs: Vec<Output>,
}

/// What a resource was called before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct FormerPath {
    /// The path that it had; of an element of a family the family's.
    pub path: String,
    /// Of such an element, what follows its key: which one that was, only the state told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_key: Option<String>,
}

impl FormerPath {
    /// Whether this is what it was called.
    pub fn is(&self, name: &str) -> bool {
        let Some(after_key) = &self.after_key else { return name == self.path };
        let key = name.strip_prefix(&self.path).and_then(|rest| rest.strip_suffix(after_key.as_str()));
        let key = key.and_then(|key| key.strip_prefix("[\"")?.strip_suffix("\"]"));
        // Within a key a quote is never bare.
        key.is_some_and(|key| !key.contains("[\""))
    }
}

/// What is recorded under one name, and is called otherwise now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Rename {
    /// The old name.
    pub from: String,
    /// The new name.
    pub to: String,
    /// The name of the only site where it is so: copies of one thing may be elements of a family by now. `None`: at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl Rename {
    /// Whether it is about what is at this site.
    pub fn is_at(&self, site: &str) -> bool {
        self.at.as_deref().is_none_or(|at| at == site)
    }
}

/// Where a plan comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// The program's file, as given.
    pub file: String,
    /// The entry site, where one is set.
    pub entry: Option<SiteId>,
    /// SHA-256 (hexadecimal) of every file whose text it was made from: the program's, its drivers', data, parameters.
    pub files: BTreeMap<String, String>,
    /// The parameters' values; secret ones are left out.
    pub params: IndexMap<String, Value>,
    /// What the numbers of measures among them count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, Unit>,
}

/// Among the settings of drivers, those of any connection.
pub const TLS: &str = "tls";

/// A site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Driver → setting → value. A secret one is [`Expr::Secret`].
    pub settings: IndexMap<String, IndexMap<String, Expr>>,
    /// Its labels.
    pub labels: IndexMap<String, Value>,
    /// At most this many requests at once (default 8).
    pub concurrency: u32,
    /// What a simulated site holds at the start: the `simulate` record of the site.
    pub simulated: Vec<SimulatedResource>,
    /// For how many of a type a simulated site has room: `openstack.image` → 2.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub capacity: IndexMap<String, u64>,
    /// Those attributes of a type that its version does not know: a default of theirs is not sent.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub lacks: IndexMap<String, Vec<String>>,
    /// Where it is declared.
    pub origin: Origin,
}

impl Site {
    /// Driver → the settings that it is reached by, secrets left out; nothing of a driver without any.
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<String, Address> {
        let is_of_driver = |(name, _): &(&String, &IndexMap<String, Expr>)| name.as_str() != TLS;
        let drivers = self.settings.iter().filter(is_of_driver).filter_map(|(driver, settings)| {
            let known = settings.iter().filter_map(|(name, setting)| match setting {
                Expr::Value(value) => Some((name.as_str(), value)),
                _ => None,
            });
            Some((driver.clone(), Address::of(known)?))
        });
        drivers.collect()
    }

    /// Whether its version knows an attribute of a type.
    pub fn knows(&self, resource_type: &str, attribute: &str) -> bool {
        self.lacks.get(resource_type).is_none_or(|lacks| lacks.iter().all(|name| name != attribute))
    }
}

/// One resource that a simulated site holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedResource {
    /// `openstack.image`
    pub resource_type: String,
    /// Its attributes; what is missing gets the driver's default or a made-up value.
    pub attributes: IndexMap<String, Value>,
}

/// A link between two sites, in both directions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// One end.
    pub from: SiteId,
    /// The other end.
    pub to: SiteId,
    /// The round trip in microseconds, if declared.
    pub rtt_us: Option<u64>,
    /// In bits per second, if declared.
    pub bandwidth_bps: Option<u64>,
    /// Of a thousand requests over a simulated one, so many are lost, or their answers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub loss_permille: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// `to` waits for `from` to settle well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// First.
    pub from: StepId,
    /// Then.
    pub to: StepId,
    /// Why.
    pub reason: EdgeReason,
}

/// Why one step waits for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeReason {
    /// Its output is an input.
    Data,
    /// The program says `after`.
    After,
    /// The one relies on the other (R9): for deleting and letting go, the user goes first.
    Relation,
    /// The wave before is over (`rollout`).
    Wave,
    /// It moves: it is deleted where it was only when it is where it is going to be.
    Move,
    /// What it relies upon is guarded before it (R9); a guard that is passed over is not waited for.
    Guard,
    /// It waits until the other has *settled*, well or not (`choose`, `gather`, `gate`, `bring` with several sources).
    Settled,
}

/// A place in the program, enough to show it as a compile error is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The file, as in [`Program::files`].
    pub file: String,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// The scope as written, canonical: `{ compute: nantes, image: paris }`.
    pub scope: Option<String>,
}

/// A named result of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Expr,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}
