//! A `test` block as data: what is done to simulated sites and to the network between them, and what is expected then.
//!
//! `cut paris at 1s until 30s` → `Weather(cut=paris@1s..30s)`; `expect base at paris after 30s` → `Expect` of the presence
//! of `base` at paris, looked at 30 seconds after the test began. Times are microseconds of virtual time, counted from
//! the beginning of the test.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::expr::Expr;
use crate::fault::Fault;
use crate::plan::{Origin, SimulatedResource};

/// One `test` block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub origin: Origin,
    /// One after the other.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Where it stands.
    pub origin: Origin,
    /// What it does.
    pub kind: StatementKind,
}

/// The kinds of statements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// Something goes wrong, now or later.
    Weather(Vec<Weather>),
    /// What lasts at these sites (all: none named) ends, at a moment or now.
    Heal {
        /// By name.
        sites: Vec<String>,
        /// `None`: now.
        at_us: Option<u64>,
    },
    /// Time passes; parked work is done when its site answers again.
    Wait(Moment),
    /// The program is run.
    Run(RunAs),
    /// Somebody else does something at sites, past the program.
    Outside(Vec<Outside>),
    /// All of these begin at the same moment.
    Concurrently(Vec<Statement>),
    /// Something must be so.
    Expect(Expectation),
}

/// A fault of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weather {
    /// What goes wrong.
    pub fault: Fault,
    /// It begins when the statement is reached.
    pub is_from_now: bool,
    /// It ends then, however it began.
    pub until_us: Option<u64>,
}

/// A moment that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Since the test began.
    At(u64),
    /// From now.
    In(u64),
}

/// How the program is run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunAs {
    /// Entered at this site, by name; `None`: as the program says.
    pub entry: Option<String>,
    /// Parameters, as `--set` takes them.
    pub params: Vec<(String, String)>,
    /// Begun then, if that is later.
    pub after_us: Option<u64>,
    /// Interrupted then.
    pub until_us: Option<u64>,
    /// All that was made is deleted instead.
    pub is_destroying: bool,
}

/// What somebody else does at a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    /// By name.
    pub site: String,
    /// As written.
    pub words: String,
    /// When, if that is later than now.
    pub after_us: Option<u64>,
    /// What.
    pub deed: Deed,
}

/// A change past the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Makes a resource, complete and ready.
    Create(SimulatedResource),
    /// Sends a request of the application: an update, a deletion, an action.
    Request {
        /// `openstack.image`
        resource_type: String,
        /// `delete`
        operation: String,
        /// Its name or identity there.
        subject: Option<String>,
        /// The other inputs.
        inputs: serde_json::Map<String, serde_json::Value>,
    },
}

/// What must be so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// Looked at then, if that is later than now.
    pub after_us: Option<u64>,
    /// What.
    pub claim: Claim,
}

/// The kinds of claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A resource is at sites, ready; or at none of them.
    Presence {
        /// Which.
        subject: Subject,
        /// By name; empty: at those where the program puts it.
        sites: Vec<String>,
        /// It must not be there.
        is_negated: bool,
    },
    /// A truth, at each site where it is claimed.
    Truth {
        /// What must be true, over its `readings` as `r0`, `r1`, ….
        conditions: Vec<Condition>,
    },
    /// How the last run ended: `done`, `unchanged`, `pending`, `failed`, `interrupted`.
    Verdict(String),
    /// The last run met this failure.
    Error {
        /// `E0901`
        code: String,
        /// The global name of what failed.
        of: Option<String>,
        /// At one of these sites, by name; empty: anywhere.
        sites: Vec<String>,
    },
    /// The state of all sites, and how the last run went, are as kept.
    Snapshot {
        /// Which of the test's.
        name: String,
    },
}

/// One truth that is claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The site for which it is claimed, if for one.
    pub site: Option<String>,
    /// As written.
    pub text: String,
    /// The two sides of a comparison, shown when it does not hold; else only the whole.
    pub left: Expr,
    /// The operator and the right side.
    pub right: Option<(crate::expr::BinaryOp, Expr)>,
    /// What is read; `r0` is the first.
    pub readings: Vec<Reading>,
}

/// A value that is read where it stands when the claim is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// An attribute of a resource.
    Attribute {
        /// Whose.
        subject: Subject,
        /// At this site; `None`: where it is, or by site where it is at several.
        site: Option<String>,
        /// The attribute, and fields below it.
        path: Vec<String>,
    },
    /// A number or list of the last run: `created`, `failed`, `owed`, `took`, …
    Run(String),
    /// An output of the program, as the last run gave it.
    Output(String),
}

/// A resource that is looked for at simulated sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The global name; for one that the program does not name, as it is written.
    pub name: String,
    /// `openstack.image`
    pub resource_type: String,
    /// It is what the program made: found by what was recorded. Else by what it is called.
    pub is_owned: bool,
    /// Where the program puts it, by name.
    pub sites: Vec<String>,
    /// It is at one of them, not at several.
    pub is_single: bool,
    /// What it is called there, by site; under "" what it is called everywhere else.
    pub called: BTreeMap<String, String>,
}
