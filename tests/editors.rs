//! The editors, real ones: `editors/tests/run.py` drives the built `scope lsp` with pytest-lsp, Neovim and the client of the
//! VS Code extension, and tests the TextMate grammar. What it needs is installed by pip and npm, into the build folder only.
//! `SCOPE_EDITORS=0` leaves all of it out, with a line that says so.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{binary, root};

/// Every pattern of a TextMate grammar.
fn patterns(grammar: &Value, found: &mut Vec<String>) {
    match grammar {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(pattern) if matches!(name.as_str(), "match" | "begin" | "end" | "while") => {
                found.push(pattern.clone());
            }
            value => patterns(value, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| patterns(item, found)),
        _ => {}
    }
}

#[test]
fn the_grammar_knows_every_word_and_unit_of_the_lexer() {
    let text = std::fs::read_to_string(root().join("editors/textmate/scope.tmLanguage.json")).expect("UTF-8");
    let mut all = Vec::new();
    patterns(&serde_json::from_str(&text).expect("JSON"), &mut all);
    // An escape's letter is no word: `\\b(if|then)`.
    let plain = all.iter().map(|pattern| pattern.replace("\\b", " ").replace("\\s", " "));
    let plain: Vec<String> = plain.collect();
    let is_of_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '%');
    let known: BTreeSet<&str> =
        plain.iter().flat_map(|pattern| pattern.split(|letter| !is_of_word(letter))).collect();
    let words = [scope_syntax::ITEM_WORDS, scope_syntax::RESERVED_WORDS, scope_syntax::LINK_WORDS].concat();
    let clauses = ["scope", "at", "with"];
    let words = words.into_iter().chain(clauses).chain(scope_syntax::units::all());
    let unknown: Vec<&str> = words.filter(|word| !known.contains(word)).collect();
    assert!(unknown.is_empty(), "editors/textmate/scope.tmLanguage.json does not know {unknown:?}");
}

#[test]
fn editors_understand_the_language_server_and_the_grammar() {
    if std::env::var("SCOPE_EDITORS").is_ok_and(|value| value == "0") {
        // Past the test's captured output: what is left out is always seen.
        let _ = writeln!(std::io::stderr(), "editors: left out (SCOPE_EDITORS=0)");
        return;
    }
    let output = Command::new("python3")
        .arg(root().join("editors/tests/run.py"))
        .args(["--scope", binary::path(), "--cache", env!("CARGO_TARGET_TMPDIR")])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("the editors' tests need Python 3.11 with venv, and Node; SCOPE_EDITORS=0 leaves them out");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}{complained}");
    assert!(output.status.success(), "an editor's check failed:\n{said}{complained}");
}
