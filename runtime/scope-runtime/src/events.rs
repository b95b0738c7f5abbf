//! What a run tells while it goes on: one [`RunEvent`] after the other, for a terminal, a log or a program.
//!
//! In comes what the runner did, out goes one JSON line per event (`--events json`); texts are masked before.
//! `{"at_ms":1200,"event":"step_done","step":3,"effect":{"kind":"created"},"millis":310,"detail":null}`

use std::sync::Arc;

use scope_plan::plan::{ChoiceId, Origin, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::report::{ChangedBy, Counts, Verdict};

#[cfg(test)]
mod tests;

/// The format's name and version, told by the first event. A reader refuses another number; new kinds of events and
/// new fields may come without a new one.
pub const FORMAT: &str = "scope-events/1";

/// The schema of one event, as JSON. It is generated from what is written, checked by a test.
pub const SCHEMA: &str = include_str!("../events.schema.json");

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunEvent {
    /// Milliseconds since the run began; virtual in a simulation.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub kind: RunEventKind,
}

impl RunEvent {
    /// The event as one line of JSON, without the newline.
    pub fn to_json_line(&self) -> String {
        serde_json::to_string(self).expect("an event has text keys only")
    }
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEventKind {
    /// The first event.
    RunStarted {
        /// [`FORMAT`].
        format: String,
        /// The number of the run in its deployment; 0 in a simulation.
        run: u64,
        /// The program's file.
        program: String,
        /// A digest of the plan; only where the run is recorded, or its caller asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<String>,
        /// The steps, so that later events can name one by its number.
        steps: Vec<StepInfo>,
    },
    /// An attempt began.
    StepStarted {
        /// Which.
        step: StepId,
        /// From 1.
        attempt: u32,
    },
    /// It goes on; at most ten times a second for one step.
    StepProgress {
        /// Which.
        step: StepId,
        /// How far.
        progress: Progress,
    },
    /// An attempt failed and another one follows.
    StepRetrying {
        /// Which.
        step: StepId,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The pause before the next one.
        after_ms: u64,
        /// Why.
        words: String,
    },
    /// Its site cannot be reached; it is kept for later.
    StepParked {
        /// Which.
        step: StepId,
        /// Why.
        words: String,
        /// It does not wait for its site, which answers: it is a copy that the others of its quorum may make up for.
        #[serde(default)]
        is_spare: bool,
        /// What its site is waited for.
        #[serde(default)]
        awaits: Awaited,
    },
    /// It ended well.
    StepDone {
        /// Which.
        step: StepId,
        /// What it did.
        effect: Effect,
        /// From its first attempt to the end.
        millis: u64,
        /// For people: `21 MiB`, `ACTIVE`.
        detail: Option<String>,
        /// Of a resource or a copy that was created, adopted or replaced: its identity at the site, as its type has one (`id`,
        /// `path`, …).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<String>,
    },
    /// It failed for good.
    StepFailed {
        /// Which.
        step: StepId,
        /// Why.
        failure: Failure,
        /// From its first attempt to the end.
        millis: u64,
    },
    /// It was not done.
    StepSkipped {
        /// Which.
        step: StepId,
        /// Why not.
        because: SkipReason,
    },
    /// An arm of a `|` is being tried.
    ChoiceTried {
        /// Which `|`.
        choice: ChoiceId,
        /// Which arm.
        arm: u32,
        /// As written.
        label: String,
    },
    /// An arm of a `|` holds.
    ChoiceMade {
        /// Which `|`.
        choice: ChoiceId,
        /// Which arm.
        arm: u32,
        /// As written.
        label: String,
    },
    /// What a step had created is deleted again.
    UndoDone {
        /// Whose; `None` where an earlier run owed it.
        step: Option<StepId>,
        /// Its identity and site.
        words: String,
    },
    /// What a step had (perhaps) created could not be deleted: a possible duplicate, deleted by a later run.
    UndoOwed {
        /// Whose; `None` where an earlier run owed it.
        step: Option<StepId>,
        /// Why, and what remains.
        words: String,
    },
    /// An output has no value, though all that it needs is there: the run has failed.
    OutputFailed {
        /// Its name.
        output: String,
        /// Why.
        failure: Failure,
    },
    /// The last event.
    RunEnded {
        /// How.
        verdict: Verdict,
        /// In numbers.
        counts: Counts,
        /// How long it took.
        millis: u64,
    },
}

impl RunEventKind {
    /// The step that is over with this, at least for this run: no progress of it follows.
    pub fn ended_step(&self) -> Option<StepId> {
        match self {
            RunEventKind::StepDone { step, .. }
            | RunEventKind::StepFailed { step, .. }
            | RunEventKind::StepSkipped { step, .. }
            | RunEventKind::StepParked { step, .. }
            | RunEventKind::StepRetrying { step, .. } => Some(*step),
            RunEventKind::RunStarted { .. }
            | RunEventKind::StepStarted { .. }
            | RunEventKind::StepProgress { .. }
            | RunEventKind::ChoiceTried { .. }
            | RunEventKind::ChoiceMade { .. }
            | RunEventKind::UndoDone { .. }
            | RunEventKind::UndoOwed { .. }
            | RunEventKind::OutputFailed { .. }
            | RunEventKind::RunEnded { .. } => None,
        }
    }
}

/// What a site is waited for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Awaited {
    /// Until it answers.
    #[default]
    Answer,
    /// Until its hold ends.
    Release {
        /// Milliseconds since 1970; nothing where somebody is to release it.
        until_ms: Option<u64>,
    },
}

/// A step, as far as a reader of events needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepInfo {
    /// Its number in later events.
    pub id: StepId,
    /// The global name.
    pub name: String,
    /// The site's name.
    // There are many steps at a site: one text for all of them.
    pub site: Arc<str>,
    /// `ensure`, `lookup`, `bring`, `call`, `delete`, `protect`, `let go`, `choose`, `gather`.
    pub verb: String,
    /// `openstack.server`; `None` for `choose` and `gather`.
    pub resource_type: Option<String>,
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Content on its way.
    Bytes {
        /// So far.
        done: u64,
        /// Of how many, if known.
        total: Option<u64>,
    },
    /// What it is doing: `waits until ready (BUILD)`.
    Status(String),
}

/// What a step that ended well did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Made it.
    Created,
    /// Took over what was there without our mark.
    Adopted,
    /// Set these attributes back.
    Updated {
        /// Their names.
        attributes: Vec<String>,
    },
    /// Ours was broken, or could not be changed as the program says: another one took its place.
    Replaced,
    /// All was as the program says.
    Unchanged,
    /// Looked up.
    Found,
    /// Copied from another site.
    Borrowed {
        /// The site's name.
        from: String,
        /// The content's length, where there is any.
        bytes: Option<u64>,
    },
    /// One explicit operation was done.
    Called,
    /// One that reads was done; this is its result.
    Printed {
        /// Masked.
        value: Box<Value>,
    },
    /// Removed.
    Deleted,
    /// Left at its site, and no longer the program's.
    Released,
    /// Guarded from deletion: those who rely upon it are written on it.
    Protected,
    /// The guard is taken off.
    LetGo,
    /// The `|` gives this arm's result.
    Chosen {
        /// Which arm.
        arm: u32,
        /// As written.
        label: String,
    },
    /// The `&` gives the results of its sites.
    Gathered,
    /// The next wave of a rollout begins.
    Opened,
    /// Only looked: what a run would do.
    Planned {
        /// What.
        change: Change,
    },
}

/// What a run would do, found out by asking only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Make it.
    Create {
        /// It is recorded, and was deleted outside.
        is_gone: bool,
    },
    /// Take over what is there without our mark.
    Adopt,
    /// Set these attributes back.
    Update {
        /// Which, and how.
        differences: Vec<Difference>,
        /// The program's values are those of the last run: somebody else changed them.
        is_outside: bool,
    },
    /// Ours is broken, or cannot be changed as the program says: have another one take its place.
    Replace {
        /// Why.
        why: String,
        /// It is not broken.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_whole: bool,
    },
    /// Have the one whose place it took take its place again: the program wants that one, and it is not deleted yet.
    TakeBack {
        /// That one's identity.
        identity: String,
    },
    /// Copy it from another site.
    Borrow {
        /// The site's name.
        from: String,
    },
    /// Finish what an interrupted run began.
    Finish,
    /// Do one explicit operation.
    Call,
    /// Remove it.
    Delete,
    /// Not remove it: others rely upon it.
    Refuse {
        /// Who, for people: `vm at paris`.
        users: Vec<String>,
    },
    /// Guard it from deletion.
    Protect {
        /// It is yet to be made itself.
        of_new: bool,
    },
    /// Take the guard off.
    LetGo,
    /// It is not ours to delete: forget it.
    Forget,
    /// It is to stay at its site: take the owner mark off, and forget it.
    Release,
    /// It bears the mark of another deployment by now: leave it as it is, and forget it.
    Leave,
}

impl Change {
    /// Whether what the step gives is known only afterwards.
    pub fn is_making(&self) -> bool {
        !matches!(
            self,
            Change::Adopt
                | Change::Update { .. }
                | Change::TakeBack { .. }
                | Change::Forget
                | Change::Release
                | Change::Leave
                | Change::Refuse { .. }
                | Change::Protect { of_new: false }
                | Change::LetGo
        )
    }
}

/// An attribute that is not as the program says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// Its name.
    pub attribute: String,
    /// As the site has it; masked.
    pub found: Value,
    /// What it is at the site nobody knows: the site does not tell, and what was set last is not kept, or was never set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_untold: bool,
    /// As the program says; masked.
    pub wanted: Value,
    /// As the program set it last, if that is recorded; masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Value>,
    /// Who changed it since.
    #[serde(default)]
    pub by: ChangedBy,
    /// The last run that set it, where the site did not take it and tells the same since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_taken_in: Option<u64>,
    /// It is of something that is made anew, so that what the program says of it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
    /// Where in it, if it is a record or a list; nothing where it differs as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// It can only be had by making the resource anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_immutable: bool,
}

/// What a value is of that is known only when that is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Follows {
    /// The global name of what is made, or made anew.
    pub name: String,
    /// It is certain to be another value: it is what tells that one from others.
    pub is_certain: bool,
    /// That is made the first time.
    #[serde(default)]
    pub is_new: bool,
}

/// A part of an attribute's value that is not as the program says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Part {
    /// Where: `.limit`, `.ports["web"].number`, `[2]`.
    pub path: String,
    /// As the site has it, `null` if it does not; masked.
    pub found: Value,
    /// As the program says, `null` if it is to go; masked.
    pub wanted: Value,
    /// As the program set it last, if that is recorded; masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Value>,
}

impl Effect {
    /// Whether something at a site is other than before.
    pub fn is_change(&self) -> bool {
        match self {
            Effect::Created
            | Effect::Adopted
            | Effect::Updated { .. }
            | Effect::Replaced
            | Effect::Borrowed { .. }
            | Effect::Called
            | Effect::Deleted
            | Effect::Released
            | Effect::Protected
            | Effect::LetGo => true,
            Effect::Unchanged
            | Effect::Found
            | Effect::Printed { .. }
            | Effect::Chosen { .. }
            | Effect::Gathered
            | Effect::Opened
            | Effect::Planned { .. } => false,
        }
    }
}

/// How a request ended (`semantics.md`, "Outcomes"), mildest first, so that the worst of several is their maximum (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As the program says.
    Done,
    /// It was not asked for: nothing is asked of a site in this run, as an operator wishes.
    LeftOut,
    /// A part is queued.
    Pending,
    /// Not reached, timed out, not there, refused for capacity, failed after its retries. `|` goes on.
    Unavailable,
    /// Sent, the answer lost, the site cannot be asked, and a repeat is not safe. `|` stops.
    Unknown,
    /// Malformed or denied. `|` stops.
    Invalid,
}

/// Why a step was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SkipReason {
    /// It belongs to an alternative that was not needed.
    NotChosen,
    /// Something it needs did not end well; the outcome is inherited.
    Dependency {
        /// The (worst) one.
        step: StepId,
        /// Its outcome.
        outcome: Outcome,
    },
    /// Its site cannot be reached and the program says `skip`.
    Unreachable,
    /// Nothing is asked of its site in this run, as an operator wishes: the run leaves it out, or it is held and the program
    /// does not wait for it.
    LeftOut,
    /// The run was interrupted before.
    Interrupted,
}

/// Why a step failed. The program's line is the step's `origin`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// The diagnostic's code: `E0902`.
    pub code: String,
    /// What it means for `|` and `&`.
    pub outcome: Outcome,
    /// One sentence, lower case, names in backticks.
    pub message: String,
    /// The site's own words, masked and bounded.
    pub site_words: Option<String>,
    /// `GET /v2/images/x`
    pub request: Option<String>,
    /// The status code or exit status.
    pub status: Option<u16>,
    /// What was found instead of exactly one.
    pub candidates: Vec<Candidate>,
    /// What can be done, the best first.
    pub help: Vec<String>,
    /// What it is about in the program, where that is not the step as a whole; the first is where it is to be mended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<ProgramPlace>,
}

/// A place in the program that a failure is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProgramPlace {
    /// Where.
    pub origin: Origin,
    /// What is there.
    pub label: String,
}

impl Failure {
    /// A failure without the site's words.
    pub fn new(code: &str, outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            outcome,
            message: message.into(),
            site_words: None,
            request: None,
            status: None,
            candidates: Vec::new(),
            help: Vec::new(),
            places: Vec::new(),
        }
    }

    /// And what can be done.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// A resource that was found where another number of them was expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Candidate {
    /// Its identity at the site.
    pub identity: String,
    /// What this program calls it, where it is one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The owner mark it bears, if any.
    pub mark: Option<String>,
    /// Its age in seconds, where the site tells when it was made.
    pub age_s: Option<u64>,
    /// What tells it apart: short attributes the site gave (`status`, `project_id`, …).
    pub details: Map<String, Value>,
}
