//! Alternatives that are never reached, as the same place was tried before them: `a | (b | a)`.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Expr, ExprKind};

use super::form_of;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Location, LocationKind, SiteId};

impl Context<'_> {
    /// Reports an alternative of `arms`, written in `whole`, that stands in an arm before its own, however they are nested.
    pub(super) fn check_alternatives(&self, arms: &[Location], whole: Span) {
        let mut tried: Vec<Location> = Vec::new();
        for arm in arms {
            let alternatives = alternatives(arm);
            for (alternative, is_by_itself) in &alternatives {
                let can_be_left_out = *is_by_itself && whole.contains(alternative.span);
                let Some(form) = form_of(alternative).filter(|_| can_be_left_out) else { continue };
                let Some(earlier) = tried.iter().find(|other| form_of(other).as_ref() == Some(&form)) else {
                    continue;
                };
                let name = alternative.text(&|site| self.site_name(site));
                self.report(
                    Diagnostic::new(
                        codes::W0312,
                        alternative.span,
                        format!("`{name}` has been tried before"),
                    )
                    .label("this alternative is never reached for another reason")
                    .secondary(earlier.span, "tried here first")
                    .help("leave it out"),
                );
            }
            tried.extend(alternatives.into_iter().map(|(alternative, _)| alternative));
        }
    }
}

/// Whether an alternative may be another one for each element of a family: that `s | paris` says paris twice for the one
/// element that is paris, is nothing to be changed.
pub(super) fn is_of_element(expr: &Expr, frame: &Frame) -> bool {
    match expr.kind.as_ref() {
        ExprKind::Name(name) => frame.locals.iter().any(|(local, _)| local == name),
        ExprKind::Chain { operands, .. } => operands.iter().any(|operand| is_of_element(operand, frame)),
        ExprKind::Text(text) if text.literal().is_some() => false,
        _ => !frame.locals.is_empty(),
    }
}

/// The alternatives that a location is tried as, from the left, each with whether it is written by itself: not as one of a set,
/// `any(edge)`, `around(nantes, 5ms)`, that holds it among others.
fn alternatives(location: &Location) -> Vec<(Location, bool)> {
    let arms = match &location.kind {
        LocationKind::Or(arms) => arms,
        LocationKind::Around { sites, .. } => {
            let near = |site: &SiteId| Location { kind: LocationKind::Site(*site), span: location.span };
            return sites.iter().map(|site| (near(site), false)).collect();
        }
        _ => return vec![(location.clone(), true)],
    };
    let mut all = Vec::new();
    for arm in arms {
        let is_of_set = arm.span == location.span;
        all.extend(
            alternatives(arm).into_iter().map(|(place, is_by_itself)| (place, is_by_itself && !is_of_set)),
        );
    }
    all
}
