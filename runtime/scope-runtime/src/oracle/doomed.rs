//! Simulated sites behind [`Fate`]s: each request passes, fails, or is done and not answered; and what must never happen
//! between them is noticed.
//!
//! A create that is answered is not sent again; one that must not be repeated is not sent again either way; a site gets no
//! more requests at once than it takes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use scope_plan::driver::Repeat;
use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::{Action, Plan, SiteId};

use super::fate::{Fate, Fates, Progress};
use super::play::{self, Renumbered};
use super::program::{CALL, Program, SITES, site_number};
use super::rules::Leaf;
use crate::events::{RunEvent, RunEventKind, SkipReason};
use crate::runner::SiteSet;
use crate::site::{Answer, LocalFuture, OperationCall, ServiceProbe, Site, SiteError, SiteErrorKind};

/// Less than the drivers say that a lost request may take.
const LATE_BY: &str = "1500ms";

/// Simulated sites behind fates.
pub(super) struct Doomed<'s> {
    sites: &'s Renumbered,
    doom: Rc<Doom>,
    names: Vec<String>,
}

/// What happens, and what has happened by now.
struct Doom {
    fates: Fates,
    /// The types' names and the resources of them.
    resources: BTreeMap<String, usize>,
    /// Services that cannot be reached any more, and how many requests and creates each got.
    past: RefCell<BTreeMap<Leaf, Past>>,
    cut: RefCell<BTreeSet<usize>>,
    /// How many requests each site takes at once, and has now.
    limits: BTreeMap<usize, usize>,
    n_under_way: RefCell<BTreeMap<usize, usize>>,
    wrong: RefCell<Vec<String>>,
    unguarded: RefCell<BTreeSet<Leaf>>,
}

#[derive(Clone, Copy, Default)]
struct Past {
    is_silent: bool,
    n_requests: usize,
    n_creates: usize,
    /// A create was answered well; one was sent of which nothing was heard.
    is_made: bool,
    is_unheard: bool,
    /// Its step has ended: what is asked after that is asked to undo it.
    is_over: bool,
    /// Something before that did not get through, for the whole site was cut.
    is_refused: bool,
}

impl<'s> Doomed<'s> {
    pub(super) fn new(program: &Program, plan: &Plan, sites: &'s Renumbered, fates: &Fates) -> Self {
        let of_resources = fates.by_leaf.iter().filter(|((resource, _), _)| *resource < CALL);
        for ((resource, site), fate) in of_resources {
            let (ty, site) = (program.resource_type(*resource), SITES[*site]);
            let fault = match fate {
                Fate::Broken => format!("break={ty}@{site}"),
                Fate::DeliveredTwice => format!("duplicate={ty}.create@{site}"),
                Fate::Late => format!("late={ty}.create@{site}:{LATE_BY}"),
                _ => continue,
            };
            // A site that the plan does not touch breaks nothing.
            let _ = sites.simulator.inject(fault.parse().expect("a fault"));
        }
        let numbers = 0..program.resources.len();
        let doom = Doom {
            fates: fates.clone(),
            resources: numbers.map(|number| (program.resource_type(number), number)).collect(),
            past: RefCell::default(),
            cut: RefCell::default(),
            limits: plan
                .sites
                .iter()
                .map(|site| (site_number(&site.name), site.concurrency as usize))
                .collect(),
            n_under_way: RefCell::default(),
            wrong: RefCell::default(),
            unguarded: RefCell::default(),
        };
        let names = plan.sites.iter().map(|site| site.name.clone()).collect();
        Self { sites, doom: Rc::new(doom), names }
    }

    /// A step that ended well has been done as a whole.
    pub(super) fn see(&self, plan: &Plan, event: &RunEvent) {
        let guard = match &event.kind {
            RunEventKind::StepDone { step, .. } => Some((step, true)),
            RunEventKind::StepFailed { step, .. }
            | RunEventKind::StepParked { step, .. }
            | RunEventKind::StepSkipped { step, because: SkipReason::Unreachable } => Some((step, false)),
            _ => None,
        };
        if let Some((step, is_left)) = guard
            && let Action::Protect { users, .. } = &plan.step(*step).action
        {
            let mut unguarded = self.doom.unguarded.borrow_mut();
            for (name, site) in users {
                let user = (play::number(name), site_number(site));
                if is_left {
                    unguarded.remove(&user)
                } else {
                    unguarded.insert(user)
                };
            }
            return;
        }
        if let RunEventKind::StepDone { step, .. } = &event.kind
            && let step = plan.step(*step)
            && let Some(resource) = step.action.resource_type().and_then(|ty| self.doom.resources.get(ty))
        {
            let is_call = matches!(step.action, Action::Call { .. });
            let resource = if is_call { CALL + resource } else { *resource };
            let leaf = (resource, site_number(&plan.site(step.site).name));
            self.doom.past.borrow_mut().entry(leaf).or_default().is_over = true;
        }
    }

    /// The fates as they turned out to be: a cut as what it met each request with.
    pub(super) fn met(&self) -> Fates {
        let past = self.doom.past.borrow();
        let progress = past
            .iter()
            .map(|(leaf, past)| (*leaf, Progress { is_made: past.is_made, is_refused: past.is_refused }));
        let fates = match self.doom.cut.borrow().is_empty() {
            true => Fates { cut: None, ..self.doom.fates.clone() },
            false => self.doom.fates.with_cut(&progress.collect()),
        };
        Fates { unguarded: self.doom.unguarded.borrow().clone(), ..fates }
    }

    /// What must never happen, and did.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.doom.wrong.take()
    }
}

impl SiteSet for Doomed<'_> {
    fn site(&self, id: SiteId) -> Rc<dyn Site> {
        let number = site_number(&self.names[id.index()]);
        Rc::new(DoomedSite { site: self.sites.site(id), number, doom: self.doom.clone() })
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

struct DoomedSite {
    site: Rc<dyn Site>,
    number: usize,
    doom: Rc<Doom>,
}

impl Site for DoomedSite {
    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async move {
            let _place = Place::take(&self.doom, self.number);
            let is_call = call.operation.name == "spin";
            let resource = self.doom.resources[&call.resource_type.name];
            let leaf = (if is_call { CALL + resource } else { resource }, self.number);
            let create = call.resource_type.create_operation();
            let is_create = is_call || create.is_some_and(|create| create.name == call.operation.name);
            let is_delete = call.operation.name == "delete";
            if is_create {
                self.doom.creates(leaf, &call.operation.repeat);
            }
            let is_refused = self.doom.cut.borrow().contains(&self.number);
            let answer = self.answer(leaf, call, is_create).await;
            let mut past = self.doom.past.borrow_mut();
            let past = past.entry(leaf).or_default();
            let is_lost = matches!(&answer, Err(error) if error.kind == SiteErrorKind::Lost);
            past.is_unheard |= is_create && is_lost;
            past.is_made = (past.is_made && !(is_delete && answer.is_ok())) || (is_create && answer.is_ok());
            past.is_refused |= is_refused && !past.is_over;
            answer
        })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        self.site.probe()
    }
}

impl DoomedSite {
    async fn answer(
        &self,
        leaf: Leaf,
        call: OperationCall<'_>,
        is_create: bool,
    ) -> Result<Answer, SiteError> {
        let (fate, past) = {
            let mut all = self.doom.past.borrow_mut();
            let past = all.entry(leaf).or_default();
            past.n_requests += 1;
            past.n_creates += usize::from(is_create);
            (self.doom.fates.of(leaf), *past)
        };
        let fall_silent = || self.doom.past.borrow_mut().entry(leaf).or_default().is_silent = true;
        let is_first_create = is_create && past.n_creates == 1;
        if past.is_silent || self.doom.cut.borrow().contains(&self.number) {
            return Err(error(SiteErrorKind::Unreachable));
        }
        match fate {
            Fate::Cut => return Err(error(SiteErrorKind::Unreachable)),
            Fate::Blinks if past.n_requests == 1 => return Err(error(SiteErrorKind::Unreachable)),
            Fate::Denied => return Err(error(SiteErrorKind::Denied)),
            Fate::Refused if is_create => return Err(error(SiteErrorKind::Refused)),
            Fate::Down if is_create => return Err(error(SiteErrorKind::Unavailable)),
            Fate::Flickers if is_first_create => return Err(error(SiteErrorKind::Unavailable)),
            Fate::RequestLost if is_first_create => return Err(error(SiteErrorKind::Lost)),
            Fate::RequestLostThenCut if is_create => {
                fall_silent();
                return Err(error(SiteErrorKind::Lost));
            }
            _ => {}
        }
        let answer = self.site.operate(call).await;
        match fate {
            Fate::AnswerLost if is_first_create => return Err(error(SiteErrorKind::Lost)),
            Fate::AnswerLostThenCut if is_create => {
                fall_silent();
                return Err(error(SiteErrorKind::Lost));
            }
            Fate::CutAfterCreate if is_create => fall_silent(),
            _ => {}
        }
        if is_create && self.doom.fates.cut.is_some_and(|cut| (cut.resource, cut.site) == leaf) {
            self.doom.cut.borrow_mut().insert(self.number);
        }
        answer
    }
}

impl Doom {
    /// A create is about to leave.
    fn creates(&self, leaf: Leaf, repeat: &Repeat) {
        let past = self.past.borrow().get(&leaf).copied().unwrap_or_default();
        let place = || format!("r{} at {}", leaf.0, SITES[leaf.1]);
        if past.is_made {
            self.wrong.borrow_mut().push(format!("{} is made twice", place()));
        }
        if past.is_unheard && *repeat == Repeat::None {
            self.wrong.borrow_mut().push(format!("{} is sent twice, and must not be repeated", place()));
        }
    }
}

/// A place at a site, given back when it is dropped.
struct Place<'d>(&'d Doom, usize);

impl<'d> Place<'d> {
    fn take(doom: &'d Doom, site: usize) -> Self {
        let mut all = doom.n_under_way.borrow_mut();
        let n_under_way = all.entry(site).or_default();
        *n_under_way += 1;
        if doom.limits.get(&site).is_some_and(|limit| *n_under_way > *limit) {
            doom.wrong.borrow_mut().push(format!("{} gets too much at once", SITES[site]));
        }
        Self(doom, site)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(n_under_way) = self.0.n_under_way.borrow_mut().get_mut(&self.1) {
            *n_under_way -= 1;
        }
    }
}

fn error(kind: SiteErrorKind) -> SiteError {
    let words = format!("{kind:?}").to_lowercase();
    SiteError { kind, words, request: None, status: None }
}
