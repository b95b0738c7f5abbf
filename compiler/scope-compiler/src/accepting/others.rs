//! Whether a changed text changes what was accepted, and nothing else: what the two plans make and call, compared.
//!
//! `at nantes { text: "x" }` on a family, accepted of `note["a"]` → `text` of `note["b"]` at nantes is other than it was

use std::collections::BTreeMap;

use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Plan};

use super::{Said, SaidWhat};

/// A step's key and an input's name → its value.
type Asked<'p> = BTreeMap<(&'p str, &'p str), Input<'p>>;

#[derive(PartialEq)]
struct Input<'p> {
    resource: &'p str,
    site: &'p str,
    /// With every step in it the first one: ids are of one plan only.
    value: Expr,
    /// The keys of those steps.
    steps: Vec<&'p str>,
}

/// Whether `after` asks for all that `before` does, but for what was said; and of that for another value.
pub(super) fn are_untouched(before: &Plan, after: &Plan, said: &[&Said]) -> bool {
    let (before, after) = (asked(before), asked(after));
    let is_said = |input: &Input<'_>, name: &str| {
        let mut about = said.iter().filter(|said| said.name == input.resource && said.site == input.site);
        about.any(|said| match &said.what {
            SaidWhat::Attribute(attribute, _) => attribute == name,
            SaidWhat::Gone => true,
        })
    };
    let is_as_it_has_to_be = |(key, input): (&(&str, &str), &Input<'_>), other: &Asked<'_>| {
        (other.get(key) != Some(input)) == is_said(input, key.1)
    };
    before.iter().all(|entry| is_as_it_has_to_be(entry, &after))
        && after.iter().all(|entry| is_as_it_has_to_be(entry, &before))
}

fn asked(plan: &Plan) -> Asked<'_> {
    let changes = |action: &Action| matches!(action, Action::Ensure { .. } | Action::Call { .. });
    let steps = plan.steps.iter().filter(|step| changes(&step.action));
    let inputs = steps.flat_map(|step| {
        let site = plan.site(step.site).name.as_str();
        step.action.inputs().map(move |(name, value)| {
            let (value, steps) = without_ids(plan, value);
            ((step.key.as_str(), name), Input { resource: &step.name, site, value, steps })
        })
    });
    inputs.collect()
}

fn without_ids<'p>(plan: &'p Plan, value: &Expr) -> (Expr, Vec<&'p str>) {
    let (mut value, mut steps) = (value.clone(), Vec::new());
    value.visit_mut(&mut |part| {
        if let Expr::Step { step, .. } | Expr::Secret(SecretSource::Kept { step, .. }) = part {
            steps.push(plan.step(*step).key.as_str());
            step.0 = 0;
        }
    });
    (value, steps)
}
