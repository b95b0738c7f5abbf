//! Runs a plan: drives the pure scheduler, performs its commands at the sites, records and reports.
//!
//! In come a [`Plan`], the sites, the state; out come [`RunEvent`]s while it goes on and a [`Report`] at the end.
//!
//! ```no_run
//! # use scope_runtime::runner::{RunOptions, SiteSet, block_on, run};
//! # fn example(plan: &scope_plan::plan::Plan, sites: &dyn SiteSet, state: &mut scope_runtime::state::StateStore) {
//! let report = block_on(false, run(plan, sites, state, &RunOptions::default(), &mut |event| {
//!     eprintln!("{}", event.to_json_line());
//! }));
//! std::process::exit(report.exit_code().into());
//! # }
//! ```
//!
//! Everything is on one thread: the loop, the steps under way (futures in one set) and the scheduler between them.

mod circuits;
mod conclude;
mod debts;
mod guards;
mod held;
mod index;
mod interrupt;
mod jitter;
mod ledger;
mod left;
mod once;
mod recorded;
mod shared;
mod sites;
mod spans;
pub(crate) mod told;
mod turn;
pub(crate) mod waves;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::rc::Rc;

use scope_plan::plan::{Action, Plan, Step};
use scope_plan::recorded::borrowed_parts;
use tracing::Instrument;

use crate::events::{Awaited, Outcome, RunEvent};
use crate::procedure::open_what_was_lost;
use crate::redact::{NoSecrets, Redact};
use crate::report::Report;
use crate::state::{Record, Started, State, StateStore, Wish};

pub use interrupt::Interrupt;
pub use shared::digest_of_plan;
pub use sites::SiteSet;

pub(crate) use guards::Pending;
pub(crate) use jitter::Jitter;
pub(crate) use ledger::{Ledger, LedgerFailed};
pub(crate) use shared::Shared;

/// How to run.
pub struct RunOptions {
    /// Who runs it, for the history.
    pub by: String,
    /// The wall clock at the start, in milliseconds since 1970; 0 in a simulation.
    pub started_at_ms: u64,
    /// For the jitter of pauses; the same seed, the same pauses.
    pub seed: u64,
    /// At most so many steps at once, over all sites (each site has its own limit besides).
    pub concurrency: usize,
    /// Names of `call`s to do once more, though done before, of resources whose secrets are to be sent once more, and of copies to be
    /// made anew where their content is another than their origin's → the run that was asked for it: what was done from that one on is done. Nothing: this run.
    pub again: BTreeMap<String, Option<u64>>,
    /// What was known of requests whose end is not: a step's key → what became of it.
    pub answers: BTreeMap<String, Known>,
    /// What a command is told of where the state is, behind a blank: for those that a failure names. `None` in a simulation,
    /// which leaves no state for any.
    pub at: Option<String>,
    /// Only ask: the report says what a run would do ([`crate::events::Effect::Planned`]). The state must be one in
    /// memory.
    pub survey: bool,
    /// With `survey`: record what bears our mark and is not recorded, as far as it is there.
    pub rebuild: bool,
    /// Sites that an operator holds, by name: asked nothing, as if they were cut off; what nobody waits for there is left out.
    pub held: BTreeMap<String, LeftAlone>,
    /// Sites that this run is not about, by name: nothing of them is begun, and nothing about them is a failure.
    pub left_out: BTreeSet<String>,
    /// Sites that did not answer a moment ago, by name, and why: cut off.
    pub silent: BTreeMap<String, String>,
    /// What it is started with, for resuming.
    pub started: Started,
    /// The digest of the plan ([`digest_of_plan`]), where the caller has it or wants it told. Without it the runner makes one
    /// where the run is recorded, and else none: it costs as much as a third of a run of steps that wait for nothing.
    pub digest: Option<String>,
    /// Knows the secrets.
    pub redact: Rc<dyn Redact>,
    /// Told when the user wants to stop.
    pub interrupt: Interrupt,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            by: "someone".to_owned(),
            started_at_ms: 0,
            seed: 0,
            concurrency: 512,
            again: BTreeMap::new(),
            answers: BTreeMap::new(),
            at: Some(String::new()),
            survey: false,
            rebuild: false,
            held: BTreeMap::new(),
            left_out: BTreeSet::new(),
            silent: BTreeMap::new(),
            started: Started::default(),
            digest: None,
            redact: Rc::new(NoSecrets),
            interrupt: Interrupt::new(),
        }
    }
}

impl RunOptions {
    /// What its parked steps wait for.
    pub(crate) fn awaits(&self, site: &str) -> Awaited {
        self.held.get(site).map(|held| held.awaits.clone()).unwrap_or_default()
    }

    /// Whether nothing is asked of a site: it is held, left out of this run, or was silent a moment ago.
    pub fn leaves_alone(&self, site: &str) -> bool {
        self.held.contains_key(site) || self.left_out.contains(site) || self.silent.contains_key(site)
    }
}

/// A site that an operator holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAlone {
    /// For people: `held by ana: rack move`.
    pub why: String,
    /// Until when.
    pub awaits: Awaited,
}

/// What a person found out about a request whose end is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It took effect: it is not sent again.
    Done,
    /// It took none, and is not sent again: the step fails, and `|` goes on.
    Failed,
    /// It is sent again, whatever became of the first one.
    Retry,
}

/// Runs a future on a runtime of one thread. Simulated: the clock is virtual and jumps whenever all is waiting.
///
/// # Panics
/// Where the operating system gives no event queue.
pub fn block_on<T>(is_simulated: bool, future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    if is_simulated {
        builder.enable_time().start_paused(true);
    } else {
        builder.enable_all();
    }
    let runtime = builder.build().expect("the operating system gives an event queue");
    runtime.block_on(future)
}

/// Runs the plan, which must be verified. `observe` is called on the runner's thread and should be quick.
///
/// The report always comes: where the run itself had to stop, it says so in [`Report::stopped`].
pub async fn run(
    plan: &Plan,
    sites: &dyn SiteSet,
    state: &mut StateStore,
    options: &RunOptions,
    observe: &mut dyn FnMut(&RunEvent),
) -> Report {
    let digest = options.digest.clone().or_else(|| state.is_kept().then(|| digest_of_plan(plan)));
    let known = digest.as_deref().unwrap_or_default();
    let run = match state.begin_run(&options.by, options.started_at_ms, known, options.started.clone()) {
        Ok(run) => run,
        Err(error) => return conclude::not_begun(plan, &error),
    };
    // The steps share the state while the run lasts; a run that is dropped leaves an empty one here, and what it recorded
    // in the journal.
    let store = std::mem::replace(state, StateStore::in_memory());
    let sites = held::Without { sites, plan, options };
    let shared = Shared::new(plan, &sites, Ledger::new(store), options, run);
    for rename in &plan.renames {
        let is_known = |state: &State, name: &str| match &rename.at {
            Some(site) => state.resource(name, site).is_some(),
            None => state.is_named(name),
        };
        let is_to_do =
            shared.ledger.with(|state| is_known(state, &rename.from) && !is_known(state, &rename.to));
        if is_to_do {
            // A failure is kept by the ledger and seen by the loop.
            let _ = shared.ledger.append(Record::Renamed(rename.clone()));
        }
    }
    know_sites(&shared);
    claim(&shared);
    wait_no_more(&shared);
    if options.rebuild {
        open_what_was_lost(&shared);
    }
    shared.announce(digest);
    let span = tracing::info_span!("run", number = run, program = plan.program.file);
    let report = async {
        let ended = turn::turn(&shared, observe).await;
        know_sites(&shared);
        conclude::conclude(&shared, ended).await
    };
    let report = report.instrument(span).await;
    shared.tell(observe);
    *state = shared.ledger.into_store();
    report
}

/// Where the sites are is kept, so that one by another name is known for the same. Of one that is elsewhere than what is recorded there
/// was made, the old address is kept until all of that was seen at the new one.
fn know_sites(shared: &Shared<'_>) {
    for site in &shared.plan.sites {
        let mut addresses = site.addresses();
        shared.ledger.with(|state| {
            let Some(before) = state.sites.get(&site.name) else { return };
            for (driver, address) in &mut addresses {
                let Some(before) = before.get(driver).filter(|before| !address.is(before)) else { continue };
                if !state.is_seen_whole(&site.name, driver, shared.run) {
                    address.clone_from(before);
                }
            }
        });
        let is_known =
            shared.ledger.with(|state| state.sites.get(&site.name).unwrap_or(&BTreeMap::new()) == &addresses);
        if !is_known {
            // A failure is kept by the ledger and seen by the loop.
            let _ = shared.ledger.append(Record::Site { site: site.name.clone(), addresses });
        }
    }
}

/// What one command made and the program has is the program's from now on.
fn claim(shared: &Shared<'_>) {
    if shared.options.started.wish == Wish::Command || shared.ledger.with(|state| state.apart.is_empty()) {
        return;
    }
    let site = |step: &Step| shared.plan.site(step.site).name.as_str();
    let is_made = |step: &&Step| matches!(step.action, Action::Ensure { .. } | Action::Bring { .. });
    let named: BTreeSet<(&str, &str)> =
        shared.plan.steps.iter().filter(is_made).map(|step| (step.name.as_str(), site(step))).collect();
    let is_named = |(name, site): &(String, String)| {
        let name_there = borrowed_parts(name).map_or(name.as_str(), |(name, _)| name);
        named.contains(&(name.as_str(), site.as_str())) || named.contains(&(name_there, site.as_str()))
    };
    let claimed: Vec<_> =
        shared.ledger.with(|state| state.apart.iter().filter(|place| is_named(place)).cloned().collect());
    for (name, site) in claimed {
        // A failure is kept by the ledger and seen by the loop.
        let _ = shared.ledger.append(Record::Claimed { name, site });
    }
}

/// What waited for its site and is not asked for any more, since the program asks for something else there, waits no longer.
fn wait_no_more(shared: &Shared<'_>) {
    let waits = |key: &&String| shared.ledger.with(|state| state.parked.contains_key(*key));
    for key in shared.plan.unwanted.iter().filter(waits) {
        let words = "not asked for any more".to_owned();
        let end = Record::Step { key: key.clone(), outcome: Outcome::Unavailable, words, millis: 0 };
        let _ = shared.ledger.append(end);
    }
}
