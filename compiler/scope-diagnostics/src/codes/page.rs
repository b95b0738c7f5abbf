//! A page of `codes/`: what a code means, programs that get it, and the same programs put right.
//!
//! Comes in: Markdown of one form. Goes out: its parts, so that `scope explain` prints it and a test runs it.
//!
//! The form: `# E0203: title`, a text, `## Fails`, `## Fixed`; under each heading one example or more. A fence
//! ```` ```scope ```` holds a program to check, ```` ```scope run ```` one to run with simulated sites; a first line
//! `// file: sites.scope` names its file (else `main.scope`), and fences that follow each other with nothing but blank
//! lines and names between are files of one example, the first being its entry. ```` ```text ```` shows a message that no
//! program alone can cause. A fence of any other word right before a program (```` ```expect ````) is its expectations.

use super::Code;

/// A page, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its code.
    pub code: Code,
    /// What follows the code in its first line.
    pub title: String,
    /// The Markdown between the first line and the first example.
    pub text: String,
    /// Programs that get the code.
    pub failing: Vec<Example>,
    /// Programs that do not.
    pub fixed: Vec<Example>,
    /// Messages shown for codes that no program alone can cause.
    pub messages: Vec<String>,
}

/// One program of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its files, the entry first.
    pub files: Vec<ExampleFile>,
    /// Whether it is run with simulated sites, not only checked.
    pub run: bool,
    /// What a fence right before it says.
    pub expectations: Vec<Expectation>,
}

/// One file of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleFile {
    /// Its path, relative to the example.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The line of the page, from 1, on which the text starts.
    pub line: u32,
}

/// A fence right before a program that is not a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The words after the three backticks.
    pub info: String,
    /// What it holds.
    pub text: String,
}

impl Page {
    /// Parses a page. Never fails; what is missing is empty.
    #[must_use]
    pub fn parse(code: Code, markdown: &str) -> Page {
        let _ = markdown;
        empty_page(code)
    }
}

fn empty_page(code: Code) -> Page {
    Page { code, title: String::new(), text: String::new(), failing: vec![], fixed: vec![], messages: vec![] }
}
