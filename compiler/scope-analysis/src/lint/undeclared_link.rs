//! A server in Nantes uses an image of Paris and nothing is said of the link between them: no estimate, no radius.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::as_name;

use super::{Input, reports::Reports};
use crate::hir::{Link, SiteId};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    let mut said = BTreeSet::new();
    for resource in &input.program.resources {
        for (site, instance) in &resource.instances {
            for reference in &instance.references {
                for other in reference.location.sites() {
                    let pair = (*site.min(&other), *site.max(&other));
                    if *site == other || link(input, *site, other).is_some() || !said.insert(pair) {
                        continue;
                    }
                    let (here, there) = (&input.site(*site).name, &input.site(other).name);
                    reports.push_of(
                        format!("{here} -- {there}"),
                        Diagnostic::new(
                            codes::W0335,
                            reference.span,
                            format!("{here} uses what {there} has, and no link between them is declared"),
                        )
                        .label(format!("looked up at {there}"))
                        .note(
                            "without it nothing is known of the time it takes, and `around` does not see it",
                        )
                        .help(format!(
                            "declare it: `link {} -- {} {{ rtt: 10ms, bandwidth: 1Gbps }}`",
                            as_name(here),
                            as_name(there)
                        )),
                    );
                }
            }
        }
    }
}

/// The declared link between two sites.
pub(super) fn link<'a>(input: &Input<'a>, from: SiteId, to: SiteId) -> Option<&'a Link> {
    input
        .program
        .links
        .iter()
        .find(|link| (link.from == from && link.to == to) || (link.from == to && link.to == from))
}
