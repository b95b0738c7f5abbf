//! The stage of a test: the simulated sites, the state that its runs share, and the statements one after the other.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join_all};
use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::fault::Fault;
use scope_plan::plan::{Origin, Plan, SiteId};
use scope_plan::scenario::{Deed, Moment, Outside, RunAs, Scenario, Statement, StatementKind, Weather};
use tokio::time::Instant;

use super::{Miss, Plans, PlayOptions, Played, Snapshot, folded};
use crate::events::RunEvent;
use crate::heartbeat::{Heartbeats, Waited};
use crate::report::{Report, StepStatus, Verdict};
use crate::runner::{Interrupt, RunOptions, SiteSet, run, told};
use crate::simulator::{SimulationOptions, Simulator};
use crate::site::{LocalFuture, Site, SiteError, SiteErrorKind};
use crate::state::StateStore;

/// More resumed runs than this belong to a site that comes and goes for good.
const MOST_RESUMES: usize = 200;

/// What happened, for the notes of a miss.
pub(super) struct Line {
    pub(super) at_us: u64,
    /// The global name; empty for what is not about one resource.
    pub(super) name: String,
    pub(super) site: String,
    pub(super) words: String,
}

/// How the last run went.
pub(super) enum Last {
    /// It ended.
    Ended { plan: Box<Plan>, report: Box<Report> },
    /// It did not begin: the program is wrong, run so.
    Refused(Vec<(String, String)>),
}

pub(super) struct Stage<'p> {
    pub(super) simulator: Simulator,
    plans: &'p dyn Plans,
    seed: u64,
    pub(super) state: RefCell<StateStore>,
    pub(super) last: RefCell<Option<Last>>,
    /// Where the last run stands, and whether a claim spoke of its end.
    last_run: RefCell<Option<(Origin, RunAs)>>,
    pub(super) is_spoken_of: Cell<bool>,
    hearts: RefCell<Option<Heartbeats>>,
    pub(super) log: RefCell<Vec<Line>>,
    n_runs: Cell<usize>,
    n_resumes: Cell<usize>,
    pub(super) n_claims: Cell<usize>,
    misses: RefCell<Vec<Miss>>,
    pub(super) snapshots: RefCell<Vec<Snapshot>>,
}

pub(super) async fn play(
    scenario: &Scenario,
    world: &Plan,
    plans: &dyn Plans,
    options: &PlayOptions,
) -> Played {
    let simulation =
        SimulationOptions { seed: options.seed, files: options.files.clone(), ..Default::default() };
    let simulator = match Simulator::new(world, simulation) {
        Ok(simulator) => simulator,
        Err(error) => {
            let miss = Miss {
                origin: scenario.origin.clone(),
                code: "E0862",
                message: "the sites cannot be simulated".into(),
                label: "in this test".into(),
                notes: error.problems,
                help: Vec::new(),
                at_us: 0,
            };
            return Played { misses: vec![miss], ..Played::default() };
        }
    };
    // Time begins now.
    simulator.now();
    let stage = Stage {
        simulator,
        plans,
        seed: options.seed,
        state: RefCell::new(StateStore::in_memory()),
        last: RefCell::new(None),
        last_run: RefCell::new(None),
        is_spoken_of: Cell::new(true),
        hearts: RefCell::new(Some(Heartbeats::new(options.seed))),
        log: RefCell::new(Vec::new()),
        n_runs: Cell::new(0),
        n_resumes: Cell::new(0),
        n_claims: Cell::new(0),
        misses: RefCell::new(Vec::new()),
        snapshots: RefCell::new(Vec::new()),
    };
    for statement in &scenario.statements {
        if !stage.perform(statement).await {
            break;
        }
    }
    stage.judge_last_run();
    Played {
        misses: folded(stage.misses.take()),
        snapshots: stage.snapshots.take(),
        millis: stage.simulator.now() / 1_000,
        n_runs: stage.n_runs.get(),
        n_claims: stage.n_claims.get(),
    }
}

impl Stage<'_> {
    /// Carries out one statement; false where the rest of the test makes no sense any more.
    async fn perform(&self, statement: &Statement) -> bool {
        match &statement.kind {
            StatementKind::Weather(weathers) => self.done(statement, self.weather(weathers)),
            StatementKind::Heal { sites, at_us } => {
                if let Some(at_us) = at_us {
                    self.pass_until(*at_us).await;
                }
                self.done(statement, self.heal(sites))
            }
            StatementKind::Wait(moment) => {
                let until = match moment {
                    Moment::At(until) => *until,
                    Moment::In(time) => self.simulator.now().saturating_add(*time),
                };
                self.pass_until(until).await;
                true
            }
            StatementKind::Run(how) => {
                if let Some(after) = how.after_us {
                    self.pass_until(after).await;
                }
                self.judge_last_run();
                self.run_anew(&statement.origin, how).await;
                true
            }
            StatementKind::Outside(deeds) => {
                let mut result = Ok(());
                for deed in deeds {
                    if let Some(after) = deed.after_us {
                        self.pass_until(after).await;
                    }
                    result = result.and_then(|()| self.outside(deed));
                }
                self.done(statement, result)
            }
            StatementKind::Concurrently(statements) => {
                self.judge_last_run();
                let together = statements.iter().map(|statement| self.perform_beside(statement));
                join_all(together).await.into_iter().all(|is_well| is_well)
            }
            StatementKind::Expect(expectation) => {
                if let Some(after) = expectation.after_us {
                    self.pass_until(after).await;
                }
                self.n_claims.set(self.n_claims.get() + 1);
                if let Some(miss) = self.claim(&statement.origin, &expectation.claim) {
                    self.misses.borrow_mut().push(miss);
                }
                true
            }
        }
    }

    /// A statement among others that begin with it: nothing parked is done meanwhile, one run at a time.
    fn perform_beside<'s>(&'s self, statement: &'s Statement) -> LocalBoxFuture<'s, bool> {
        Box::pin(async move {
            match &statement.kind {
                StatementKind::Weather(weathers) => self.done(statement, self.weather(weathers)),
                StatementKind::Heal { sites, at_us } => {
                    self.sleep_until(at_us.unwrap_or(0)).await;
                    self.done(statement, self.heal(sites))
                }
                StatementKind::Wait(Moment::At(until)) => {
                    self.sleep_until(*until).await;
                    true
                }
                StatementKind::Wait(Moment::In(time)) => {
                    self.sleep_until(self.simulator.now().saturating_add(*time)).await;
                    true
                }
                StatementKind::Run(how) => {
                    self.sleep_until(how.after_us.unwrap_or(0)).await;
                    self.run_anew(&statement.origin, how).await;
                    true
                }
                StatementKind::Outside(deeds) => {
                    let mut result = Ok(());
                    for deed in deeds {
                        self.sleep_until(deed.after_us.unwrap_or(0)).await;
                        result = result.and_then(|()| self.outside(deed));
                    }
                    self.done(statement, result)
                }
                // The compiler lets none of these stand here.
                StatementKind::Concurrently(_) | StatementKind::Expect(_) => true,
            }
        })
    }

    /// Whether it could be done; if not, that is a miss.
    fn done(&self, statement: &Statement, result: Result<(), String>) -> bool {
        let Err(why) = result else { return true };
        self.misses.borrow_mut().push(Miss {
            origin: statement.origin.clone(),
            code: "E0862",
            message: format!("this cannot be done: {why}"),
            label: "refused".into(),
            notes: Vec::new(),
            help: Vec::new(),
            at_us: self.simulator.now(),
        });
        false
    }

    fn weather(&self, weathers: &[Weather]) -> Result<(), String> {
        let now = self.simulator.now();
        for weather in weathers {
            let fault: Fault = if weather.is_from_now {
                weather.fault.clone().starting_at(now)
            } else {
                weather.fault.clone()
            };
            let (site, _) = fault.sites();
            self.note("", site, fault.to_string());
            let until = weather.until_us.unwrap_or(u64::MAX);
            self.simulator.inject_until(fault, until).map_err(|error| error.message)?;
        }
        Ok(())
    }

    fn heal(&self, sites: &[String]) -> Result<(), String> {
        if sites.is_empty() {
            self.note("", "", "heal".into());
            return self.simulator.heal(None).map_err(|error| error.message);
        }
        for site in sites {
            self.note("", site, format!("heal {site}"));
            self.simulator.heal(Some(site)).map_err(|error| error.message)?;
        }
        Ok(())
    }

    fn outside(&self, deed: &Outside) -> Result<(), String> {
        self.note("", &deed.site, format!("somebody: {}", deed.words));
        match &deed.deed {
            Deed::Create(resource) => {
                self.simulator.insert(&deed.site, resource).map_err(|error| error.problems.join("; "))
            }
            Deed::Request { resource_type, operation, subject, inputs } => {
                self.simulator.request(&deed.site, resource_type, operation, subject.as_deref(), inputs)
            }
        }
    }

    /// Takes note of something that is not one of the run's events.
    fn note(&self, name: &str, site: &str, words: String) {
        let at_us = self.simulator.now();
        self.log.borrow_mut().push(Line { at_us, name: name.into(), site: site.into(), words });
    }

    /// A run that the test asks for.
    async fn run_anew(&self, origin: &Origin, how: &RunAs) {
        *self.last_run.borrow_mut() = Some((origin.clone(), how.clone()));
        self.is_spoken_of.set(false);
        self.run(how, BTreeMap::new()).await;
    }

    /// One run, or a resumed one; silent sites are not asked again.
    async fn run(&self, how: &RunAs, silent: BTreeMap<String, String>) {
        let recorded = self.state.borrow().recorded();
        let plan = match self.plans.plan(how, &recorded) {
            Ok(plan) => plan,
            Err(reports) => {
                *self.last.borrow_mut() = Some(Last::Refused(reports));
                return;
            }
        };
        self.simulator.learn(&plan);
        let n_run = self.n_runs.get() as u64;
        self.n_runs.set(self.n_runs.get() + 1);
        let began = self.simulator.now();
        let interrupt = Interrupt::new();
        let options = RunOptions {
            by: "test".into(),
            started_at_ms: began / 1_000,
            seed: self.seed.wrapping_add(n_run),
            silent,
            interrupt: interrupt.clone(),
            ..RunOptions::default()
        };
        let sites = Placed { simulator: &self.simulator, plan: &plan };
        let mut state = self.state.replace(StateStore::in_memory());
        let mut observe = |event: &RunEvent| {
            if let Some(told) = told::told(&plan, &options.held, event) {
                let at_us = began + told.at_ms * 1_000;
                let words = format!("{}  {}", told.word, told.words);
                self.log.borrow_mut().push(Line { at_us, name: told.name, site: told.site, words });
            }
        };
        let report = {
            let running = run(&plan, &sites, &mut state, &options, &mut observe);
            tokio::pin!(running);
            match how.until_us {
                None => running.await,
                Some(until) => tokio::select! {
                    biased;
                    report = &mut running => report,
                    () = self.sleep_until(until) => {
                        interrupt.interrupt();
                        running.await
                    }
                },
            }
        };
        self.state.replace(state);
        *self.last.borrow_mut() = Some(Last::Ended { plan: Box::new(plan), report: Box::new(report) });
    }

    async fn sleep_until(&self, moment: u64) {
        let now = self.simulator.now();
        if moment > now {
            tokio::time::sleep(Duration::from_micros(moment - now)).await;
        }
    }

    /// Time passes. What waits for a site is done when the site answers, and tried once more at the end.
    async fn pass_until(&self, moment: u64) {
        let Some(mut hearts) = self.hearts.take() else { return self.sleep_until(moment).await };
        loop {
            let now = self.simulator.now();
            let how = self.last_run.borrow().as_ref().map(|(_, how)| how.clone());
            let (Some(how), true) = (how, now < moment) else { break };
            let wanted = self.waited_for();
            if wanted.is_empty() || self.n_resumes.get() >= MOST_RESUMES {
                break;
            }
            let until = Instant::now() + Duration::from_micros(moment - now);
            match hearts.wait(&wanted, until, &mut |_| {}).await {
                Waited::TimeIsOver => break,
                Waited::Answers(silent) => self.resume(&how, silent).await,
            }
        }
        self.sleep_until(moment).await;
        let how = self.last_run.borrow().as_ref().map(|(_, how)| how.clone());
        let wanted = self.waited_for();
        if let (Some(how), false) = (how, wanted.is_empty()) {
            let silent = hearts.silent(&wanted).await;
            if silent.len() < wanted.len() && self.n_resumes.get() < MOST_RESUMES {
                self.resume(&how, silent).await;
            }
        }
        self.hearts.replace(Some(hearts));
    }

    async fn resume(&self, how: &RunAs, silent: BTreeMap<String, String>) {
        self.n_resumes.set(self.n_resumes.get() + 1);
        let how = RunAs { after_us: None, until_us: None, ..how.clone() };
        self.run(&how, silent).await;
    }

    /// The sites that something is parked for, or owed at.
    fn waited_for(&self) -> Vec<(String, Rc<dyn Site>)> {
        let state = self.state.borrow();
        let state = state.state();
        let parked = state.waiting().map(|parked| &parked.site);
        let mut names: Vec<&String> = parked.chain(state.owed.iter().map(|owed| &owed.site)).collect();
        names.sort();
        names.dedup();
        let found = |name: &String| Some((name.clone(), self.simulator.site_called(name)?));
        names.into_iter().filter_map(found).collect()
    }

    /// A run that failed, and that no claim spoke of, is a miss.
    fn judge_last_run(&self) {
        if self.is_spoken_of.replace(true) {
            return;
        }
        let Some((origin, _)) = self.last_run.borrow().clone() else { return };
        let mut notes = Vec::new();
        match &*self.last.borrow() {
            Some(Last::Ended { plan, report }) if report.verdict == Verdict::Failed => {
                for step in report.steps.iter().filter(|step| !step.is_abandoned) {
                    if let StepStatus::Failed { failure } = &step.status {
                        let step = plan.step(step.step);
                        let site = &plan.site(step.site).name;
                        let said = failure.site_words.as_ref().map(|words| format!(": {words}"));
                        notes.push(format!(
                            "{}: `{}` at {site}: {}{}",
                            failure.code,
                            step.name,
                            failure.message,
                            said.unwrap_or_default()
                        ));
                    }
                }
                notes.extend(report.stopped.as_ref().map(|failure| failure.message.clone()));
            }
            Some(Last::Refused(reports)) => {
                notes.extend(reports.iter().map(|(code, message)| format!("{code}: {message}")));
            }
            _ => return,
        }
        let mut help =
            vec!["if it should fail, say so: `expect verdict failed`, or `expect error E0…`".into()];
        if notes.iter().any(|note| note.starts_with("E0902")) {
            help.push("a simulated site holds what the program declares: add an `existing`, or to its site `simulate: { … }`".into());
        }
        self.misses.borrow_mut().push(Miss {
            origin,
            code: "E0861",
            message: "the run failed, and the test does not speak of it".into(),
            label: "failed".into(),
            notes,
            help,
            at_us: self.simulator.now(),
        });
    }
}

/// The sites of a plan, found by name among the simulated ones.
struct Placed<'s> {
    simulator: &'s Simulator,
    plan: &'s Plan,
}

impl SiteSet for Placed<'_> {
    fn site(&self, site: SiteId) -> Rc<dyn Site> {
        let name = &self.plan.site(site).name;
        self.simulator.site_called(name).expect("the simulation has every site of the program")
    }

    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        self.simulator.secret(source)
    }

    fn has_secrets(&self) -> bool {
        self.simulator.has_secrets()
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        SiteSet::file(self.simulator, file)
            .map_err(|error| SiteError { kind: SiteErrorKind::Configuration, ..error })
    }
}
