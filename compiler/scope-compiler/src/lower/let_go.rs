//! Guards that are taken off again (R9): recorded, and left for nobody by the plan at hand, or for fewer than before.
//!
//! `resource p: openstack.port { network: net }` is no longer in the program → delete `p`, then let go of `net`, then
//! (if it goes too) delete `net`. Where `p` stays at one of its sites, `net` is guarded for that one, and let go by the other
//! when that is deleted: as long as its site does not answer it is named.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Edge, EdgeReason, OnUnreachable, SiteId, StepId};
use scope_plan::recorded::{RecordedGuard, Relied};

use super::{Lowering, NewStep, driver};

/// Name and site.
type Place = (String, String);

impl Lowering<'_> {
    /// Adds the steps; each waits for those who relied upon it to be deleted or changed, and for what becomes of it itself.
    pub(super) fn let_go(&mut self, deletions: &BTreeMap<(&str, &str), StepId>) {
        let recorded = self.recorded;
        // Of a part of a program it is not known who else relies upon something.
        if recorded.guards.is_empty() || !self.only.is_everything() {
            return;
        }
        let place = |name: &str, site: SiteId| (name.to_owned(), self.name_of(site).to_owned());
        let mut left: BTreeMap<Place, BTreeSet<&Place>> = BTreeMap::new();
        let mut kept: BTreeMap<Place, StepId> = BTreeMap::new();
        for step in &self.plan.steps {
            match &step.action {
                Action::Protect { users, .. } => {
                    left.entry(place(&step.name, step.site)).or_default().extend(users);
                }
                Action::Ensure { .. } => {
                    kept.insert(place(&step.name, step.site), step.id);
                }
                _ => {}
            }
        }
        let mut users: BTreeMap<Relied, Vec<(Place, StepId)>> = BTreeMap::new();
        // A guard is on a thing, whatever that was called when it was left.
        let mut called: BTreeMap<(&str, &str, &str), &str> = BTreeMap::new();
        for resource in &recorded.resources {
            let thing = (resource.resource_type.as_str(), resource.site.as_str(), resource.identity.as_str());
            called.insert(thing, &resource.name);
            let goes = deletions.get(&(resource.name.as_str(), resource.site.as_str()));
            let place = (resource.name.clone(), resource.site.clone());
            if let Some(step) = goes.or_else(|| kept.get(&place)) {
                for relied in &resource.relies {
                    users.entry(relied.clone()).or_default().push((place.clone(), *step));
                }
            }
        }
        let mut new = Vec::new();
        for guard in &recorded.guards {
            let relied = Relied {
                resource_type: guard.resource_type.clone(),
                site: guard.site.clone(),
                identity: guard.identity.clone(),
            };
            let thing = (guard.resource_type.as_str(), guard.site.as_str(), guard.identity.as_str());
            let name = called.get(&thing).copied().unwrap_or(&guard.name);
            let stays = left.get(&(name.to_owned(), guard.site.clone()));
            let goes = |user: &&(Place, StepId)| stays.is_none_or(|stays| !stays.contains(&user.0));
            let before: Vec<StepId> =
                users.get(&relied).into_iter().flatten().filter(goes).map(|user| user.1).collect();
            if stays.is_none() || !before.is_empty() {
                new.push((guard, name, before));
            }
        }
        for (guard, name, before) in new {
            let Some(step) = self.let_go_of(guard) else { continue };
            let after = deletions.get(&(name, guard.site.as_str()));
            // Both write it: what is read for the one must not be from before the other.
            let own = kept.get(&(name.to_owned(), guard.site.clone()));
            let own = own.filter(|own| self.plan.step(**own).when.is_empty()).copied();
            let before: BTreeSet<StepId> = before.into_iter().chain(own).collect();
            let edges = before.into_iter().map(|user| (user, step));
            let edges = edges.chain(after.map(|deletion| (step, *deletion)));
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
