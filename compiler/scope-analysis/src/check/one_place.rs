//! Sites that are one place for a driver, and what a program has at both: it would be there once, and be made by each.
//!
//! `rome { tele: { url: "http://127.0.0.1:7912" } }`, `roma { tele: { url: "http://localhost:7912/" } }`, and
//! `v: tele.vault { name: "v" } scope { rome & roma }` → E0871 at `rome`. Sites that share nothing may be one place: it is only
//! another name.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use serde_json::Value as Json;

use super::sameness::listed;
use super::unique_key::UniqueKeys;
use crate::context::Context;
use crate::data::to_json;
use crate::hir::{Resource, ResourceKind, Site, SiteId, Value};

/// Driver, and the first of its sites that are one place.
type Place<'r> = (&'r str, SiteId);

/// What several sites of one place have in common: a type, and the values that are unique there.
#[derive(Default)]
struct Shared<'r> {
    /// Where each is declared.
    names: BTreeMap<&'r str, Span>,
    sites: BTreeSet<SiteId>,
}

/// Reports each place once, with all that its sites share.
pub(crate) fn check_one_place(context: &Context<'_>, resources: &[Resource]) {
    let sites = context.sites.borrow();
    let places = places(context, &sites);
    if places.is_empty() {
        return;
    }
    let keys = UniqueKeys { resources, drivers: &context.drivers, canonical: context.options.canonical };
    let mut seen: IndexMap<(Place<'_>, &str, String), Shared<'_>> = IndexMap::new();
    for resource in resources.iter().filter(|resource| resource.kind == ResourceKind::Managed) {
        let Some(ty) = context.driver_type(&resource.ty) else { continue };
        for site in resource.instances.keys() {
            let Some(first) = places.get(&(ty.driver.as_str(), *site)) else { continue };
            let Some((key, _)) = keys.of_instance(ty, resource, *site) else { continue };
            let shared = seen.entry(((ty.driver.as_str(), *first), &resource.ty, key)).or_default();
            shared.names.insert(&resource.name, resource.span);
            shared.sites.insert(*site);
        }
    }
    let mut by_place: IndexMap<Place<'_>, Vec<(&str, Shared<'_>)>> = IndexMap::new();
    for ((place, ty, _), shared) in seen.into_iter().filter(|(_, shared)| shared.sites.len() > 1) {
        by_place.entry(place).or_default().push((ty, shared));
    }
    for ((driver, _), mut shared) in by_place {
        // Whichever is declared first: the report is the same.
        shared.sort_by(|(_, a), (_, b)| a.names.keys().cmp(b.names.keys()));
        context.report(report(&sites, driver, &shared));
    }
}

/// Of each driver, the sites that are one place with another one → the first of these.
fn places<'s>(context: &Context<'_>, sites: &'s [Site]) -> BTreeMap<(&'s str, SiteId), SiteId> {
    let mut alike: IndexMap<(&str, String), Vec<SiteId>> = IndexMap::new();
    for (id, site) in (0..).map(SiteId).zip(sites) {
        for driver in site.settings.keys() {
            if let Some(reached) = reached_by(context, site, driver) {
                alike.entry((driver, reached)).or_default().push(id);
            }
        }
    }
    let several = alike.into_iter().filter(|(_, sites)| sites.len() > 1);
    several
        .flat_map(|((driver, _), sites)| sites.clone().into_iter().map(move |id| ((driver, id), sites[0])))
        .collect()
}

/// All that a driver reaches a site by, in one form; `None` where nothing is said, or not all of it is known.
fn reached_by(context: &Context<'_>, site: &Site, driver: &str) -> Option<String> {
    let meant = context.options.meant?;
    let settings = site.settings.get(driver)?;
    let all = settings.iter().map(|(name, slot)| ((false, name), slot));
    let all = all.chain(site.tls.iter().map(|(name, slot)| ((true, name), slot)));
    let mut said: BTreeMap<(bool, &String), String> = BTreeMap::new();
    for (name, slot) in all.filter(|(_, slot)| slot.value != Value::Null) {
        let text = match &slot.value {
            // What it is nobody knows before the run: the same source gives the same.
            Value::Secret(source) => format!("{source:?}"),
            value => to_json(context, value).map(|value: Json| meant(&value).to_string())?,
        };
        said.insert(name, text);
    }
    settings.values().any(|slot| slot.value != Value::Null).then(|| format!("{said:?}"))
}

fn report(sites: &[Site], driver: &str, all: &[(&str, Shared<'_>)]) -> Diagnostic {
    let (ty, shared) = &all[0];
    let declared: BTreeSet<SiteId> =
        all.iter().flat_map(|(_, shared)| shared.sites.iter().copied()).collect();
    let mut declared: Vec<&Site> = declared.iter().map(|id| &sites[id.0 as usize]).collect();
    declared.sort_by(|a, b| a.name.cmp(&b.name));
    let quoted = |names: &[&str]| listed(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>());
    let of_sites = quoted(&declared.iter().map(|site| site.name.as_str()).collect::<Vec<_>>());
    let names: Vec<&str> = shared.names.keys().copied().collect();
    let what = match names.as_slice() {
        [name] => format!("`{name}` is at {}", if shared.sites.len() > 2 { "all of them" } else { "both" }),
        names => format!("{} are one `{ty}` there", quoted(names)),
    };
    let (first, last) = (declared[0], declared[declared.len() - 1]);
    let message = format!("{of_sites} are one place for `{driver}`, and {what}");
    let mut report = Diagnostic::new(codes::E0871, last.span, message);
    report = match first.span == last.span {
        true => report.label(format!("all that `{driver}` reaches them by is the same")),
        false => report
            .label(format!("all that `{driver}` reaches it by means the same as of `{}`", first.name))
            .secondary(first.span, "here as well"),
    };
    if let Some(&span) = shared.names.values().next() {
        report =
            report.secondary(span, "it would be there once, and every run would make it for each of them");
    }
    let others: BTreeSet<&str> =
        all[1..].iter().flat_map(|(_, shared)| shared.names.keys().copied()).collect();
    let others: Vec<&str> = others.into_iter().filter(|name| !shared.names.contains_key(name)).collect();
    if !others.is_empty() {
        report = report.note(format!("the same holds for {}", quoted(&others)));
    }
    report.help(format!(
        "if they are two, say in `{driver}` what differs: the address, the account; else have it at one of them: `scope {{ {} }}`",
        first.name
    ))
}
