//! What the fuzzers do with their bytes: the same functions for libFuzzer (`fuzz/targets/`) and for the bounded runs of
//! `cargo test` (`tests/fuzz.rs`). Each panics where a guarantee does not hold.

use std::collections::BTreeMap;

use scope_compiler::{FileDigest, Options, ReadError, World};
use scope_diagnostics::{Diagnostic, FileId};
use scope_syntax::Parsed;

/// Any bytes are a text, and any text is a command line and words.
pub fn lexer(data: &[u8]) {
    let (text, reports) = scope_syntax::decode(FileId(0), data);
    check_places(&text, &reports);
    let (native, reports) = scope_syntax::parse_native(FileId(0), &text);
    check_places(&text, &reports);
    assert!(native.span.end as usize <= text.len());
    let words: Vec<String> = text.split_whitespace().map(str::to_string).collect();
    let line = scope_syntax::argv_text(&words);
    let (_, reports) = scope_syntax::parse_native(FileId(0), &line);
    check_places(&line, &reports);
}

/// Any text gives a tree whose reports and items are in the text, on the bounds of letters.
pub fn parser(data: &[u8]) {
    let (text, _) = scope_syntax::decode(FileId(0), data);
    let parsed = scope_syntax::parse(FileId(0), &text);
    check_places(&text, &parsed.diagnostics);
    for item in &parsed.module.items {
        assert!(text.get(item.span.range()).is_some(), "an item outside of the text");
    }
    for (before, after) in parsed.module.items.iter().zip(parsed.module.items.iter().skip(1)) {
        assert!(before.span.start <= after.span.start, "items out of order");
    }
    let _ = scope_syntax::dump(&parsed.module);
}

/// What is formatted reads as the same tree, and formatting it again changes nothing.
pub fn formatter(data: &[u8]) {
    let (text, _) = scope_syntax::decode(FileId(0), data);
    let parsed = scope_syntax::parse(FileId(0), &text);
    let once = scope_syntax::format(&parsed.module, &text);
    // A text with mistakes is not formatted by any command; formatting it must only not panic.
    if !parsed.diagnostics.is_empty() {
        return;
    }
    let again = scope_syntax::parse(FileId(0), &once);
    assert!(again.diagnostics.is_empty(), "{:?}\n--- from\n{text}\n--- to\n{once}", again.diagnostics[0]);
    // A command may be written without `$`; the one style has it.
    let tree = |parsed: &Parsed| scope_syntax::dump(&parsed.module).replace("(bare ", "($ ");
    assert_eq!(tree(&parsed), tree(&again), "another tree\n--- from\n{text}\n--- to\n{once}");
    let twice = scope_syntax::format(&again.module, &once);
    assert_eq!(once, twice, "formats to another text\n--- from\n{text}");
}

/// Any program gives reports, or a plan that keeps its rules.
pub fn checker(data: &[u8], beside: &BTreeMap<String, Vec<u8>>) {
    let world = Beside { program: data, files: beside };
    let options = Options { simulate: true, lint: true, ..Options::default() };
    let compilation = scope_compiler::compile(&world, PROGRAM, &options);
    for report in &compilation.diagnostics {
        for span in places(report) {
            let text = compilation.sources.get(span.file).text();
            assert!(text.get(span.range()).is_some(), "{report:?}");
        }
    }
    assert_eq!(compilation.plan.is_some(), !compilation.has_errors());
    if let Some(plan) = &compilation.plan {
        let violations = scope_plan::verify::verify(plan);
        assert!(violations.is_empty(), "{}", violations[0]);
        let _ = scope_plan::text::to_text(plan);
    }
}

/// Any JSON is a plan or no plan. What is one and keeps its rules can be drawn, printed and read again.
pub fn plan_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(plan) = scope_plan::json::from_json(text) else { return };
    if !scope_plan::verify::verify(&plan).is_empty() {
        return;
    }
    let written = scope_plan::json::to_json(&plan);
    let again = scope_plan::json::from_json(&written).expect("what was written can be read");
    assert_eq!(written, scope_plan::json::to_json(&again));
    let _ = scope_plan::text::to_text(&plan);
    let _ = scope_plan::draw::to_mermaid(&plan);
    let _ = scope_plan::draw::to_dot(&plan);
}

const PROGRAM: &str = "fuzzed.scope";

/// One program among files, over the real standard library.
struct Beside<'f> {
    program: &'f [u8],
    files: &'f BTreeMap<String, Vec<u8>>,
}

impl World for Beside<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if path == PROGRAM {
            return Ok(self.program.to_vec());
        }
        if let Some(module) = path.strip_prefix("std:") {
            let text = scope_stdlib::module(module).ok_or(ReadError::NotFound)?;
            return Ok(text.as_bytes().to_vec());
        }
        self.files.get(path).cloned().ok_or(ReadError::NotFound)
    }

    fn digest(&self, path: &str) -> Result<FileDigest, ReadError> {
        let bytes = self.read(path)?;
        Ok(FileDigest { size: bytes.len() as u64, sha256: scope_plan::digest::sha256_hex(&bytes) })
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_string).collect()
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

fn places(report: &Diagnostic) -> impl Iterator<Item = scope_diagnostics::Span> + '_ {
    let labels = std::iter::once(&report.primary).chain(&report.secondary).map(|label| label.span);
    let edits = report.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
    labels.chain(edits).filter(|span| !span.is_dummy())
}

fn check_places<'r>(text: &str, reports: impl IntoIterator<Item = &'r Diagnostic>) {
    for report in reports {
        for span in places(report) {
            assert!(text.get(span.range()).is_some(), "{report:?}\nin {text:?}");
        }
    }
}
