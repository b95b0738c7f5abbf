//! The verbs of steps: what a look-up, an `ensure`, a copy, a choice each take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChoiceId, OnUnreachable, Origin, RolloutId, SiteId, StepId};
use crate::expr::Expr;

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
        /// What the program says of a site that cannot be reached, if it does: its deletion does as much, also when the
        /// program no longer has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        when_cut: Option<OnUnreachable>,
        /// The secrets that the site makes, and where they are kept.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keep_in: Vec<KeptSecret>,
        /// What the program says of making it anew, if it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replace: Option<Replace>,
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
    /// Remove what the recorded state says is ours and the program does not have any more, at this site.
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
        /// The program has it still, at other sites.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_elsewhere: bool,
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
        /// The step whose result is one of several alternatives, where the resource is one of them: it is guarded only if
        /// it is what was taken, and otherwise passed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        among: Option<StepId>,
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
        /// The place in `Rollout::waves` of the wave that it waits for.
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

/// What the program says of making anew what cannot be changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replace {
    /// Whatever the reason, what is in it may be lost.
    Anew,
    /// Not even where it is broken.
    Never,
}

impl Borrow {
    fn is_copy(&self) -> bool {
        *self == Borrow::Copy
    }
}

/// A secret that a site makes, and tells once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptSecret {
    /// The attribute.
    pub attribute: String,
    /// The file in which it is kept, as the runner opens it.
    pub file: String,
    /// Where the program says so.
    pub origin: Origin,
}
