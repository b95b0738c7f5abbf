//! `image: nantes & paris` where both are in one zone: what takes one of them down takes both.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};
use crate::hir::{Location, LocationKind, SiteId, Value};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        replicas(&resource.location, &mut |location, sites| {
            for label in &input.levels.failure_domains {
                let Some(domain) = shared_label(input, &sites, label) else { continue };
                let names: Vec<&str> = sites.iter().map(|site| input.site(*site).name.as_str()).collect();
                let mut report = Diagnostic::new(
                    codes::W0320,
                    location.span,
                    format!("all copies of `{}` are in {label} `{domain}`", resource.name),
                )
                .label(format!("{} go down together", names.join(" and ")));
                for site in &sites {
                    let slot = &input.site(*site).labels[label];
                    report = report.secondary(slot.span, format!("{} is there", input.site(*site).name));
                }
                let elsewhere = input.program.sites.iter().find(|site| {
                    site.labels.get(label).is_some_and(|slot| slot.value != Value::Text(domain.clone()))
                });
                let help = match elsewhere {
                    Some(site) => format!("put one at a site of another {label}, such as {}", site.name),
                    None => {
                        format!("every labelled site is in this {label}: a second copy guards only the site")
                    }
                };
                reports.push_of(&resource.name, report.help(help));
                return;
            }
        });
    }
}

/// Every `&` of sites, outermost first.
fn replicas(location: &Location, visit: &mut dyn FnMut(&Location, Vec<SiteId>)) {
    match &location.kind {
        LocationKind::And(_) => {
            let sites = location.sites();
            if sites.len() > 1 {
                visit(location, sites);
            }
        }
        LocationKind::Or(parts) => parts.iter().for_each(|part| replicas(part, visit)),
        _ => {}
    }
}

/// The value of a label that all of these sites have alike.
fn shared_label(input: &Input<'_>, sites: &[SiteId], label: &str) -> Option<String> {
    let value = |site: &SiteId| match &input.site(*site).labels.get(label)?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    let first = value(sites.first()?)?;
    sites.iter().all(|site| value(site).as_ref() == Some(&first)).then_some(first)
}
