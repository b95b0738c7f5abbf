//! `scope { here }` in a program's own resource: that is the entry site, whose name there is `local`.

use scope_diagnostics::{Diagnostic, Edit, codes};
use scope_syntax::ast::ExprKind;

use super::{Input, reports::Reports};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        for scope in input.scopes(module) {
            for entry in scope.entries.iter().filter(|entry| entry.key.is_none()) {
                if matches!(entry.location.kind.as_ref(), ExprKind::Name(name) if name == "here") {
                    let span = entry.location.span;
                    reports.push(
                        Diagnostic::new(
                            codes::W0338,
                            span,
                            "`here` for the whole of a request is the entry site",
                        )
                        .label("nothing encloses it whose site that could be")
                        .help("write `local`, or the site that is meant")
                        .fix("write `local`", vec![Edit::new(span, "local")]),
                    );
                }
            }
        }
    }
}
