//! Two resources of a program that are one thing at a site: each run would make one of them what the other says.
//!
//! `resource a: apps.Deployment { metadata: { name: "web" } }`, and `b` with the same name at the same cluster → E0346 at the name
//! of `b`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};

use super::unique_key::UniqueKeys;
use crate::context::Context;
use crate::hir::{Resource, ResourceKind, SiteId};

/// What tells a resource at a site from others: its type, the site, and the values that are unique there.
type Key<'r> = (&'r str, SiteId, String);

/// Two declarations that make the same thing.
struct Same<'r> {
    ty: &'r str,
    names: BTreeSet<&'r str>,
    sites: BTreeSet<String>,
}

/// Reports each pair of declarations once, with all sites where they meet.
pub(crate) fn check_sameness(context: &Context<'_>, resources: &[Resource]) {
    let keys = UniqueKeys { resources, drivers: &context.drivers, canonical: context.options.canonical };
    let mut seen: IndexMap<Key<'_>, Vec<(&Resource, Span)>> = IndexMap::new();
    for resource in resources.iter().filter(|resource| resource.kind == ResourceKind::Managed) {
        let Some(ty) = context.driver_type(&resource.ty) else { continue };
        for site in resource.instances.keys() {
            if let Some((key, span)) = keys.of_instance(ty, resource, *site) {
                let found = (resource, span);
                seen.entry((&resource.ty, *site, key)).or_default().push(found);
            }
        }
    }
    let mut met: IndexMap<(Span, Span), Same<'_>> = IndexMap::new();
    for ((ty, site, _), mut alike) in seen.into_iter().filter(|(_, alike)| alike.len() > 1) {
        // Whichever is declared first: the report is the same.
        alike.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let (first, first_span) = alike[0];
        for (other, span) in &alike[1..] {
            let same = met.entry((first_span, *span)).or_insert_with(|| Same {
                ty,
                names: BTreeSet::from([first.name.as_str()]),
                sites: BTreeSet::new(),
            });
            same.names.insert(&other.name);
            same.sites.insert(context.site_name(site));
        }
    }
    for ((first, span), same) in met {
        report(context, first, span, &same);
    }
}

/// So many names and sites are told of one mistake.
const SHOWN: usize = 3;

fn report(context: &Context<'_>, first: Span, span: Span, same: &Same<'_>) {
    let ty = context.driver_type(same.ty).expect("only resources of known types are compared");
    let names: Vec<String> = same.names.iter().map(|name| format!("`{name}`")).collect();
    let sites: Vec<String> = same.sites.iter().cloned().collect();
    let paths: Vec<String> = ty.unique.iter().map(|path| format!("`{}`", path.join("."))).collect();
    let has_form = |path: &Vec<String>| {
        ty.attributes.get(&path[0]).is_some_and(|attribute| attribute.canonical.is_some())
    };
    let form = if ty.unique.iter().any(has_form) { " in its canonical form" } else { "" };
    let report = Diagnostic::new(
        codes::E0346,
        span,
        format!("{} are one `{}` at {}", listed(&names), ty.name, listed(&sites)),
    )
    .note(format!("no two at a site have {} alike{form}", listed(&paths)));
    let changed = paths.last().expect("what is unique is so by something");
    context.report(if span == first {
        report.label("the same for all of them").help(format!(
            "say in {changed} what differs: `\"web-${{s.name}}\"`; or give each a place of its own: `scope {{ s }}`"
        ))
    } else {
        report.label("the same as there").secondary(first, "here as well").help(format!(
            "choose another {changed}; one resource at several sites is written once: `scope {{ a & b }}`"
        ))
    });
}

/// `a`, `b` and `c`; of many the first ones, and how many more there are.
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] if words.len() <= SHOWN => format!("{} and {last}", rest.join(", ")),
        _ => format!("{} and {} more", words[..SHOWN].join(", "), words.len() - SHOWN),
    }
}
