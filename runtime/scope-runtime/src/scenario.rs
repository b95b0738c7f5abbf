//! Plays a `test` block: simulated sites, virtual time, runs of the program between what goes wrong, and claims.
//!
//! In comes a [`Scenario`], a plan of all sites as the program declares them, and [`Plans`], which gives the plan of each
//! run from what the runs before it recorded; out comes [`Played`]: what did not hold, with what was found instead.
//! `[cut paris at 1s until 30s, run, expect base at paris after 30s]` → no miss, 30 s of virtual time, a millisecond of ours.
//!
//! Rules: statements take place one after the other; a `run` lasts as long as it does. Where time passes (`wait`, `after`)
//! what is parked or owed is done as `scope resume --wait` does it, and once more when the moment has come. A run that
//! fails must be expected to: one that nothing speaks of is itself a miss.

mod claims;
mod looks;
mod snapshot;
mod stage;

use std::rc::Rc;

use scope_plan::plan::{Origin, Plan};
use scope_plan::recorded::Recorded;
use scope_plan::scenario::{RunAs, Scenario};

use crate::simulator::Files;

/// Gives the plan of a run.
pub trait Plans {
    /// The program compiled with what was recorded.
    ///
    /// # Errors
    /// What is wrong with it, run so: codes and messages.
    fn plan(&self, how: &RunAs, recorded: &Recorded) -> Result<Plan, Vec<(String, String)>>;
}

/// How a test is played.
#[derive(Clone, Default)]
pub struct PlayOptions {
    /// Made-up values, pauses and losses depend on it; the same seed, the same play.
    pub seed: u64,
    /// Gives the files of the program.
    pub files: Option<Rc<dyn Files>>,
}

/// What came of a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// What did not hold; none: the test passes.
    pub misses: Vec<Miss>,
    /// What is compared with what is kept, in order.
    pub snapshots: Vec<Snapshot>,
    /// Virtual milliseconds.
    pub millis: u64,
    /// Runs of the program, resumed ones included.
    pub n_runs: usize,
    /// Claims that were looked at.
    pub n_claims: usize,
}

/// Something that did not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// The statement.
    pub origin: Origin,
    /// The diagnostic's code: `E0860` a claim, `E0861` a run, `E0862` a statement.
    pub code: &'static str,
    /// One sentence, lower case, names in backticks.
    pub message: String,
    /// At its place.
    pub label: String,
    /// What was found instead, and the last events.
    pub notes: Vec<String>,
    /// What can be done.
    pub help: Vec<String>,
    /// When, in virtual microseconds.
    pub at_us: u64,
}

/// What fails alike in one statement is one report: a claim of a group is one of each of its resources.
fn folded(misses: Vec<Miss>) -> Vec<Miss> {
    /// So many more of them are told with the first one.
    const SHOWN: usize = 3;
    let mut kept: Vec<(Miss, Vec<String>)> = Vec::new();
    for miss in misses {
        let alike = kept.iter_mut().find(|(first, _)| {
            first.code == miss.code && first.origin == miss.origin && first.label == miss.label
        });
        match alike {
            Some((_, others)) => others.push(miss.message),
            None => kept.push((miss, Vec::new())),
        }
    }
    let told = kept.into_iter().map(|(mut miss, others)| {
        let n_more = others.len().saturating_sub(SHOWN);
        miss.notes.extend(others.into_iter().take(SHOWN));
        if n_more > 0 {
            miss.notes.push(format!("and {n_more} more like these"));
        }
        miss
    });
    told.collect()
}

/// The state of all sites at a moment, as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Which of the test's.
    pub name: String,
    /// The text.
    pub text: String,
    /// The statement that takes it.
    pub origin: Origin,
}

/// Plays a test on sites as `world` has them. Time is virtual: this takes none to speak of.
pub fn play(scenario: &Scenario, world: &Plan, plans: &dyn Plans, options: &PlayOptions) -> Played {
    crate::runner::block_on(true, stage::play(scenario, world, plans, options))
}
