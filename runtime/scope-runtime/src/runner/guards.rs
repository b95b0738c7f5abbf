//! Who relies upon a resource, as a run knows it (R9): recorded, guarded for by the plan, or owed; and the guards as they
//! must stand when the run is over.
//!
//! `ship at lille | nantes` relies upon `quay`, lille has no room → while lille is tried the guard on `quay` is for the one at
//! lille, then for the one at nantes.

use std::collections::BTreeSet;
use std::rc::Rc;

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Step, StepId};
use scope_plan::recorded::{RecordedGuard, Relied};
use serde_json::Value;

use super::Shared;
use super::turn::Ended;
use crate::events::RunEventKind;
use crate::procedure::{identity_text, settle_guard};
use crate::schedule::UndoState;
use crate::schedule::mutants::{self, Mutant};

impl Shared<'_> {
    /// Who relies upon a resource, name and site: as recorded, but for those that this very run deletes or lets change
    /// before.
    pub(crate) fn users_of(&self, relied: &Relied) -> Vec<(String, String)> {
        let recorded = self.ledger.users_of(relied);
        if !self.options.survey {
            // They were deleted or changed before, and the state says so.
            return recorded;
        }
        self.still_users(relied, recorded, Pending::Done)
    }

    /// Who relies upon a resource at this moment: in a survey, which changes nothing, those that were looked at before are taken
    /// for changed or deleted by then, and no others.
    pub(crate) fn users_now(&self, relied: &Relied) -> Vec<(String, String)> {
        let recorded = self.ledger.users_of(relied);
        if !self.options.survey {
            return recorded;
        }
        let has_ended = |(name, site): &(String, String)| {
            let mut steps = self.index.steps(name, site).iter();
            steps.any(|step| self.end(*step, |end| end.effect.is_some()))
        };
        let (ended, others): (Vec<_>, Vec<_>) = recorded.into_iter().partition(has_ended);
        others.into_iter().chain(self.still_users(relied, ended, Pending::Done)).collect()
    }

    /// Who relies upon a resource when this run is over, as far as is known by now: those that are recorded, but for those
    /// that it deletes or changes where that is taken for done, those that it is guarded for, and those that are to be deleted
    /// and may still be there.
    pub(crate) fn users_in_the_end(&self, relied: &Relied, pending: Pending) -> BTreeSet<(String, String)> {
        let recorded = self.still_users(relied, self.ledger.users_of(relied), pending);
        let mut users: BTreeSet<(String, String)> = recorded.into_iter().collect();
        self.ledger.with(|state| {
            let owed = state.owed.iter().filter(|owed| owed.relies.contains(relied));
            users.extend(owed.map(|owed| (owed.name.clone(), owed.site.clone())));
        });
        for step in self.index.guards_on(relied) {
            let step = self.plan.step(step);
            let Action::Protect { resource_type, of, users: named, .. } = &step.action else { continue };
            let is_it = || self.identity_of(of, resource_type).as_ref() == Some(&relied.identity);
            if self.is_wanted(step) && is_it() {
                users.extend(named.iter().filter(|user| !self.is_given_up(user)).cloned());
            }
        }
        users
    }

    /// Who may rely upon a resource though it is not recorded: its own deletion is owed, or its creation was not answered.
    pub(crate) fn possible_users_of(&self, relied: &Relied) -> BTreeSet<(String, String)> {
        self.ledger.with(|state| {
            let owed = state.owed.iter().map(|owed| (&owed.name, &owed.site, &owed.relies));
            let sent = state.sent.values().map(|sent| (&sent.name, &sent.site, &sent.relies));
            let users = owed.chain(sent).filter(|(_, _, relies)| relies.contains(relied));
            users.map(|(name, site, _)| (name.clone(), site.clone())).collect()
        })
    }

    /// Whether a guard is wanted: in alternatives only while one of them is tried or held.
    fn is_wanted(&self, protect: &Step) -> bool {
        let memory = self.memory(protect.id);
        let is_for_certain = protect.when.is_empty() && !is_passable(protect);
        let is_tried = is_for_certain || memory.has_begun() || mutants::is(Mutant::GuardLeftForUntried);
        is_tried && !memory.is_given_up()
    }

    fn is_given_up(&self, (name, site): &(String, String)) -> bool {
        let mut steps = self.index.steps(name, site).iter();
        let ensures = steps.find(|step| matches!(self.plan.step(**step).action, Action::Ensure { .. }));
        let is_given_up = ensures.is_some_and(|step| self.memory(*step).is_given_up());
        is_given_up && !mutants::is(Mutant::GuardKeptForGivenUp)
    }

    /// The identity of what a step that has ended made or found.
    pub(crate) fn identity_of_step(&self, step: StepId) -> Option<String> {
        let resource_type = self.plan.step(step).action.resource_type()?;
        self.identity_of(&Expr::Step { step, path: Vec::new() }, resource_type)
    }

    /// The identity that an expression over a step that has ended gives.
    fn identity_of(&self, of: &Expr, resource_type: &str) -> Option<String> {
        let known = match of {
            Expr::Value(value) => value.clone(),
            Expr::Step { step, path } if path.is_empty() => (*self.output(*step)?).clone(),
            _ => return None,
        };
        match &known {
            Value::Object(record) => {
                let (_, resource_type) = self.resource_type(resource_type)?;
                identity_text(record.get(&resource_type.identity)?)
            }
            other => identity_text(other),
        }
    }

    /// What guards are on is known where the plan has its identity.
    pub(super) fn knows_what_is_written(&self) {
        let is_written = |step: &&Step| matches!(&step.action, Action::Protect { of: Expr::Value(_), .. });
        self.plan.steps.iter().filter(is_written).for_each(|step| self.knows_guard(step));
    }

    /// A step ended well: what its guards are on is known.
    pub(super) fn knows_what_is_guarded(&self, given: StepId) {
        self.index.guards_of(given).iter().for_each(|step| self.knows_guard(self.plan.step(*step)));
    }

    fn knows_guard(&self, step: &Step) {
        let Action::Protect { resource_type, of, .. } = &step.action else { return };
        if let Some(identity) = self.identity_of(of, resource_type) {
            let site = self.plan.site(step.site).name.clone();
            self.index.note(step.id, Relied { resource_type: resource_type.clone(), site, identity });
        }
    }

    /// Those of the recorded users that this run does not delete or change.
    fn still_users(
        &self,
        relied: &Relied,
        recorded: Vec<(String, String)>,
        pending: Pending,
    ) -> Vec<(String, String)> {
        let is_still = |(name, site): &(String, String)| {
            let steps = self.index.steps(name, site).iter().map(|step| self.plan.step(*step));
            let mut steps =
                steps.filter(|step| matches!(step.action, Action::Ensure { .. } | Action::Delete { .. }));
            match steps.next() {
                // What is deleted is not recorded any more: its site may not have answered yet.
                Some(step) if pending == Pending::Open && !self.is_changed_by(step) => true,
                Some(step) if matches!(step.action, Action::Delete { .. }) => false,
                Some(step) => self.relied(step).contains(relied) || self.is_seen_left_to(step, relied),
                None => true,
            }
        };
        recorded.into_iter().filter(is_still).collect()
    }

    /// Whether a step, which ended, left an attribute as it is that refers to a resource.
    fn is_seen_left_to(&self, step: &Step, relied: &Relied) -> bool {
        let output = self.output(step.id);
        let told = output.as_deref().and_then(Value::as_object);
        told.is_some_and(|told| self.is_left_to(step, relied, told))
    }

    /// Whether a step is done. One that only looked has changed nothing.
    fn is_changed_by(&self, step: &Step) -> bool {
        !self.options.survey && self.end(step.id, |end| end.effect.is_some())
    }

    /// Our guard on a resource was seen or written, and stands so.
    pub(crate) fn saw_guard(&self, relied: &Relied, guard: Option<&str>) {
        self.guards.borrow_mut().insert(relied.clone(), guard.map(str::to_owned));
    }

    /// Whose turn it is to write the guard on a resource: locked by who does.
    pub(crate) fn guard_turn(&self, relied: Relied) -> Rc<tokio::sync::Mutex<()>> {
        Rc::clone(self.guard_turns.borrow_mut().entry(relied).or_default())
    }

    /// Our guard on a resource, where this run has seen it.
    pub(crate) fn seen_guard(&self, relied: &Relied) -> Option<Option<String>> {
        self.guards.borrow().get(relied).cloned()
    }

    /// The steps that have this guard on their resource.
    fn steps_with<'s>(&'s self, guard: &'s RecordedGuard) -> impl Iterator<Item = &'s Step> {
        let steps = self.index.named_guards(&guard.name, &guard.site).iter();
        let steps = steps.map(|step| self.plan.step(*step));
        steps.filter(|step| step.action.resource_type() == Some(guard.resource_type.as_str()))
    }

    /// Whether it is known who the plan wants a guard for.
    fn is_known_for_whom(&self, guard: &RecordedGuard) -> bool {
        // A step that lets it go wants it for nobody.
        let mut protects = self.steps_with(guard).filter(|step| !step.action.goes_after_users());
        protects.all(|step| match &step.action {
            Action::Protect { of, resource_type, .. } => {
                !self.is_wanted(step) || self.identity_of(of, resource_type).is_some()
            }
            _ => true,
        })
    }

    /// Whether the plan wants a guard for nobody any more.
    pub(crate) fn is_let_go(&self, guard: &RecordedGuard) -> bool {
        self.steps_with(guard).all(|step| step.action.goes_after_users())
    }
}

/// What is said of deletions and changes that are not done yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// They may never be: their site need not answer.
    Open,
    /// What is asked for comes after them.
    Done,
}

/// Whether it is on one of several alternatives, and passed over where that is not taken.
fn is_passable(protect: &Step) -> bool {
    matches!(protect.action, Action::Protect { among: Some(_), .. })
}

/// Guards say who relies upon a thing in the end: those of alternatives that were left, or of what was taken back, are no
/// longer among them. How many guards that changes.
pub(super) async fn settle_guards(
    shared: &Shared<'_>,
    ended: &Ended,
    answering: &BTreeSet<String>,
    words: &mut Vec<String>,
) -> usize {
    let steps = shared.plan.steps.iter().map(|step| step.id);
    steps.filter(|step| !ended.schedule.is_live(*step)).for_each(|step| shared.memory(step).gives_up());
    let mut n_settled = 0;
    for guard in shared.ledger.with(|state| state.guards.iter().cloned().collect::<Vec<RecordedGuard>>()) {
        // What the plan says nothing of is another part's.
        let site = shared.steps_with(&guard).next().map(|step| step.site);
        let Some(site) = site.filter(|_| shared.is_known_for_whom(&guard)) else { continue };
        // What could not be taken off a moment ago is tried again only if its site answered since.
        let is_owed = |step: &Step| ended.schedule.undo_state(step.id) == UndoState::Owed;
        let is_left = shared.is_let_go(&guard) || shared.steps_with(&guard).any(is_owed);
        if is_left && !answering.contains(&guard.site) {
            continue;
        }
        let kind = match settle_guard(shared, &guard, site, words).await {
            Ok(None) => continue,
            Ok(Some(words)) => {
                n_settled += 1;
                RunEventKind::UndoDone { step: None, words }
            }
            Err(words) => RunEventKind::UndoOwed { step: None, words },
        };
        shared.emit(kind);
    }
    n_settled
}
