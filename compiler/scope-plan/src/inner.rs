//! What is gathered only in alternatives inside of the whole.
//!
//! `a & (b | c)` gathers a, and b in the first arm of the choice, c in the second → two parts with an arm each.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Action, ChoiceId, Guard, Plan, StepId};

/// A `gather` and one of its parts → the arms the part is there for.
pub type InnerGuards = BTreeMap<(StepId, StepId), Vec<Guard>>;

/// Parts of a `gather` that are there only in alternatives inside of what is gathered, and the arms: `a & (b | c)` has two.
/// Such a part may stand elsewhere, too: in `(a & (b | c)) | c` the second c is not waited for. A quorum counts its copies
/// by themselves.
pub fn of_gathers(plan: &Plan) -> InnerGuards {
    let mut inner = BTreeMap::new();
    for step in &plan.steps {
        let Action::Gather { parts, quorum: None } = &step.action else { continue };
        for (_, part) in parts {
            let when = &plan.step(*part).when;
            let is_direct = when.is_empty() || when.iter().any(|guard| step.when.contains(guard));
            let is_inside =
                |guard: &&Guard| step.when.is_empty() || is_around(plan, &step.when, guard.choice);
            let inside: Vec<Guard> = when.iter().filter(is_inside).copied().collect();
            if !is_direct && !inside.is_empty() {
                inner.insert((step.id, *part), inside);
            }
        }
    }
    inner
}

/// Whether one of these arms is around a choice.
fn is_around(plan: &Plan, arms: &[Guard], choice: ChoiceId) -> bool {
    let mut open = vec![choice];
    let mut seen: BTreeSet<ChoiceId> = BTreeSet::from([choice]);
    while let Some(choice) = open.pop() {
        for guard in &plan.choice(choice).when {
            if arms.contains(guard) {
                return true;
            }
            open.extend(Some(guard.choice).filter(|outer| seen.insert(*outer)));
        }
    }
    false
}
