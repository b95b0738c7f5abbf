//! A copy of what is at another site: what the program makes anew of it where it is needed, and a lost state no longer tells.
//!
//! `plan` of paris, needed by a bell at nantes → the copy at nantes is recorded as `plan from paris`.

use scope_plan::plan::{Action, Plan};
use scope_plan::recorded::borrowed_name;

/// What the program brings to a site.
pub(super) struct Copy {
    /// The name that it is recorded with.
    pub(super) name: String,
    pub(super) resource_type: String,
    /// The site that it is from.
    pub(super) origin: String,
}

impl Copy {
    /// The copy that is called so at this site, where the program has one there.
    pub(super) fn of(plan: &Plan, name: &str, site: &str) -> Option<Copy> {
        plan.steps.iter().filter(|step| step.name == name && plan.site(step.site).name == site).find_map(
            |step| {
                let Action::Bring { resource_type, sources, .. } = &step.action else { return None };
                let mut origins = sources.iter().map(|source| plan.step(*source).site);
                // What is there itself is no copy.
                let origin = origins.clone().all(|origin| origin != step.site).then(|| origins.next())??;
                let origin = plan.site(origin).name.clone();
                Some(Copy {
                    name: borrowed_name(name, &origin),
                    resource_type: resource_type.clone(),
                    origin,
                })
            },
        )
    }
}
