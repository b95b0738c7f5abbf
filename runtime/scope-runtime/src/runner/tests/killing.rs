//! Killed: the process dies around each of its requests, the state is opened again from the disk, and the next run ends as
//! if nothing had happened. Nothing is left twice.

use std::cell::Cell;
use std::rc::Rc;

use scope_plan::driver::Repeat;
use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::{Plan, SiteId};
use tokio::sync::Notify;

use super::stage::{library, play, simulator};
use crate::events::Outcome;
use crate::report::{StepStatus, Verdict};
use crate::runner::{RunOptions, SiteSet, block_on, run};
use crate::simulator::Simulator;
use crate::site::{Answer, LocalFuture, OperationCall, ServiceProbe, Site, SiteError};
use crate::state::{Holder, StateStore};

/// When the process dies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    /// Before the request leaves.
    Before,
    /// After the site did it, before the answer is seen.
    After,
}

/// Sites in front of which the process dies at its n-th request.
struct Deadly {
    sites: Simulator,
    fate: Rc<Fate>,
}

struct Fate {
    n_left: Cell<usize>,
    death: Death,
    died: Notify,
}

impl SiteSet for Deadly {
    fn site(&self, site: SiteId) -> Rc<dyn Site> {
        Rc::new(DeadlySite { site: SiteSet::site(&self.sites, site), fate: self.fate.clone() })
    }

    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        self.sites.secret(source)
    }

    fn has_secrets(&self) -> bool {
        self.sites.has_secrets()
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        self.sites.file(file)
    }
}

struct DeadlySite {
    site: Rc<dyn Site>,
    fate: Rc<Fate>,
}

impl Site for DeadlySite {
    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async move {
            let n_left = self.fate.n_left.get();
            self.fate.n_left.set(n_left.saturating_sub(1));
            if n_left != 1 {
                return self.site.operate(call).await;
            }
            if self.fate.death == Death::After {
                let _ = self.site.operate(call).await;
            }
            self.fate.died.notify_one();
            std::future::pending().await
        })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        self.site.probe()
    }
}

fn holder() -> Holder {
    Holder::current("scope run test.scope", 7)
}

/// Runs until the n-th request and drops everything there; false if the run ended before.
fn killed(plan: &Plan, simulator: &Simulator, folder: &std::path::Path, n: usize, death: Death) -> bool {
    let fate = Rc::new(Fate { n_left: Cell::new(n), death, died: Notify::new() });
    let sites = Deadly { sites: simulator.clone(), fate: fate.clone() };
    let mut state = StateStore::open(folder, &holder()).expect("opened");
    let options = RunOptions::default();
    let mut ignore = |_: &crate::events::RunEvent| {};
    block_on(true, async {
        tokio::select! {
            biased;
            () = fate.died.notified() => true,
            _ = run(plan, &sites, &mut state, &options, &mut ignore) => false,
        }
    })
}

fn resumed(plan: &Plan, simulator: &Simulator, folder: &std::path::Path) -> crate::report::Report {
    let mut state = StateStore::open(folder, &holder()).expect("opened after the crash");
    let mut plan = plan.clone();
    for choice in &mut plan.choices {
        choice.recorded = state.recorded().choices.get(&choice.key).copied();
    }
    play(&plan, simulator, &mut state).0
}

#[test]
fn killed_around_any_request_the_next_run_ends_the_same() {
    let plan = library();
    let mut n_killed = 0;
    for death in [Death::Before, Death::After] {
        for n in 1.. {
            let folder = tempfile::tempdir().expect("a folder");
            let simulator = simulator(&plan, &["ready=shelf.book@*:150ms"]);
            if !killed(&plan, &simulator, folder.path(), n, death) {
                break;
            }
            n_killed += 1;
            let report = resumed(&plan, &simulator, folder.path());
            assert!(
                matches!(report.verdict, Verdict::Done | Verdict::NothingToDo),
                "{n} {death:?}: {:#?}",
                report.steps
            );
            for (site, n_books) in [("nantes", 2), ("paris", 1), ("lille", 2)] {
                assert_eq!(simulator.count(site, "shelf.book"), n_books, "{site}, {death:?} request {n}");
            }
            assert_eq!(simulator.count("nantes", "shelf.loan"), 1, "{death:?} request {n}");
            let again = resumed(&plan, &simulator, folder.path());
            assert_eq!(again.verdict, Verdict::NothingToDo, "{n} {death:?}: {:#?}", again.steps);
        }
    }
    assert!(n_killed > 30, "{n_killed}");
}

#[test]
fn what_must_not_be_repeated_is_not() {
    let mut plan = library();
    for operation in &mut plan.drivers[0].types[0].operations {
        if operation.name == "close" {
            operation.repeat = Repeat::None;
        }
    }
    let mut n_unknown = 0;
    for death in [Death::Before, Death::After] {
        for n in 1.. {
            let folder = tempfile::tempdir().expect("a folder");
            let simulator = simulator(&plan, &["ready=shelf.book@*:150ms"]);
            if !killed(&plan, &simulator, folder.path(), n, death) {
                break;
            }
            let report = resumed(&plan, &simulator, folder.path());
            let n_closed = simulator.calls().iter().filter(|call| call.operation == "close").count();
            assert!(n_closed <= 1, "{death:?} request {n}");
            let is_unknown = report.steps.iter().any(|step| {
                matches!(&step.status, StepStatus::Failed { failure } if failure.outcome == Outcome::Unknown)
            });
            n_unknown += usize::from(is_unknown);
            assert!(is_unknown || n_closed == 1, "{death:?} request {n}: {:#?}", report.steps);
        }
    }
    assert!(n_unknown > 0);
}
