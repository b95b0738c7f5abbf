//! The reports as SARIF 2.1.0, for code scanning.
//!
//! Comes in: finished reports. Goes out: one log, with one run: every code that occurs is a rule with its page, every
//! report a result with its places, and its fix as replacements. Columns count UTF-16 units, as the format has it.
//!
//! ```text
//! E0101 at a.scope:2:20 → { "ruleId": "E0101", "level": "error", "message": { "text": "no site is called `nante`" },
//!                           "locations": [ { "physicalLocation": … } ] }
//! ```

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Code, Diagnostic, Fix, Severity, SourceMap, Span};

/// Where the schema of the format is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The reports as one SARIF log of several lines, in the order given.
#[must_use]
pub fn sarif(reports: &[Diagnostic], sources: &SourceMap) -> String {
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run(reports, sources)] });
    let mut text = serde_json::to_string_pretty(&log).expect("strings, numbers and lists always serialize");
    text.push('\n');
    text
}

fn run(reports: &[Diagnostic], sources: &SourceMap) -> Value {
    let codes: BTreeSet<Code> = reports.iter().map(|report| report.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let results: Vec<Value> = reports
        .iter()
        .map(|report| {
            let index = codes.binary_search(&report.code).expect("each code of a report is in the list");
            result(report, index, sources)
        })
        .collect();
    json!({
        "tool": { "driver": {
            "name": "scope",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        } },
        "columnKind": "utf16CodeUnits",
        "results": results,
    })
}

fn rule(code: Code) -> Value {
    let page = code.page();
    let text = page.text.trim();
    json!({
        "id": code,
        "shortDescription": { "text": page.title },
        "fullDescription": { "text": if text.is_empty() { page.title.as_str() } else { text } },
        "help": { "text": code.markdown(), "markdown": code.markdown() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn level(severity: Severity) -> &'static str {
    // The format's words for the three weights are ours.
    severity.as_str()
}

fn result(report: &Diagnostic, rule: usize, sources: &SourceMap) -> Value {
    let mut words = report.message.clone();
    for note in &report.notes {
        words.push_str("\nnote: ");
        words.push_str(note);
    }
    for help in &report.help {
        words.push_str("\nhelp: ");
        words.push_str(help);
    }
    let mut result = json!({
        "ruleId": report.code,
        "ruleIndex": rule,
        "level": level(report.severity),
        "message": { "text": words },
    });
    if let Some(place) = location(report.primary.span, &report.primary.text, sources) {
        result["locations"] = json!([place]);
    }
    let related: Vec<Value> =
        report.secondary.iter().filter_map(|label| location(label.span, &label.text, sources)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if let Some(changes) = report.fix_to_show().and_then(|fix| changes(fix, sources)) {
        result["fixes"] = json!([changes]);
    }
    result
}

fn location(span: Span, text: &str, sources: &SourceMap) -> Option<Value> {
    let file = sources.try_get(span.file)?;
    let mut location = json!({
        "physicalLocation": { "artifactLocation": artifact(file.path()), "region": region(span, sources) },
    });
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    Some(location)
}

fn region(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = sources.utf16_range(span);
    json!({
        "startLine": start.line + 1,
        "startColumn": start.character + 1,
        "endLine": end.line + 1,
        "endColumn": end.character + 1,
    })
}

/// One change a file, with the replacements in it.
fn changes(fix: &Fix, sources: &SourceMap) -> Option<Value> {
    let mut changes: Vec<(&str, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let path = sources.try_get(edit.span.file)?.path();
        let replacement = json!({
            "deletedRegion": region(edit.span, sources),
            "insertedContent": { "text": edit.replacement },
        });
        match changes.iter_mut().find(|(known, _)| *known == path) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((path, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(path, replacements)| json!({ "artifactLocation": artifact(path), "replacements": replacements }))
        .collect();
    (!changes.is_empty()).then(|| json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
}

/// A path as a URI reference: what may not stand in one is written by its bytes.
fn artifact(path: &str) -> Value {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte))
            }
            // A relative reference has no colon in its first part; `std:x` is a scheme and a path.
            b':' if path.starts_with("std:") => uri.push(':'),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    json!({ "uri": uri })
}
