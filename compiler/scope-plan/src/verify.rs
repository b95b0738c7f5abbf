//! The rules of a well-formed plan: in comes a plan, out come the violations, none if it is well formed.
//!
//! Everything that takes a plan may rely on them. Each rule is one small function in a table; the shape (ids in range)
//! is looked at first, and what it refuses is looked at no further. Linear in the size of the plan.
//!
//! ```
//! use scope_plan::{testing, verify};
//!
//! let mut plan = testing::both();
//! assert!(verify::verify(&plan).is_empty());
//! plan.edges.clear();
//! assert_eq!(verify::verify(&plan)[0].to_string(), "step 2 `emma` [source-edge]: takes step 0 `emma` as it is, without a settled edge from it");
//! ```

mod choices;
mod crosses;
mod drivers;
mod edges;
mod rollouts;
mod shape;
mod steps;

use std::fmt::{self, Display, Formatter};

use crate::plan::{Plan, StepId};

pub use choices::{Nesting, is_implied, widened};

/// What a rule refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name: `edge-cycle`.
    pub rule: &'static str,
    /// The step, where it is one step's fault.
    pub step: Option<StepId>,
    /// Its name.
    pub step_name: String,
    /// What is wrong.
    pub text: String,
}

impl Display for Violation {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(step) = self.step {
            write!(formatter, "step {} `{}` ", step.0, self.step_name)?;
        }
        write!(formatter, "[{}]: {}", self.rule, self.text)
    }
}

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it demands, in one line.
    pub demands: &'static str,
    check: fn(&Plan, &mut Report),
}

/// The rules about ids and ranges; the others index by them.
const SHAPE: &[Rule] = shape::RULES;

/// All other rules.
const MEANING: &[&[Rule]] =
    &[edges::RULES, choices::RULES, crosses::RULES, rollouts::RULES, steps::RULES, drivers::RULES];

/// Every rule, in the order they are looked at.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    SHAPE.iter().chain(MEANING.iter().copied().flatten())
}

/// What is wrong with the plan: in the order of the rules, then of the plan. At most [`MOST`] of each rule.
pub fn verify(plan: &Plan) -> Vec<Violation> {
    let mut violations = run(SHAPE.iter(), plan);
    if violations.is_empty() {
        violations = run(MEANING.iter().copied().flatten(), plan);
    }
    violations
}

/// A broken pass breaks every step; this many are enough to see how.
pub const MOST: usize = 20;

fn run<'r>(rules: impl Iterator<Item = &'r Rule>, plan: &Plan) -> Vec<Violation> {
    let mut violations = Vec::new();
    for rule in rules {
        let mut report = Report { plan, rule: rule.name, violations: Vec::new() };
        (rule.check)(plan, &mut report);
        violations.append(&mut report.violations);
    }
    violations
}

/// Where a rule's violations go.
struct Report<'p> {
    plan: &'p Plan,
    rule: &'static str,
    violations: Vec<Violation>,
}

impl Report<'_> {
    fn plan(&mut self, text: impl Into<String>) {
        if self.violations.len() < MOST {
            let text = text.into();
            self.violations.push(Violation { rule: self.rule, step: None, step_name: String::new(), text });
        }
    }

    fn step(&mut self, step: StepId, text: impl Into<String>) {
        if self.violations.len() < MOST {
            let step_name =
                self.plan.steps.get(step.index()).map(|step| step.name.clone()).unwrap_or_default();
            self.violations.push(Violation {
                rule: self.rule,
                step: Some(step),
                step_name,
                text: text.into(),
            });
        }
    }
}

/// `step 3 `vm``, for texts.
fn named(plan: &Plan, step: StepId) -> String {
    format!("step {} `{}`", step.0, plan.step(step).name)
}

/// The first thing that is there twice.
fn twice<T: Ord>(things: impl IntoIterator<Item = T>) -> Option<T> {
    let mut seen = std::collections::BTreeSet::new();
    for thing in things {
        if seen.contains(&thing) {
            return Some(thing);
        }
        seen.insert(thing);
    }
    None
}
