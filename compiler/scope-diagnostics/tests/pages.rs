//! Every code has a page that explains it, shows it failing and shows it put right, in the one form that
//! `scope explain` prints and the test of the examples runs. (What the examples *give* is tested where the compiler is.)

use scope_diagnostics::{Severity, codes};
use std::collections::BTreeSet;

#[test]
fn every_page_is_complete() {
    for code in codes::all() {
        let page = code.page();
        assert!(!page.title.is_empty() && page.title.chars().count() <= 60, "{code}: {}", page.title);
        let is_lower = page.title.chars().next().is_some_and(|letter| !letter.is_uppercase());
        assert!(
            is_lower && !page.title.ends_with('.'),
            "{code}: a title reads like a message: {}",
            page.title
        );
        assert!(page.text.chars().count() >= 60, "{code}: the page says why");
        assert!(!page.failing.is_empty() || !page.messages.is_empty(), "{code}: the page shows it failing");
        assert!(!page.fixed.is_empty(), "{code}: the page shows it put right");
    }
}

#[test]
fn every_example_is_a_program_of_its_own() {
    for code in codes::all() {
        let page = code.page();
        for example in page.failing.iter().chain(&page.fixed) {
            let paths: BTreeSet<&str> = example.files.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(paths.len(), example.files.len(), "{code}: a file is written once");
            for file in &example.files {
                assert!(
                    file.path.ends_with(".scope") && !file.text.trim().is_empty(),
                    "{code}: {}",
                    file.path
                );
            }
        }
        // What fails and what is fixed are different programs, else the page shows nothing.
        assert!(page.failing.iter().all(|failing| !page.fixed.contains(failing)), "{code}");
    }
}

#[test]
fn pages_have_no_stray_form() {
    for code in codes::all() {
        let markdown = code.markdown();
        assert_eq!(
            markdown.lines().filter(|line| line.starts_with("```")).count() % 2,
            0,
            "{code}: fences are closed"
        );
        let headings: Vec<&str> = markdown.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, ["## Fails", "## Fixed"], "{code}");
        assert!(markdown.ends_with('\n') && !markdown.ends_with("\n\n"), "{code}: one line end at the end");
        assert!(markdown.lines().all(|line| line == line.trim_end()), "{code}: no blanks at line ends");
    }
}

#[test]
fn codes_are_sorted_and_found() {
    let all: Vec<_> = codes::all().collect();
    assert!(all.is_sorted());
    for &code in &all {
        assert_eq!(codes::find(&code.as_str().to_lowercase()), Some(code));
        let expected = if code.as_str().starts_with('W') { Severity::Warning } else { Severity::Error };
        assert_eq!(code.severity(), expected);
    }
    assert_eq!(codes::find("E9999"), None);
    assert_eq!(codes::nearest("203"), Some(codes::E0203));
    assert_eq!(codes::nearest("W0203"), Some(codes::E0203), "the digits decide");
    assert_eq!(codes::nearest("E02033"), Some(codes::E0203));
    assert_eq!(codes::nearest("hello"), None);
    assert_eq!(codes::nearest("E0999"), None, "E0909 is about something else");
}
