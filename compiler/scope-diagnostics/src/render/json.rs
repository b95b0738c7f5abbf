//! The reports as one JSON document, for programs.
//!
//! Comes in: finished reports. Goes out, with a version that changes when a reader would have to:
//!
//! ```text
//! { "version": 1, "summary": { "errors": 1, "warnings": 0, "notes": 0 }, "diagnostics": [ {
//!     "code": "E0101", "severity": "error", "title": "no such site", "message": "no site is called `nante`",
//!     "primary": { "path": "a.scope", "start": { "byte": 31, "line": 2, "column": 20 }, "end": { … }, "text": "" },
//!     "secondary": [], "notes": [], "help": [ "did you mean `nantes`?" ],
//!     "fix": { "title": "write `nantes`", "edits": [ { "path": …, "start": …, "end": …, "replacement": "nantes" } ] }
//! } ] }
//! ```
//!
//! `path`, `start` and `end` are null where there is no place; bytes count from 0, lines and columns (characters) from 1.

use crate::{Code, Diagnostic, Severity, SourceMap, Span};
use serde::Serialize;

/// The version of the document that [`json`] writes.
pub const JSON_VERSION: u32 = 1;

/// The reports as one JSON document of several lines, in the order given.
#[must_use]
pub fn json(reports: &[Diagnostic], sources: &SourceMap) -> String {
    let count = |severity| reports.iter().filter(|report| report.severity == severity).count();
    let document = Document {
        version: JSON_VERSION,
        summary: Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
        },
        diagnostics: reports.iter().map(|report| Entry::new(report, sources)).collect(),
    };
    let mut text =
        serde_json::to_string_pretty(&document).expect("strings, numbers and lists always serialize");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: Code,
    severity: Severity,
    title: &'a str,
    message: &'a str,
    primary: Place<'a>,
    secondary: Vec<Place<'a>>,
    notes: &'a [String],
    help: &'a [String],
    fix: Option<Fix<'a>>,
}

impl<'a> Entry<'a> {
    fn new(report: &'a Diagnostic, sources: &'a SourceMap) -> Entry<'a> {
        let place =
            |label: &'a crate::Label| Place { range: Range::new(label.span, sources), text: &label.text };
        Entry {
            code: report.code,
            severity: report.severity,
            title: report.code.title(),
            message: &report.message,
            primary: place(&report.primary),
            secondary: report.secondary.iter().map(place).collect(),
            notes: &report.notes,
            help: &report.help,
            fix: report.fix.as_ref().map(|fix| Fix {
                title: &fix.title,
                edits: fix
                    .edits
                    .iter()
                    .map(|edit| Edit {
                        range: Range::new(edit.span, sources),
                        replacement: &edit.replacement,
                    })
                    .collect(),
            }),
        }
    }
}

#[derive(Serialize)]
struct Place<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
struct Range<'a> {
    path: Option<&'a str>,
    start: Option<Point>,
    end: Option<Point>,
}

impl<'a> Range<'a> {
    fn new(span: Span, sources: &'a SourceMap) -> Range<'a> {
        let Some(file) = sources.try_get(span.file) else {
            return Range { path: None, start: None, end: None };
        };
        let point = |offset| {
            let place = file.line_column(offset);
            Some(Point { byte: file.clamp(offset), line: place.line, column: place.column })
        };
        Range { path: Some(file.path()), start: point(span.start), end: point(span.end) }
    }
}

#[derive(Serialize)]
struct Point {
    byte: u32,
    line: u32,
    column: u32,
}
