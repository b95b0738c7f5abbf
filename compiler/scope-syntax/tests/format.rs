//! Formatting: reading the result gives the same tree and the same comments, formatting it again the same text.
#![allow(clippy::disallowed_methods, reason = "these tests read their cases from files")]

use proptest::prelude::*;
use scope_diagnostics::FileId;
use scope_syntax::{Parsed, format, parse};
use serde_json::Value;
use std::fs;

/// A tree without places, and without what canonical text does not keep: that a command was written without `$`.
fn shape(parsed: &Parsed) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["span", "bare", "comments"] {
                    fields.remove(name);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(&parsed.module).unwrap();
    strip(&mut value);
    value
}

/// The comments without blanks and slashes, sorted: those in odd places may change their order.
fn comments(parsed: &Parsed) -> Vec<String> {
    let trimmed = |text: &str| text.trim_start_matches(['/', '!', ' ', '\t']).trim().to_owned();
    let mut comments: Vec<String> =
        parsed.module.comments.iter().map(|comment| trimmed(&comment.text)).collect();
    comments.sort();
    comments
}

fn check(text: &str) -> Result<String, String> {
    let parsed = parse(FileId(0), text);
    if !parsed.diagnostics.is_empty() {
        return Ok(String::new());
    }
    let once = format(&parsed.module, text);
    let again = parse(FileId(0), &once);
    let shown = || format!("\n--- from\n{text}\n--- to\n{once}");
    if !again.diagnostics.is_empty() {
        return Err(format!("{:?}{}", again.diagnostics[0], shown()));
    }
    if shape(&parsed) != shape(&again) {
        let (from, to) = (scope_syntax::dump(&parsed.module), scope_syntax::dump(&again.module));
        return Err(format!("another tree{}\n{from}\n{to}", shown()));
    }
    if comments(&parsed) != comments(&again) {
        return Err(format!("comments {:?} {:?}{}", comments(&parsed), comments(&again), shown()));
    }
    let twice = format(&again.module, &once);
    if once != twice {
        return Err(format!("formats to another text{}\n--- then\n{twice}", shown()));
    }
    Ok(once)
}

fn seeds() -> Vec<String> {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let mut seeds = vec![];
    for entry in fs::read_dir(format!("{tests}/programs")).unwrap() {
        seeds.push(fs::read_to_string(entry.unwrap().path()).unwrap().replace("{ … }", "{ }"));
    }
    for file in ["forms", "nasty"] {
        let text = fs::read_to_string(format!("{tests}/cases/{file}.txt")).unwrap();
        for case in text.split("\n# ") {
            let input = case.split_once('\n').unwrap().1.split("\n---").next().unwrap();
            let input = input.replace('⏎', "\n").replace('␍', "\r").replace('␀', "\0");
            seeds.push(input);
        }
    }
    seeds.sort();
    seeds
}

#[test]
fn seeds_come_back() {
    let failures: Vec<String> = seeds().iter().filter_map(|seed| check(seed).err()).collect();
    assert!(failures.is_empty(), "{} of {}\n{}", failures.len(), seeds().len(), failures.join("\n======\n"));
}

#[test]
fn seeds_on_one_line_each_come_back() {
    for seed in seeds() {
        let parsed = parse(FileId(0), &seed);
        if parsed.diagnostics.is_empty() {
            // Without the source everything that fits goes on one line.
            let flat = format(&parsed.module, "");
            let stripped = parse(FileId(0), &flat);
            assert_eq!(stripped.diagnostics, [], "{flat}");
            assert_eq!(shape(&parsed), shape(&stripped), "{flat}");
            check(&flat).unwrap();
        }
    }
}

#[test]
fn canonical_text() {
    insta::glob!("programs/*.scope", |path| {
        let text = fs::read_to_string(path).unwrap();
        let formatted = format(&parse(FileId(0), &text).module, &text);
        insta::assert_snapshot!("format", formatted);
    });
}

/// Pieces that give programs without mistakes, in any order.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b.c".to_owned()),
        Just("12".to_owned()),
        Just("50ms".to_owned()),
        Just("25%".to_owned()),
        Just("\"t ${x}\"".to_owned()),
        Just("r#\"raw \"q\" \"#".to_owned()),
        Just("null".to_owned()),
        Just("\"\"\"\n   one\n\n     two ${y} \\u{20}\n   \"\"\"".to_owned()),
        Just("{}".to_owned()),
        Just("a_rather_long_name_that_takes_up_room".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 4, |inner| {
        let operators = prop::sample::select(vec![
            "+", "-", "*", "/", "++", "..", "%", "&", "|", "||", "??", "==", "<", "in", "not in", "matching", "within",
            "where", "except", "and", "or",
        ]);
        prop_oneof![
            3 => (inner.clone(), operators, inner.clone()).prop_map(|(left, op, right)| format!("({left}) {op} ({right})")),
            1 => inner.clone().prop_map(|value| format!("not ({value})")),
            1 => inner.clone().prop_map(|value| format!("-({value})")),
            1 => inner.clone().prop_map(|value| format!("({value}).f?.g")),
            1 => (inner.clone(), inner.clone()).prop_map(|(callee, arg)| format!("({callee})({arg}, k: 1)")),
            1 => (inner.clone(), inner.clone()).prop_map(|(base, index)| format!("({base})[{index}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, // c\n ...{b}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ k: {a}, \"l m\": {b}\n // own\n ...z }}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("if {a} then ({b}) else if x then y else z")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[for i in ({a}) if x => ({b})]")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("{{ for i, j in ({a}) => i: ({b}) }}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expressions_come_back(value in expression(), other in expression()) {
        let text = format!("let x = {value}\n\nresource y: t {{ a: {other} }} scope {{ b: c }} // end\noutput z = {other}\n");
        let checked = check(&text);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }

    #[test]
    fn changed_seeds_come_back(seed in 0..1000_usize, at in 0..1_000_000_usize, what in prop::sample::select(vec![
        "\n", "\n\n", " // c\n", "\n// c\n", ",", " ", "\n/// d\n", "(a)", "b.c", " & d", " | e", "\"f\"", "\n$ g h\n", "é", "\\", "''", "x: 1\n",
    ])) {
        let seeds = seeds();
        let mut text = seeds[seed % seeds.len()].clone();
        let mut at = at % (text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, what);
        let checked = check(&text);
        prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
    }
}

#[test]
fn a_queue_that_ends_is_written_as_it_reads() {
    for (from, to) in [
        ("let a = queue(for: 2h)", "let a = queue for 2h\n"),
        ("let a = { b: queue for (2h) }", "let a = { b: queue for 2h }\n"),
        ("let a = queue for (b + c)", "let a = queue for (b + c)\n"),
        ("let a = (queue for b) ?? c", "let a = (queue for b) ?? c\n"),
        ("let a = [queue for b.c, queue]", "let a = [queue for b.c, queue]\n"),
    ] {
        assert_eq!(check(from).expect("round trip"), to, "{from}");
    }
}

/// What stands behind an operand, or a branch of `if`, stays behind it.
#[test]
fn comments_within_an_expression_stay() {
    let written = "let a = if b then 1 // one\n  else 2 // two\nlet t = \"a\" // first\n  ++ \"b\" ++ // second\n  \"c\"\n";
    let expected = "let a = if b then 1 // one\n    else 2 // two\nlet t = \"a\" // first\n    ++ \"b\" // second\n    ++ \"c\"\n";
    assert_eq!(check(written).expect("it is read"), expected);
}
