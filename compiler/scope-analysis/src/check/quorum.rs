//! `quorum`: how many copies there are to count.
//!
//! `quorum: 3` at `a & b` → E0318: 3 of 2 copies. `quorum: 2` at `a & (a | b)` → E0865: what is at `a` would be counted twice.

use scope_diagnostics::{Diagnostic, codes};

use crate::context::Context;
use crate::hir::{Location, LocationKind, OnDisconnect, Quorum, SiteId, With};
use crate::request::Head;

impl Context<'_> {
    /// Whether a quorum can be reached, in every alternative that has copies.
    pub fn check_quorum(&self, head: &Head<'_>, with: &With) {
        let Some(quorum) = with.quorum else { return };
        if with.on_disconnect == Some(OnDisconnect::LocalOnly) {
            self.report(
                Diagnostic::new(
                    codes::E0318,
                    quorum.span,
                    "`local_only` leaves one copy, and a quorum counts several",
                )
                .label("nothing to count")
                .help("leave `quorum` out, or `queue` what cannot be reached"),
            );
            return;
        }
        let mut counted = Vec::new();
        copies(&head.location, &mut counted);
        if counted.is_empty() {
            if !quorum.is_inherited && !head.location.sites().is_empty() {
                self.no_copies(head, quorum);
            }
            return;
        }
        if let Some((first, second, site)) = counted.iter().find_map(|(place, _)| shared(place)) {
            let site = self.site_name(site);
            let mut report = Diagnostic::new(
                codes::E0865,
                second.span,
                format!("two copies of `{}` may both be the one at {site}", head.name),
            )
            .label(format!("{site} is in this copy"));
            if first.span != second.span {
                report = report.secondary(first.span, "and in this one");
            }
            self.report(
                report
                    .secondary(quorum.span, "a quorum counts copies at different sites")
                    .help(format!("name {site} in one copy only, or leave `quorum` out")),
            );
            return;
        }
        let need = quorum.need as usize;
        if let Some((place, n_copies)) = counted.iter().find(|(_, n_copies)| need > *n_copies) {
            let copies = if *n_copies == 1 { "1 copy".to_owned() } else { format!("{n_copies} copies") };
            self.report(
                Diagnostic::new(
                    codes::E0318,
                    quorum.span,
                    format!("a quorum of {need} is never reached: `{}` has {copies}", head.name),
                )
                .label(format!("more than {n_copies}"))
                .secondary(place.span, copies)
                .help(format!("ask for 1 to {n_copies}; {} is more than half of them", n_copies / 2 + 1)),
            );
        }
    }

    fn no_copies(&self, head: &Head<'_>, quorum: Quorum) {
        let is_cross = !head.location.crosses().is_empty();
        let report = Diagnostic::new(
            codes::E0318,
            quorum.span,
            format!("`{}` has 1 copy: there is nothing to count", head.name),
        )
        .label("a quorum counts the copies of a `&`")
        .secondary(head.location.span, "no `&` here");
        self.report(match (head.name.ends_with(']'), is_cross) {
            (true, _) => report.help("the elements of a family are resources of their own; one resource at several sites is `scope { each(…) }`"),
            (_, true) => report.help("parts of a `%` are one resource: all of them are needed"),
            _ => report.help("make copies, `a & b & c`, or leave `quorum` out"),
        });
    }
}

/// The outermost `&` of each alternative, with the number of its copies.
fn copies<'l>(location: &'l Location, counted: &mut Vec<(&'l Location, usize)>) {
    match &location.kind {
        LocationKind::And(_) => counted.push((location, n_copies(location))),
        LocationKind::Or(arms) => arms.iter().for_each(|arm| copies(arm, counted)),
        _ => {}
    }
}

/// Of `a & (b & c)` three.
fn n_copies(location: &Location) -> usize {
    match &location.kind {
        LocationKind::And(parts) => parts.iter().map(n_copies).sum(),
        _ => 1,
    }
}

/// Two copies of one `&` that have a site in common.
fn shared(location: &Location) -> Option<(&Location, &Location, SiteId)> {
    let mut copies: Vec<&Location> = Vec::new();
    flatten(location, &mut copies);
    copies.iter().enumerate().find_map(|(index, second)| {
        let sites = second.sites();
        copies[..index].iter().find_map(|first| {
            let common = first.sites().into_iter().find(|site| sites.contains(site))?;
            Some((*first, *second, common))
        })
    })
}

fn flatten<'l>(location: &'l Location, copies: &mut Vec<&'l Location>) {
    match &location.kind {
        LocationKind::And(parts) => parts.iter().for_each(|part| flatten(part, copies)),
        _ => copies.push(location),
    }
}
