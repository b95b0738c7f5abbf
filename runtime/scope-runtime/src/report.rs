//! How a run ended, in one value: the verdict, each step's end, the outputs.
//!
//! In comes what the scheduler and the procedures said, out goes [`Report`]: `ok: 4 created, 0 changed` and exit code 0.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use scope_plan::plan::{Action, ChoiceId, Plan, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::events::{Awaited, Difference, Effect, Failure, Outcome, SkipReason};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is as the program says, and something had to be done for it.
    Done,
    /// All was as the program says.
    NothingToDo,
    /// Only parked steps are left.
    Pending,
    /// A step failed.
    Failed,
    /// Stopped by the user; the next run goes on.
    Interrupted,
}

impl Verdict {
    /// The process's exit code: 0 as wished, 1 failed, 4 ended with parked work, 130 interrupted.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Done | Verdict::NothingToDo => 0,
            Verdict::Failed => 1,
            Verdict::Pending => 4,
            Verdict::Interrupted => 130,
        }
    }
}

/// A run's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its number in the deployment; 0 in a simulation.
    pub run: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// Every step's end, in the plan's order.
    pub steps: Vec<StepReport>,
    /// The choices that were made; not those never reached or without an arm that holds.
    pub choices: BTreeMap<ChoiceId, u32>,
    /// The program's outputs, in its order.
    pub outputs: IndexMap<String, OutputValue>,
    /// All sites together.
    pub counts: Counts,
    /// By the sites' names, in the plan's order.
    pub by_site: IndexMap<String, Counts>,
    /// What is left of abandoned alternatives: possible duplicates, deleted by a later run.
    pub owed: Vec<String>,
    /// Sites that parked steps wait for, by name, and until when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub awaited: BTreeMap<String, Awaited>,
    /// Sites that an operator holds, by name, and why: `held by ana: rack move`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, String>,
    /// Why the run itself had to stop (the journal could not be written), apart from any step.
    pub stopped: Option<Failure>,
    /// From start to end; virtual in a simulation.
    pub millis: u64,
}

impl Report {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        self.verdict.exit_code()
    }

    /// The end of one step.
    pub fn step(&self, step: StepId) -> &StepReport {
        &self.steps[step.index()]
    }
}

/// A step's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which.
    pub step: StepId,
    /// How.
    pub status: StepStatus,
    /// It was only of alternatives that were given up: what went wrong in it is no failure of the run.
    pub is_abandoned: bool,
    /// What became of what it created, where its alternative was abandoned.
    pub undo: UndoStatus,
    /// Attempts made.
    pub attempts: u32,
    /// From its first attempt to the end.
    pub millis: u64,
    /// Its output, masked; `null` where it has none.
    pub output: Value,
    /// In a survey: how what is recorded was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
}

/// How something that is recorded was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// It is not there any more.
    pub is_gone: bool,
    /// Whose mark it bears.
    pub marked: Marked,
    /// What is not as the program says; of what the program no longer names, not as it was set last.
    pub differences: Vec<Difference>,
    /// What the site says of what can be compared, as the state would keep it.
    #[serde(skip)]
    pub values: Map<String, Value>,
    /// Identities of others that bear the same mark.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seconds: Vec<String>,
    /// It is a copy.
    pub copy: Option<CopyOf>,
}

/// Whose mark a resource bears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Marked {
    /// This deployment's.
    Ours,
    /// None, though there is room for one.
    Lost,
    /// Somebody else's.
    Others {
        /// As it stands there.
        mark: String,
    },
    /// The site does not tell, there is no room for one, or it needs none.
    #[default]
    Unknown,
}

/// A copy beside its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyOf {
    /// The origin's site.
    pub from: String,
    /// Whether both have the same content; nothing where either site does not tell.
    pub is_same: Option<bool>,
    /// What it keeps of its origin, and is not as it is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<String>,
    /// Who changed it since it was last made so: the program where the origin is another one, the site where the copy is, or
    /// nobody knows.
    #[serde(default)]
    pub by: ChangedBy,
}

/// Who changed something since the last run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangedBy {
    /// The program.
    Program,
    /// Somebody at the site.
    Site,
    /// Both, and not to the same: a conflict.
    Both,
    /// Nobody: the site did not take what a run set.
    NotTaken,
    /// What was set last is not recorded.
    #[default]
    Unknown,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum StepStatus {
    /// Well.
    Done {
        /// What it did.
        effect: Effect,
    },
    /// Not.
    Failed {
        /// Why.
        failure: Box<Failure>,
    },
    /// It waits for its site.
    Parked {
        /// Why.
        words: String,
    },
    /// Not done.
    Skipped {
        /// Why not.
        because: SkipReason,
    },
}

/// What became of what an abandoned step created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoStatus {
    /// It was not abandoned, or had created nothing.
    #[default]
    None,
    /// Deleted again.
    Done,
    /// Still there, perhaps.
    Owed,
}

/// A program's output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputValue {
    /// Masked.
    Value(Value),
    /// A step it needs did not end well: why.
    Missing(String),
    /// It has no value, though all that it needs is there: `x[3]` of a list of two.
    Failed(Failure),
}

/// Steps counted. Choices and gatherings touch no site and are not counted, nor are alternatives that were given up or not
/// needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Steps that could have been done.
    pub total: usize,
    /// Ended well.
    pub done: usize,
    /// Made, replaced ones included.
    pub created: usize,
    /// Taken over.
    pub adopted: usize,
    /// Set back.
    pub updated: usize,
    /// Removed.
    pub deleted: usize,
    /// Left at their sites, no longer the program's.
    #[serde(default)]
    pub released: usize,
    /// Copied from another site.
    pub borrowed: usize,
    /// Guards left on what is relied upon, or taken off.
    #[serde(default)]
    pub guarded: usize,
    /// Explicit operations done.
    pub called: usize,
    /// Resources that were as the program says.
    pub unchanged: usize,
    /// Look-ups.
    pub found: usize,
    /// Made or changed, and taken back.
    #[serde(default)]
    pub undone: usize,
    /// Kept for later.
    pub parked: usize,
    /// Failed.
    pub failed: usize,
    /// Not done.
    pub skipped: usize,
    /// Of these: held back, since a wave before their own went wrong.
    #[serde(default)]
    pub held_back: usize,
    /// Of these: waiting with something that they need and that waits for its site.
    #[serde(default)]
    pub waiting: usize,
    /// Not done, as an operator asked: its site is left alone, or that of what it needs.
    #[serde(default)]
    pub left_out: usize,
}

impl Counts {
    /// Counts one step's end.
    pub fn add(&mut self, plan: &Plan, StepReport { status, undo, .. }: &StepReport) {
        if matches!(status, StepStatus::Skipped { because: SkipReason::NotChosen })
            || matches!(
                status,
                StepStatus::Done { effect: Effect::Chosen { .. } | Effect::Gathered | Effect::Opened }
            )
        {
            return;
        }
        self.total += 1;
        match status {
            // What is there no more was not made.
            StepStatus::Done { .. } if *undo == UndoStatus::Done => self.undone += 1,
            StepStatus::Done { effect } => {
                self.done += 1;
                match effect {
                    Effect::Created | Effect::Replaced => self.created += 1,
                    Effect::Adopted => self.adopted += 1,
                    Effect::Updated { .. } => self.updated += 1,
                    Effect::Unchanged => self.unchanged += 1,
                    Effect::Found | Effect::Printed { .. } => self.found += 1,
                    Effect::Borrowed { .. } => self.borrowed += 1,
                    Effect::Called => self.called += 1,
                    Effect::Deleted => self.deleted += 1,
                    Effect::Released => self.released += 1,
                    Effect::Protected | Effect::LetGo => self.guarded += 1,
                    Effect::Chosen { .. } | Effect::Gathered | Effect::Opened | Effect::Planned { .. } => {}
                }
            }
            StepStatus::Failed { .. } => self.failed += 1,
            StepStatus::Parked { .. } => self.parked += 1,
            StepStatus::Skipped { because } => match NotDone::of(plan, because) {
                NotDone::LeftOut => self.left_out += 1,
                not_done => {
                    self.skipped += 1;
                    self.held_back += usize::from(not_done == NotDone::HeldBack);
                    self.waiting += usize::from(not_done == NotDone::Waits);
                }
            },
        }
    }
}

/// What a step that was not done comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// Its alternative was not needed.
    NotChosen,
    /// The run was stopped before.
    Interrupted,
    /// A wave before its own went wrong.
    HeldBack,
    /// What it needs waits for its site.
    Waits,
    /// Nothing is asked of its site, or of that of what it needs, as an operator wishes.
    LeftOut,
    /// Something that it needs went wrong, or its site is cut off and the program says `skip`.
    Skipped,
}

impl NotDone {
    /// Of a step that was not done for this reason.
    pub fn of(plan: &Plan, because: &SkipReason) -> Self {
        match because {
            SkipReason::NotChosen => NotDone::NotChosen,
            SkipReason::Interrupted => NotDone::Interrupted,
            SkipReason::LeftOut => NotDone::LeftOut,
            SkipReason::Unreachable => NotDone::Skipped,
            SkipReason::Dependency { step, .. } if matches!(plan.step(*step).action, Action::Gate { .. }) => {
                NotDone::HeldBack
            }
            SkipReason::Dependency { outcome, .. } => match outcome {
                Outcome::Pending => NotDone::Waits,
                Outcome::LeftOut => NotDone::LeftOut,
                Outcome::Done | Outcome::Unavailable | Outcome::Unknown | Outcome::Invalid => {
                    NotDone::Skipped
                }
            },
        }
    }
}
