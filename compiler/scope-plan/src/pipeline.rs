//! A plan as lowering made it → the plan that is run: all passes, the rules verified before and after each.
//!
//! ```
//! use scope_plan::{pipeline, testing};
//!
//! let mut seen = Vec::new();
//! let plan = pipeline::optimise(testing::borrowed(), &mut |station, plan| seen.push((station, plan.steps.len())))?;
//! assert_eq!(seen[0], ("lowered", 6));
//! assert!(plan.steps[0].priority > 0);
//! # Ok::<(), pipeline::Broken>(())
//! ```

use std::fmt::{self, Display, Formatter};

use crate::passes::PASSES;
use crate::plan::Plan;
use crate::verify::{Violation, verify};

/// A plan that breaks rules: our bug, in lowering or in a pass. Nobody gets to see such a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Who made it: `lowered`, or the name of a pass.
    pub station: &'static str,
    /// What is wrong.
    pub violations: Vec<Violation>,
}

impl Display for Broken {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "the plan breaks {} rules after `{}`", self.violations.len(), self.station)?;
        for violation in &self.violations {
            write!(formatter, "\n  {violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

/// Runs all passes; `trace` sees the plan as it comes in, under the name `lowered`, and after each pass.
///
/// # Errors
/// [`Broken`], where the plan that comes in, or a pass, breaks a rule.
pub fn optimise(plan: Plan, trace: &mut dyn FnMut(&'static str, &Plan)) -> Result<Plan, Broken> {
    let mut plan = checked("lowered", plan)?;
    trace("lowered", &plan);
    for pass in PASSES {
        plan = checked(pass.name, (pass.run)(plan))?;
        trace(pass.name, &plan);
    }
    Ok(plan)
}

fn checked(station: &'static str, plan: Plan) -> Result<Plan, Broken> {
    let violations = verify(&plan);
    if violations.is_empty() { Ok(plan) } else { Err(Broken { station, violations }) }
}
