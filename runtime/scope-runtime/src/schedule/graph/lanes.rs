//! Services at sites, numbered: what is cut off together waits together.

use std::collections::BTreeMap;

use scope_plan::plan::{Action, Plan, SiteId};

use super::Lane;

/// Numbers for services at sites.
pub(super) struct Lanes<'p> {
    services: BTreeMap<&'p str, &'p str>,
    known: BTreeMap<(SiteId, &'p str), Lane>,
    pub(super) by_site: Vec<Vec<Lane>>,
    pub(super) n_lanes: u32,
}

impl<'p> Lanes<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let types = plan.drivers.iter().flat_map(|driver| &driver.types);
        Self {
            services: types.map(|ty| (ty.name.as_str(), ty.service.as_str())).collect(),
            known: BTreeMap::new(),
            by_site: vec![Vec::new(); plan.sites.len()],
            n_lanes: 0,
        }
    }

    pub(super) fn of(&mut self, site: SiteId, action: &'p Action) -> Lane {
        let service = resource_type_of(action).map_or("", |ty| self.services.get(ty).copied().unwrap_or(ty));
        *self.known.entry((site, service)).or_insert_with(|| {
            let lane = Lane(self.n_lanes);
            self.n_lanes += 1;
            self.by_site[site.index()].push(lane);
            lane
        })
    }
}

fn resource_type_of(action: &Action) -> Option<&str> {
    match action {
        Action::Lookup { resource_type, .. }
        | Action::Ensure { resource_type, .. }
        | Action::Bring { resource_type, .. }
        | Action::Call { resource_type, .. }
        | Action::Delete { resource_type, .. }
        | Action::Protect { resource_type, .. } => Some(resource_type),
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => None,
    }
}
