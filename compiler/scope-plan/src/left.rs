//! What stands left of a `|`: what is asked for there may not wait, or the alternative would never be tried.

use crate::plan::{Guard, Plan};

/// For each step, whether it is of an alternative after which another one may be tried.
pub fn of_steps(plan: &Plan) -> Vec<bool> {
    let mut is_left = vec![false; plan.choices.len()];
    let stands_left = |when: &[Guard], is_left: &[bool]| {
        when.iter().any(|guard| {
            let n_arms = plan.choice(guard.choice).arms.len();
            guard.arm as usize + 1 < n_arms || is_left[guard.choice.index()]
        })
    };
    // Outer choices stand before inner ones.
    for choice in &plan.choices {
        is_left[choice.id.index()] = stands_left(&choice.when, &is_left);
    }
    plan.steps.iter().map(|step| stands_left(&step.when, &is_left)).collect()
}
