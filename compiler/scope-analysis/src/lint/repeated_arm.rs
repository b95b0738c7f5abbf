//! `A | (A & B)`: the second needs A, which is tried only when A could not.

use scope_diagnostics::{Diagnostic, codes};

use super::Input;
use crate::hir::{Location, LocationKind, SiteId};

pub(super) fn check(input: &Input<'_>, reports: &mut Vec<Diagnostic>) {
    for resource in &input.program.resources {
        arms(input, &resource.location, reports);
    }
}

fn arms(input: &Input<'_>, location: &Location, reports: &mut Vec<Diagnostic>) {
    match &location.kind {
        LocationKind::Or(parts) => {
            let mut tried: Vec<SiteId> = Vec::new();
            for part in parts {
                if let LocationKind::And(_) = part.kind
                    && let Some(site) = part.sites().into_iter().find(|site| tried.contains(site))
                {
                    let name = &input.site(site).name;
                    reports.push(
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
                arms(input, part, reports);
            }
        }
        LocationKind::And(parts) => parts.iter().for_each(|part| arms(input, part, reports)),
        _ => {}
    }
}
