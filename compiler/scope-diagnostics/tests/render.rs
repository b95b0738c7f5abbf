//! The renderers over what goes wrong in practice: several files, characters of several bytes, the end of a file,
//! no place at all, very long lines, hostile text; and that no range makes them panic.

use insta::assert_snapshot;
use proptest::prelude::*;
use scope_diagnostics::{
    Diagnostic, Diagnostics, Edit, Label, SourceMap, Span, codes,
    render::{RichOptions, json, rich, short, summary},
};

const MAIN: &str = "\
import \"./sites.scope\" { nantes, paris }

/// Une caméra à 10 €, 📷.
resource vm: openstack.server {
    name:   \"caméra 📷\", flavour: \"m1.tiny\"
    image:  debian-12
} scope { compute: nante, image: paris }
";

const SITES: &str =
    "site nantes { openstack: { cloud: \"nantes\" } }\nsite paris { openstack: { cloud: \"é\" } }\n";

/// The range of the first `part` in a file.
fn find(sources: &SourceMap, path: &str, part: &str) -> Span {
    let file = sources.file_id(path).expect("the file was added");
    let start = sources.get(file).text().find(part).expect("the part is in the file");
    Span::new(file, start as u32, (start + part.len()) as u32)
}

fn example() -> (SourceMap, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let main = sources.add("main.scope", MAIN);
    sources.add("sites.scope", SITES);
    let end = MAIN.len() as u32;
    let mut sink = Diagnostics::new();
    let nante = find(&sources, "main.scope", "nante,");
    let nante = Span::new(main, nante.start, nante.end - 1);
    sink.push(
        Diagnostic::new(codes::E0101, nante, "no site is called `nante`")
            .label("not a site")
            .secondary(find(&sources, "sites.scope", "nantes"), "a site")
            .secondary(find(&sources, "sites.scope", "paris"), "another, « été »")
            .help("did you mean `nantes`?")
            .fix("write `nantes`", vec![Edit::new(nante, "nantes")]),
    );
    sink.push(
        Diagnostic::new(codes::E0203, find(&sources, "main.scope", "flavour"), "`openstack.server` has no attribute `flavour`")
            .label("unknown")
            .secondary(find(&sources, "main.scope", "\"caméra 📷\""), "the name of the server")
            .secondary(find(&sources, "main.scope", "openstack.server"), "of this type")
            .note("it has: name, image, flavor, networks, key_name, user_data, security_groups, metadata, config_drive, availability_zone")
            .help("did you mean `flavor`?"),
    );
    sink.push(
        Diagnostic::new(
            codes::E0102,
            find(&sources, "main.scope", "debian-12"),
            "nothing is called `debian-12`",
        )
        .note("names may hold dashes")
        .help("an image's own name is text: \"debian-12\""),
    );
    let body = find(&sources, "main.scope", "{\n    name");
    let body = body.to(find(&sources, "main.scope", "} scope"));
    sink.push(
        Diagnostic::new(codes::W0313, body, "the whole body").label("several lines").help("first\nsecond"),
    );
    sink.push(
        Diagnostic::new(codes::E0002, Span::at(main, end), "a bracket is missing at the end").label("here"),
    );
    sink.push(
        Diagnostic::new(
            codes::E0602,
            Span::DUMMY,
            "environment variables are not set:\n`NANTES_PASSWORD`\n`PARIS_PASSWORD`",
        )
        .help("export them, or write them in the clients' own file"),
    );
    let reports = sink.finish(&sources);
    (sources, reports)
}

fn options() -> RichOptions {
    RichOptions::default()
}

#[test]
fn rich_text() {
    let (sources, reports) = example();
    assert_snapshot!("rich", rich(&reports, &sources, options()));
}

#[test]
fn rich_text_in_ascii_at_sixty_columns() {
    let (sources, reports) = example();
    let options = RichOptions { ascii: true, width: 60, ..options() };
    let text = rich(&reports, &sources, options);
    assert_snapshot!("rich-ascii", text);
}

#[test]
fn rich_text_in_colour_says_the_same() {
    let (sources, reports) = example();
    let plain = rich(&reports, &sources, options());
    let coloured = rich(&reports, &sources, RichOptions { color: true, ..options() });
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').expect("every escape sequence sets a colour").1;
    }
    stripped.push_str(rest);
    let trimmed: String = stripped.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    assert_eq!(trimmed, plain);
    assert!(coloured.contains("\u{1b}[1;31merror[E0101]"), "{coloured}");
}

#[test]
fn short_text() {
    let (sources, reports) = example();
    assert_snapshot!("short", short(&reports, &sources));
}

#[test]
fn json_document() {
    let (sources, reports) = example();
    let document = json(&reports, &sources);
    assert_snapshot!("json", document);
    let value: serde_json::Value = serde_json::from_str(&document).expect("it is JSON");
    assert_eq!(value["format"], "scope-diagnostics/2");
    assert_eq!(value["diagnostics"].as_array().map(Vec::len), Some(reports.len()));
}

#[test]
fn the_summary_counts_by_weight() {
    let (_, reports) = example();
    assert_eq!(summary(&reports), "5 errors, 1 warning");
    assert_eq!(summary(&[]), "");
}

#[test]
fn no_line_ends_with_blanks() {
    let (sources, reports) = example();
    for line in rich(&reports, &sources, options()).lines() {
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn a_line_of_megabytes_costs_a_screen() {
    let mut sources = SourceMap::new();
    let text = format!("[{}{{\"a\":oops}},{}]", "{\"é\":1},".repeat(200_000), "{\"b\":2},".repeat(200_000));
    sources.add("big.json.scope", text);
    let span = find(&sources, "big.json.scope", "oops");
    let report = Diagnostic::new(codes::E0102, span, "nothing is called `oops`")
        .label("here")
        .secondary(find(&sources, "big.json.scope", "\"b\""), "and much later");
    let text = rich(&[report], &sources, options());
    assert!(text.lines().all(|line| line.chars().count() < 120), "{text}");
    assert_snapshot!("long-line", text);
}

#[test]
fn a_thousand_reports_on_a_large_file_are_quick_to_draw() {
    let mut sources = SourceMap::new();
    let file = sources.add("large.scope", "resource a: t { image: debian }\n".repeat(60_000));
    let reports: Vec<Diagnostic> = (0..1000)
        .map(|index| {
            Diagnostic::new(
                codes::E0102,
                Span::new(file, index * 1920 + 23, index * 1920 + 29),
                "nothing is called `debian`",
            )
            .secondary(Span::at(file, 0), "the first line, far away")
        })
        .collect();
    let text = rich(&reports, &sources, options());
    assert_eq!(text.matches("error[E0102]").count(), 1000);
    assert!(text.contains("large.scope:59941:24"), "{}", &text[text.len() - 600..]);
}

#[test]
fn labels_far_apart_get_frames_of_their_own() {
    let mut sources = SourceMap::new();
    sources.add("a.scope", format!("first é\n{}last €\n", "\n".repeat(500)));
    let last = find(&sources, "a.scope", "€");
    let report = Diagnostic::new(codes::E0103, last, "`a` is declared twice")
        .label("again here")
        .secondary(find(&sources, "a.scope", "é"), "first here");
    assert_snapshot!("far-apart", rich(&[report], &sources, options()));
}

#[test]
fn many_labels_are_counted_rather_than_drawn() {
    let mut sources = SourceMap::new();
    let file = sources.add("a.scope", "x\n".repeat(100));
    let mut report = Diagnostic::new(codes::E0103, Span::new(file, 0, 1), "declared often");
    report.secondary = (1..90)
        .map(|line| Label { span: Span::new(file, line * 2, line * 2 + 1), text: String::new() })
        .collect();
    assert!(rich(&[report], &sources, options()).contains("and 73 more places"));
}

#[test]
fn hostile_text_cannot_drive_the_terminal() {
    let mut sources = SourceMap::new();
    let file = sources
        .add("a\u{1b}[2J.scope", "let a = \"\u{1b}]0;owned\u{7}\u{202e}\"\r\nlet b\u{c} = 1\u{2028}2\n");
    let report = Diagnostic::new(codes::E0006, Span::new(file, 9, 10), "a \u{1b}[31mred\u{1b}[0m message")
        .label("la\u{8}bel")
        .secondary(find(&sources, "a\u{1b}[2J.scope", "1"), "on line 2")
        .note("note \u{1b}[2J")
        .help("help \u{9b}2J");
    for text in [rich(std::slice::from_ref(&report), &sources, options()), short(&[report], &sources)] {
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_range_makes_a_renderer_panic(
        first in "[ab {}\n\r\té€😀\u{85}\u{2028}\u{c}]{0,60}",
        second in "[x\n😀]{0,200}",
        ranges in prop::collection::vec((0_u32..2, 0_u32..260, 0_u32..260, "[a-zé \n]{0,6}"), 1..6),
        color: bool,
        ascii: bool,
        width in 0_usize..130,
    ) {
        let mut sources = SourceMap::new();
        let files = [sources.add("first", first), sources.add("second", second)];
        let span = |range: &(u32, u32, u32, String)| Span::new(files[range.0 as usize], range.1, range.2);
        let mut report = Diagnostic::new(codes::E0001, span(&ranges[0]), "message").label(ranges[0].3.clone());
        for range in &ranges[1..] {
            report = report.secondary(span(range), range.3.clone());
        }
        report = report.fix("title", vec![Edit::new(span(&ranges[0]), "é")]);
        let reports = [report];
        let text = rich(&reports, &sources, RichOptions { color, ascii, width });
        prop_assert!(text.contains("E0001"));
        if ascii && !color {
            let frame = text.lines().filter(|line| line.contains("|  ") || line.ends_with('\''));
            prop_assert!(frame.clone().all(|line| !line.contains('│')));
        }
        prop_assert_eq!(short(&reports, &sources).lines().count(), 1);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json(&reports, &sources)).is_ok());
    }
}
