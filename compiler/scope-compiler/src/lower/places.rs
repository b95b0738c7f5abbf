//! Where a request stands in its scope, and what follows from it: whether it may wait, and whether it is undone.
//!
//! A site named twice is one step: `a & (a | b)` → one step at a, in no arm, a member of one; it may not wait, for one of
//! its places is left of a `|`. It does not matter in which order the places are written.

use std::collections::BTreeMap;
use std::ops::Range;

use scope_analysis::hir::{self, OnDisconnect, Resource, ResourceKind};
use scope_plan::expr::Expr;
use scope_plan::plan::{
    Action, ChoiceId, EdgeReason, Guard, OnUnreachable, Plan, Purpose, Step, StepId, Undo,
};

use super::Lowering;
use super::choice::Position;
use super::request::milliseconds;

/// All places of a step together, and what was made for it: look-ups, copies brought, the alternatives of both.
#[derive(Debug)]
pub(crate) struct Places {
    is_left: bool,
    is_copy: bool,
    steps: Range<u32>,
    choices: Range<u32>,
}

/// How many steps and choices there were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    n_steps: u32,
    n_choices: u32,
}

impl Lowering<'_> {
    pub(super) fn made_so_far(&self) -> Made {
        Made { n_steps: self.plan.steps.len() as u32, n_choices: self.plan.choices.len() as u32 }
    }

    /// The first place of a step; `before` is what there was before anything was made for it.
    pub(super) fn stands(&mut self, resource: &Resource, step: StepId, position: Position, before: Made) {
        let now = self.made_so_far();
        let Position { is_left, is_copy, .. } = position;
        let (steps, choices) = (before.n_steps..step.0, before.n_choices..now.n_choices);
        self.places.insert(step, Places { is_left, is_copy, steps, choices });
        self.follow(resource, step);
    }

    /// One more place, for it and for what was made for it alone.
    pub(super) fn stands_also(&mut self, resource: &Resource, step: StepId, position: Position) {
        let places = self.places.get_mut(&step).expect("it has a first place");
        places.is_left |= position.is_left;
        places.is_copy |= position.is_copy;
        let (steps, choices) = (places.steps.clone(), places.choices.clone());
        let when = self.plan.steps[step.index()].when.clone();
        for made in steps.map(StepId).chain([step]) {
            if self.plan.steps[made.index()].when == when {
                self.is_also_done_in(made, position.guard);
            }
        }
        // A copy that is brought may serve others, too, and stand in other places for them.
        let used = self.plan.steps[step.index()].steps_used();
        for brought in used {
            if matches!(self.plan.steps[brought.index()].action, Action::Bring { .. }) {
                self.is_also_done_in(brought, position.guard);
            }
        }
        for made in choices.map(ChoiceId) {
            if self.plan.choices[made.index()].when == when {
                self.is_also_made_in(made, position.guard);
            }
        }
        self.follow(resource, step);
    }

    pub(super) fn is_also_done_in(&mut self, step: StepId, guard: Option<Guard>) {
        also(&mut self.plan.steps[step.index()].when, guard);
        if let Some(Guard { choice, arm }) = guard {
            let members = &mut self.plan.choices[choice.index()].arms[arm as usize].members;
            if !members.contains(&step) {
                members.push(step);
            }
        }
    }

    fn is_also_made_in(&mut self, choice: ChoiceId, guard: Option<Guard>) {
        also(&mut self.plan.choices[choice.index()].when, guard);
        if let Some(Guard { choice: outer, arm }) = guard {
            let inside = &mut self.plan.choices[outer.index()].arms[arm as usize].choices;
            if !inside.contains(&choice) {
                inside.push(choice);
            }
        }
    }

    /// Left of a `|` in one of its places it may not wait; it is undone when all of them are given up. The guards that are
    /// left for it do as it does, but for those left of a `|` of a reference: another alternative is taken instead of them.
    fn follow(&mut self, resource: &Resource, step: StepId) {
        let places = &self.places[&step];
        let is_owned = resource.kind == ResourceKind::Managed;
        let with = &resource.with;
        let way = on_unreachable(with.on_disconnect.as_ref(), places.is_left, places.is_copy, is_owned);
        let undo = undo(resource, places.is_left);
        let (is_copy, choices) = (places.is_copy, places.choices.clone());
        for made in places.steps.clone().map(|step| step as usize) {
            if let Action::Protect { of: Expr::Step { step: of, .. }, among, .. } =
                self.plan.steps[made].action
            {
                let of = undo_of_guarded(self.plan.steps[of.index()].undo, among);
                let way = match self.is_left_in(&choices, &self.plan.steps[made].when) {
                    true => on_unreachable(with.on_disconnect.as_ref(), true, is_copy, is_owned),
                    false => way.clone(),
                };
                let guard = &mut self.plan.steps[made];
                (guard.on_unreachable, guard.undo) = (way, undo_of_guard(of, undo));
            }
        }
        let step = &mut self.plan.steps[step.index()];
        (step.on_unreachable, step.undo) = (way, undo);
    }

    /// Whether something stands in an arm that is not the last of one of these choices.
    fn is_left_in(&self, choices: &Range<u32>, when: &[Guard]) -> bool {
        when.iter().filter(|guard| choices.contains(&guard.choice.0)).any(|guard| {
            let choice = &self.plan.choices[guard.choice.index()];
            guard.arm as usize + 1 < choice.arms.len() || self.is_left_in(choices, &choice.when)
        })
    }
}

/// What was made left of a `|` is taken back where that is given up; `on_failure: undo`, where the whole fails.
pub(super) fn undo(resource: &Resource, is_left: bool) -> Undo {
    match resource.with.on_failure {
        _ if resource.kind != ResourceKind::Managed => Undo::Keep,
        Some(hir::OnFailure::Undo) => Undo::DeleteWithResource,
        _ if is_left => Undo::DeleteCreated,
        _ => Undo::Keep,
    }
}

/// Of a guard: as its user's, where that is an alternative. What is itself deleted by the undo takes its guard along; of a
/// resource that fails as a whole it is known only at the end of the run which of it is left.
pub(super) fn undo_of_guard(of: Undo, user: Undo) -> Undo {
    match (of, user) {
        (Undo::Keep | Undo::DeleteWithResource, Undo::DeleteCreated) => Undo::DeleteCreated,
        _ => Undo::Keep,
    }
}

/// How what is guarded is undone, as its guard sees it: alternatives are not given up with those who use what was taken.
pub(super) fn undo_of_guarded(of: Undo, among: Option<StepId>) -> Undo {
    if among.is_some() { Undo::Keep } else { of }
}

fn also(when: &mut Vec<Guard>, guard: Option<Guard>) {
    match guard {
        None => when.clear(),
        Some(guard) if !when.is_empty() && !when.contains(&guard) => when.push(guard),
        Some(_) => {}
    }
}

/// The defaults of semantics.md: copies of a `&` wait, everything else fails; left of a `|` always fails.
pub(super) fn on_unreachable(
    written: Option<&OnDisconnect>,
    is_left: bool,
    is_copy: bool,
    is_owned: bool,
) -> OnUnreachable {
    if is_left {
        return match written {
            Some(OnDisconnect::Skip) => OnUnreachable::Skip,
            _ => OnUnreachable::Fail,
        };
    }
    match written {
        // A read has nothing to wait with: it is asked again by running again.
        None if is_copy && is_owned => OnUnreachable::Queue { for_ms: None },
        written => said_of_a_cut(written).unwrap_or(OnUnreachable::Fail),
    }
}

/// What the program says of a resource whose site cannot be reached, be it made or deleted; `local_only` is about where it
/// is made alone.
pub(super) fn said_of_a_cut(written: Option<&OnDisconnect>) -> Option<OnUnreachable> {
    match written? {
        OnDisconnect::Queue(limit) => Some(OnUnreachable::Queue { for_ms: limit.map(milliseconds) }),
        OnDisconnect::Skip => Some(OnUnreachable::Skip),
        OnDisconnect::Fail => Some(OnUnreachable::Fail),
        OnDisconnect::LocalOnly => None,
    }
}

/// What is looked up or brought at the site of the step that needs it is a part of what that site is asked: if the site
/// cannot be reached, it waits, fails or is left out as that step does. Where several need it and differ, it is left out,
/// and each of them is as if its own site were cut. A choice among look-ups goes on to the next one instead.
pub(super) fn references_follow_their_users(plan: &mut Plan) {
    let mut users: Vec<Vec<StepId>> = vec![Vec::new(); plan.steps.len()];
    for edge in plan.edges.iter().filter(|edge| edge.reason == EdgeReason::Data) {
        users[edge.from.index()].push(edge.to);
    }
    // Who needs it has been decided before it: users come later in the order.
    for id in scope_plan::graph::order(plan).into_iter().rev() {
        let step = plan.step(id);
        let is_for_others =
            matches!(step.action, Action::Bring { .. } | Action::Lookup { purpose: Purpose::Reference, .. });
        let users = users[id.index()].iter().map(|user| plan.step(*user));
        let is_of_a_resource = |user: &Step| {
            matches!(user.action, Action::Ensure { .. } | Action::Bring { .. } | Action::Protect { .. })
        };
        if !is_for_others || !users.clone().all(|user| user.site == step.site && is_of_a_resource(user)) {
            continue;
        }
        let mut ways: Vec<OnUnreachable> = Vec::new();
        for user in users {
            if !ways.contains(&user.on_unreachable) {
                ways.push(user.on_unreachable.clone());
            }
        }
        let way = if ways.len() > 1 { Some(OnUnreachable::Skip) } else { ways.pop() };
        if let Some(way) = way {
            plan.steps[id.index()].on_unreachable = way;
        }
    }
}

/// Numbers the choices anew, each after those it stands in; what was made for a step that stands in one more place may
/// have come before.
pub(super) fn outer_choices_first(plan: &mut Plan) {
    // What is in an arm is listed there, also where it stands outside of it besides.
    let mut outer: Vec<Vec<ChoiceId>> = vec![Vec::new(); plan.choices.len()];
    for choice in &plan.choices {
        for inner in choice.arms.iter().flat_map(|arm| &arm.choices) {
            outer[inner.index()].push(choice.id);
        }
    }
    let is_in_order =
        outer.iter().enumerate().all(|(inner, outer)| outer.iter().all(|choice| choice.index() < inner));
    if is_in_order {
        return;
    }
    let mut order: Vec<ChoiceId> = Vec::with_capacity(plan.choices.len());
    let mut is_placed = vec![false; plan.choices.len()];
    for start in plan.choices.iter().map(|choice| choice.id) {
        let mut open = vec![start];
        while let Some(choice) = open.last().copied() {
            match outer[choice.index()].iter().find(|outer| !is_placed[outer.index()]) {
                Some(outer) if !is_placed[choice.index()] => open.push(*outer),
                _ => {
                    open.pop();
                    if !std::mem::replace(&mut is_placed[choice.index()], true) {
                        order.push(choice);
                    }
                }
            }
        }
    }
    let new: BTreeMap<ChoiceId, ChoiceId> =
        order.iter().enumerate().map(|(index, choice)| (*choice, ChoiceId(index as u32))).collect();
    for guard in plan.steps.iter_mut().flat_map(|step| &mut step.when) {
        guard.choice = new[&guard.choice];
    }
    for step in &mut plan.steps {
        if let Action::Choose { choice, .. } = &mut step.action {
            *choice = new[choice];
        }
    }
    for choice in &mut plan.choices {
        choice.id = new[&choice.id];
        choice.when.iter_mut().for_each(|guard| guard.choice = new[&guard.choice]);
        for inner in choice.arms.iter_mut().flat_map(|arm| &mut arm.choices) {
            *inner = new[inner];
        }
    }
    plan.choices.sort_by_key(|choice| choice.id);
}
