//! The entry points beside `parse`: one location, one expression, one command of words.

use scope_diagnostics::{FileId, codes};
use scope_syntax::{argv_text, ast::ExprKind, dump_expr, parse, parse_expr, parse_location, parse_native};

const FILE: FileId = FileId(7);

#[test]
fn a_quoted_location_keeps_its_places() {
    let file = "let s = scope { image: \"CloudOne&New York\" }";
    let start = file.find("CloudOne").unwrap() as u32;
    let (expr, reports) = parse_location(FILE, "CloudOne&New York", start);
    let expr = expr.expect("it is a location");
    assert!(reports.is_empty());
    assert_eq!(dump_expr(&expr), "(& CloudOne `New York`)");
    let ExprKind::Chain { operands, .. } = expr.kind.as_ref() else { panic!("{expr:?}") };
    assert_eq!(&file[operands[1].span.range()], "New York");
    assert_eq!(operands[1].span.file, FILE);
}

#[test]
fn a_location_that_cannot_be_read_is_reported_where_it_stands() {
    for (text, at) in [("a & ", 102), ("a &) b", 103), ("", 100), ("a b: c", 103), ("\u{1}", 100)] {
        let (expr, reports) = parse_location(FILE, text, 100);
        assert_eq!(expr, None, "{text}");
        assert_eq!(reports.len(), 1, "{text}: {reports:?}");
        assert_eq!(reports[0].primary.span.start, at, "{text}: {reports:?}");
    }
}

#[test]
fn expressions_of_the_command_line() {
    let shown = |text| parse_expr(FILE, text).0.map(|expr| dump_expr(&expr));
    assert_eq!(shown("2 + 1").as_deref(), Some("(+ 2 1)"));
    assert_eq!(shown("foo bar"), None);
    assert_eq!(shown("resource a"), None);
    assert_eq!(shown("[\n1,\n2]").as_deref(), Some("[1 2]"));
    assert_eq!(parse_expr(FILE, "1 +").1[0].code, codes::E0001);
}

fn command(words: &[&str]) -> (Vec<String>, String, usize) {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let text = argv_text(&words);
    let (native, reports) = parse_native(FILE, &text);
    let words = native.words.iter().map(|word| word.literal().expect("no `${`")).collect();
    let scope = native.scope.map(|scope| text[scope.span.range()].to_owned()).unwrap_or_default();
    (words, scope, reports.len())
}

#[test]
fn words_of_a_shell_come_back_as_they_were() {
    let words = [
        "openstack",
        "server",
        "create",
        "my vm",
        "it's",
        "",
        "a\"b",
        "${x}",
        "$HOME",
        "\\",
        "a\\nb",
        "line\nline",
        "{\"x\": 1}",
        "--scope",
        "REGIONAL",
        "--scope=x",
        "|",
        ">",
        "// no comment",
        "http://a//b",
        "é 🦀",
        "}",
        "{",
        "'",
        "\t",
        "\r\n",
        "--scopes={a}",
    ];
    let (back, scope, reports) = command(&words);
    assert_eq!(
        (back, scope.as_str(), reports),
        (words.iter().map(|word| (*word).to_owned()).collect(), "", 0)
    );
}

#[test]
fn the_scope_among_the_words_is_read_in_place() {
    let (words, scope, reports) = command(&["a", "--scope", "{\"image\": \"CloudTwo\"}", "b c"]);
    assert_eq!(
        (words, scope.as_str(), reports),
        (vec!["a".to_owned(), "b c".to_owned()], "{\"image\": \"CloudTwo\"}", 0)
    );
    let (words, scope, _) = command(&["a", "--os-scope={b & c}", "d"]);
    assert_eq!((words.len(), scope.as_str()), (2, "{b & c}"));
    let (words, _, reports) = command(&["a", "--scope", "{\"image\": ", "b"]);
    assert_eq!((words, reports), (vec!["a".to_owned(), "b".to_owned()], 1));
}

#[test]
fn a_file_over_the_limit_is_reported() {
    let text = " ".repeat(scope_syntax::MAX_SIZE + 1);
    let parsed = parse(FILE, &text);
    assert_eq!(parsed.diagnostics.iter().map(|report| report.code).collect::<Vec<_>>(), [codes::E0016]);
    assert!(parse(FILE, &text[1..]).diagnostics.is_empty());
}

#[test]
fn a_command_ends_behind_the_quote_of_its_scope() {
    for line in [
        r#"$ a b --scope '{"image": "x & y"}'"#,
        r#"$ a b --scope "{\"image\": \"x & y\"}""#,
        r#"$ a b --scope='{ x }'"#,
        r#"$ a b --scope '{ x }' --long"#,
        r#"a b --scope '{ x }  '"#,
    ] {
        let parsed = parse(FILE, &format!("{line}\n\nlet n = 1\n"));
        assert!(parsed.diagnostics.is_empty(), "{line}: {:?}", parsed.diagnostics);
        let span = parsed.module.items[0].span;
        assert_eq!(&line[span.range()], line);
    }
}
