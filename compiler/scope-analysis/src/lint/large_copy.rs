//! An image of some GiB for a site whose link has no declared bandwidth: nobody can say how long a run takes.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports, undeclared_link::link};
use crate::hir::Value;

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    let Some(entry) = input.program.entry else { return };
    for resource in &input.program.resources {
        if resource.instances.len() < 2 {
            continue;
        }
        let file =
            resource.instances.values().flat_map(|instance| instance.attributes.values()).find_map(|slot| {
                match &slot.value {
                    Value::File { path, size, .. } if *size >= input.levels.large_file => {
                        Some((slot.span, path, *size))
                    }
                    _ => None,
                }
            });
        let Some((span, path, size)) = file else { continue };
        let slow: Vec<&str> = resource
            .instances
            .keys()
            .filter(|site| **site != entry)
            .filter(|site| link(input, entry, **site).is_none_or(|link| link.bandwidth.is_none()))
            .map(|site| input.site(*site).name.as_str())
            .collect();
        if !slow.is_empty() {
            let mebibytes = size.div_ceil(1024 * 1024);
            reports.push_of(
                &resource.name,
                Diagnostic::new(
                    codes::W0336,
                    span,
                    format!("`{path}` is sent to {} over links of unknown bandwidth", slow.join(", ")),
                )
                .label(format!("{mebibytes} MiB"))
                .help(format!(
                    "declare it: `link {} -- {} {{ bandwidth: 100Mbps }}`",
                    input.site(entry).name,
                    slow[0]
                )),
            );
        }
    }
}
