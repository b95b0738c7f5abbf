//! Any text gives a tree: mutated programs, with the places of all nodes checked, and time that grows with the size only.
#![allow(clippy::disallowed_methods, reason = "time is what one of these tests measures")]

use proptest::prelude::*;
use scope_diagnostics::FileId;
use serde_json::Value;
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 6] = [
    include_str!("programs/cameras.scope"),
    include_str!("programs/sites.scope"),
    include_str!("programs/partition.scope"),
    include_str!("programs/image-driver.scope"),
    include_str!("programs/counter-driver.scope"),
    include_str!("programs/published.scope"),
];

const STRAY: [&str; 40] = [
    "\"",
    "'",
    "\"\"\"",
    "r#\"",
    "${",
    "$",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\r",
    "\\",
    ",",
    ",,",
    ":",
    ";",
    "=",
    "->",
    "=>",
    "..",
    "...",
    "--",
    "-",
    "/",
    "//",
    "///",
    "🦀",
    "é",
    "\u{0}",
    "\u{FEFF}",
    " let ",
    "\nresource a: b {\n",
    "\n$ x --scope '{",
    "\n- a: b\n",
    " if ",
    "2026-11-24",
    "…",
];

/// Every node lies in the text, on character boundaries, inside the node around it.
fn check_places(value: &Value, around: (u64, u64), text: &str, path: &str) {
    match value {
        Value::Object(fields) => {
            let around = match fields.get("span") {
                Some(span) => {
                    let place = (span["start"].as_u64().unwrap(), span["end"].as_u64().unwrap());
                    assert_eq!(span["file"].as_u64(), Some(0), "no place at {path}");
                    assert!(
                        place.0 >= around.0 && place.1 <= around.1,
                        "{place:?} not in {around:?} at {path}: {value}"
                    );
                    assert!(text.get(place.0 as usize..place.1 as usize).is_some(), "{place:?} at {path}");
                    place
                }
                None => around,
            };
            for (name, field) in fields {
                if name != "span" {
                    check_places(field, around, text, &format!("{path}.{name}"));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check_places(item, around, text, path)),
        _ => {}
    }
}

fn check(text: &str) {
    let parsed = scope_syntax::parse(FileId(0), text);
    for report in &parsed.diagnostics {
        let places = std::iter::once(&report.primary).chain(&report.secondary).map(|label| label.span);
        let edits = report.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        for span in places.chain(edits) {
            assert!(text.get(span.range()).is_some(), "{report:?}");
        }
    }
    let tree = serde_json::to_value(&parsed.module).unwrap();
    check_places(&tree, (0, text.len() as u64), text, "");
}

#[derive(Clone, Debug)]
enum Change {
    Cut(usize, usize),
    Copy(usize, usize, usize),
    Insert(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0_usize..1_000_000;
    prop_oneof![
        (place.clone(), 0_usize..40).prop_map(|(at, length)| Change::Cut(at, length)),
        (place.clone(), 0_usize..200, place.clone())
            .prop_map(|(at, length, to)| Change::Copy(at, length, to)),
        (place, 0..STRAY.len()).prop_map(|(at, stray)| Change::Insert(at, stray)),
    ]
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at % (text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn apply(text: &mut String, change: &Change) {
    match *change {
        Change::Cut(at, length) => {
            let start = boundary(text, at);
            let end = boundary(text, (start + length).min(text.len()));
            text.replace_range(start.min(end)..end, "");
        }
        Change::Copy(at, length, to) => {
            let start = boundary(text, at);
            let end = boundary(text, (start + length).min(text.len()));
            let copied = text[start.min(end)..end].to_owned();
            let to = boundary(text, to);
            text.insert_str(to, &copied);
        }
        Change::Insert(at, stray) => {
            let at = boundary(text, at);
            text.insert_str(at, STRAY[stray]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_programs_give_a_tree(seed in 0..PROGRAMS.len(), changes in prop::collection::vec(change(), 1..6)) {
        let mut text = PROGRAMS[seed].to_owned();
        changes.iter().for_each(|change| apply(&mut text, change));
        check(&text);
    }

    #[test]
    fn stray_tokens_give_a_tree(strays in prop::collection::vec(0..STRAY.len(), 0..40)) {
        check(&strays.iter().map(|stray| STRAY[*stray]).collect::<String>());
    }

    #[test]
    fn any_text_gives_a_tree(text in "\\PC{0,60}") {
        check(&text);
    }

    #[test]
    fn any_bytes_give_a_tree(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let (text, _) = scope_syntax::decode(FileId(0), &bytes);
        check(&text);
    }
}

#[test]
fn programs_cut_anywhere_give_a_tree() {
    for program in PROGRAMS {
        for (end, _) in program.char_indices().step_by(23) {
            check(&program[..end]);
            check(&program[end..]);
        }
    }
}

fn time(text: &str) -> Duration {
    let start = Instant::now();
    let _ = scope_syntax::parse(FileId(0), text);
    start.elapsed()
}

/// What could be quadratic takes about four times as long when it is four times as large. The bound is generous, since
/// other work may run beside.
#[test]
fn time_grows_with_the_size() {
    for unit in [
        "resource a: b { c: \"d ${e}\" } scope { f: g & h }\n",
        "let x = [a, (b], {c}\n",
        "{ a b\n",
        "r#\"",
        "\"\"\"${",
        "((((]",
        "// c\n",
        "/// c\n",
        "- a: b\n",
        "x: {\n  y:\n    - z\n}\n",
        "driver a { b: { c:\n  - d\n } }\n",
        "$ a --scope {\n",
        "foo bar\n\n\n",
        "let a = { b 1\n c 2 }, ",
        "test \"a\" { b c d e f\n",
        "200 -> a(b, { c: d }) ",
        "if a then ",
        "a -> { ",
    ] {
        let size = 20_000 / unit.len();
        let (small, large) = (unit.repeat(size), unit.repeat(size * 8));
        let base = time(&small).max(time(&small)).max(Duration::from_millis(3));
        let grown = time(&large).min(time(&large));
        assert!(grown < base * 32, "{unit:?}: {base:?} for {}, {grown:?} for {}", small.len(), large.len());
    }
}
