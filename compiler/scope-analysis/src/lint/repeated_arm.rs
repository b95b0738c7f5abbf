//! `A | (A & B)`: the second needs A, which is tried only when A could not.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};
use crate::hir::{Location, LocationKind, SiteId};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        arms(input, &resource.name, &resource.location, reports);
    }
}

fn arms(input: &Input<'_>, of: &str, location: &Location, reports: &mut Reports) {
    match &location.kind {
        LocationKind::Or(parts) => {
            let mut tried: Vec<SiteId> = Vec::new();
            for part in parts {
                if let LocationKind::And(_) = part.kind
                    && let Some(site) = part.sites().into_iter().find(|site| tried.contains(site))
                {
                    let name = &input.site(site).name;
                    reports.push_of(
                        of,
                        Diagnostic::new(
                            codes::W0322,
                            part.span,
                            format!("this alternative needs {name}, which has been tried before it"),
                        )
                        .label(format!("reached only when {name} cannot"))
                        .help(format!("leave {name} out of it, or put this alternative first")),
                    );
                }
                if let LocationKind::Site(site) = part.kind {
                    tried.push(site);
                }
                arms(input, of, part, reports);
            }
        }
        LocationKind::And(parts) => parts.iter().for_each(|part| arms(input, of, part, reports)),
        _ => {}
    }
}
