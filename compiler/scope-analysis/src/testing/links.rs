//! Links that a test cuts, and that nothing passes.
//!
//! `cut paris -- lille` in a test whose runs are entered at nantes → E0866: all goes through nantes.

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::as_name;

use crate::context::Context;
use crate::hir::{SiteId, TestStatement, TestStatementKind, Weather, WeatherKind};

impl Context<'_> {
    /// A cut of a link at neither end of which a run of the test is entered cuts off nothing.
    pub(super) fn check_link_cuts(&self, statements: &[TestStatement]) {
        let mut all: Vec<&TestStatement> = Vec::new();
        for statement in statements {
            match &statement.kind {
                TestStatementKind::Concurrently(beside) => all.extend(beside),
                _ => all.push(statement),
            }
        }
        let runs = all.iter().filter_map(|statement| match &statement.kind {
            TestStatementKind::Run(run) => Some(run.entry.or(self.entry.get())),
            _ => None,
        });
        // Where a site is entered that nobody knows here, any cut may be of use.
        let Some(entries) = runs.collect::<Option<Vec<SiteId>>>() else { return };
        for statement in all {
            let TestStatementKind::Weather(Weather { kind: WeatherKind::Cut(Some(to)), sites, .. }) =
                &statement.kind
            else {
                continue;
            };
            if entries.is_empty() || entries.iter().any(|entry| entry == to || sites.contains(entry)) {
                continue;
            }
            let name = |site: SiteId| self.sites.borrow()[site.0 as usize].name.clone();
            let mut names: Vec<String> = entries.iter().map(|entry| format!("`{}`", name(*entry))).collect();
            names.sort();
            names.dedup();
            let names = names.join(" or ");
            let from = sites.first().map(|site| name(*site)).unwrap_or_default();
            self.report(
                Diagnostic::new(codes::E0866, statement.span, "this cut cuts off nothing")
                    .label(format!("no run of this test is entered at `{from}` or `{}`", name(*to)))
                    .note(format!("all that a run does goes through the site that it enters, here {names}"))
                    .help(format!(
                        "`cut {0}` cuts it off from {names}; `run at {0}` enters the run there",
                        as_name(&from)
                    )),
            );
        }
    }
}
