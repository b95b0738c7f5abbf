//! What is wrong with a resource to be imported, told at the arguments of the command: the line that is compiled for it is in no
//! file.
//!
//! `unknown type` at `desk.nte` of a line behind the program → the same at `desk.nte` in `scope import main.scope
//! first:desk.nte nantes first`.

use scope_compiler::Compilation;
use scope_diagnostics::{Diagnostic, Label, Span};

use super::{PROBE, PROBE_BEGIN};
use crate::args::Import;
use crate::output::Output;

/// Where its reports are.
const COMMAND_LINE: &str = "command line";

/// The arguments, and where what was made of them stands.
pub(super) struct Arguments<'c> {
    pub(super) command: &'c Import,
    /// Of the program's own text, in bytes.
    pub(super) end_of_program: usize,
    pub(super) type_length: usize,
}

impl Arguments<'_> {
    /// Tells what is wrong with them; if that is nothing, what is wrong with the program.
    pub(super) fn refuse(&self, compilation: &Compilation, output: Output) {
        let mut sources = compilation.sources.clone();
        let program = sources.file_id(&self.command.program.file);
        let is_ours = |span: Span| Some(span.file) == program && span.start as usize >= self.end_of_program;
        let reports = compilation.diagnostics.iter();
        let (wrong, others): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            reports.filter(|report| report.is_error()).partition(|report| is_ours(report.primary.span));
        if wrong.is_empty() {
            return output.diagnostics(&others.into_iter().cloned().collect::<Vec<_>>(), &sources);
        }
        let Import { resource, site, id, .. } = self.command;
        let before = format!("scope import {} ", self.command.program.file);
        let line = sources.add(COMMAND_LINE, format!("{before}{resource} {site} {id}\n"));
        let start = before.len() + resource.len().saturating_sub(self.type_length);
        let ty = Span::new(line, start as u32, (start + self.type_length) as u32);
        let all = Span::new(
            line,
            before.len() as u32,
            (before.len() + resource.len() + site.len() + id.len() + 2) as u32,
        );
        let end_of_type = self.end_of_program + PROBE_BEGIN.len() + self.type_length;
        let at = |span: Span| if span.end as usize <= end_of_type { ty } else { all };
        let told = wrong.into_iter().map(|report| Diagnostic {
            message: report.message.replace(PROBE, resource.split(':').next().unwrap_or_default()),
            primary: Label { span: at(report.primary.span), ..report.primary.clone() },
            secondary: report.secondary.iter().filter(|label| !is_ours(label.span)).cloned().collect(),
            // What would be mended is in no file.
            fix: None,
            ..report.clone()
        });
        output.diagnostics(&told.collect::<Vec<_>>(), &sources);
    }
}
