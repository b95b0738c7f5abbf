//! What all steps of a run share: the plan, the sites, the ledger, outputs so far, and where events go.
//!
//! `shared.output(step)` → the record that other steps see; `shared.emit(kind)` → one event, masked, with its time.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::BufWriter;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use scope_plan::digest::Sha256;
use scope_plan::driver::{Driver, ResourceType};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, EdgeReason, Plan, SiteId, Step, StepId};
use scope_plan::recorded::{Relied, borrowed_name};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::circuits::Circuits;
use super::index::Index;
use super::jitter::Jitter;
use super::spans::Spans;
use super::told;
use super::waves::Waves;
use super::{Ledger, RunOptions, SiteSet};
use crate::events::{Change, Effect, FORMAT, Failure, Progress, RunEvent, RunEventKind, StepInfo};
use crate::procedure::{Memory, identity_text, mentions};
use crate::redact::{hide_in_event, hide_in_failure};
use crate::report::Seen;
use crate::rows::Rows;
use crate::state::{Record, State, Told};

/// Progress of one step is told at most so often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

pub(crate) struct Shared<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) sites: &'r dyn SiteSet,
    pub(crate) ledger: Ledger,
    pub(crate) options: &'r RunOptions,
    /// The number of this run.
    pub(crate) run: u64,
    /// The id of the deployment.
    pub(crate) deployment: String,
    pub(crate) jitter: Jitter,
    pub(crate) circuits: Circuits,
    pub(crate) board: Rc<Board>,
    started: Instant,
    /// Events not yet told.
    outbox: RefCell<Vec<RunEvent>>,
    pub(super) spans: RefCell<Spans>,
    /// Where steps stand in rollouts.
    pub(crate) waves: Waves,
    /// By name: a driver has hundreds.
    types: HashMap<&'r str, (&'r Driver, &'r ResourceType)>,
    memories: Vec<Memory>,
    pub(crate) index: Index<'r>,
    /// Sites that are elsewhere than when what is recorded at them was seen, by driver.
    elsewhere: BTreeSet<(SiteId, &'r str)>,
    /// For each step, those whose output or end it waits for.
    before: Rows<StepId>,
    /// The shares of wholes (`%`), by the steps of their parts.
    shares: HashMap<StepId, BTreeMap<String, Value>>,
    /// The attribute by which what is the prime of a whole now named another one, by the steps that make it.
    unlinked: HashMap<StepId, &'r str>,
    ends: RefCell<Vec<StepEnd>>,
    /// What a survey saw.
    seen: RefCell<BTreeMap<StepId, Seen>>,
    /// The guards of this deployment that were seen or written, as they stand.
    pub(super) guards: RefCell<BTreeMap<Relied, Option<String>>>,
    /// Who writes a guard now: another step that guards the same thing comes after, and sees what was written.
    pub(super) guard_turns: RefCell<BTreeMap<Relied, Rc<tokio::sync::Mutex<()>>>>,
}

/// What is known of a step's end.
#[derive(Debug, Default)]
pub(crate) struct StepEnd {
    pub(crate) output: Option<Rc<Value>>,
    pub(crate) effect: Option<Effect>,
    pub(crate) detail: Option<String>,
    /// Few steps have one.
    pub(crate) failure: Option<Box<Failure>>,
}

impl<'r> Shared<'r> {
    pub(crate) fn new(
        plan: &'r Plan,
        sites: &'r dyn SiteSet,
        ledger: Ledger,
        options: &'r RunOptions,
        run: u64,
    ) -> Self {
        // That a wave comes after another one does not mean that it is made from it.
        let made_from = plan.edges.iter().filter(|edge| edge.reason != EdgeReason::Wave);
        let before = made_from.map(|edge| (edge.to.index(), edge.from));
        let elsewhere = ledger.with(|state| elsewhere(plan, state));
        let shared = Self {
            plan,
            elsewhere,
            sites,
            deployment: ledger.with(|state| state.deployment.clone()),
            ledger,
            options,
            run,
            jitter: Jitter::new(options.seed),
            circuits: Circuits::default(),
            board: Rc::new(Board::default()),
            started: Instant::now(),
            outbox: RefCell::new(Vec::new()),
            spans: RefCell::default(),
            before: Rows::new(plan.steps.len(), before),
            shares: shares_of(plan),
            unlinked: unlinked_in(plan),
            waves: Waves::new(plan),
            types: types_of(plan),
            index: Index::new(plan),
            memories: plan.steps.iter().map(|_| Memory::default()).collect(),
            ends: RefCell::new(plan.steps.iter().map(|_| StepEnd::default()).collect()),
            seen: RefCell::default(),
            guards: RefCell::default(),
            guard_turns: RefCell::default(),
        };
        shared.knows_what_is_written();
        shared
    }

    /// What can be told of the address that a site had for a driver, of what is otherwise by now: `url: "http://old.example"`.
    pub(crate) fn former_address(&self, site: SiteId, driver: &str) -> Vec<String> {
        let site = self.plan.site(site);
        let Some(now) = site.addresses().remove(driver) else { return Vec::new() };
        self.ledger.with(|state| {
            let before = state.sites.get(&site.name).and_then(|drivers| drivers.get(driver));
            before.map(|before| before.unlike(&now)).unwrap_or_default()
        })
    }

    /// Whether a site is elsewhere than when what is recorded of a driver there was seen.
    pub(crate) fn is_elsewhere(&self, site: SiteId, driver: &str) -> bool {
        self.elsewhere.contains(&(site, driver))
    }

    /// The first event.
    pub(crate) fn announce(&self, plan: Option<String>) {
        let sites: Vec<Arc<str>> = self.plan.sites.iter().map(|site| site.name.as_str().into()).collect();
        let steps = self.plan.steps.iter().map(|step| StepInfo {
            id: step.id,
            name: step.name.clone(),
            site: sites[step.site.index()].clone(),
            verb: step.action.verb().to_owned(),
            resource_type: step.action.resource_type().map(str::to_owned),
        });
        self.emit(RunEventKind::RunStarted {
            format: FORMAT.to_owned(),
            run: self.run,
            program: self.plan.program.file.clone(),
            plan,
            steps: steps.collect(),
        });
    }

    /// Takes note of one event, to be told soon.
    pub(crate) fn emit(&self, kind: RunEventKind) {
        self.emit_at(Instant::now(), kind);
    }

    /// The same of a moment just gone.
    pub(super) fn emit_at(&self, at: Instant, kind: RunEventKind) {
        let at_ms = u64::try_from((at - self.started).as_millis()).unwrap_or(u64::MAX);
        let mut event = RunEvent { at_ms, kind };
        hide_in_event(&*self.options.redact, &mut event);
        if self.ledger.is_kept() {
            self.log(told::told(self.plan, &self.options.held, &event));
        }
        self.spans.borrow_mut().told(&event);
        self.outbox.borrow_mut().push(event);
    }

    /// Says in a step's log that what was tried there is wanted no more.
    pub(crate) fn log_given_up(&self, step: StepId) {
        if self.ledger.is_kept() {
            self.log(Some(told::given_up(self.plan, self.elapsed_ms(), step)));
        }
    }

    fn log(&self, told: Option<Told>) {
        if let Some(told) = told {
            // A failure is kept by the ledger and seen by the loop.
            let _ = self.ledger.append(Record::Told { told });
        }
    }

    /// Tells what happened since the last time.
    pub(crate) fn tell(&self, observe: &mut dyn FnMut(&RunEvent)) {
        self.outbox.borrow_mut().drain(..).for_each(|event| observe(&event));
    }

    /// Tells how far a step is, soon.
    pub(crate) fn progress(&self, step: StepId, progress: Progress) {
        self.board.post(step, progress);
    }

    /// Milliseconds since the run began.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The wall clock, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.options.started_at_ms.saturating_add(self.elapsed_ms())
    }

    /// The resources that a step's resource is made from, name and site; through look-ups, choices and gatherings.
    pub(crate) fn needs(&self, step: StepId) -> Vec<(String, String)> {
        let mut open = self.before.row(step.index()).to_vec();
        let mut seen: BTreeSet<StepId> = open.iter().copied().collect();
        let mut needs = BTreeSet::new();
        while let Some(needed) = open.pop() {
            let needed = self.plan.step(needed);
            let site = &self.plan.site(needed.site).name;
            match &needed.action {
                Action::Ensure { .. } => {
                    needs.insert((needed.name.clone(), site.clone()));
                    continue;
                }
                Action::Bring { sources, .. } => {
                    // The copy that there is, from whichever of them.
                    let names = sources.iter().map(|source| {
                        borrowed_name(&needed.name, &self.plan.site(self.plan.step(*source).site).name)
                    });
                    let is_there =
                        |name: &String| self.ledger.with(|state| state.resource(name, site).is_some());
                    needs.extend(names.filter(is_there).map(|name| (name, site.clone())));
                    continue;
                }
                _ => {}
            }
            let further = self.before.row(needed.id.index()).iter().copied();
            open.extend(further.filter(|step| seen.insert(*step)));
        }
        needs.into_iter().collect()
    }

    /// What a step's resource relies upon as long as it lives (R9), as far as it is known which that is.
    pub(crate) fn relied(&self, step: &Step) -> Vec<Relied> {
        let Action::Ensure { resource_type, attributes, .. } = &step.action else { return Vec::new() };
        let Some((_, resource_type)) = self.resource_type(resource_type) else { return Vec::new() };
        let mut relied = BTreeSet::new();
        for (name, expr) in attributes {
            let guarded = resource_type
                .attribute(name)
                .filter(|attribute| attribute.relation.is_some_and(scope_plan::driver::Relation::is_guarded));
            let Some(target) = guarded.and_then(|attribute| attribute.ty.referred()) else { continue };
            let Some((_, target)) = self.resource_type(target) else { continue };
            for used in expr.steps_used() {
                let output = self.output(used);
                let identity = output.as_deref().and_then(|record| record.get(&target.identity));
                let identity = match identity {
                    Some(Value::String(text)) if !text.is_empty() => text.clone(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => continue,
                };
                let site = self.plan.site(self.place_of(used)).name.clone();
                relied.insert(Relied { resource_type: target.name.clone(), site, identity });
            }
        }
        relied.into_iter().collect()
    }

    /// The same, and those of `before` that its site still `told` it to refer to: what the program no longer sets is left as it
    /// is (R10), and so relied upon as before.
    pub(crate) fn relied_as_told(
        &self,
        step: &Step,
        before: &[Relied],
        told: &Map<String, Value>,
    ) -> Vec<Relied> {
        let mut relied = self.relied(step);
        let still = before.iter().filter(|before| self.is_left_to(step, before, told));
        relied.extend(still.filter(|before| !relied.contains(before)).cloned().collect::<Vec<_>>());
        relied
    }

    /// Whether an attribute that a step does not set still refers to a resource, as its site told it.
    pub(super) fn is_left_to(&self, step: &Step, relied: &Relied, told: &Map<String, Value>) -> bool {
        let Action::Ensure { resource_type, attributes, .. } = &step.action else { return false };
        let Some((_, resource_type)) = self.resource_type(resource_type) else { return false };
        let is_set = |name: &str| attributes.iter().any(|(set, _)| set == name);
        resource_type.attributes.iter().any(|attribute| {
            attribute.relation.is_some_and(scope_plan::driver::Relation::is_guarded)
                && attribute.ty.referred() == Some(relied.resource_type.as_str())
                && !is_set(&attribute.name)
                && told.get(&attribute.name).is_some_and(|value| mentions(value, &relied.identity))
        })
    }

    /// The site whose resource a step's output is.
    fn place_of(&self, step: StepId) -> SiteId {
        let mut step = step;
        while let Some(chosen) = self.chosen(step) {
            step = chosen;
        }
        self.plan.step(step).site
    }

    /// Of the result of a `|`, the step of the alternative that holds.
    fn chosen(&self, step: StepId) -> Option<StepId> {
        let Action::Choose { results, .. } = &self.plan.step(step).action else { return None };
        self.end(step, |end| match &end.effect {
            Some(Effect::Chosen { arm, .. }) => results.get(*arm as usize).copied(),
            _ => None,
        })
    }

    /// In a survey: whether a step's output is known only when the run has made it; that of a `|` or `&` from what it is
    /// the result of. `is_made` says of a change whether it is such a one.
    pub(crate) fn is_yet_to_be_made(&self, step: StepId, is_made: &dyn Fn(&Change) -> bool) -> bool {
        if let Action::Gather { parts, .. } = &self.plan.step(step).action {
            return parts.iter().any(|(_, part)| self.is_yet_to_be_made(*part, is_made));
        }
        if let Some(chosen) = self.chosen(step) {
            return self.is_yet_to_be_made(chosen, is_made);
        }
        self.end(step, |end| matches!(&end.effect, Some(Effect::Planned { change }) if is_made(change)))
    }

    /// In a survey: whether a part of a step's output is known beforehand, since the program gives it to what is to be made.
    pub(crate) fn is_given(&self, step: StepId, path: &[String]) -> bool {
        match &self.plan.step(step).action {
            Action::Gather { parts, .. } => {
                let Some((name, rest)) = path.split_first() else { return false };
                let part = parts.iter().find(|(site, _)| self.plan.site(*site).name == *name);
                return part.is_some_and(|(_, part)| self.is_given(*part, rest));
            }
            // A guard gives what it is on.
            Action::Protect { of: Expr::Step { step, path: above }, .. } => {
                return self.is_given(*step, &[above.as_slice(), path].concat());
            }
            _ => {}
        }
        if let Some(chosen) = self.chosen(step) {
            return self.is_given(chosen, path);
        }
        // The whole stands for what tells it from others.
        let identity = || {
            let (_, resource_type) = self.resource_type(self.plan.step(step).action.resource_type()?)?;
            Some(&resource_type.identity)
        };
        let name = path.first().or_else(identity);
        self.end(step, |end| match &end.effect {
            Some(Effect::Planned { change }) if change.is_making() => {
                let told = name.and_then(|name| end.output.as_deref()?.get(name));
                matches!(change, Change::Create { .. } | Change::Replace { .. } | Change::Borrow { .. })
                    && told.is_some_and(|told| !told.is_null())
            }
            _ => end.output.is_some(),
        })
    }

    /// Whether the plan deletes what is called so, and does not leave it at its site.
    pub(crate) fn is_to_be_deleted(&self, name: &str, site: &str) -> bool {
        let mut steps = self.index.steps(name, site).iter().map(|step| &self.plan.step(*step).action);
        steps.any(|action| matches!(action, Action::Delete { keep: false, .. }))
    }

    /// The share of a whole (`%`) that a step's resource has.
    pub(crate) fn shares(&self, step: StepId) -> BTreeMap<String, Value> {
        self.shares.get(&step).cloned().unwrap_or_default()
    }

    /// The attribute by which a step's resource named a prime before it became that itself.
    pub(crate) fn unlinked(&self, step: StepId) -> Option<&'r str> {
        self.unlinked.get(&step).copied()
    }

    /// What the attempts of a step have in common.
    pub(crate) fn memory(&self, step: StepId) -> &Memory {
        &self.memories[step.index()]
    }

    /// The output of a step that ended well.
    pub(crate) fn output(&self, step: StepId) -> Option<Rc<Value>> {
        self.ends.borrow()[step.index()].output.clone()
    }

    /// The identity of what a step made, or took over.
    pub(super) fn made_identity(&self, step: StepId, effect: &Effect) -> Option<String> {
        if !matches!(effect, Effect::Created | Effect::Adopted | Effect::Replaced | Effect::Borrowed { .. }) {
            return None;
        }
        let (_, resource_type) = self.resource_type(self.plan.step(step).action.resource_type()?)?;
        self.end(step, |end| identity_text(end.output.as_ref()?.get(&resource_type.identity)?))
    }

    /// The same for the report, when no step asks for it any more.
    pub(super) fn take_output(&self, step: StepId) -> Value {
        let output = self.ends.borrow_mut()[step.index()].output.take();
        output.map_or(Value::Null, Rc::unwrap_or_clone)
    }

    /// A resource type of the plan, and its driver.
    pub(crate) fn resource_type(&self, name: &str) -> Option<(&'r Driver, &'r ResourceType)> {
        self.types.get(name).copied()
    }

    /// Whether a look-up's resource is not there, told by a site that answers.
    pub(crate) fn is_missing(&self, step: StepId) -> bool {
        let ends = self.ends.borrow();
        let failure = ends[step.index()].failure.as_ref();
        failure.is_some_and(|failure| matches!(failure.code.as_str(), "E0902" | "E0903"))
    }

    /// Takes note of what a survey saw; a run has no use for it.
    pub(crate) fn saw(&self, step: StepId, seen: Seen) {
        if self.options.survey {
            self.seen.borrow_mut().insert(step, seen);
        }
    }

    /// What a survey saw of a step's resource.
    pub(crate) fn seen(&self, step: StepId) -> Option<Seen> {
        self.seen.borrow().get(&step).cloned()
    }

    /// Takes note of a step's end.
    pub(crate) fn set_end(&self, step: StepId, end: StepEnd) {
        let mut end = end;
        if let Some(failure) = &mut end.failure {
            hide_in_failure(&*self.options.redact, failure);
        }
        let is_well = end.output.is_some();
        self.ends.borrow_mut()[step.index()] = end;
        if is_well {
            self.knows_what_is_guarded(step);
        }
    }

    /// Takes note of another output of a step that ended well.
    pub(super) fn set_output(&self, step: StepId, output: Rc<Value>) {
        self.ends.borrow_mut()[step.index()].output = Some(output);
    }

    /// Reads a step's end.
    pub(crate) fn end<T>(&self, step: StepId, read: impl FnOnce(&StepEnd) -> T) -> T {
        read(&self.ends.borrow()[step.index()])
    }
}

/// The latest progress of each step, until it is told.
#[derive(Default)]
pub(crate) struct Board {
    news: RefCell<BTreeMap<StepId, Progress>>,
    last_told: RefCell<BTreeMap<StepId, Instant>>,
    is_asleep: Cell<bool>,
    changed: Notify,
}

impl Board {
    /// A step's progress; an older one that was not told is forgotten.
    pub(crate) fn post(&self, step: StepId, progress: Progress) {
        self.news.borrow_mut().insert(step, progress);
        if !self.is_asleep.replace(true) {
            self.changed.notify_one();
        }
    }

    /// Resolves when there is something to tell.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What may be told now; the rest is kept until its time comes, or something newer replaces it.
    pub(crate) fn take(&self) -> Vec<(StepId, Progress)> {
        self.is_asleep.set(false);
        let now = Instant::now();
        let mut last_told = self.last_told.borrow_mut();
        let mut news = self.news.borrow_mut();
        let is_due = |step: &StepId| {
            last_told.get(step).is_none_or(|told| now.duration_since(*told) >= PROGRESS_EVERY)
        };
        let due: Vec<StepId> = news.keys().copied().filter(is_due).collect();
        due.into_iter()
            .filter_map(|step| {
                last_told.insert(step, now);
                Some((step, news.remove(&step)?))
            })
            .collect()
    }

    /// A step that ended has no progress any more.
    pub(crate) fn forget(&self, step: StepId) {
        self.news.borrow_mut().remove(&step);
        self.last_told.borrow_mut().remove(&step);
    }
}

/// The resource types by their names; of two of one name the first one.
fn types_of(plan: &Plan) -> HashMap<&str, (&Driver, &ResourceType)> {
    let mut types = HashMap::new();
    for driver in &plan.drivers {
        for resource_type in &driver.types {
            types.entry(resource_type.name.as_str()).or_insert((driver, resource_type));
        }
    }
    types
}

/// What each step has of its wholes.
fn shares_of(plan: &Plan) -> HashMap<StepId, BTreeMap<String, Value>> {
    let mut shares: HashMap<StepId, BTreeMap<String, Value>> = HashMap::new();
    for part in plan.crosses.iter().flat_map(|cross| &cross.parts).filter(|part| !part.shares.is_empty()) {
        for step in &part.steps {
            let of_part = part.shares.iter().map(|(name, share)| (name.clone(), share.clone()));
            shares.entry(*step).or_default().extend(of_part);
        }
    }
    shares
}

fn unlinked_in(plan: &Plan) -> HashMap<StepId, &str> {
    let of_cross = plan.crosses.iter().filter_map(|cross| {
        let primes = cross.parts.iter().find(|part| part.steps.contains(&cross.prime));
        Some((cross.unlinked.as_deref()?, primes?))
    });
    of_cross.flat_map(|(link, part)| part.steps.iter().map(move |step| (*step, link))).collect()
}

/// A digest of the plan: of its JSON, the recorded choices in it included.
pub fn digest_of_plan(plan: &Plan) -> String {
    // In parts of some size: they come a field at a time.
    let mut digest = BufWriter::with_capacity(16 << 10, Sha256::new());
    serde_json::to_writer(&mut digest, plan)
        .expect("a plan has text keys only, and a digest takes any bytes");
    let digest = digest.into_inner().expect("a digest takes any bytes");
    digest.finish_hex()
}

fn elsewhere<'r>(plan: &'r Plan, state: &State) -> BTreeSet<(SiteId, &'r str)> {
    let mut elsewhere = BTreeSet::new();
    for (id, site) in (0..).map(SiteId).zip(&plan.sites) {
        let Some(before) = state.sites.get(&site.name) else { continue };
        let now = site.addresses();
        let drivers = site.settings.keys().filter(|driver| {
            before.get(*driver).is_some_and(|before| now.get(*driver).is_some_and(|now| !now.is(before)))
        });
        elsewhere.extend(drivers.map(|driver| (id, driver.as_str())));
    }
    elsewhere
}
