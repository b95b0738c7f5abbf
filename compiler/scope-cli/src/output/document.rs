//! The one document that a program reads, printed at the end: what the command has to tell, and every report.
//!
//! ```text
//! --format json   { "format": "scope-status/1", …, "diagnostics": [] }      the command's own
//!                 { "format": "scope-diagnostics/2", …, "diagnostics": […] } of `check` and `lint`, and where there is none
//! --format sarif  the reports as SARIF 2.1.0
//! ```
//!
//! `documents.schema.json` of this crate has them all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::ValueEnum;
use scope_diagnostics::{Diagnostic, SourceMap, Span, codes, render};
use serde_json::{Map, Value};

use super::gathered::Gathered;
use crate::args::Format;

/// What was said until now, of a command that ends with a document.
struct Said {
    format: Format,
    reports: Gathered,
    document: Option<Value>,
}

static SAID: Mutex<Option<Said>> = Mutex::new(None);

fn said() -> MutexGuard<'static, Option<Said>> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on this form is wanted.
pub fn begin(format: Format) {
    let is_wanted = matches!(format, Format::Json | Format::Sarif);
    *said() = is_wanted.then(|| Said { format, reports: Gathered::default(), document: None });
}

/// Arguments that are not understood: a program that asked for a document has one all the same.
pub fn refused(mut arguments: impl Iterator<Item = String>, words: &str) {
    let wanted = arguments.find_map(|argument| match argument.strip_prefix("--format")? {
        "" => Some(String::new()),
        given => given.strip_prefix('=').map(str::to_string),
    });
    let wanted =
        wanted.map(|given| if given.is_empty() { arguments.next().unwrap_or_default() } else { given });
    let Some(format) = wanted.and_then(|given| Format::from_str(&given, false).ok()) else { return };
    begin(format);
    // What follows the first line is about the arguments there are.
    let mut lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ");
    let report = Diagnostic::new(codes::E0980, Span::DUMMY, message);
    let tips = lines.filter_map(|line| line.strip_prefix("tip: "));
    add(&[tips.fold(report, |report, tip| report.help(tip))], &SourceMap::new());
    end();
}

/// Whether a document is wanted, and nothing else on stdout.
pub fn is_wanted() -> bool {
    said().is_some()
}

/// Reports for the document; nothing where none is wanted.
pub fn add(reports: &[Diagnostic], sources: &SourceMap) {
    if let Some(said) = said().as_mut() {
        said.reports.add(reports, sources);
    }
}

/// What can be done about the last report.
pub fn help(text: &str) {
    if let Some(report) = said().as_mut().and_then(|said| said.reports.reports.last_mut()) {
        report.help.push(text.to_string());
    }
}

/// What the command has to tell, in place of what it had told before. `body` is a record.
pub fn tell(format: &str, body: Value) {
    let Some(said) = &mut *said() else { return };
    let mut document = Map::from_iter([("format".to_string(), Value::from(format))]);
    document.extend(body.as_object().cloned().unwrap_or_default());
    said.document = Some(Value::Object(document));
}

/// The same for a document that is whole: its first key is `format`.
pub fn tell_whole(document: &str) {
    if let Some(said) = &mut *said() {
        said.document = Some(serde_json::from_str(document).expect("it was written as JSON"));
    }
}

/// The command is over: prints the document. `check` and `lint` have nothing but reports to tell.
pub fn end() {
    let Some(Said { format, reports, document }) = said().take() else { return };
    let text = match (format, document) {
        (Format::Sarif, _) => render::sarif(&reports.reports, &reports.sources),
        (_, None) => render::json(&reports.reports, &reports.sources),
        (_, Some(mut document)) => {
            document["diagnostics"] = render::json_entries(&reports.reports, &reports.sources);
            document.to_string()
        }
    };
    super::always(text.trim_end());
}
