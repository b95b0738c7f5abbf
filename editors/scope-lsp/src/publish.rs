//! From a compilation's reports to the editor's, by file, each once.
//!
//! Two open programs that import the same file with a mistake in it → one report there; a file without reports that had
//! some is told so with an empty list.

use std::collections::BTreeMap;

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic as LspDiagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
    Location, Message,
};
use scope_compiler::Compilation;
use scope_diagnostics::{Diagnostic, Severity, SourceMap, Span};

use crate::library::Library;
use crate::paths;
use crate::positions::Encoding;

/// What turns the compiler's places into the editor's.
pub struct Translator<'a> {
    /// The workspace.
    pub root: &'a str,
    /// How the editor counts.
    pub encoding: Encoding,
    /// Addresses of open texts, by key: the editor knows them only as it wrote them.
    pub addresses: BTreeMap<String, String>,
    /// Texts inside the binary.
    pub library: &'a mut Library,
}

impl Translator<'_> {
    /// The key of a file of a compilation; `None` where it cannot be opened.
    pub fn key(&mut self, name: &str) -> Option<String> {
        if let Some(module) = name.strip_prefix("std:") {
            return self.library.module(module);
        }
        if self.addresses.contains_key(name) {
            return Some(name.to_owned());
        }
        Some(paths::absolute(self.root, name))
    }

    /// The address of a key.
    pub fn uri(&self, key: &str) -> String {
        self.addresses.get(key).cloned().unwrap_or_else(|| paths::uri_of(key))
    }

    /// The editor's place of a span.
    pub fn location(&mut self, sources: &SourceMap, span: Span) -> Option<Location> {
        let name = sources.try_get(span.file)?.path().to_owned();
        let key = self.key(&name)?;
        Some(Location { uri: self.uri(&key).into(), range: self.encoding.range(sources, span) })
    }

    /// The reports of a compilation, added to those of their files. What has no place stands at the start of the entry.
    pub fn add(
        &mut self,
        compilation: &Compilation,
        entry: &str,
        files: &mut BTreeMap<String, Vec<LspDiagnostic>>,
    ) {
        for report in &compilation.diagnostics {
            let name =
                compilation.sources.try_get(report.primary.span.file).map(|file| file.path().to_owned());
            let key = match name {
                // Nobody types in the standard library: what is wrong there is told where the program is.
                Some(name) if name.starts_with("std:") => Some(entry.to_owned()),
                Some(name) => self.key(&name),
                None => Some(entry.to_owned()),
            };
            let Some(key) = key else { continue };
            let is_elsewhere = key == entry
                && compilation
                    .sources
                    .try_get(report.primary.span.file)
                    .is_none_or(|file| file.path().starts_with("std:"));
            let mut translated = self.report(compilation, report);
            if is_elsewhere {
                translated.range = gen_lsp_types::Range::default();
            }
            let list = files.entry(key).or_default();
            if !list.contains(&translated) {
                list.push(translated);
            }
        }
    }

    /// One report as the editor shows it.
    pub fn report(&mut self, compilation: &Compilation, report: &Diagnostic) -> LspDiagnostic {
        let sources = &compilation.sources;
        let related: Vec<DiagnosticRelatedInformation> = report
            .secondary
            .iter()
            .filter_map(|label| {
                let location = self.location(sources, label.span)?;
                Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
            })
            .collect();
        let page = self.library.page(report.code);
        LspDiagnostic {
            range: self.encoding.range(sources, report.primary.span),
            severity: Some(match report.severity {
                Severity::Error => DiagnosticSeverity::Error,
                Severity::Warning => DiagnosticSeverity::Warning,
                Severity::Note => DiagnosticSeverity::Information,
            }),
            code: Some(Code::String(report.code.as_str().to_owned())),
            code_description: page.map(|page| CodeDescription { href: paths::uri_of(&page).into() }),
            source: Some("scope".to_owned()),
            message: Message::String(message(report)),
            tags: None,
            related_information: (!related.is_empty()).then_some(related),
            data: None,
        }
    }
}

/// The whole report as text: editors show one.
fn message(report: &Diagnostic) -> String {
    let mut text = report.message.clone();
    if !report.primary.text.is_empty() {
        text.push_str(&format!("\n{}", report.primary.text));
    }
    for note in &report.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    for help in &report.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}
