//! Which arms count: in come the arms that hold, out goes what is tried, taken and kept of the alternatives.
//!
//! Of `nantes | paris`, where `paris` holds: what is at either is tried, and what is at nantes is not kept.

use std::collections::BTreeSet;

use crate::plan::{ChoiceId, Guard, Plan};

/// Whether each choice is come to; outer choices stand before inner ones.
pub(super) fn choices_come_to(plan: &Plan, arms: &[Option<u32>]) -> Vec<bool> {
    let mut is_come_to = vec![false; plan.choices.len()];
    for choice in &plan.choices {
        is_come_to[choice.id.index()] = is_tried(plan, &choice.when, arms, &is_come_to);
    }
    is_come_to
}

/// Whether any of these arms is tried: all arms up to the one that holds are, all where none does.
pub(super) fn is_tried(plan: &Plan, when: &[Guard], arms: &[Option<u32>], is_come_to: &[bool]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            let first = plan.choice(guard.choice).recorded.unwrap_or(0);
            let held = arms[guard.choice.index()];
            let is_before = held.is_none_or(|held| rank(guard.arm, first) <= rank(held, first));
            is_come_to[guard.choice.index()] && is_before
        })
}

/// Whether all arms hold that something with these guards stands in, along one way out.
pub(super) fn is_taken(plan: &Plan, when: &[Guard], arms: &[Option<u32>]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            let choice = plan.choice(guard.choice);
            arms[guard.choice.index()] == Some(guard.arm) && is_taken(plan, &choice.when, arms)
        })
}

/// Whether something with these guards is of the arms that the choices end with, well or not: all others are given up. Of what
/// is around these arms nothing is asked.
pub(super) fn is_kept(plan: &Plan, when: &[Guard], around: &[Guard], arms: &[Option<u32>]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            let choice = plan.choice(guard.choice);
            let first = choice.recorded.unwrap_or(0);
            let last = (0..choice.arms.len() as u32).max_by_key(|arm| rank(*arm, first));
            around.contains(guard)
                || arms[guard.choice.index()].or(last) == Some(guard.arm)
                    && is_kept(plan, &choice.when, around, arms)
        })
}

/// The choices of these guards and those around them, as far as they are inside of `around`.
pub(super) fn choices_inside(plan: &Plan, around: &[Guard], guards: &[Guard]) -> BTreeSet<ChoiceId> {
    let mut choices = BTreeSet::new();
    let mut open: Vec<Guard> = guards.to_vec();
    while let Some(guard) = open.pop() {
        if !around.contains(&guard) && choices.insert(guard.choice) {
            open.extend(&plan.choice(guard.choice).when);
        }
    }
    choices
}

/// The recorded arm is tried first.
pub(super) fn rank(arm: u32, first: u32) -> u32 {
    if arm == first { 0 } else { arm + 1 }
}
