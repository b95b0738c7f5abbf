//! Nothing overflows: not parsing, cloning, comparing, serialising or dropping, whatever is nested however deep.
//!
//! Each text is read on a thread with the stack that tests have (2 MiB).

use scope_diagnostics::{FileId, codes};

/// Parses, then does with the tree what recursion could overflow at. Gives the codes of the reports.
fn visit(text: &str) -> Vec<&'static str> {
    let parsed = scope_syntax::parse(FileId(0), text);
    assert_eq!(parsed.module, parsed.module.clone());
    assert!(serde_json::to_string(&parsed.module).is_ok());
    let _ = format!("{:?}", parsed.module);
    let _ = scope_syntax::dump(&parsed.module);
    let _ = scope_syntax::format(&parsed.module, text);
    parsed.diagnostics.iter().map(|report| report.code.as_str()).collect()
}

fn too_deep_once(text: &str) {
    let neighbour = format!("let before = 1\n{text}\nlet after = 2\n");
    let codes = visit(&neighbour);
    assert_eq!(codes, [codes::E0007.as_str()], "{}", &text[..40.min(text.len())]);
    let items = scope_syntax::parse(FileId(0), &neighbour).module.items;
    assert_eq!(items.len(), 3);
}

#[test]
fn brackets() {
    for open in [
        "(",
        "[",
        "{ a: ",
        "f(",
        "[for x in ",
        "{ for x in (",
        "scope { a: (",
        "if (",
        "a[",
        "{ a: [(",
        "- (",
    ] {
        too_deep_once(&format!("let x = {}", open.repeat(50_000)));
    }
}

#[test]
fn closed_brackets() {
    too_deep_once(&format!("let x = {}1{}", "(".repeat(50_000), ")".repeat(50_000)));
    too_deep_once(&format!("let x = {}1{}", "[".repeat(300), "]".repeat(300)));
    assert!(visit(&format!("let x = {}1{}", "(".repeat(255), ")".repeat(255))).is_empty());
}

#[test]
fn prefixes() {
    too_deep_once(&format!("let x = {}a", "not ".repeat(50_000)));
    too_deep_once(&format!("let x = {}a", "- ".repeat(50_000)));
    too_deep_once(&format!("let x = {}a", "a & not ".repeat(50_000)));
}

#[test]
fn chains() {
    too_deep_once(&format!("let x = {}a", "a - ".repeat(100_000)));
    too_deep_once(&format!("let x = {}a", "a ?? ".repeat(100_000)));
    too_deep_once(&format!("let x = {}a", "a where ".repeat(100_000)));
    too_deep_once(&format!("let x = a{}", ".b".repeat(100_000)));
    too_deep_once(&format!("let x = a{}", "(1)".repeat(100_000)));
    too_deep_once(&format!("let x = a{}", "[1]".repeat(100_000)));
    too_deep_once(&format!("let x = {}b", "a - b + ".repeat(50_000)));
}

#[test]
fn flat_chains_are_no_matter() {
    for op in ["&", "|", "%", "+", "++", "and", "or"] {
        assert!(
            visit(&format!(
                "let x = {}a",
                format!("a {op} ").repeat(if op == "&" { 100_000 } else { 2_000 })
            ))
            .is_empty(),
            "{op}"
        );
    }
    assert!(visit(&format!("let x = {}a", "a * b.c + ".repeat(20_000))).is_empty());
    assert!(visit(&format!("let x = {}c", "if a then b else ".repeat(20_000))).is_empty());
}

#[test]
fn conditionals() {
    too_deep_once(&format!("let x = {}a{}", "if a then ".repeat(20_000), " else b".repeat(20_000)));
    too_deep_once(&format!("let x = {}a{}", "if ".repeat(20_000), " then b else c".repeat(20_000)));
}

#[test]
fn texts() {
    too_deep_once(&format!("let x = {}a{}", "\"${".repeat(5_000), "}\"".repeat(5_000)));
    too_deep_once(&format!("$ x {}a{}", "\"${".repeat(5_000), "}\"".repeat(5_000)));
    let unclosed = visit(&format!("let x = {}\nlet y = 1\n", "\"${".repeat(5_000)));
    assert_eq!(unclosed.len(), 2, "{unclosed:?}");
}

#[test]
fn types_and_bodies() {
    too_deep_once(&format!("type x = {}a{}", "list<".repeat(20_000), ">".repeat(20_000)));
    too_deep_once(&format!("type x = a{}", "? ".repeat(20_000)));
    too_deep_once(&format!("type x = {}a{}", "{ a: ".repeat(20_000), " }".repeat(20_000)));
    too_deep_once(&format!("driver x {{ {}{} }}", "a { ".repeat(20_000), "}".repeat(20_000)));
    too_deep_once(&format!(
        "driver x {{ {}b: {}1{} {} }}",
        "a { ".repeat(200),
        "(".repeat(100),
        ")".repeat(100),
        "}".repeat(200)
    ));
}
