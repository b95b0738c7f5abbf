//! Where text goes: reports to stdout, diagnostics and progress to stderr; colour by terminal, `NO_COLOR` and `--color`.
//!
//! With `--format json` or `sarif` stdout has one document and nothing else ([`document`]): lines for people are not printed,
//! reports are gathered for it.

pub mod document;
mod gathered;

pub use gathered::Gathered;

use std::io::{IsTerminal, Write};

use scope_compiler::Compilation;
use scope_diagnostics::{Code, Diagnostic, SourceMap, Span, render};
use scope_plan::plan::Plan;
use scope_web::Page;

use crate::args::{Color, Format};

/// How this process prints.
#[derive(Clone, Copy)]
pub struct Output {
    /// The form of diagnostics.
    pub format: Format,
    /// Whether stderr is coloured.
    pub is_colored: bool,
    /// Whether stderr is a terminal, so that lines may be redrawn.
    pub is_live: bool,
    /// The page that shows runs, if there is one.
    pub page: Option<&'static Page>,
}

impl Output {
    /// From the arguments and the terminal.
    pub fn new(format: Format, color: Color) -> Output {
        document::begin(format);
        let is_terminal = std::io::stderr().is_terminal();
        let is_colored = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                is_terminal
                    && anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
            }
        };
        Output { format, is_colored, is_live: is_terminal, page: None }
    }

    /// The page shows the run of this plan from here on.
    pub fn shows(&self, plan: &Plan, is_simulated: bool) {
        if let Some(page) = self.page {
            page.begin(plan, is_simulated);
        }
    }

    /// Prints diagnostics, and for people what they come to; for programs they are gathered.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if document::is_wanted() {
            return document::add(diagnostics, sources);
        }
        self.reports(diagnostics, sources);
        if self.format == Format::Rich {
            note(&render::summary(diagnostics));
        }
    }

    /// Prints reports without what they come to: that is said otherwise.
    pub fn reports(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        if document::is_wanted() {
            return document::add(diagnostics, sources);
        }
        if self.format == Format::Short {
            return note(render::short(diagnostics, sources).trim_end());
        }
        let options = render::RichOptions { color: self.is_colored, ..render::RichOptions::default() };
        note(render::rich(diagnostics, sources, options).trim_end());
    }

    /// Prints what compiling reported; false if it cannot go on.
    pub fn compiled(&self, compilation: &Compilation) -> bool {
        self.diagnostics(&compilation.diagnostics, &compilation.sources);
        !compilation.has_errors()
    }
}

/// One line, or several, on stdout, for people: without what a terminal would obey, which a site may have said.
pub fn line(text: &str) {
    verbatim(&render::plain(text));
}

/// The same, to the letter: what is made for another program to read.
pub fn verbatim(text: &str) {
    if !document::is_wanted() {
        always(text);
    }
}

/// The same also where a document follows: the events of `--events json`, one a line, and the document itself. A closed
/// pipe ends the process quietly, as for any filter.
pub fn always(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{text}").is_err() {
        std::process::exit(0);
    }
}

/// The same on stderr.
pub fn note(text: &str) {
    if !text.is_empty() {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// Something went wrong that is at no line of a program.
pub fn say_error(code: Code, message: &str) {
    say(&Diagnostic::new(code, Span::DUMMY, message));
}

/// A report that is at no line of a program.
pub fn say(report: &Diagnostic) {
    let level = if report.is_error() { "error" } else { "warning" };
    note(&render::plain(&format!("{level}[{}]: {}", report.code, report.message)));
    report.notes.iter().for_each(|text| note(&render::plain(&format!("  note: {text}"))));
    report.help.iter().for_each(|text| note(&render::plain(&format!("help: {text}"))));
    document::add(std::slice::from_ref(report), &SourceMap::new());
}

/// What can be done about the error that was said last.
pub fn say_help(text: &str) {
    note(&format!("help: {text}"));
    document::help(text);
}
