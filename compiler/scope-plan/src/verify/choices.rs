//! Choices: guards and members say the same, choices nest, and what stands left of a `|` can be taken back.
//!
//! A step with the guard `base.0` that is no member of that arm → `guard-members`.

use std::collections::BTreeSet;

use super::{Report, Rule, named, twice};
use crate::driver::OperationKind;
use crate::plan::{Action, Choice, Guard, OnUnreachable, Plan, Step};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "guard-members",
        demands: "a guarded step is a member of the arm, and the reverse",
        check: members,
    },
    Rule { name: "member-twice", demands: "an arm has a step once", check: members_once },
    Rule {
        name: "choice-nesting",
        demands: "a choice in an arm is listed there, and the reverse",
        check: nesting,
    },
    Rule { name: "choice-order", demands: "outer choices stand before inner ones", check: order },
    Rule {
        name: "choice-arms",
        demands: "a choice has an arm, and a recorded one is one of them",
        check: arms,
    },
    Rule { name: "choice-key", demands: "choice keys are unique", check: keys },
    Rule {
        name: "choose-results",
        demands: "a choose has a result in each arm, of that arm",
        check: results,
    },
    Rule { name: "choose-when", demands: "a choose is done when its choice is", check: choose_when },
    Rule { name: "queue-in-arm", demands: "nothing is queued left of a `|`", check: queue },
    Rule { name: "undo-creates", demands: "only what creates is undone", check: undo },
    Rule { name: "delete-in-arm", demands: "no deletion stands in an arm", check: deletion },
];

/// The arms around each choice, itself not included, all levels.
pub struct Nesting {
    around: Vec<BTreeSet<Guard>>,
}

impl Nesting {
    /// Of a plan whose choices are in order, outer ones first; guards that are not are left out.
    pub fn new(plan: &Plan) -> Self {
        let mut around: Vec<BTreeSet<Guard>> = Vec::with_capacity(plan.choices.len());
        for choice in &plan.choices {
            let outer = choice.when.iter().filter(|guard| guard.choice.index() < around.len());
            let all = outer.flat_map(|guard| around[guard.choice.index()].iter().chain([guard]).copied());
            let all: BTreeSet<Guard> = all.collect();
            around.push(all);
        }
        Self { around }
    }

    /// The arms around the choice.
    pub fn around(&self, choice: crate::plan::ChoiceId) -> &BTreeSet<Guard> {
        &self.around[choice.index()]
    }
}

/// Whether what has the guards `needed` is done whenever what has the guards `needing` is.
pub fn is_implied(nesting: &Nesting, needing: &[Guard], needed: &[Guard]) -> bool {
    if needed.is_empty() {
        return true;
    }
    !needing.is_empty()
        && needing.iter().all(|guard| {
            needed.iter().any(|outer| outer == guard || nesting.around(guard.choice).contains(outer))
        })
}

/// The guards of a step, those of a choice in each of whose arms it is replaced by the choice's own: whichever arm is taken,
/// it is done. None are left where it always is.
pub fn widened(plan: &Plan, when: &[Guard]) -> Vec<Guard> {
    let mut wide = when.to_vec();
    let is_whole = |choice: &&Choice, wide: &[Guard]| {
        (0..choice.arms.len() as u32).all(|arm| wide.contains(&Guard { choice: choice.id, arm }))
    };
    while let Some(whole) =
        wide.iter().map(|guard| plan.choice(guard.choice)).find(|choice| is_whole(choice, &wide))
    {
        if whole.when.is_empty() {
            return Vec::new();
        }
        wide.retain(|guard| guard.choice != whole.id);
        wide.extend(&whole.when);
    }
    wide
}

fn members(plan: &Plan, report: &mut Report) {
    let mut listed: BTreeSet<(Guard, crate::plan::StepId)> = BTreeSet::new();
    for choice in &plan.choices {
        for (arm, content) in choice.arms.iter().enumerate() {
            let guard = Guard { choice: choice.id, arm: arm as u32 };
            listed.extend(content.members.iter().map(|member| (guard, *member)));
        }
    }
    for step in &plan.steps {
        for guard in step.when.iter().filter(|guard| !listed.contains(&(**guard, step.id))) {
            let key = &plan.choice(guard.choice).key;
            report
                .step(step.id, format!("is guarded by arm {} of `{key}`, which does not list it", guard.arm));
        }
    }
    for (guard, member) in listed {
        let when = &plan.step(member).when;
        if !when.is_empty() && !when.contains(&guard) {
            let key = &plan.choice(guard.choice).key;
            report
                .step(member, format!("is listed by arm {} of `{key}`, which does not guard it", guard.arm));
        }
    }
}

fn members_once(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        if twice(&step.when).is_some() {
            report.step(step.id, "has the same guard twice");
        }
    }
    for choice in &plan.choices {
        for (arm, content) in choice.arms.iter().enumerate() {
            if let Some(member) = twice(&content.members) {
                report.step(*member, format!("is twice in arm {arm} of `{}`", choice.key));
            }
            if let Some(inner) = twice(&content.choices) {
                let inner = &plan.choice(*inner).key;
                report.plan(format!("choice `{inner}` is twice in arm {arm} of `{}`", choice.key));
            }
        }
    }
}

fn nesting(plan: &Plan, report: &mut Report) {
    for choice in &plan.choices {
        for guard in &choice.when {
            let outer = plan.choice(guard.choice);
            if !outer.arms[guard.arm as usize].choices.contains(&choice.id) {
                report.plan(format!(
                    "choice `{}` is guarded by arm {} of `{}`, which does not list it",
                    choice.key, guard.arm, outer.key
                ));
            }
        }
        for (arm, content) in choice.arms.iter().enumerate() {
            let guard = Guard { choice: choice.id, arm: arm as u32 };
            for inner in &content.choices {
                let inner = plan.choice(*inner);
                if !inner.when.is_empty() && !inner.when.contains(&guard) {
                    report.plan(format!(
                        "choice `{}` is listed by arm {arm} of `{}`, which does not guard it",
                        inner.key, choice.key
                    ));
                }
            }
        }
    }
}

/// Ordered ids cannot make a circle.
fn order(plan: &Plan, report: &mut Report) {
    for choice in &plan.choices {
        let inner = choice.arms.iter().flat_map(|arm| &arm.choices).filter(|inner| **inner <= choice.id);
        for inner in inner {
            report.plan(format!(
                "choice `{}` stands before `{}`, in which it is",
                plan.choice(*inner).key,
                choice.key
            ));
        }
    }
}

fn arms(plan: &Plan, report: &mut Report) {
    for choice in &plan.choices {
        if choice.arms.is_empty() {
            report.plan(format!("choice `{}` has no arm", choice.key));
        } else if choice.recorded.is_some_and(|arm| arm as usize >= choice.arms.len()) {
            report.plan(format!(
                "the recorded arm of choice `{}` is none of its {}",
                choice.key,
                choice.arms.len()
            ));
        }
    }
}

fn keys(plan: &Plan, report: &mut Report) {
    if let Some(key) = twice(plan.choices.iter().map(|choice| &choice.key)) {
        report.plan(format!("two choices have the key `{key}`"));
    }
}

fn results(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let Action::Choose { choice, results } = &step.action else { continue };
        let choice = plan.choice(*choice);
        if results.len() != choice.arms.len() {
            report.step(step.id, format!("has {} results for {} arms", results.len(), choice.arms.len()));
            continue;
        }
        for (arm, (result, content)) in results.iter().zip(&choice.arms).enumerate() {
            if !content.members.contains(result) {
                let result = named(plan, *result);
                report.step(step.id, format!("{result} is no member of arm {arm}, whose result it is"));
            }
        }
    }
}

fn choose_when(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        if let Action::Choose { choice, .. } = step.action {
            let around: BTreeSet<&Guard> = plan.choice(choice).when.iter().collect();
            if around != step.when.iter().collect() {
                report.step(step.id, format!("is not in the arms in which `{}` is", plan.choice(choice).key));
            }
        }
    }
}

fn queue(plan: &Plan, report: &mut Report) {
    let nesting = Nesting::new(plan);
    let is_left = |guard: &Guard| guard.arm as usize + 1 < plan.choice(guard.choice).arms.len();
    for choice in &plan.choices {
        for (arm, content) in choice.arms.iter().enumerate() {
            let guard = Guard { choice: choice.id, arm: arm as u32 };
            if !is_left(&guard) && !nesting.around(choice.id).iter().any(is_left) {
                continue;
            }
            for member in &content.members {
                if matches!(plan.step(*member).on_unreachable, OnUnreachable::Queue { .. }) {
                    report
                        .step(*member, format!("is queued, and stands left of the `|` of `{}`", choice.key));
                }
            }
        }
    }
}

fn undo(plan: &Plan, report: &mut Report) {
    for step in plan.steps.iter().filter(|step| step.undo.is_wanted()) {
        if !is_creating(plan, step) {
            report.step(step.id, "is undone, and creates nothing that an undo takes back");
        }
    }
}

/// A borrowed copy is left by an undo (R8).
fn is_creating(plan: &Plan, step: &Step) -> bool {
    match &step.action {
        Action::Ensure { .. } | Action::Protect { .. } => true,
        Action::Call { operation, .. } => plan
            .resource_type_of(step)
            .and_then(|(_, resource_type)| resource_type.operation(operation))
            .is_none_or(|operation| operation.kind == OperationKind::Create),
        _ => false,
    }
}

fn deletion(plan: &Plan, report: &mut Report) {
    let mut in_arms = plan.choices.iter().flat_map(|choice| &choice.arms).flat_map(|arm| &arm.members);
    if let Some(deletion) = in_arms.find(|member| is_deletion(plan, plan.step(**member))) {
        report.step(*deletion, "is a deletion in an arm");
    }
}

/// Whether it deletes: what the state holds and the program has no longer, or by an operation that is called.
fn is_deletion(plan: &Plan, step: &Step) -> bool {
    match &step.action {
        Action::Delete { .. } => true,
        Action::Call { operation, .. } => plan
            .resource_type_of(step)
            .and_then(|(_, resource_type)| resource_type.operation(operation))
            .is_some_and(|operation| operation.kind == OperationKind::Delete),
        _ => false,
    }
}
