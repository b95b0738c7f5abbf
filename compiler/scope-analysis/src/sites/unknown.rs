//! What is said of a site that nobody declared, and sites by their names.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::as_name;

use crate::context::Context;
use crate::hir::SiteId;

impl Context<'_> {
    /// Reports what nobody declares; not where it may be a site of a family that could not be made, of which that is told: where
    /// no other name was meant. `rack-3` is beside `rack-2` and no misspelling of it.
    pub fn report_undeclared(&self, report: Diagnostic) {
        let is_misspelt = || {
            let edit = report.fix.as_ref()?.edits.first()?;
            let letters = |word: &str| word.replace(|letter: char| letter.is_ascii_digit(), "");
            let is_other = letters(self.sources.borrow().snippet(edit.span)) != letters(&edit.replacement);
            Some(is_other && report.help.iter().any(|help| help.starts_with("did you mean")))
        };
        if !self.names.lacks_sites || is_misspelt() == Some(true) {
            self.report(report);
        }
    }

    /// The report for a site that is not declared.
    pub fn unknown_site(&self, name: &str, span: Span) -> Diagnostic {
        let report =
            Diagnostic::new(codes::E0101, span, format!("no site is called `{name}`")).label("not a site");
        let names = self.names.sites.keys().map(String::as_str);
        match similar::nearest(name, names) {
            Some(nearest) => {
                let (_, declared) = self.names.sites[nearest];
                let place = self.sources.borrow().location(declared);
                let written = as_name(nearest);
                report
                    .help(format!("did you mean `{written}`? ({place})"))
                    .fix(format!("write `{written}`"), vec![Edit::new(span, written)])
            }
            None => {
                let listed: Vec<&str> = self.names.sites.keys().take(8).map(String::as_str).collect();
                if listed.is_empty() {
                    Diagnostic::new(codes::E0101, span, "the program declares no site")
                        .label("not a site")
                        .help("declare it: `site NAME { … }`, or import the file that does")
                } else {
                    report.help(format!("the sites are {}", listed.join(", ")))
                }
            }
        }
    }

    /// The sites of a program by id, for messages.
    pub fn site_names(&self, sites: &[SiteId]) -> String {
        sites.iter().map(|site| self.site_name(*site)).collect::<Vec<_>>().join(", ")
    }
}
