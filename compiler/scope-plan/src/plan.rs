//! The plan: the one value that compiling makes and that the runner, the simulator and the targets take.
//!
//! Vectors are the truth, ids are positions in them; graphs are views built when needed. A plan is a function of the
//! program, its drivers, parameters and recorded state, never of the network or the clock. No secret is in it.
//!
//! `resource vm … scope { compute: a, image: b }` → look up the image at b, bring it to a, ensure `vm` at a:
//! three steps, two data edges.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::driver::{Driver, Repeat};
use crate::expr::Expr;
use crate::quantity::Unit;

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
    /// Every rollout: which steps change their sites one wave after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollouts: Vec<Rollout>,
    /// What the state calls otherwise (`moved_from`): old name and new name. Done before anything else; at the
    /// sites it is the owner marks that change, where what is called so is ensured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<(String, String)>,
    /// The program's outputs.
    pub outputs: Vec<Output>,
}

/// Where a plan comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// The program's file, as given.
    pub file: String,
    /// The entry site, where one is set.
    pub entry: Option<SiteId>,
    /// SHA-256 (hexadecimal) of every file read, program and drivers included.
    pub files: BTreeMap<String, String>,
    /// The parameters' values; secret ones are left out.
    pub params: IndexMap<String, Value>,
    /// What the numbers of measures among them count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, Unit>,
}

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
    /// Where it is declared.
    pub origin: Origin,
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

/// One unit of work at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its position in [`Plan::steps`].
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

/// The verbs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Find exactly one resource. Output: its record.
    Lookup {
        /// `openstack.image`
        resource_type: String,
        /// Its name or its identity.
        text: Option<Expr>,
        /// Attributes it must have.
        filter: Vec<(String, Expr)>,
        /// What it is for.
        purpose: Purpose,
    },
    /// Look up, then create, adopt, update or nothing. Output: its record.
    Ensure {
        /// `openstack.server`
        resource_type: String,
        /// What the program sets, in order.
        attributes: Vec<(String, Expr)>,
        /// Take over what matches and bears no mark of ours.
        adopt: bool,
        /// Where the program no longer has it, it is left at its site and forgotten.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep: bool,
    },
    /// Have at this site a copy of a resource of another; nothing if it is there. Output: the copy's record.
    Bring {
        /// `openstack.image`
        resource_type: String,
        /// Steps that give the original's record, the nearest site first. A source at this very site is used as it is.
        sources: Vec<StepId>,
        /// Every *reachable* source must have it (`&`), else one is enough.
        every_source: bool,
        /// Whether it may be copied, and how long the copy stays.
        #[serde(default, skip_serializing_if = "Borrow::is_copy")]
        borrow: Borrow,
    },
    /// One explicit operation. Output: its result.
    Call {
        /// `openstack.server`
        resource_type: String,
        /// `stop`
        operation: String,
        /// Attributes and inputs.
        inputs: Vec<(String, Expr)>,
        /// Once per inputs (a `call`), or in every run (a `$` line that reads and prints).
        once: bool,
        /// Its result is printed.
        prints: bool,
    },
    /// Remove what the recorded state says is ours and the program does not name any more.
    Delete {
        /// `openstack.server`
        resource_type: String,
        /// Its identity at the site.
        identity: Expr,
        /// Only where none of these steps, which want it here after all, is done: their alternatives are chosen again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unless: Vec<StepId>,
        /// Left at its site: the owner mark is taken off, and it is forgotten.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep: bool,
    },
    /// Guard a resource that others rely upon from deletion (R9): their mark is left on it, where the driver says. Without
    /// users it is taken off. Output: the resource's record.
    Protect {
        /// `openstack.network`
        resource_type: String,
        /// The resource: its record, or its identity.
        of: Expr,
        /// Who relies upon it: global name and the site's name.
        users: Vec<(String, String)>,
    },
    /// The result of the arm that was chosen.
    Choose {
        /// Which choice.
        choice: ChoiceId,
        /// For each arm, the step whose output is its result.
        results: Vec<StepId>,
    },
    /// The results of a `&`: a record site name → output; a part that is pending or failed is left out.
    Gather {
        /// Site and step.
        parts: Vec<(SiteId, StepId)>,
        /// So many copies are enough; `None`: what is there is gathered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quorum: Option<Quorum>,
    },
    /// Opens the next wave of a rollout: once this wave has ended, fewer than `stop_after` failed, and the soak time is
    /// over. Touches no site.
    Gate {
        /// Which rollout.
        rollout: RolloutId,
        /// The place in [`Rollout::waves`] of the wave that it waits for.
        wave: u32,
        /// The steps of that wave.
        steps: Vec<StepId>,
    },
}

/// How many copies of a `&` are enough: with so many done the rest is kept for later and nothing is undone; where too few
/// can still succeed, the whole is *unavailable*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quorum {
    /// So many.
    pub need: u32,
    /// The copies of the outermost `&`; each is done when all of its steps are.
    pub copies: Vec<Vec<StepId>>,
}

/// What a look-up is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Another step needs it.
    Reference,
    /// An `existing` item.
    Existing,
}

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
    /// Its position in [`Plan::choices`].
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

/// A `%`: one resource over several sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cross {
    /// The resource's key: `hits`.
    pub key: String,
    /// The step that makes the part with the identity of the whole; the others wait for it.
    pub prime: StepId,
    /// The parts, as written.
    pub parts: Vec<CrossPart>,
}

/// One part of a `%`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CrossPart {
    /// As written, for people: `paris | lille`.
    pub label: String,
    /// The step that makes it; several where it is a `|`, none where it is left out (`local_only`).
    pub steps: Vec<StepId>,
    /// Divided attribute → the part's share, made once over all parts, whatever is cut.
    pub shares: IndexMap<String, Value>,
    /// The share that an earlier run gave it, where it was another one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, Value>,
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

/// Whether what is at another site is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Borrow {
    /// Copied; the copy goes with its last user.
    #[default]
    Copy,
    /// Copied; the copy stays when nobody here needs it any more.
    Keep,
    /// Not copied: it is at the step's own site, or *unavailable*.
    Never,
}

impl Borrow {
    fn is_copy(&self) -> bool {
        *self == Borrow::Copy
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
}
