//! Where text goes: reports to stdout, diagnostics and progress to stderr; colour by terminal, `NO_COLOR` and `--color`.

use std::io::{IsTerminal, Write};

use scope_compiler::Compilation;
use scope_diagnostics::{Diagnostic, SourceMap, render};
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

    /// Prints diagnostics, and for people what they come to.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        match self.format {
            Format::Json => line(&render::json(diagnostics, sources)),
            Format::Sarif => line(render::sarif(diagnostics, sources).trim_end()),
            Format::Short => note(render::short(diagnostics, sources).trim_end()),
            Format::Rich => {
                if diagnostics.is_empty() {
                    return;
                }
                let options =
                    render::RichOptions { color: self.is_colored, ..render::RichOptions::default() };
                note(render::rich(diagnostics, sources, options).trim_end());
                note(&render::summary(diagnostics));
            }
        }
    }

    /// Prints reports without what they come to: that is said otherwise.
    pub fn reports(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        match self.format {
            Format::Short => note(render::short(diagnostics, sources).trim_end()),
            _ => {
                let options =
                    render::RichOptions { color: self.is_colored, ..render::RichOptions::default() };
                note(render::rich(diagnostics, sources, options).trim_end());
            }
        }
    }

    /// Prints what compiling reported; false if it cannot go on.
    pub fn compiled(&self, compilation: &Compilation) -> bool {
        // A JSON reader gets one document, also when all is well.
        if !compilation.diagnostics.is_empty() || matches!(self.format, Format::Json | Format::Sarif) {
            self.diagnostics(&compilation.diagnostics, &compilation.sources);
        }
        !compilation.has_errors()
    }
}

/// One line, or several, on stdout. A closed pipe ends the process quietly, as for any filter.
pub fn line(text: &str) {
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
