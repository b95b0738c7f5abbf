//! The reports of several compilations over one map of texts, each once.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, SourceMap, Span};

/// See above.
#[derive(Default)]
pub struct Gathered {
    /// Every text that a report is in.
    pub sources: SourceMap,
    /// The reports, in the order in which they came.
    pub reports: Vec<Diagnostic>,
    seen: BTreeSet<String>,
}

impl Gathered {
    /// Adds reports, without those that were there.
    pub fn add(&mut self, reports: &[Diagnostic], sources: &SourceMap) {
        for report in reports {
            let mut report = report.clone();
            let place = sources.location(report.primary.span);
            if !self.seen.insert(format!("{} {place} {}", report.code, report.message)) {
                continue;
            }
            for span in spans(&mut report) {
                *span = self.moved(*span, sources);
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
