//! A server at A uses a volume of B, which in turn uses an image of C: if C is cut, A fails for a reason that its own
//! scope does not show.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};
use crate::hir::ReferenceTarget;

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        for (site, instance) in &resource.instances {
            for reference in &instance.references {
                let ReferenceTarget::Resource(target) = &reference.target else { continue };
                let middle = &input.program.resources[target.0 as usize];
                for (at, used) in middle.instances.iter().filter(|(at, _)| *at != site) {
                    let further = used.references.iter().find(|inner| {
                        let sites = inner.location.sites();
                        !sites.is_empty() && !sites.contains(at)
                    });
                    let Some(further) = further.filter(|_| reference.location.sites().contains(at)) else {
                        continue;
                    };
                    let names: Vec<&str> =
                        further.location.sites().iter().map(|site| input.site(*site).name.as_str()).collect();
                    let (here, there) = (&input.site(*site).name, &input.site(*at).name);
                    reports.push_of(
                        &resource.name,
                        Diagnostic::new(
                            codes::W0321,
                            reference.span,
                            format!(
                                "`{}` at {here} hangs on {} through `{}`",
                                resource.name,
                                names.join(", "),
                                middle.name
                            ),
                        )
                        .label(format!("`{}` at {there}", middle.name))
                        .secondary(further.span, format!("uses what only {} has", names.join(", ")))
                        .help(format!(
                            "name what `{}` needs at {there}, or put the resources at one site",
                            middle.name
                        )),
                    );
                }
            }
        }
    }
}
