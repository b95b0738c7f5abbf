//! Equal look-ups at the same site become one, and so do equal transfers to it: one step an origin and site (R8).
//!
//! ```text
//! resource a: openstack.server { image: "debian" }        0 look up image "debian" at nantes
//! resource b: openstack.server { image: "debian" }        1 ensure a { image: #0 }
//!     scope { nantes }                                    2 look up image "debian" at nantes   (goes)
//!                                                         3 ensure b { image: #2 }         →   { image: #0 }
//! ```
//!
//! With `scope { compute: nantes, image: paris }` on both: one look-up at paris, one bring to nantes, two servers.
//!
//! Equal are those that ask the same (the outputs they ask with being of merged look-ups too), wait for the same by
//! `after`, and treat failures alike. The one that stays is done whenever any of them was, and a member of all their
//! arms; if one of them is an `existing` item, it is that item. Guards on the same thing, wanted in the same arms, become one,
//! for all its users.
//! Transfers for users that differ in what a cut site means to them are one, too: each is as if its own site were cut.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::edit::{Fate, edit};
use crate::eval::value::canonical;
use crate::expr::Expr;
use crate::graph;
use crate::inputs::is_given;
use crate::plan::{Action, Borrow, Edge, Guard, OnUnreachable, Plan, Purpose, Step, StepId, Undo};

/// See above.
pub fn merge_lookups(mut plan: Plan) -> Plan {
    let mut given: Vec<Vec<&Edge>> = vec![Vec::new(); plan.steps.len()];
    for edge in plan.edges.iter().filter(|edge| is_given(&edge.reason)) {
        given[edge.to.index()].push(edge);
    }
    let mut stands_for: Vec<StepId> = plan.steps.iter().map(|step| step.id).collect();
    let mut seen: BTreeMap<String, StepId> = BTreeMap::new();
    for id in graph::order(&plan) {
        let step = plan.step(id);
        if let Some(key) = question(step, &given[id.index()], &stands_for) {
            stands_for[id.index()] = *seen.entry(key).or_insert(id);
        }
    }
    let fates: Vec<Fate> = stands_for
        .iter()
        .enumerate()
        .map(|(position, other)| if other.index() == position { Fate::Kept } else { Fate::By(*other) })
        .collect();
    for (position, fate) in fates.iter().enumerate() {
        if let Fate::By(other) = *fate {
            keep_the_item(&mut plan, StepId(position as u32), other);
            unite_users(&mut plan, StepId(position as u32), other);
            unite_borrowing(&mut plan, StepId(position as u32), other);
        }
    }
    let choices = vec![true; plan.choices.len()];
    edit(plan, &fates, &choices)
}

/// What a look-up asks, a bring brings or a guard is on, as one text; of another step, nothing.
fn question(step: &Step, given: &[&Edge], stands_for: &[StepId]) -> Option<String> {
    let asked = match &step.action {
        Action::Lookup { resource_type, text, filter, purpose: _ } => {
            looked_up(resource_type, text.as_ref(), filter, stands_for)
        }
        Action::Bring { resource_type, sources, every_source, borrow } => {
            let origins: BTreeSet<StepId> = sources.iter().map(|source| stands_for[source.index()]).collect();
            // A copy that stays serves those who would let it go.
            let copies = *borrow != Borrow::Never;
            json!(["bring", resource_type, origins, every_source, copies])
        }
        Action::Protect { resource_type, of, users: _, among } => {
            // A guard is for whom is wanted: what one alternative leaves says nothing of another one's.
            let when: BTreeSet<&Guard> = step.when.iter().collect();
            let among = among.map(|whole| stands_for[whole.index()]);
            json!(["protect", resource_type, with_merged(of, stands_for), when, among])
        }
        Action::Ensure { .. }
        | Action::Call { .. }
        | Action::Delete { .. }
        | Action::Choose { .. }
        | Action::Gather { .. }
        | Action::Gate { .. } => return None,
    };
    let waits_for: BTreeSet<(StepId, String)> =
        given.iter().map(|edge| (stands_for[edge.from.index()], format!("{:?}", edge.reason))).collect();
    let is_bring = matches!(step.action, Action::Bring { .. });
    let question = json!([
        step.site,
        asked,
        waits_for,
        Some(&step.on_unreachable).filter(|_| !is_bring),
        step.retry,
        step.timeout_ms,
        step.ready_within_ms,
        step.repeat,
    ]);
    Some(canonical(&question))
}

fn looked_up(
    resource_type: &str,
    text: Option<&Expr>,
    filter: &[(String, Expr)],
    stands_for: &[StepId],
) -> Value {
    let mut filter: Vec<(&String, Expr)> =
        filter.iter().map(|(name, expr)| (name, with_merged(expr, stands_for))).collect();
    filter.sort_by_key(|(name, _)| *name);
    json!(["look up", resource_type, text.map(|text| with_merged(text, stands_for)), filter])
}

fn with_merged(expr: &Expr, stands_for: &[StepId]) -> Expr {
    expr.map(&mut |part| match part {
        Expr::Step { step, path } if stands_for[step.index()] != *step => {
            Some(Expr::Step { step: stands_for[step.index()], path: path.clone() })
        }
        _ => None,
    })
}

/// One guard is left for all who rely upon the same thing; it is undone only if every one of them would be.
fn unite_users(plan: &mut Plan, goes: StepId, stays: StepId) {
    let Action::Protect { users: more, .. } = plan.step(goes).action.clone() else { return };
    let gone = plan.step(goes).clone();
    let is_kept = gone.undo == Undo::Keep;
    let stays = &mut plan.steps[stays.index()];
    // Whichever was declared first: the order of declarations says nothing.
    if gone.key < stays.key {
        (stays.key, stays.origin) = (gone.key, gone.origin);
    }
    if let Action::Protect { users, .. } = &mut stays.action {
        users.extend(more);
        users.sort();
        users.dedup();
    }
    if is_kept {
        stays.undo = Undo::Keep;
    }
}

/// A copy stays if one of those who need it says so; where it cannot be had, each of them is as if its own site were cut.
fn unite_borrowing(plan: &mut Plan, goes: StepId, stays: StepId) {
    let (one, other) = (plan.step(goes), plan.step(stays));
    let is_bring = matches!(other.action, Action::Bring { .. });
    if is_bring && one.on_unreachable != other.on_unreachable {
        plan.steps[stays.index()].on_unreachable = OnUnreachable::Skip;
    }
    if let Action::Bring { borrow: Borrow::Keep, .. } = plan.step(goes).action
        && let Action::Bring { borrow, .. } = &mut plan.steps[stays.index()].action
    {
        *borrow = Borrow::Keep;
    }
}

/// An `existing` item is something a person named; the look-up made for a reference gives way to it.
fn keep_the_item(plan: &mut Plan, goes: StepId, stays: StepId) {
    let is_item = |step: &Step| matches!(step.action, Action::Lookup { purpose: Purpose::Existing, .. });
    if is_item(plan.step(stays)) || !is_item(plan.step(goes)) {
        return;
    }
    let item = plan.step(goes);
    let (name, key, origin) = (item.name.clone(), item.key.clone(), item.origin.clone());
    let stays = &mut plan.steps[stays.index()];
    (stays.name, stays.key, stays.origin) = (name, key, origin);
    if let Action::Lookup { purpose, .. } = &mut stays.action {
        *purpose = Purpose::Existing;
    }
}
