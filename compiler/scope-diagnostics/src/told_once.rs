//! Reports whose one cause is elsewhere, told once: a driver that is not imported, a site that is declared nowhere,
//! a configuration file that is not there.
//!
//! Comes in: reports in their order. Goes out: of those of a file that say the same and that no edit at their places mends,
//! the first, with the places of the others.
//!
//! ```text
//! E0207 no driver is called `openstack`, at lines 4, 5 and 9  →  one report with three places
//! ```

use std::collections::HashMap;

use crate::{Code, Diagnostic, Label, codes};

/// Codes of names that something else has to declare, and of files that are not there.
const ELSEWHERE: [Code; 3] = [codes::E0101, codes::E0207, codes::E0603];

/// See above.
pub(crate) fn told_once(reports: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut first_of = HashMap::new();
    let mut told: Vec<Diagnostic> = Vec::with_capacity(reports.len());
    for report in reports {
        if ELSEWHERE.contains(&report.code) && report.fix.is_none() && !report.primary.span.is_dummy() {
            let key = (
                report.code,
                report.primary.span.file,
                report.message.clone(),
                report.notes.clone(),
                report.help.clone(),
            );
            if let Some(&first) = first_of.get(&key) {
                let first: &mut Diagnostic = &mut told[first];
                first.secondary.push(Label { text: first.primary.text.clone(), ..report.primary });
                continue;
            }
            first_of.insert(key, told.len());
        }
        told.push(report);
    }
    told
}
