//! The reports as one JSON document, for programs.
//!
//! Comes in: finished reports. Goes out, with a version that changes when a reader would have to:
//!
//! ```text
//! { "format": "scope-diagnostics/2", "summary": { "errors": 1, "warnings": 0, "notes": 0 }, "diagnostics": [ {
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

/// The name and version of the document that [`json()`] writes.
pub const JSON_FORMAT: &str = "scope-diagnostics/2";

/// The schema of the document that [`json()`] writes, as JSON. It is generated from what is written, checked by a test.
pub const JSON_SCHEMA: &str = include_str!("../../diagnostics.schema.json");

/// The reports as one JSON document of several lines, in the order given.
#[must_use]
pub fn json(reports: &[Diagnostic], sources: &SourceMap) -> String {
    let count = |severity| reports.iter().filter(|report| report.severity == severity).count();
    let document = Document {
        format: JSON_FORMAT,
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

/// The list of reports alone, for a document that has more to tell.
#[must_use]
pub fn json_entries(reports: &[Diagnostic], sources: &SourceMap) -> serde_json::Value {
    let entries: Vec<Entry> = reports.iter().map(|report| Entry::new(report, sources)).collect();
    serde_json::to_value(entries).expect("strings, numbers and lists always serialize")
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Document<'a> {
    format: &'a str,
    summary: Summary,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry<'a> {
    #[cfg_attr(test, schemars(with = "String"))]
    code: Code,
    #[cfg_attr(test, schemars(with = "SeverityWord"))]
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
            fix: report.fix_to_show().map(|fix| Fix {
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Place<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    text: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Fix<'a> {
    title: &'a str,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Edit<'a> {
    #[serde(flatten)]
    range: Range<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Point {
    byte: u32,
    line: u32,
    column: u32,
}

#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its names are used, in the schema")]
enum SeverityWord {
    Note,
    Warning,
    Error,
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the test rewrites the committed schema when asked to")]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_the_one_of_the_code() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<Document<'static>>().to_value();
        schema["title"] = "scope diagnostics".into();
        schema["properties"]["format"]["const"] = JSON_FORMAT.into();
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        if std::env::var("SCOPE_UPDATE").is_ok_and(|value| value == "1") {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/diagnostics.schema.json"), &text)
                .expect("writable");
        }
        assert!(text == JSON_SCHEMA, "the schema has changed: run the test with SCOPE_UPDATE=1");
    }
}
