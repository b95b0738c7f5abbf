//! Where steps are, by the names that a state knows: a plan of many sites has many, and each guard asks.
//!
//! `steps("vm", "nantes")` → the step that ensures it, the one that deletes it; `guards("openstack.network", "nantes")` → those
//! that guard a network there.

use std::collections::HashMap;

use scope_plan::plan::{Action, Plan, StepId};

pub(crate) struct Index<'r> {
    /// By resource, then by site.
    by_resource: ByNames<'r>,
    /// By type, then by site.
    by_guarded: ByNames<'r>,
}

type ByNames<'r> = HashMap<&'r str, HashMap<&'r str, Vec<StepId>>>;

impl<'r> Index<'r> {
    pub(super) fn new(plan: &'r Plan) -> Self {
        let mut index = Self { by_resource: HashMap::new(), by_guarded: HashMap::new() };
        for step in &plan.steps {
            let site = plan.site(step.site).name.as_str();
            match &step.action {
                Action::Protect { resource_type, .. } => {
                    let sites = index.by_guarded.entry(resource_type).or_default();
                    sites.entry(site).or_default().push(step.id);
                }
                Action::Ensure { .. } | Action::Delete { .. } => {
                    let sites = index.by_resource.entry(&step.name).or_default();
                    sites.entry(site).or_default().push(step.id);
                }
                _ => {}
            }
        }
        index
    }

    /// What is done with a resource, its name and its site's, in the plan's order.
    pub(super) fn steps(&self, name: &str, site: &str) -> &[StepId] {
        of(&self.by_resource, name, site)
    }

    /// The guards on resources of a type at a site, in the plan's order.
    pub(super) fn guards(&self, resource_type: &str, site: &str) -> &[StepId] {
        of(&self.by_guarded, resource_type, site)
    }
}

fn of<'i>(steps: &'i ByNames<'_>, name: &str, site: &str) -> &'i [StepId] {
    steps.get(name).and_then(|sites| sites.get(site)).map_or(&[], Vec::as_slice)
}
