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

use std::collections::BTreeSet;
use std::future::Future;
use std::rc::Rc;

use scope_plan::expr::SecretSource;
use scope_plan::plan::{Plan, SiteId};

use crate::events::RunEvent;
use crate::redact::{NoSecrets, Redact};
use crate::report::Report;
use crate::site::{LocalFuture, Site, SiteError};
use crate::state::StateStore;

/// The sites of a plan: real ones or simulated ones.
pub trait SiteSet {
    /// One of the plan's sites.
    fn site(&self, site: SiteId) -> Rc<dyn Site>;

    /// The content of a secret that an attribute uses; a simulation gives a placeholder and resolves nothing. Whoever
    /// resolves it also makes the run's [`Redact`] know it.
    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>>;
}

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
    /// Choose again at every `|`, from the left, whatever is recorded.
    pub reconsider: bool,
    /// Names of `call`s to do once more, though done before.
    pub again: BTreeSet<String>,
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
            reconsider: false,
            again: BTreeSet::new(),
            redact: Rc::new(NoSecrets),
            interrupt: Interrupt::new(),
        }
    }
}

/// Stops a run from outside: first gently (nothing new is started, requests under way are awaited for a moment), and, told
/// again, at once. Clones are handles on the same one, usable from any thread or signal handler's thread.
#[derive(Clone, Debug)]
pub struct Interrupt {
    level: std::sync::Arc<tokio::sync::watch::Sender<u8>>,
}

impl Interrupt {
    /// Not interrupted.
    pub fn new() -> Self {
        Self { level: std::sync::Arc::new(tokio::sync::watch::Sender::new(0)) }
    }

    /// Stops, or stops harder.
    pub fn interrupt(&self) {
        self.level.send_modify(|level| *level = level.saturating_add(1));
    }

    /// How often it was told so far.
    pub fn level(&self) -> u8 {
        *self.level.borrow()
    }

    /// Resolves once it was told at least so often.
    pub(crate) async fn reached(&self, at_least: u8) {
        let mut level = self.level.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = level.wait_for(|level| *level >= at_least).await;
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
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

/// Runs the plan. `observe` is called on the runner's thread and should be quick.
///
/// The report always comes: where the run itself had to stop, it says so in [`Report::stopped`].
pub async fn run(
    plan: &Plan,
    sites: &dyn SiteSet,
    state: &mut StateStore,
    options: &RunOptions,
    observe: &mut dyn FnMut(&RunEvent),
) -> Report {
    crate::runner_body::run(plan, sites, state, options, observe).await
}
