//! Alternatives that are never reached, as the same place was tried before them: `a | (b | a)`.

use scope_diagnostics::{Diagnostic, Span, codes};

use super::form_of;
use crate::context::Context;
use crate::hir::{Location, LocationKind};

impl Context<'_> {
    /// Reports an alternative of `arms`, written in `whole`, that stands in an arm before its own, however they are nested.
    pub(super) fn check_alternatives(&self, arms: &[Location], whole: Span) {
        let mut tried: Vec<&Location> = Vec::new();
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

/// The alternatives that a location is tried as, from the left, each with whether it is written by itself: not as one of a set,
/// `any(edge)`, that holds it among others.
fn alternatives(location: &Location) -> Vec<(&Location, bool)> {
    let LocationKind::Or(arms) = &location.kind else { return vec![(location, true)] };
    let mut all = Vec::new();
    for arm in arms {
        let is_of_set = arm.span == location.span;
        all.extend(
            alternatives(arm).into_iter().map(|(place, is_by_itself)| (place, is_by_itself && !is_of_set)),
        );
    }
    all
}
