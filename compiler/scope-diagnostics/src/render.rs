//! The reports as text: for people, for tools that read lines, for programs.
//!
//! Comes in: finished reports and the texts they are about. Goes out: [`rich()`] for a terminal, [`short()`] with a line a
//! report, [`json()`] and [`sarif()`], and the [`summary()`] line. All take the same data and say the same in the same order.
//!
//! ```
//! use scope_diagnostics::{Diagnostic, Span, codes, render};
//!
//! let reports = [Diagnostic::new(codes::E0602, Span::DUMMY, "environment variable `X` is not set")];
//! assert_eq!(render::summary(&reports), "1 error");
//! ```

mod clean;
mod json;
mod rich;
mod sarif;
mod short;
mod style;
mod view;

use crate::{Diagnostic, Severity};

pub use clean::{is_obeyed, plain};
pub use json::{JSON_FORMAT, JSON_SCHEMA, json, json_entries};
pub use rich::{RichOptions, rich};
pub use sarif::sarif;
pub use short::short;

/// The last line of a list of reports: "2 errors, 1 warning"; empty for none.
#[must_use]
pub fn summary(reports: &[Diagnostic]) -> String {
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| {
            let count = reports.iter().filter(|report| report.severity == severity).count();
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {severity}{plural}"))
        })
        .collect();
    parts.join(", ")
}
