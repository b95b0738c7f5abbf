//! Everything a simulation holds, and the one way into it: requests are put on their way with [`World::send`], and
//! [`World::settle`] carries out what has arrived, in the order of virtual time.
//!
//! A request that is on its way stays so when nobody waits for it any more: a runner that gives up at 30 s has not
//! undone what the site does at 31 s.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use scope_plan::driver::{Service, Type};
use scope_plan::eval::{Bindings, eval};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Link, Plan, SiteId};
use serde_json::{Map, Value};

use super::call::{Call, Outcome, outcome_word};
use super::clock::{Clock, Moment};
use super::content::Road;
use super::evaluate::Names;
use super::mutants::{self, Mutant};
use super::store::{Model, Table};
use super::types::inner;
use super::weather::{Asked, Mishap, Weather};
use super::{LoggedCall, SimulationOptions};
use crate::site::{SiteError, SiteErrorKind};

/// The sites and what is between them.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) weather: Arc<Weather>,
    pub(super) options: SimulationOptions,
    pub(super) sites: Vec<SiteState>,
    pub(super) models: BTreeMap<String, Rc<Model>>,
    /// What a stream too short to name its content gives → the digest of that content.
    pub(super) replays: BTreeMap<String, String>,
    /// Declared checksums: type, attribute, SHA-256 of the content → value.
    pub(super) declared_sums: BTreeMap<(String, String, String), Value>,
    pub(super) log: Vec<LoggedCall>,
    steps: BTreeMap<String, StepFacts>,
    entry: Option<usize>,
    links: Vec<Link>,
}

/// One site.
pub(super) struct SiteState {
    pub(super) name: String,
    /// Driver → the names that its expressions get from the site.
    pub(super) given: BTreeMap<String, Rc<Map<String, Value>>>,
    /// Drivers that the site says nothing about, although it does of others, and that cannot do without.
    missing_drivers: BTreeSet<String>,
    pub(super) tables: BTreeMap<String, Table>,
    /// Requests on their way, by the time of their arrival.
    deliveries: BTreeMap<(Moment, u64), Delivery>,
    sent: u64,
    /// Up to when restarts have had their effect.
    restarted: Option<Moment>,
    /// The round trip from the entry site, in microseconds.
    pub(super) rtt_us: u64,
    pub(super) bits_per_second: u64,
    /// Of a thousand requests over the link to the entry site so many are lost, as declared; and how many there were.
    loss_permille: u32,
    n_drawn: u32,
    /// Type → for how many there is room, as declared.
    pub(super) capacity: BTreeMap<String, u64>,
    /// Type → its attributes that the site's version does not know.
    pub(super) lacks: BTreeMap<String, Vec<String>>,
}

/// What a step of the plan says about the request that it makes.
#[derive(Clone)]
struct StepFacts {
    name: String,
    /// The attributes it sets, or that are copied.
    attributes: BTreeSet<String>,
}

/// What has become of a request.
#[derive(Clone)]
pub(super) enum Slot {
    /// It will be carried out then, as far as is known.
    Waiting(Moment),
    /// It was carried out then.
    Answered { outcome: Result<Outcome, SiteError>, at: Moment, is_answer_lost: bool },
    /// It never arrived.
    Dropped,
}

struct Delivery {
    call: Rc<Call>,
    slot: Rc<RefCell<Slot>>,
    /// Given up on the way after that.
    expires: Moment,
    /// The site has it, though it may be frozen.
    is_received: bool,
    /// Waits for a fault to end.
    is_held: bool,
    mishap: Option<Mishap>,
}

impl World {
    pub(super) fn new(plan: &Plan, models: BTreeMap<String, Rc<Model>>, options: SimulationOptions) -> World {
        let clock = Clock::default();
        let weather = Arc::new(Weather::new(plan, clock.clone(), options.seed));
        let sites = (0..plan.sites.len()).map(|site| SiteState::new(plan, site, &options)).collect();
        World {
            clock,
            weather,
            options,
            sites,
            models,
            replays: BTreeMap::new(),
            declared_sums: BTreeMap::new(),
            log: Vec::new(),
            steps: step_facts(plan),
            entry: plan.program.entry.map(|entry| entry.index()),
            links: plan.links.clone(),
        }
    }

    /// The model of a type; one that the plan does not use is taken in when first met.
    pub(super) fn model(
        &mut self,
        driver: &scope_plan::driver::Driver,
        resource_type: &scope_plan::driver::ResourceType,
    ) -> Rc<Model> {
        let known = self.models.entry(resource_type.name.clone());
        Rc::clone(known.or_insert_with(|| Model::new(driver, resource_type)))
    }

    pub(super) fn road(&self, site: usize) -> Road {
        Road {
            clock: self.clock.clone(),
            weather: Arc::clone(&self.weather),
            site,
            bits_per_second: self.sites[site].bits_per_second,
            patience: self.options.answer_timeout_us,
        }
    }

    /// Puts a request on its way; it arrives at `at`.
    pub(super) fn send(&mut self, site: usize, call: Call, at: Moment, expires: Moment) -> Rc<RefCell<Slot>> {
        let slot = Rc::new(RefCell::new(Slot::Waiting(at)));
        let delivery = Delivery {
            call: Rc::new(call),
            slot: Rc::clone(&slot),
            expires,
            is_received: false,
            is_held: false,
            mishap: None,
        };
        self.sites[site].put(at, delivery);
        slot
    }

    /// Carries out what has arrived at a site.
    pub(super) fn settle(&mut self, site: usize, now: Moment) {
        while let Some((&(at, _), _)) = self.sites[site].deliveries.first_key_value()
            && at <= now
            && let Some((_, delivery)) = self.sites[site].deliveries.pop_first()
        {
            self.restart(site, at);
            self.deliver(site, delivery, at);
        }
        self.restart(site, now);
    }

    /// The same for what has gone down anywhere up to now.
    pub(super) fn restart_all(&mut self) {
        let now = self.clock.now();
        (0..self.sites.len()).for_each(|site| self.restart(site, now));
    }

    /// What the site was making when it went down stays as it was: nobody works at it any more.
    pub(super) fn restart(&mut self, site: usize, now: Moment) {
        let since = self.sites[site].restarted;
        for moment in self.weather.restarts(site, since, now) {
            if mutants::is(Mutant::RestartHeals) {
                break;
            }
            for (name, model) in &self.models {
                let names = self.sites[site].given_to(&model.driver);
                if let Some(table) = self.sites[site].tables.get_mut(name) {
                    table.restart(moment, model, &names);
                }
            }
            self.sites[site].restarted = Some(moment);
        }
    }

    /// All that has arrived anywhere.
    pub(super) fn settle_all(&mut self) {
        let now = self.clock.now();
        (0..self.sites.len()).for_each(|site| self.settle(site, now));
    }

    /// Requests that wait for a fault to end are tried again: one has ended before its time.
    pub(super) fn try_held_again(&mut self) {
        let now = self.clock.now();
        for site in &mut self.sites {
            let (held, others): (BTreeMap<_, _>, _) =
                std::mem::take(&mut site.deliveries).into_iter().partition(|(_, delivery)| delivery.is_held);
            site.deliveries = others;
            for (_, delivery) in held {
                *delivery.slot.borrow_mut() = Slot::Waiting(now);
                site.put(now, delivery);
            }
        }
    }

    /// What happens to a request on its way: what the weather says, and what the link loses.
    fn mishap(&mut self, asked: Asked<'_>, at: Moment) -> Mishap {
        let mishap = self.weather.mishap(asked, at);
        let site = &mut self.sites[asked.site];
        if site.loss_permille == 0 || mutants::is(Mutant::DeclaredLossForgotten) {
            return mishap;
        }
        site.n_drawn += 1;
        // Other numbers than those that the weather draws.
        match self.weather.drawn(asked.site, u32::MAX - site.n_drawn, site.loss_permille) {
            Some(is_request) => mishap.with_loss(is_request),
            None => mishap,
        }
    }

    fn deliver(&mut self, site: usize, mut delivery: Delivery, at: Moment) {
        delivery.is_held = false;
        if !delivery.is_received
            && let Some(until) = self.weather.cut_until(site, at)
            && !mutants::is(Mutant::CutPassesRequests)
        {
            if until > delivery.expires {
                *delivery.slot.borrow_mut() = Slot::Dropped;
                return;
            }
            return self.hold(site, delivery, until);
        }
        delivery.is_received = true;
        if let Some(until) = self.weather.frozen_until(site, at) {
            if mutants::is(Mutant::FrozenForgets) {
                return *delivery.slot.borrow_mut() = Slot::Dropped;
            }
            return self.hold(site, delivery, until);
        }
        let call = Rc::clone(&delivery.call);
        let asked = call.asked(site);
        let is_first_time = delivery.mishap.is_none();
        let mishap = *delivery.mishap.get_or_insert_with(|| self.mishap(asked, at));
        if is_first_time && mishap.is_request_lost {
            *delivery.slot.borrow_mut() = Slot::Dropped;
            return;
        }
        if is_first_time && let Some(late_by_us) = mishap.late_by_us {
            let late_by_us = match mutants::is(Mutant::LateEffectAtOnce) {
                true => 0,
                false => late_by_us,
            };
            // The client learns nothing; the request is carried out all the same.
            let outcome =
                Err(call.error(SiteErrorKind::Lost, "the connection broke before the answer".into()));
            *delivery.slot.borrow_mut() = Slot::Answered { outcome, at, is_answer_lost: true };
            delivery.slot = Rc::new(RefCell::new(Slot::Dropped));
            if mutants::is(Mutant::LateEffectNever) {
                return;
            }
            return self.sites[site].put(at.saturating_add(late_by_us), delivery);
        }
        if mishap.is_answer_lost && mutants::is(Mutant::AnswerLostWithTheEffect) {
            *delivery.slot.borrow_mut() = Slot::Dropped;
            return;
        }
        let mut outcome = self.perform(site, &call, at, mishap.is_broken);
        self.write_down(site, &call, at, &outcome);
        if mishap.is_delivered_twice && !mutants::is(Mutant::DeliveredOnce) {
            let second = self.perform(site, &call, at, false);
            self.write_down(site, &call, at, &second);
            if mutants::is(Mutant::SecondAnswered) {
                outcome = second;
            }
        }
        let half_trip = (self.sites[site].rtt_us + self.weather.slowness(site, at)) / 2;
        self.weather.answered(asked, call.step.as_deref(), at.saturating_add(half_trip));
        let is_answer_lost = mishap.is_answer_lost || mishap.late_by_us.is_some();
        *delivery.slot.borrow_mut() = Slot::Answered { outcome, at, is_answer_lost };
    }

    fn hold(&mut self, site: usize, mut delivery: Delivery, until: Moment) {
        delivery.is_held = true;
        *delivery.slot.borrow_mut() = Slot::Waiting(until);
        self.sites[site].put(until, delivery);
    }

    fn write_down(&mut self, site: usize, call: &Call, at: Moment, outcome: &Result<Outcome, SiteError>) {
        let subject = match outcome {
            Ok(Outcome::Found(Value::Object(record)) | Outcome::Done(Some(Value::Object(record)))) => {
                call.model.identity(record)
            }
            _ => call.model.identity(&call.inputs),
        };
        self.log.push(LoggedCall {
            at_us: at,
            site: self.sites[site].name.clone(),
            resource_type: call.model.resource_type.name.clone(),
            operation: call.operation.name.clone(),
            kind: call.model.kind(&call.operation),
            key: call.key.clone(),
            subject,
            outcome: outcome_word(outcome),
        });
    }

    /// Will content follow on the creation that this call is?
    pub(super) fn is_content_expected(&self, call: &Call) -> bool {
        self.step(&call.key).is_some_and(|facts| {
            call.model.contents().any(|attribute| facts.attributes.contains(&attribute.name))
        })
    }

    /// The step with that key; whoever calls may have put words before or after it.
    fn step(&self, key: &str) -> Option<&StepFacts> {
        let mut rest = key;
        loop {
            let mut beginning = rest;
            loop {
                if let Some(facts) = self.steps.get(beginning) {
                    return Some(facts);
                }
                match beginning.rsplit_once('/') {
                    Some((shorter, _)) => beginning = shorter,
                    None => break,
                }
            }
            rest = rest.split_once('/')?.1;
        }
    }

    /// The name of the step with that key.
    pub(super) fn step_name(&self, key: &str) -> Option<String> {
        self.step(key).map(|facts| facts.name.clone())
    }

    /// Takes in the steps of another plan over the same sites, and measures distances from the site it is entered at.
    pub(super) fn learn(&mut self, plan: &Plan) {
        self.steps.extend(step_facts(plan));
        let position = |site: SiteId| {
            let name = &plan.site(site).name;
            self.sites.iter().position(|site| site.name == *name)
        };
        let entry = plan.program.entry.and_then(position);
        if entry == self.entry || mutants::is(Mutant::EntryForgotten) {
            return;
        }
        self.entry = entry;
        self.weather.enter(entry);
        for position in 0..self.sites.len() {
            let distance = distance(&self.links, entry, position, &self.options);
            let site = &mut self.sites[position];
            site.rtt_us = distance.rtt_us;
            site.bits_per_second = distance.bits_per_second;
            site.loss_permille = distance.loss_permille;
        }
    }

    /// Is the driver of the call at home at the site?
    pub(super) fn has_service(&self, site: usize, driver: &str) -> bool {
        !self.sites[site].missing_drivers.contains(driver)
    }
}

impl SiteState {
    fn new(plan: &Plan, position: usize, options: &SimulationOptions) -> SiteState {
        let site = &plan.sites[position];
        let mut given = BTreeMap::new();
        let mut missing_drivers = BTreeSet::new();
        for driver in &plan.drivers {
            let own = site.settings.get(&driver.name);
            let mut record = Map::new();
            for setting in driver.settings.iter().filter(|setting| !setting.is_secret) {
                let expr = own.and_then(|own| own.get(&setting.name)).or(setting.default.as_ref());
                let value = expr.and_then(|expr| eval(expr, &Bindings::new()).ok());
                record.insert(setting.name.clone(), value.unwrap_or(Value::Null));
            }
            record.insert("name".into(), Value::from(site.name.clone()));
            let labels = site.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            record.insert("labels".into(), Value::Object(labels));
            let names = Map::from_iter([("site".to_string(), Value::Object(record))]);
            let is_elsewhere = own.is_none() && !site.settings.is_empty();
            if is_elsewhere
                && (driver.login.is_some()
                    || driver.services.iter().any(|service| has_no_address(service, &names)))
            {
                missing_drivers.insert(driver.name.clone());
            }
            given.insert(driver.name.clone(), Rc::new(names));
        }
        let entry = plan.program.entry.map(|entry| entry.index());
        let Distance { rtt_us, bits_per_second, loss_permille } =
            distance(&plan.links, entry, position, options);
        SiteState {
            name: site.name.clone(),
            given,
            missing_drivers,
            tables: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            sent: 0,
            restarted: None,
            rtt_us,
            bits_per_second,
            loss_permille,
            n_drawn: 0,
            capacity: site.capacity.iter().map(|(ty, count)| (ty.clone(), *count)).collect(),
            lacks: site.lacks.iter().map(|(ty, names)| (ty.clone(), names.clone())).collect(),
        }
    }

    fn put(&mut self, at: Moment, delivery: Delivery) {
        self.sent += 1;
        self.deliveries.insert((at, self.sent), delivery);
    }

    /// The names that a driver's expressions get from this site.
    pub(super) fn given_to(&self, driver: &str) -> Rc<Map<String, Value>> {
        self.given.get(driver).map(Rc::clone).unwrap_or_default()
    }
}

/// Is the address of the service one of the site's settings, and not set?
fn has_no_address(service: &Service, names: &Map<String, Value>) -> bool {
    service.address.as_ref().is_some_and(|address| {
        address.names_used().iter().all(|name| *name == "site")
            && !matches!(
                (Names { given: names, attributes: &Map::new() }).value(address),
                Ok(Value::String(_))
            )
    })
}

/// What is declared of the way between the entry site and another.
struct Distance {
    rtt_us: u64,
    bits_per_second: u64,
    loss_permille: u32,
}

fn distance(links: &[Link], entry: Option<usize>, position: usize, options: &SimulationOptions) -> Distance {
    let unknown = Distance {
        rtt_us: options.undeclared_rtt_us,
        bits_per_second: options.bits_per_second,
        loss_permille: 0,
    };
    let Some(entry) = entry else { return unknown };
    if entry == position || mutants::is(Mutant::DistanceForgotten) {
        return Distance { rtt_us: options.own_rtt_us, ..unknown };
    }
    let link = links.iter().find(|link| {
        let ends = (link.from.index(), link.to.index());
        ends == (entry, position) || ends == (position, entry)
    });
    let Some(link) = link else { return unknown };
    Distance {
        rtt_us: link.rtt_us.unwrap_or(unknown.rtt_us),
        bits_per_second: link.bandwidth_bps.unwrap_or(unknown.bits_per_second),
        loss_permille: link.loss_permille,
    }
}

fn step_facts(plan: &Plan) -> BTreeMap<String, StepFacts> {
    let mut facts = BTreeMap::new();
    for step in &plan.steps {
        let attributes = match &step.action {
            Action::Ensure { attributes, .. } => attributes
                .iter()
                .filter(|(_, value)| *value != Expr::Value(Value::Null))
                .map(|(name, _)| name.clone())
                .collect(),
            Action::Call { inputs, .. } => inputs.iter().map(|(name, _)| name.clone()).collect(),
            Action::Bring { resource_type, .. } => copied_attributes(plan, resource_type),
            Action::Lookup { .. }
            | Action::Delete { .. }
            | Action::Protect { .. }
            | Action::Choose { .. }
            | Action::Gather { .. }
            | Action::Gate { .. } => BTreeSet::new(),
        };
        facts.insert(step.key.clone(), StepFacts { name: step.name.clone(), attributes });
    }
    facts
}

/// What a copy of the type is made from; content always, because what is brought without it would be of no use.
fn copied_attributes(plan: &Plan, resource_type: &str) -> BTreeSet<String> {
    let types = plan.drivers.iter().flat_map(|driver| &driver.types);
    let Some(found) = types.into_iter().find(|ty| ty.name == resource_type) else { return BTreeSet::new() };
    let contents = found.attributes.iter().filter(|attribute| *inner(&attribute.ty) == Type::Bytes);
    contents.map(|attribute| attribute.name.clone()).collect()
}
