//! x
use crate::{Diagnostic, SourceMap};

/// One line a report: `path:line:column: error[E0203]: message`.
#[must_use]
pub fn short(reports: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = String::new();
    for report in reports {
        let place = sources.location(report.primary.span);
        let separator = if place.is_empty() { "" } else { ": " };
        text.push_str(&format!(
            "{place}{separator}{}[{}]: {}\n",
            report.severity, report.code, report.message
        ));
    }
    text
}
