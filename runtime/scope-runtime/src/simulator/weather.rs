//! The faults in force: which site is cut, frozen or slow at a moment, and which request is next to go wrong.
//!
//! In go the faults with their names looked up in the plan, and what the sites have answered; out come answers to
//! "until when is paris cut?". Sites and streams of content share it, so it is `Send`; changed only here.

use std::sync::{Mutex, MutexGuard};

use scope_plan::plan::Plan;
use tokio::sync::Notify;

use super::FaultError;
use super::clock::{Clock, Moment};
use super::fault::{Fault, Start, When, Which};
use super::mutants::{self, Mutant};

/// A moment that never comes.
pub(super) const NEVER: Moment = Moment::MAX;

/// The faults of one simulation.
pub(super) struct Weather {
    clock: Clock,
    entry: Mutex<Option<usize>>,
    seed: u64,
    sites: Vec<String>,
    types: Vec<TypeNames>,
    faults: Mutex<Vec<Active>>,
    /// Told when a fault begins or ends out of its time.
    changed: Notify,
}

/// What requests can be named by.
struct TypeNames {
    name: String,
    operations: Vec<String>,
}

struct Active {
    fault: Fault,
    /// `None`: every site.
    site: Option<usize>,
    other: Option<usize>,
    resource_types: Option<Vec<String>>,
    operation: Option<String>,
    /// From, and until (excluded).
    windows: Vec<(Moment, Moment)>,
    /// Over at that moment, however it began.
    ends_at: Moment,
    /// Has its event come?
    is_triggered: bool,
    /// Requests of the site answered so far.
    answered: u64,
    /// Requests that matched so far.
    matched: u32,
}

/// A request, as faults are chosen by it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The position of the site.
    pub(super) site: usize,
    /// `shelf.book`
    pub(super) resource_type: &'a str,
    /// `shelve`
    pub(super) operation: &'a str,
    /// `create`
    pub(super) kind: &'a str,
    /// The name of the step that asks, where it is known.
    pub(super) step: Option<&'a str>,
}

impl Weather {
    pub(super) fn new(plan: &Plan, clock: Clock, seed: u64) -> Weather {
        let types = plan.drivers.iter().flat_map(|driver| &driver.types);
        Weather {
            clock,
            entry: Mutex::new(plan.program.entry.map(|site| site.index())),
            seed,
            sites: plan.sites.iter().map(|site| site.name.clone()).collect(),
            types: types
                .map(|resource_type| TypeNames {
                    name: resource_type.name.clone(),
                    operations: resource_type
                        .operations
                        .iter()
                        .map(|operation| operation.name.clone())
                        .collect(),
                })
                .collect(),
            faults: Mutex::new(Vec::new()),
            changed: Notify::new(),
        }
    }

    /// Adds a fault; one that counts time counts from the beginning of the simulation.
    ///
    /// # Errors
    /// When the plan has no such site, type or operation.
    pub(super) fn add(&self, fault: Fault) -> Result<(), FaultError> {
        self.add_until(fault, NEVER)
    }

    /// The same; however it begins, it is over at that moment.
    pub(super) fn add_until(&self, fault: Fault, ends_at: Moment) -> Result<(), FaultError> {
        let error = |message: String| FaultError { text: fault.to_string(), message };
        let (site, other) = fault.sites();
        let site = self.site(site).map_err(error)?;
        let other = match other {
            Some(other) => self.site(other).map_err(error)?,
            None => None,
        };
        let (resource_types, operation) =
            self.what(fault.target().and_then(|target| target.what.as_deref())).map_err(error)?;
        let windows = match fault.when() {
            Some(When { start: Start::At(from), lasts_us }) => {
                let until = lasts_us.map_or(NEVER, |lasts| from.saturating_add(lasts)).min(ends_at);
                vec![window(*from, until)]
            }
            _ => Vec::new(),
        };
        let active = Active {
            fault,
            site,
            other,
            resource_types,
            operation,
            windows,
            ends_at,
            is_triggered: false,
            answered: 0,
            matched: 0,
        };
        self.lock().push(active);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Ends what lasts at a site (all sites: `None`): cuts, freezes, slowness, refusals. What is still to come stays.
    ///
    /// # Errors
    /// When the plan has no such site.
    pub(super) fn heal(&self, site: Option<&str>) -> Result<(), FaultError> {
        let text = || site.map_or_else(|| "heal".to_string(), |site| format!("heal {site}"));
        let wanted = match site {
            Some(site) => self.site(site).map_err(|message| FaultError { text: text(), message })?,
            None => None,
        };
        let now = self.clock.now();
        if mutants::is(Mutant::HealForgotten) {
            return Ok(());
        }
        for active in self.lock().iter_mut() {
            let is_meant =
                wanted.is_none() || active.site.is_none() || active.site == wanted || active.other == wanted;
            if is_meant {
                active.windows.retain(|(from, until)| *from > now || *until <= now);
            }
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Forgets every fault.
    #[cfg(test)]
    pub(super) fn clear(&self) {
        self.lock().clear();
        self.changed.notify_waiters();
    }

    /// Until when nothing passes between the runner and the site; `None` when it does at this moment.
    pub(super) fn cut_until(&self, site: usize, at: Moment) -> Option<Moment> {
        let entry = *self.entry.lock().expect("no code panics while it holds the lock");
        let is_end = |site: usize, active: &Active| active.site == Some(site) || active.other == Some(site);
        self.until(at, |active| match active.fault {
            Fault::Cut { .. } if mutants::is(Mutant::CutForgotten) && active.other.is_none() => false,
            Fault::Restart { .. } if mutants::is(Mutant::RestartAnswers) => false,
            Fault::Cut { .. } | Fault::Restart { .. } if active.other.is_none() => active.is_of(site),
            Fault::Cut { .. } if mutants::is(Mutant::LinkCutForgotten) => false,
            Fault::Cut { .. } if mutants::is(Mutant::LinkCutIsASite) => is_end(site, active),
            Fault::Cut { .. } => {
                Some(site) != entry
                    && is_end(site, active)
                    && entry.is_some_and(|entry| is_end(entry, active))
            }
            _ => false,
        })
    }

    /// The plan is entered at another site from now on.
    pub(super) fn enter(&self, site: Option<usize>) {
        *self.entry.lock().expect("no code panics while it holds the lock") = site;
    }

    /// Until when the site does nothing; `None` when it works at this moment.
    pub(super) fn frozen_until(&self, site: usize, at: Moment) -> Option<Moment> {
        if mutants::is(Mutant::FreezeForgotten) {
            return None;
        }
        self.until(at, |active| matches!(active.fault, Fault::Freeze { .. }) && active.is_of(site))
    }

    /// Whether the site is down at this moment, so that what flows breaks off.
    pub(super) fn is_restarting(&self, site: usize, at: Moment) -> bool {
        let faults = self.lock();
        let mut restarting = faults
            .iter()
            .filter(|active| matches!(active.fault, Fault::Restart { .. }) && active.is_of(site));
        restarting.any(|active| active.is_in_force(at))
    }

    /// When the site went down for a restart, after `since` and until `now`, in order.
    pub(super) fn restarts(&self, site: usize, since: Option<Moment>, now: Moment) -> Vec<Moment> {
        let faults = self.lock();
        let restarting = faults
            .iter()
            .filter(|active| matches!(active.fault, Fault::Restart { .. }) && active.is_of(site));
        let moments = restarting.flat_map(|active| active.windows.iter().map(|(from, _)| *from));
        let mut moments: Vec<Moment> =
            moments.filter(|from| *from <= now && since.is_none_or(|since| *from > since)).collect();
        moments.sort_unstable();
        moments
    }

    /// By how much the site's answers are later than usual, in microseconds.
    pub(super) fn slowness(&self, site: usize, at: Moment) -> u64 {
        let faults = self.lock();
        let slow = faults.iter().filter(|active| active.is_of(site) && active.is_in_force(at));
        let slow = slow.filter(|_| !mutants::is(Mutant::SlownessForgotten));
        slow.map(|active| if let Fault::Slow { by_us, .. } = active.fault { by_us } else { 0 }).sum()
    }

    /// The words of a refusal that needs no look at the resources: not allowed, or not now.
    pub(super) fn denial(&self, asked: Asked<'_>, at: Moment) -> Option<Denial> {
        let faults = self.lock();
        let mut in_force = faults.iter().filter(|active| active.is_about(asked) && active.is_in_force(at));
        in_force.find_map(|active| match active.fault {
            Fault::Deny { .. } if !mutants::is(Mutant::DenialForgotten) => Some(Denial::Denied),
            Fault::Unavailable { .. } if !mutants::is(Mutant::UnavailableForgotten) => {
                Some(Denial::Unavailable)
            }
            _ => None,
        })
    }

    /// How many of a type there is room for at a site.
    pub(super) fn capacity(&self, asked: Asked<'_>, at: Moment) -> Option<u64> {
        let faults = self.lock();
        let in_force = faults.iter().filter(|active| active.is_about(asked) && active.is_in_force(at));
        in_force
            .filter(|_| !mutants::is(Mutant::LimitForgotten))
            .filter_map(
                |active| {
                    if let Fault::Refuse { capacity, .. } = active.fault { Some(capacity) } else { None }
                },
            )
            .min()
    }

    /// How long a resource takes to become ready, where that was said. The last one said counts.
    pub(super) fn ready_after(&self, asked: Asked<'_>) -> Option<u64> {
        let faults = self.lock();
        let about = faults.iter().rev().filter(|active| active.is_about(asked));
        about
            .filter_map(
                |active| if let Fault::Ready { after_us, .. } = active.fault { Some(after_us) } else { None },
            )
            .next()
    }

    /// What happens to this very request; it is counted. `is_late_copy` requests were counted before.
    pub(super) fn mishap(&self, asked: Asked<'_>, at: Moment) -> Mishap {
        let mut mishap = Mishap::default();
        for active in self.lock().iter_mut().filter(|active| active.is_about(asked)) {
            if let Fault::Loss { permille, .. } = active.fault {
                if active.is_in_force(at) && !mutants::is(Mutant::LossForgotten) {
                    active.matched += 1;
                    if let Some(is_request) = self.drawn(asked.site, active.matched, permille) {
                        mishap = mishap.with_loss(is_request);
                    }
                }
                continue;
            }
            let which = match active.fault {
                Fault::Lose { which, .. } | Fault::Late { which, .. } | Fault::Duplicate { which, .. } => {
                    which
                }
                Fault::Break { which, .. } if asked.kind == "create" => which,
                _ => continue,
            };
            active.matched += 1;
            let is_it = match which {
                Which::Every => true,
                Which::Nth(number) => number == active.matched || mutants::is(Mutant::EveryRequest),
            };
            if !is_it {
                continue;
            }
            match active.fault {
                Fault::Late { by_us, .. } => mishap.late_by_us = Some(by_us),
                Fault::Duplicate { .. } => mishap.is_delivered_twice = true,
                Fault::Break { .. } => mishap.is_broken = !mutants::is(Mutant::BreakForgotten),
                _ => mishap.is_answer_lost = !mutants::is(Mutant::AnswerNotLost),
            }
        }
        mishap
    }

    /// Whether the `count`th request at a site is lost: the request itself (true), or its answer. The same seed, the same
    /// losses.
    pub(super) fn drawn(&self, site: usize, count: u32, permille: u32) -> Option<bool> {
        let mut random = self.seed ^ (site as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(count);
        for _ in 0..3 {
            // splitmix64
            random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            random = (random ^ (random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            random = (random ^ (random >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            random ^= random >> 31;
        }
        (random % 1000 < u64::from(permille)).then_some(random & (1 << 20) != 0)
    }

    /// A request has been carried out and its answer arrives at `at`: begins what waits for that.
    pub(super) fn answered(&self, asked: Asked<'_>, step: Option<&str>, at: Moment) {
        let mut is_changed = false;
        for active in self.lock().iter_mut() {
            let is_here = active.is_of(asked.site) || active.other == Some(asked.site);
            if !is_here {
                continue;
            }
            active.answered += 1;
            let Some(When { start, lasts_us }) = active.fault.when().cloned() else { continue };
            let has_come = match start {
                Start::At(_) => false,
                Start::AfterOperations(_) if mutants::is(Mutant::CountForgotten) => false,
                Start::AfterStep { .. } if mutants::is(Mutant::StepForgotten) => false,
                Start::AfterOperations(count) => active.answered == count,
                Start::AfterStep { operation, name } => {
                    let is_operation = match operation {
                        Some(operation) => operation == asked.operation || operation == asked.kind,
                        None => !matches!(asked.kind, "find" | "read"),
                    };
                    !active.is_triggered && is_operation && step == Some(name.as_str())
                }
            };
            if has_come {
                active.is_triggered = true;
                let until = lasts_us.map_or(NEVER, |lasts| at.saturating_add(lasts));
                active.windows.push(window(at, until.min(active.ends_at)));
                is_changed = true;
            }
        }
        if is_changed {
            self.changed.notify_waiters();
        }
    }

    /// Waits for a moment, or until a fault begins or ends out of its time.
    pub(super) async fn wait_until(&self, moment: Moment) {
        if moment == NEVER {
            self.changed.notified().await;
            return;
        }
        tokio::select! {
            biased;
            () = self.clock.sleep_until(moment) => {}
            () = self.changed.notified() => {}
        }
    }

    fn until(&self, at: Moment, is_meant: impl Fn(&Active) -> bool) -> Option<Moment> {
        let faults = self.lock();
        let windows: Vec<(Moment, Moment)> = faults
            .iter()
            .filter(|active| is_meant(active))
            .flat_map(|active| active.windows.iter().copied())
            .collect();
        let mut end = at;
        // A window that begins before the last one ends goes on from there.
        while let Some(next) =
            windows.iter().filter(|(from, until)| *from <= end && *until > end).map(|(_, until)| *until).max()
        {
            end = next;
        }
        (end > at).then_some(end)
    }

    fn site(&self, name: &str) -> Result<Option<usize>, String> {
        if name == "*" {
            return Ok(None);
        }
        match self.sites.iter().position(|site| site == name) {
            Some(position) => Ok(Some(position)),
            None => Err(format!("no site is called `{name}`; the plan has {}", listed(&self.sites))),
        }
    }

    /// The types and the operation that a text stands for.
    fn what(&self, text: Option<&str>) -> Result<(Option<Vec<String>>, Option<String>), String> {
        const KINDS: [&str; 8] =
            ["find", "read", "create", "upload", "download", "update", "delete", "action"];
        let Some(text) = text else { return Ok((None, None)) };
        let called = |name: &str| -> Vec<String> {
            let is_called = |ty: &&TypeNames| ty.name == name || ty.name.rsplit('.').next() == Some(name);
            self.types.iter().filter(is_called).map(|ty| ty.name.clone()).collect()
        };
        let has_operation = |ty: &TypeNames, operation: &str| {
            ty.operations.iter().any(|name| name == operation) || KINDS.contains(&operation)
        };
        let whole = called(text);
        if !whole.is_empty() {
            return Ok((Some(whole), None));
        }
        if let Some((prefix, operation)) = text.rsplit_once('.') {
            let resource_types = called(prefix);
            let has_it = |ty: &TypeNames| resource_types.contains(&ty.name) && has_operation(ty, operation);
            if self.types.iter().any(has_it) {
                return Ok((Some(resource_types), Some(operation.to_string())));
            }
        } else if KINDS.contains(&text) || self.types.iter().any(|ty| has_operation(ty, text)) {
            return Ok((None, Some(text.to_string())));
        }
        let names: Vec<String> = self.types.iter().map(|ty| ty.name.clone()).collect();
        Err(format!("no type or operation is called `{text}`; the plan uses {}", listed(&names)))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Active>> {
        self.faults.lock().expect("no code panics while it holds the lock")
    }
}

/// A site that does not do what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    Denied,
    Unavailable,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mishap {
    /// It does not arrive.
    pub(super) is_request_lost: bool,
    pub(super) is_answer_lost: bool,
    pub(super) late_by_us: Option<u64>,
    pub(super) is_delivered_twice: bool,
    pub(super) is_broken: bool,
}

impl Mishap {
    /// The same, and the request is lost, or its answer.
    pub(super) fn with_loss(self, is_request: bool) -> Self {
        let is_request = match () {
            () if mutants::is(Mutant::LossOfAnswersOnly) => false,
            () if mutants::is(Mutant::LossOfRequestsOnly) => true,
            () => is_request,
        };
        match is_request {
            true => Self { is_request_lost: true, ..self },
            false => Self { is_answer_lost: true, ..self },
        }
    }
}

/// From, and until.
fn window(from: Moment, until: Moment) -> (Moment, Moment) {
    let from = if mutants::is(Mutant::TooEarly) { 0 } else { from };
    (from, if mutants::is(Mutant::TooLong) { NEVER } else { until })
}

impl Active {
    fn is_of(&self, site: usize) -> bool {
        self.site.is_none_or(|own| own == site)
    }

    fn is_about(&self, asked: Asked<'_>) -> bool {
        self.is_of(asked.site)
            && self
                .resource_types
                .as_ref()
                .is_none_or(|types| types.iter().any(|ty| ty == asked.resource_type))
            && self.operation.as_ref().is_none_or(|name| name == asked.operation || name == asked.kind)
            && self
                .fault
                .target()
                .and_then(|target| target.of.as_deref())
                .is_none_or(|step| asked.step == Some(step))
    }

    fn is_in_force(&self, at: Moment) -> bool {
        self.windows.iter().any(|(from, until)| *from <= at && at < *until)
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_string();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
