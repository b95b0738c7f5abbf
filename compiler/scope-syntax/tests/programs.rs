//! The programs of the language's description, as printed.
#![allow(clippy::disallowed_methods, reason = "these tests read their cases from files")]

use scope_diagnostics::FileId;

fn show(name: &str, text: &str) -> String {
    let parsed = scope_syntax::parse(FileId(0), text);
    let mut out = scope_syntax::dump(&parsed.module);
    for report in &parsed.diagnostics {
        let span = report.primary.span;
        let line = text[..span.start as usize].matches('\n').count() + 1;
        out.push_str(&format!(
            "{name}:{line} {}: {} | {:?}\n",
            report.code,
            report.message,
            text.get(span.range())
        ));
    }
    out
}

#[test]
fn programs() {
    insta::glob!("programs/*.scope", |path| {
        let text = std::fs::read_to_string(path).expect("the program is there");
        insta::assert_snapshot!(show(&path.file_stem().unwrap().to_string_lossy(), &text));
    });
}
