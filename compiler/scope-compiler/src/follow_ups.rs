//! Follow-up reports left out: what analysis says only because the text of an item, or a file, could not be read.
//!
//! Comes in: the reports of reading and those of analysing. Goes out: the second, without those about the very words that
//! the first are about, and without "is missing" in an item of which a part was lost. `param n: int 3` → the report for
//! the missing `=`, and not also that `n` has no value. Other mistakes in the same item stay. Where an import could not be
//! read, names that nothing declares may have come from it: `import "./sitse.scope"` → the report for the import only.

use scope_analysis::{Module, Modules};
use scope_diagnostics::{Code, Diagnostic, FileId, Span, codes};
use scope_syntax::ast::{ImportSource, ItemKind};

/// Reports that something is not there: it may stand in the part that was lost.
const MISSING: [Code; 3] = [codes::E0111, codes::E0204, codes::W0313];

/// Reports of sites that are not there; one of any file may be declared in the one that could not be read.
const NO_SITE: [Code; 2] = [codes::E0101, codes::E0105];

/// Reports of names that the same file does not know.
const NO_NAME: [Code; 3] = [codes::E0102, codes::E0207, codes::E0216];

/// The reports of analysis that say something of their own.
pub(crate) fn without_follow_ups(
    syntax: &[Diagnostic],
    analysis: Vec<Diagnostic>,
    modules: &Modules,
) -> Vec<Diagnostic> {
    let analysis = without_unread(analysis, modules);
    let reported = Spans::new(
        syntax
            .iter()
            .filter(|report| report.is_error())
            .flat_map(|report| {
                std::iter::once(report.primary.span).chain(report.secondary.iter().map(|label| label.span))
            })
            .filter(|span| !span.is_dummy())
            .collect(),
    );
    if reported.spans.is_empty() {
        return analysis;
    }
    let items = modules.modules.iter().flat_map(|module| module.tree.items.iter().map(|item| item.span));
    let broken = Spans::new(items.filter(|item| reported.overlap(*item)).collect());
    analysis
        .into_iter()
        .filter(|report| {
            let span = report.primary.span;
            let is_missing = MISSING.contains(&report.code);
            !(reported.overlap(span) || is_missing && broken.overlap(span))
        })
        .collect()
}

/// Without names that a file which could not be read may declare.
fn without_unread(analysis: Vec<Diagnostic>, modules: &Modules) -> Vec<Diagnostic> {
    let open: Vec<FileId> =
        modules.modules.iter().filter(|module| is_open(module)).map(|module| module.file).collect();
    if open.is_empty() {
        return analysis;
    }
    let is_misspelt = |report: &Diagnostic| report.help.iter().any(|help| help.starts_with("did you mean"));
    let is_of_unread = |report: &Diagnostic| {
        NO_SITE.contains(&report.code)
            || NO_NAME.contains(&report.code) && open.contains(&report.primary.span.file)
    };
    analysis.into_iter().filter(|report| is_misspelt(report) || !is_of_unread(report)).collect()
}

/// Whether a file may have names that are not known, as what it imports without naming them could not be read.
fn is_open(module: &Module) -> bool {
    let imports = module.tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(import),
        _ => None,
    });
    imports.zip(&module.imports).any(|(import, target)| {
        let is_named = import.names.is_some() || import.alias.is_some();
        target.is_none() && (!is_named || matches!(import.source, ImportSource::Library(_)))
    })
}

/// Spans, asked whether any of them shares a byte with another one.
struct Spans {
    /// Sorted by file and start.
    spans: Vec<Span>,
    /// Of each, the furthest end among it and those before it in its file.
    furthest: Vec<u32>,
}

impl Spans {
    fn new(mut spans: Vec<Span>) -> Spans {
        spans.sort_by_key(|span| (span.file, span.start));
        let mut furthest: Vec<u32> = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            let before = match index.checked_sub(1) {
                Some(before) if spans[before].file == span.file => furthest[before],
                _ => 0,
            };
            furthest.push(before.max(span.end));
        }
        Spans { spans, furthest }
    }

    fn overlap(&self, span: Span) -> bool {
        let end = self.spans.partition_point(|other| (other.file, other.start) < (span.file, span.end));
        end.checked_sub(1)
            .is_some_and(|last| self.spans[last].file == span.file && span.start < self.furthest[last])
    }
}

#[cfg(test)]
mod tests {
    use super::Spans;
    use scope_diagnostics::{SourceMap, Span};

    #[test]
    fn spans_that_only_touch_do_not_overlap() {
        let file = SourceMap::new().add("a.scope", "0123456789");
        let spans = Spans::new(vec![Span::new(file, 5, 7), Span::new(file, 0, 3)]);
        assert!(spans.overlap(Span::new(file, 2, 4)));
        assert!(!spans.overlap(Span::new(file, 3, 5)));
        assert!(spans.overlap(Span::new(file, 0, 9)));
        assert!(!spans.overlap(Span::new(file, 7, 9)));
    }
}
