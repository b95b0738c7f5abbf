//! Sites and links as a plan has them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use scope_analysis::hir::{self, Program, ResourceKind, Slot, Value};
use scope_diagnostics::SourceMap;
use scope_plan::expr::Expr;
use scope_plan::plan::{Link, SimulatedResource, Site, SiteId, TLS};
use serde_json::Value as Json;

use super::value::{constant, secret};

/// One site.
pub(super) fn site(program: &Program, id: hir::SiteId, sources: &SourceMap) -> Site {
    let site = &program.sites[id.0 as usize];
    let setting = |slot: &Slot| match &slot.value {
        Value::Secret(source) => Expr::Secret(secret(source)),
        value => Expr::Value(constant(value, program).unwrap_or(Json::Null)),
    };
    Site {
        name: site.name.clone(),
        settings: site
            .settings
            .iter()
            .map(|(driver, settings)| (driver.as_str(), settings))
            .chain((!site.tls.is_empty()).then_some((TLS, &site.tls)))
            .map(|(driver, settings)| {
                let settings = settings.iter().map(|(name, slot)| (name.clone(), setting(slot))).collect();
                (driver.to_owned(), settings)
            })
            .collect(),
        labels: constants(&site.labels, program),
        concurrency: site.concurrency,
        simulated: site
            .simulated
            .iter()
            .map(|(resource_type, attributes)| SimulatedResource {
                resource_type: resource_type.clone(),
                attributes: constants(attributes, program),
            })
            .collect(),
        capacity: site.capacity.clone(),
        lacks: site.lacks.clone(),
        origin: super::origin(sources, site.span, None),
    }
}

/// A simulated site holds what the program says exists there.
pub(super) fn put_existing(program: &Program, ids: &BTreeMap<hir::SiteId, SiteId>, sites: &mut [Site]) {
    for resource in &program.resources {
        if resource.kind != ResourceKind::Existing {
            continue;
        }
        for (site, instance) in &resource.instances {
            let Some(id) = ids.get(site) else { continue };
            let held = SimulatedResource {
                resource_type: resource.ty.clone(),
                attributes: constants(&instance.attributes, program),
            };
            let simulated = &mut sites[id.index()].simulated;
            // One that the `simulate` record describes too is there once.
            let is_there = simulated.iter().any(|other| {
                other.resource_type == held.resource_type
                    && held.attributes.iter().all(|(name, value)| other.attributes.get(name) == Some(value))
            });
            if !is_there {
                simulated.push(held);
            }
        }
    }
}

/// The links between sites that the plan has.
pub(super) fn links(program: &Program, ids: &BTreeMap<hir::SiteId, SiteId>) -> Vec<Link> {
    program
        .links
        .iter()
        .filter_map(|link| {
            Some(Link {
                from: *ids.get(&link.from)?,
                to: *ids.get(&link.to)?,
                rtt_us: link.rtt.and_then(|rtt| u64::try_from(rtt / 1000).ok()),
                bandwidth_bps: link.bandwidth,
                loss_permille: link.loss_permille,
            })
        })
        .collect()
}

fn constants(slots: &IndexMap<String, Slot>, program: &Program) -> IndexMap<String, Json> {
    slots.iter().filter_map(|(name, slot)| Some((name.clone(), constant(&slot.value, program)?))).collect()
}
