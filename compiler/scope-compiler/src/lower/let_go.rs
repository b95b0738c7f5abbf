//! Guards that are taken off again (R9): recorded, and left for nobody by the plan at hand.
//!
//! `resource p: openstack.port { network: net }` is no longer in the program → delete `p`, then let go of `net`, then
//! (if it goes too) delete `net`.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Edge, EdgeReason, OnUnreachable, SiteId, StepId};
use scope_plan::recorded::{RecordedGuard, Relied};

use super::{Lowering, NewStep, driver};

impl Lowering<'_> {
    /// Adds the steps; each waits for those who relied upon it to be deleted or changed.
    pub(super) fn let_go(&mut self, deletions: &BTreeMap<(&str, &str), StepId>) {
        let recorded = self.recorded;
        // Of a part of a program it is not known who else relies upon something.
        if recorded.guards.is_empty() || !self.only.is_everything() {
            return;
        }
        let place = |name: &str, site: SiteId| (name.to_owned(), self.name_of(site).to_owned());
        let mut left: BTreeSet<(String, String)> = BTreeSet::new();
        let mut kept: BTreeMap<(String, String), StepId> = BTreeMap::new();
        for step in &self.plan.steps {
            match step.action {
                Action::Protect { .. } => {
                    left.insert(place(&step.name, step.site));
                }
                Action::Ensure { .. } => {
                    kept.insert(place(&step.name, step.site), step.id);
                }
                _ => {}
            }
        }
        let mut users: BTreeMap<Relied, Vec<StepId>> = BTreeMap::new();
        for resource in &recorded.resources {
            let goes = deletions.get(&(resource.name.as_str(), resource.site.as_str()));
            let changes = || kept.get(&(resource.name.clone(), resource.site.clone()));
            if let Some(step) = goes.or_else(changes) {
                resource
                    .relies
                    .iter()
                    .for_each(|relied| users.entry(relied.clone()).or_default().push(*step));
            }
        }
        for guard in &recorded.guards {
            if left.contains(&(guard.name.clone(), guard.site.clone())) {
                continue;
            }
            let Some(step) = self.let_go_of(guard) else { continue };
            let relied = Relied {
                resource_type: guard.resource_type.clone(),
                site: guard.site.clone(),
                identity: guard.identity.clone(),
            };
            let before = users.get(&relied).into_iter().flatten();
            let after = deletions.get(&(guard.name.as_str(), guard.site.as_str()));
            let edges = before.map(|user| (*user, step)).chain(after.map(|deletion| (step, *deletion)));
            self.plan.edges.extend(edges.map(|(from, to)| Edge { from, to, reason: EdgeReason::Relation }));
        }
    }

    /// The step, unless its site or type is no longer in the program.
    fn let_go_of(&mut self, guard: &RecordedGuard) -> Option<StepId> {
        let site = *self.sites_by_name.get(guard.site.as_str())?;
        let (driver, _) = guard.resource_type.split_once('.')?;
        let ty = self.program.drivers.get(driver)?.types.get(&guard.resource_type)?;
        if !driver::keeps_guard(ty) {
            return None;
        }
        let site_id = self.site(site);
        let origin = self.origin(self.program.sites[site.0 as usize].span, None);
        let action = Action::Protect {
            resource_type: guard.resource_type.clone(),
            of: Expr::Value(guard.identity.clone().into()),
            users: Vec::new(),
            among: None,
        };
        Some(self.step(NewStep {
            name: guard.name.clone(),
            key: format!("{}/{}/{}/let_go", guard.site, guard.name, guard.identity),
            on_unreachable: OnUnreachable::Queue { for_ms: None },
            ..NewStep::new(site_id, action, origin)
        }))
    }
}
