//! `cases/*.txt`: an input, the items it gives and the reports, as text.
//!
//! A case is a title after `# `, the input (`⏎` is a newline too, `␍` a carriage return, `␀` a NUL), `---`, then one
//! line an item and for each report its code, the text it is about, its message, its help and its fix.
//! `SCOPE_UPDATE=1` rewrites the files.

#![allow(clippy::disallowed_methods, reason = "these tests read their cases from files")]

use scope_diagnostics::FileId;
use std::{fmt::Write as _, fs, path::Path};

fn result(input: &str) -> String {
    let text = input.replace('⏎', "\n").replace('␍', "\r").replace('␀', "\0");
    let parsed = scope_syntax::parse(FileId(0), &text);
    let mut out = scope_syntax::dump(&parsed.module);
    let mut reports: Vec<_> = parsed.diagnostics.iter().collect();
    reports.sort_by_key(|report| report.primary.span);
    for report in reports {
        let about = text.get(report.primary.span.range()).expect("the place is in the text");
        let about: String = about.chars().take(40).collect();
        let _ = writeln!(out, "{} {about:?} {}", report.code, report.message);
        if let Some(help) = report.help.first() {
            let _ = writeln!(out, "    help: {help}");
        }
        for edit in report.fix.iter().flat_map(|fix| &fix.edits) {
            let replaced: String = text[edit.span.range()].chars().take(40).collect();
            let replacement: String = edit.replacement.chars().take(40).collect();
            let _ = writeln!(out, "    fix: {replaced:?} -> {replacement:?}");
        }
    }
    out
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut failures = String::new();
    let mut count = 0;
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let mut updated = String::new();
        for case in text.split("\n# ") {
            let case = case.trim_start_matches("# ");
            let (title, rest) = case.split_once('\n').expect("a case has a title");
            let (input, expected) = rest.split_once("\n---\n").expect("a case has `---`");
            let actual = result(input);
            if actual.trim() != expected.trim() {
                let _ = writeln!(
                    failures,
                    "# {title}\n{input}\n--- expected\n{}\n--- actual\n{actual}",
                    expected.trim()
                );
            }
            count += 1;
            let _ = write!(updated, "# {title}\n{input}\n---\n{}\n\n", actual.trim());
        }
        if std::env::var_os("SCOPE_UPDATE").is_some() {
            fs::write(&path, format!("{}\n", updated.trim_end())).unwrap();
        }
    }
    assert!(count > 60, "{count}");
    assert!(failures.is_empty() || std::env::var_os("SCOPE_UPDATE").is_some(), "{failures}");
}
