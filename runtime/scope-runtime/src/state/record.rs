//! One record of the journal: a fact that must outlive the process.
//!
//! Facts about sites are recorded *before* anything builds on them: [`Record::Sent`] before a request that changes
//! something leaves, [`Record::Resource`] as soon as its identity is known.
//! `{"record":"choice","key":"base","arm":1}`

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::address::Address;
use scope_plan::plan::Rename;
use scope_plan::recorded::RecordedGuard;
use serde::{Deserialize, Serialize};

use super::{Call, Changed, Hold, OpenWave, Owed, Parked, Resource, Sent, Started, Told};
use crate::events::Outcome;
use crate::report::{Counts, Verdict};

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The first record of a run.
    RunStarted {
        /// Its number.
        run: u64,
        /// Who started it.
        by: String,
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// The program that wrote it, for those that cannot read the rest.
        #[serde(default)]
        written_by: String,
        /// The digest of its plan.
        plan: String,
        /// What it was started with, for resuming.
        #[serde(default)]
        started: Started,
    },
    /// A request that changes something is about to leave.
    Sent {
        /// The step's key.
        key: String,
        /// What.
        sent: Sent,
    },
    /// The end of such a request is known.
    Settled {
        /// The step's key.
        key: String,
    },
    /// Something older is about to be changed, by a step that takes back what it did if its alternative is given up.
    Changing {
        /// The step's key.
        key: String,
        /// What there was, and what there will be.
        changed: Changed,
    },
    /// Such a change stays, or was set back.
    ChangeEnded {
        /// The step's key.
        key: String,
    },
    /// A resource is at a site.
    Resource {
        /// The global name.
        name: String,
        /// The site's name.
        site: String,
        /// What.
        resource: Resource,
    },
    /// It is made, filled and ready.
    Complete {
        /// The global name.
        name: String,
        /// The site's name.
        site: String,
    },
    /// It is not there any more, or not ours to know.
    Gone {
        /// The global name.
        name: String,
        /// The site's name.
        site: String,
    },
    /// What one command made is a program's from now on.
    Claimed {
        /// The global name.
        name: String,
        /// The site's name.
        site: String,
    },
    /// It was taken back, and its creation may have made two: a second one may still come.
    Undone {
        /// The global name.
        name: String,
        /// The site's name.
        site: String,
        /// What it was; without an identity where no answer told one.
        resource: Resource,
    },
    /// No second one of it is there, and none can come any more.
    Certain {
        /// The global name.
        name: String,
        /// The site's name.
        site: String,
    },
    /// Whether something is twice at a site could not be asked at the end of a run, or it was asked since.
    Look {
        /// The site's name.
        site: String,
        /// For people; nothing: there is nothing to look for any more.
        words: Option<String>,
    },
    /// An explicit operation was done.
    Call {
        /// The step's key.
        key: String,
        /// What.
        call: Call,
    },
    /// An arm was chosen.
    Choice {
        /// The choice's key.
        key: String,
        /// Which arm.
        arm: u32,
        /// The names of its sites: it is known by them where the program has its alternatives in another order since.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        sites: BTreeSet<String>,
    },
    /// A guard is about to be left on a resource.
    Protected {
        /// On which.
        guard: RecordedGuard,
    },
    /// It was taken off, or the resource is gone.
    LetGo {
        /// From which.
        guard: RecordedGuard,
    },
    /// A deletion is still to be done.
    Owed {
        /// What.
        owed: Owed,
    },
    /// It was done, or there was nothing.
    Paid {
        /// The step's key.
        key: String,
        /// As it was owed.
        identity: Option<String>,
    },
    /// A step waits for its site.
    Parked {
        /// The step's key.
        key: String,
        /// What.
        parked: Parked,
    },
    /// A step ended: not parked any more, and a line for `logs` and for resuming.
    Step {
        /// The step's key.
        key: String,
        /// How.
        outcome: Outcome,
        /// For people.
        words: String,
        /// How long it took.
        millis: u64,
    },
    /// A site is left alone from now on, or not any more.
    Hold {
        /// The site's name.
        site: String,
        /// Nothing: the hold is over.
        hold: Option<Hold>,
    },
    /// A run is about a site, which is at another address than before.
    Site {
        /// Its name.
        site: String,
        /// Driver → its address there.
        addresses: BTreeMap<String, Address>,
    },
    /// A wave of a rollout was begun or ended; nothing: the next one is begun.
    Wave {
        /// The key of the gate after it.
        key: String,
        /// How far it is.
        wave: Option<OpenWave>,
    },
    /// What was recorded under one name is recorded under another (`moved_from`).
    Renamed(Rename),
    /// What happened to a step, for `logs`: changes nothing in the state.
    Told {
        /// What.
        told: Told,
    },
    /// The last record of a run.
    RunEnded {
        /// Its number.
        run: u64,
        /// How.
        #[serde(flatten)]
        end: RunEnd,
    },
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// In a word.
    pub verdict: Verdict,
    /// In numbers.
    pub counts: Counts,
    /// How long it took.
    pub millis: u64,
    /// Its outputs that have no value: why not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_value: BTreeMap<String, String>,
    /// What it left at a site and is not recorded as owed: the next plan tells of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<String>,
}

impl RunEnd {
    /// Of a run that has nothing more to tell.
    pub fn new(verdict: Verdict, counts: Counts, millis: u64) -> Self {
        Self { verdict, counts, millis, without_value: BTreeMap::new(), stays: Vec::new() }
    }
}
