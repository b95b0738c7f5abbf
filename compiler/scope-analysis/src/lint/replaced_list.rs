//! `at paris { containers: [{ name: "web", image: "b" }] }`: the list of the body is gone, with what else stood in it.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};

/// So much of what is dropped is named.
const MOST_NAMED: usize = 4;

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        for list in resource.instances.values().flat_map(|instance| &instance.replaced) {
            let named = list.dropped[..list.dropped.len().min(MOST_NAMED)].join(", ");
            let more = match list.dropped.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            reports.push_of(
                &resource.name,
                Diagnostic::new(
                    codes::W0353,
                    list.patch,
                    format!("this patch of `{}` replaces `{}` as a whole", resource.name, list.name),
                )
                .label(format!("drops {named}{more}"))
                .secondary(list.body, "what it replaces")
                .note("records are merged field by field, lists are not")
                .help("repeat what should stay, or keep it in a `let` and write `[...kept, { … }]` in both"),
            );
        }
    }
}
