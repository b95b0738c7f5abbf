//! Secrets that a site makes: whether each has a place, and whether a place is that of one secret.
//!
//! `resource key: farm.key { … } with { keep_in: { secret: secret(file: "keys/lyon") } }` → the site's answer is kept in that file,
//! and `key.secret` elsewhere is read from it. Without a place it is nowhere once it was answered, so whoever reads it is reported.

use std::collections::BTreeMap;

use scope_diagnostics::{Diagnostic, Span, codes, similar};

use crate::context::Context;
use crate::hir::{Resource, ResourceKind};

/// Checks what is kept, and what is read of it.
pub(crate) fn check_keeping(context: &Context<'_>, resources: &[Resource]) {
    let mut places: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for resource in resources {
        let Some(ty) = context.driver_type(&resource.ty) else { continue };
        for kept in &resource.with.keep_in {
            let wrong =
                |message: String, label: &str| Diagnostic::new(codes::E0209, kept.span, message).label(label);
            let made = || {
                let made =
                    ty.attributes.values().filter(|attribute| attribute.is_secret && !attribute.is_settable);
                made.map(|attribute| attribute.name.as_str()).collect::<Vec<_>>()
            };
            let is_made = made().contains(&kept.attribute.as_str());
            if resource.kind != ResourceKind::Managed || !is_made {
                let message =
                    format!("`{}` of `{}` is no secret that a site makes", kept.attribute, resource.name);
                let report = wrong(message, "not made there");
                context.report(match (similar::nearest(&kept.attribute, made()), made().as_slice()) {
                    (Some(near), _) if resource.kind == ResourceKind::Managed => {
                        report.help(format!("did you mean `{near}`?"))
                    }
                    (_, []) => {
                        report.help(format!("a site makes no secret of a `{}`: leave it out", ty.name))
                    }
                    (_, made) => report.help(format!("a `resource` keeps {}", made.join(", "))),
                });
                continue;
            }
            let location = &resource.location;
            if location.first_and().is_some() || !location.crosses().is_empty() {
                let message = format!(
                    "`{}` is made at several sites, and each makes a secret of its own",
                    resource.name
                );
                context.report(
                    wrong(message, "one file for all of them")
                        .secondary(location.span, "where it is made")
                        .help("write a resource for each site: `for s in … scope { s }`, with the site's name in that of the file"),
                );
                continue;
            }
            match places.get(kept.file.as_str()) {
                Some((other, first)) => context.report(
                    wrong(
                        format!("`{}` is where a secret of `{other}` is kept", kept.file),
                        "another secret",
                    )
                    .secondary(*first, "kept there first")
                    .help("give each a file of its own"),
                ),
                None => drop(places.insert(&kept.file, (&resource.name, kept.span))),
            }
        }
    }
    for (span, (id, attribute, declared)) in context.made_secrets.borrow().iter() {
        let Some(resource) = resources.get(id.0 as usize) else { continue };
        // One that is misspelt is told there.
        let is_kept = |name: &str| resource.with.keep_in.iter().any(|kept| kept.attribute == name);
        let is_misspelt = || {
            let ty = context.driver_type(&resource.ty);
            let is_made =
                |name: &str| ty.is_some_and(|ty| ty.attributes.get(name).is_some_and(|one| one.is_secret));
            resource.with.keep_in.iter().any(|kept| !is_made(&kept.attribute))
        };
        if is_kept(attribute) || is_misspelt() {
            continue;
        }
        let report =
            Diagnostic::new(codes::E0601, *span, format!("`{attribute}` is secret: it is kept nowhere"))
                .label("its site tells it once, when it is made")
                .secondary(*declared, "declared secret here");
        context.report(match resource.kind {
            ResourceKind::Managed => report.secondary(resource.span, "made here").help(format!(
                "keep it: `with {{ keep_in: {{ {attribute}: secret(file: \"…\") }} }}` behind `{}`",
                resource.name
            )),
            _ => report.help("read it from the application where it is needed"),
        });
    }
}
