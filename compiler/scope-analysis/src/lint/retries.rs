//! `with { retry: 1 }` for a site behind a link: one lost packet is a failed run.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    let Some(entry) = input.program.entry else { return };
    for resource in &input.program.resources {
        let away = resource.instances.keys().find(|site| **site != entry);
        let Some(away) = away.filter(|_| resource.with.retry_times == Some(1)) else { continue };
        reports.push_of(
            &resource.name,
            Diagnostic::new(
                codes::W0334,
                resource.span,
                format!("`{}` is tried once, over the link to {}", resource.name, input.site(*away).name),
            )
            .label("`retry: 1` is one attempt in all")
            .help("leave `retry` out: three attempts are made where a repeat is safe"),
        );
    }
}
