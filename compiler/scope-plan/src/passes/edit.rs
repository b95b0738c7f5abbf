//! Taking steps and choices out of a plan: what pointed at them follows, ids are dense again.
//!
//! Steps 0 1 2, with 1 replaced by 0 → steps 0 1, `#1.id` in the last one is `#0.id`, arms that had 1 have 0.

use std::collections::BTreeSet;

use crate::expr::{Expr, SecretSource};
use crate::plan::{Action, ChoiceId, Guard, Plan, StepId};

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It goes; nothing that stays takes its output.
    Gone,
    /// What took its output takes that of another, which stays and is done whenever either was.
    By(StepId),
}

/// The plan with each step's fate fulfilled, and without the choices that are not kept; no step that stays may be
/// guarded by such a choice. Priorities are of the past then, and set to 0.
pub fn edit(mut plan: Plan, fates: &[Fate], is_choice_kept: &[bool]) -> Plan {
    if fates.iter().all(|fate| *fate == Fate::Kept) && is_choice_kept.iter().all(|is_kept| *is_kept) {
        return plan;
    }
    let steps = new_ids(fates);
    let choices = new_choice_ids(is_choice_kept);
    unite_guards(&mut plan, fates);

    let mut position = 0;
    plan.steps.retain(|_| {
        position += 1;
        fates[position - 1] == Fate::Kept
    });
    for step in &mut plan.steps {
        step.id = steps[step.id.index()].expect("a kept step has a new id");
        step.priority = 0;
        guards(&mut step.when, &choices);
        for expr in step.action.inputs_mut() {
            references(expr, &steps);
        }
        for source in step.action.sources_mut() {
            *source = steps[source.index()].expect("what is taken as it is stays or is replaced");
        }
        match &mut step.action {
            Action::Bring { sources, .. } => once(sources),
            Action::Gather { parts, quorum } => {
                once(parts);
                quorum.iter_mut().flat_map(|quorum| &mut quorum.copies).for_each(once);
            }
            Action::Gate { steps, .. } => once(steps),
            Action::Choose { choice, .. } => {
                *choice = choices[choice.index()].expect("a choice with a result is kept");
            }
            _ => {}
        }
    }
    plan.edges.retain_mut(|edge| match (steps[edge.from.index()], steps[edge.to.index()]) {
        (Some(from), Some(to)) if from != to => {
            (edge.from, edge.to) = (from, to);
            true
        }
        _ => false,
    });
    edit_choices(&mut plan, &steps, is_choice_kept, &choices);
    plan.crosses.retain_mut(|cross| {
        for part in &mut cross.parts {
            part.steps = part.steps.iter().filter_map(|step| steps[step.index()]).collect();
        }
        let prime = steps[cross.prime.index()];
        cross.prime = prime.unwrap_or(cross.prime);
        prime.is_some()
    });
    for wave in plan.rollouts.iter_mut().flat_map(|rollout| &mut rollout.waves) {
        for list in [&mut wave.steps, &mut wave.at_once] {
            *list = list.iter().filter_map(|step| steps[step.index()]).collect();
            once(list);
        }
    }
    for output in &mut plan.outputs {
        references(&mut output.value, &steps);
    }
    plan.connect();
    plan
}

fn new_ids(fates: &[Fate]) -> Vec<Option<StepId>> {
    let mut next = 0;
    let mut ids: Vec<Option<StepId>> = fates
        .iter()
        .map(|fate| {
            let is_kept = *fate == Fate::Kept;
            next += u32::from(is_kept);
            is_kept.then(|| StepId(next - 1))
        })
        .collect();
    for (position, fate) in fates.iter().enumerate() {
        if let Fate::By(other) = fate {
            debug_assert_eq!(fates[other.index()], Fate::Kept, "a step is replaced by one that stays");
            ids[position] = ids[other.index()];
        }
    }
    ids
}

fn new_choice_ids(is_choice_kept: &[bool]) -> Vec<Option<ChoiceId>> {
    let mut next = 0;
    let ids = is_choice_kept.iter().map(|is_kept| {
        next += u32::from(*is_kept);
        is_kept.then(|| ChoiceId(next - 1))
    });
    ids.collect()
}

/// Who replaces another is done whenever either was: always, if one was always done.
fn unite_guards(plan: &mut Plan, fates: &[Fate]) {
    for (position, fate) in fates.iter().enumerate() {
        let Fate::By(other) = *fate else { continue };
        let added = plan.steps[position].when.clone();
        let when = &mut plan.steps[other.index()].when;
        if added.is_empty() || when.is_empty() {
            when.clear();
        } else {
            let all: BTreeSet<Guard> = when.iter().chain(&added).copied().collect();
            *when = all.into_iter().collect();
        }
    }
}

fn edit_choices(
    plan: &mut Plan,
    steps: &[Option<StepId>],
    is_choice_kept: &[bool],
    choices: &[Option<ChoiceId>],
) {
    let mut position = 0;
    plan.choices.retain(|_| {
        position += 1;
        is_choice_kept[position - 1]
    });
    for choice in &mut plan.choices {
        choice.id = choices[choice.id.index()].expect("a kept choice has a new id");
        guards(&mut choice.when, choices);
        for arm in &mut choice.arms {
            arm.members = arm.members.iter().filter_map(|member| steps[member.index()]).collect();
            once(&mut arm.members);
            arm.choices = arm.choices.iter().filter_map(|inner| choices[inner.index()]).collect();
        }
    }
}

fn guards(when: &mut [Guard], choices: &[Option<ChoiceId>]) {
    for guard in when {
        guard.choice = choices[guard.choice.index()].expect("what stays is in arms of choices that stay");
    }
}

fn references(expr: &mut Expr, steps: &[Option<StepId>]) {
    expr.visit_mut(&mut |part| {
        if let Expr::Step { step, .. } | Expr::Secret(SecretSource::Kept { step, .. }) = part {
            *step = steps[step.index()].expect("a step whose output is used stays or is replaced");
        }
    });
}

/// Each thing once, where it stood first.
fn once<T: Ord + Clone>(things: &mut Vec<T>) {
    let mut seen = BTreeSet::new();
    things.retain(|thing| seen.insert(thing.clone()));
}
