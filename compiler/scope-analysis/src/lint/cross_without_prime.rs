//! `{ compute: a % b }`: which part holds the identity is then the leftmost, and changes when the parts are reordered.

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{ChainOp, Expr, ExprKind};

use super::{Input, reports::Reports, walk};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        for scope in input.scopes(module) {
            if scope.entries.iter().any(|entry| entry.key.as_ref().is_some_and(|key| key.text == "prime")) {
                continue;
            }
            for entry in &scope.entries {
                let Some((cross, first)) = cross(&entry.location) else { continue };
                let report = Diagnostic::new(codes::W0323, cross.span, "a cross without `prime`")
                    .label("which part holds its identity?")
                    .note("without it the leftmost part is the prime: reordering the parts would move the identity");
                reports.push(match first.kind.as_ref() {
                    ExprKind::Name(name) => {
                        let end = Span::new(entry.span.file, entry.span.end, entry.span.end);
                        report.help(format!("write `prime: {name}`")).fix(
                            format!("add `prime: {name}`"),
                            vec![Edit::new(end, format!(", prime: {name}"))],
                        )
                    }
                    _ => report.help("add `prime: SITE`"),
                });
            }
        }
    }
}

/// The first `%` in a location, with its leftmost part.
fn cross(location: &Expr) -> Option<(&Expr, &Expr)> {
    let mut found = None;
    walk::expressions(location, &mut |value| {
        if let ExprKind::Chain { op: ChainOp::Cross, operands } = value.kind.as_ref() {
            found = found.or_else(|| operands.first().map(|first| (value, first)));
        }
    });
    found
}
