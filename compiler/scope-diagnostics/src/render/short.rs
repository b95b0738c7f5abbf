//! One line a report, for tools that read lines (problem matchers, quickfix lists); codespan-reporting writes it.
//!
//! Comes in: finished reports. Goes out: `path:line:column: error[E0203]: message`, the path left out where there is no
//! place. Lines and columns count from 1, columns in characters.

use super::clean;
use crate::{Diagnostic, FileId, Severity, SourceMap};
use codespan_reporting::{
    diagnostic::{Diagnostic as Record, Label, Severity as Level},
    files::{Error, Files},
    term::{self, Config, DisplayStyle},
};
use std::ops::Range;

/// One line a report: `path:line:column: error[E0203]: message`.
#[must_use]
pub fn short(reports: &[Diagnostic], sources: &SourceMap) -> String {
    let config = Config { display_style: DisplayStyle::Short, ..Config::default() };
    let files = Table { sources };
    let mut text = String::new();
    for report in reports {
        let span = report.primary.span;
        let mut record = Record::new(level(report.severity))
            .with_code(report.code.as_str())
            .with_message(clean::line(&report.message));
        if sources.try_get(span.file).is_some() {
            record = record.with_label(Label::primary(span.file, span.range()));
        }
        let line = term::emit_into_string(&config, &files, &record);
        text.push_str(&line.expect("the only file that is asked for is in the map"));
    }
    text
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Note,
    }
}

/// Our source map as codespan-reporting asks for it: every answer comes from the tables.
struct Table<'s> {
    sources: &'s SourceMap,
}

impl Table<'_> {
    fn file(&self, id: FileId) -> Result<&crate::SourceFile, Error> {
        self.sources.try_get(id).ok_or(Error::FileMissing)
    }
}

impl<'a> Files<'a> for Table<'_> {
    type FileId = FileId;
    type Name = String;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<String, Error> {
        Ok(clean::line(self.file(id)?.path()))
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        Ok(self.file(id)?.text())
    }

    fn line_index(&'a self, id: FileId, byte_index: usize) -> Result<usize, Error> {
        let file = self.file(id)?;
        Ok(file.line_index(file.clamp(offset(byte_index))))
    }

    fn column_number(&'a self, id: FileId, _: usize, byte_index: usize) -> Result<usize, Error> {
        Ok(self.file(id)?.line_column(offset(byte_index)).column as usize)
    }

    fn line_range(&'a self, id: FileId, line_index: usize) -> Result<Range<usize>, Error> {
        let file = self.file(id)?;
        let starts = file.line_starts();
        let given = line_index;
        let start = *starts.get(line_index).ok_or(Error::LineTooLarge { given, max: starts.len() - 1 })?;
        let end = starts.get(line_index + 1).map_or(file.text().len(), |&next| next as usize);
        Ok(start as usize..end)
    }
}

fn offset(byte_index: usize) -> u32 {
    u32::try_from(byte_index).unwrap_or(u32::MAX)
}
