//! `scope lint`: what a check reports, and what is allowed and probably not meant.
//!
//! Comes in: programs or folders. Goes out: their reports in one document, each once, however many programs import the
//! file it is in. How much a lint weighs is said in `scope.toml` beside the program; what is denied there is an error.

use std::collections::BTreeSet;

use scope_compiler::{Compilation, Options, lint};
use scope_diagnostics::{Diagnostic, SourceMap, Span};

use super::{OK, WRONG};
use crate::args::{Format, Lint};
use crate::files;
use crate::output::{Output, line, note};
use crate::world::Disk;

pub fn run(command: &Lint, output: Output) -> u8 {
    if command.list {
        for rule in lint::ALL {
            line(&format!("{}  {:<26} {}", rule.code, rule.name, rule.code.title()));
        }
        return OK;
    }
    let paths = match files::programs(&command.files) {
        Ok(paths) => paths,
        Err(message) => {
            note(&format!("error: {message}"));
            return WRONG;
        }
    };
    if paths.is_empty() {
        note("error: there is no `.scope` file there");
        return WRONG;
    }
    let mut all = Gathered::default();
    for (_, compilation) in compiled(&command.files, &paths, command.simulate, &command.policies) {
        all.add(&compilation);
    }
    let reports = all.reports;
    output.diagnostics(&reports, &all.sources);
    if output.format == Format::Rich && reports.is_empty() {
        line(&format!("{} program{}: nothing to say", paths.len(), if paths.len() == 1 { "" } else { "s" }));
    }
    if reports.iter().any(Diagnostic::is_error) { WRONG } else { OK }
}

/// Every program among these files, compiled with all lints. A file that was found in a folder and that another one
/// imports is a part of that program, and none by itself.
pub fn compiled(
    named: &[String],
    paths: &[String],
    simulate: bool,
    policies: &[String],
) -> Vec<(String, Compilation)> {
    let options = Options { lint: true, simulate, policies: policies.to_vec(), ..Options::default() };
    let mut compiled: Vec<(String, Compilation)> =
        paths.iter().map(|path| (path.clone(), scope_compiler::compile(&Disk, path, &options))).collect();
    let imported: BTreeSet<String> = compiled
        .iter()
        .flat_map(|(path, compilation)| {
            compilation.sources.iter().map(|file| file.path().to_string()).filter(move |other| other != path)
        })
        .collect();
    compiled.retain(|(path, _)| named.contains(path) || !imported.contains(path));
    compiled
}

/// The reports of several compilations over one map of texts.
#[derive(Default)]
pub struct Gathered {
    /// Every text that a report is in.
    pub sources: SourceMap,
    /// The reports, in the order of the programs.
    pub reports: Vec<Diagnostic>,
    seen: BTreeSet<String>,
}

impl Gathered {
    /// Adds what one compilation reported, without what another one did.
    pub fn add(&mut self, compilation: &Compilation) {
        for report in &compilation.diagnostics {
            let mut report = report.clone();
            let place = compilation.sources.location(report.primary.span);
            if !self.seen.insert(format!("{} {place} {}", report.code, report.message)) {
                continue;
            }
            for span in spans(&mut report) {
                *span = self.moved(*span, &compilation.sources);
            }
            self.reports.push(report);
        }
    }

    /// The same place in the texts kept here.
    fn moved(&mut self, span: Span, from: &SourceMap) -> Span {
        let Some(file) = from.try_get(span.file) else { return span };
        let id = match self.sources.file_id(file.path()) {
            Some(id) => id,
            None => self.sources.add(file.path(), file.text_arc()),
        };
        Span::new(id, span.start, span.end)
    }
}

fn spans(report: &mut Diagnostic) -> Vec<&mut Span> {
    let mut spans = vec![&mut report.primary.span];
    spans.extend(report.secondary.iter_mut().map(|label| &mut label.span));
    spans.extend(report.fix.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.span));
    spans
}
