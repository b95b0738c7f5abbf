//! Quick fixes: what a report says can be put right by a machine, as an edit that the editor offers where the report is.
//!
//! `flavour: "m1.tiny"`, reported with the help "did you mean `flavor`?" → the action "write `flavor`".

use std::collections::BTreeMap;

use scope_compiler::Compilation;
use scope_diagnostics::{Diagnostic, Fix, Span};
use serde_json::{Value, json};

use crate::publish::Translator;

/// The actions for the reports of a compilation that touch a part of a file. A fix that would change what is not the
/// user's, such as the standard library, is none.
pub fn actions(compilation: &Compilation, translator: &mut Translator<'_>, place: Span) -> Vec<Value> {
    let touches = |span: Span| span.file == place.file && span.start <= place.end && place.start <= span.end;
    let offered = compilation.diagnostics.iter().filter_map(|report| Some((report, report.fix.as_ref()?)));
    let here = offered.filter(|(report, fix)| {
        touches(report.primary.span) || fix.edits.iter().any(|edit| touches(edit.span))
    });
    here.filter_map(|(report, fix)| action(compilation, translator, report, fix)).collect()
}

fn action(
    compilation: &Compilation,
    translator: &mut Translator<'_>,
    report: &Diagnostic,
    fix: &Fix,
) -> Option<Value> {
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let file = compilation.sources.try_get(edit.span.file)?;
        // `std:` texts are inside the binary, and what `--set` gives is on a command line.
        if file.path().contains(':') || file.path().starts_with("--") {
            return None;
        }
        let location = translator.location(&compilation.sources, edit.span)?;
        let location = serde_json::to_value(location).ok()?;
        let uri = location["uri"].as_str()?.to_string();
        changes
            .entry(uri)
            .or_default()
            .push(json!({ "range": location["range"], "newText": edit.replacement }));
    }
    Some(json!({
        "title": fix.title,
        "kind": "quickfix",
        "diagnostics": [translator.report(compilation, report)],
        // A report has one fix: it is the one that is meant.
        "isPreferred": true,
        "edit": { "changes": changes },
    }))
}
