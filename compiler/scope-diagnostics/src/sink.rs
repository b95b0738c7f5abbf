//! Where every station puts its reports, and where they get their one order.
//!
//! Comes in: reports in the order in which checks happen to run. Goes out: at most [`MAXIMUM_REPORTS`] of them, sorted
//! by path, start and code, each code once a place and each cause once, so that the output does not depend on the order of declarations.
//!
//! ```
//! use scope_diagnostics::{Diagnostic, Diagnostics, SourceMap, Span, codes};
//!
//! let mut sources = SourceMap::new();
//! let file = sources.add("a.scope", "ab");
//! let mut sink = Diagnostics::new();
//! sink.push(Diagnostic::new(codes::E0102, Span::new(file, 1, 2), "second"));
//! sink.push(Diagnostic::new(codes::E0102, Span::new(file, 0, 1), "first"));
//! sink.push(Diagnostic::new(codes::E0102, Span::new(file, 0, 1), "first"));
//! let messages: Vec<_> = sink.finish(&sources).into_iter().map(|report| report.message).collect();
//! assert_eq!(messages, ["first", "second"]);
//! ```

use crate::told_once::told_once;
use crate::{Code, Diagnostic, Severity, SourceMap, Span, codes};
use std::cmp::Reverse;

/// The most reports that [`Diagnostics::finish`] hands out; what is left out is counted in a last note.
pub const MAXIMUM_REPORTS: usize = 1000;

/// Codes of rules that a program or a policy states: two of them at one place are two mistakes, if they say different
/// things.
const STATED: [Code; 2] = [codes::E0506, codes::E0507];

/// A collection of reports. Pushing never fails and keeps everything.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    reports: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds a report.
    pub fn push(&mut self, report: Diagnostic) {
        self.reports.push(report);
    }

    /// Whether one of the reports is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.reports.iter().any(Diagnostic::is_error)
    }

    /// Whether nothing was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// How many reports were pushed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reports.len()
    }

    /// The reports as they were pushed.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.reports.iter()
    }

    /// The reports as they were pushed, taken out.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.reports
    }

    /// The reports in their one order, each code once a place, at most [`MAXIMUM_REPORTS`].
    ///
    /// Reports without a place come last. Where two share code and place, the heavier is kept, then the one whose
    /// message comes first in the alphabet. Errors are never the ones that are left out while lighter ones stay. What they
    /// say holds no credential that is known by its form.
    #[must_use]
    pub fn finish(self, sources: &SourceMap) -> Vec<Diagnostic> {
        let mut reports: Vec<Diagnostic> =
            self.reports.into_iter().map(Diagnostic::without_credentials).collect();
        let place = |span: Span| sources.try_get(span.file).map(|file| (file.path(), span));
        reports.sort_by(|left, right| {
            let by_place = match (place(left.primary.span), place(right.primary.span)) {
                (Some((left_path, left_span)), Some((right_path, right_span))) => {
                    let key = |span: Span| (span.end, span.file);
                    left_path
                        .cmp(right_path)
                        .then(left_span.start.cmp(&right_span.start))
                        .then(left.code.cmp(&right.code))
                        .then(key(left_span).cmp(&key(right_span)))
                }
                (left, right) => right.is_some().cmp(&left.is_some()),
            };
            by_place.then_with(|| rank(left).cmp(&rank(right)))
        });
        reports.dedup_by(|later, earlier| {
            later.code == earlier.code
                && later.primary.span == earlier.primary.span
                && (later.message == earlier.message
                    || !later.primary.span.is_dummy() && !STATED.contains(&later.code))
        });
        cut(told_once(reports, sources))
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, reports: I) {
        self.reports.extend(reports);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(reports: I) -> Diagnostics {
        Diagnostics { reports: reports.into_iter().collect() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.reports.into_iter()
    }
}

/// What decides between reports of one place: all of what they say, so that the order of pushes does not.
fn rank(report: &Diagnostic) -> impl Ord + '_ {
    let Diagnostic { code, severity, message, primary, secondary, notes, help, fix } = report;
    (code, Reverse(severity), message, primary, secondary, notes, help, fix)
}

/// Leaves out what is over the limit, lightest and last first, and says in a last note how much that was.
fn cut(reports: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if reports.len() <= MAXIMUM_REPORTS {
        return reports;
    }
    let left_out = reports.len() - MAXIMUM_REPORTS;
    let mut order: Vec<usize> = (0..reports.len()).collect();
    order.sort_by_key(|&index| (Reverse(reports[index].severity), index));
    let last_code: Code = reports[order[MAXIMUM_REPORTS]].code;
    let mut is_kept = vec![false; reports.len()];
    for &index in &order[..MAXIMUM_REPORTS] {
        is_kept[index] = true;
    }
    let mut kept: Vec<Diagnostic> =
        reports.into_iter().zip(is_kept).filter_map(|(report, is_kept)| is_kept.then_some(report)).collect();
    let message = format!("{left_out} more reports are not shown");
    kept.push(Diagnostic::new(last_code, Span::DUMMY, message).severity(Severity::Note));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, codes};

    fn sources() -> SourceMap {
        let mut sources = SourceMap::new();
        sources.add("b.scope", "x".repeat(5000));
        sources.add("a.scope", "x".repeat(5000));
        sources
    }

    #[test]
    fn the_order_does_not_depend_on_the_order_of_pushes() {
        let sources = sources();
        let files: Vec<_> = sources.iter().map(|file| file.id()).collect();
        let mut reports = vec![
            Diagnostic::new(codes::E0102, Span::DUMMY, "nowhere"),
            Diagnostic::new(codes::E0102, Span::new(files[0], 3, 4), "b at 3"),
            Diagnostic::new(codes::E0101, Span::new(files[0], 3, 9), "b at 3, lower code"),
            Diagnostic::new(codes::E0102, Span::new(files[1], 7, 8), "a at 7"),
            Diagnostic::new(codes::E0102, Span::new(files[1], 7, 8), "a at 7, again"),
        ];
        let forwards = reports.iter().cloned().collect::<Diagnostics>().finish(&sources);
        reports.reverse();
        let backwards = reports.into_iter().collect::<Diagnostics>().finish(&sources);
        assert_eq!(forwards, backwards);
        let messages: Vec<_> = forwards.iter().map(|report| report.message.as_str()).collect();
        assert_eq!(messages, ["a at 7", "b at 3, lower code", "b at 3", "nowhere"]);
    }

    #[test]
    fn no_report_says_a_credential() {
        let sources = sources();
        let file = sources.iter().next().expect("two were added").id();
        let token = format!("ghp_{}", "a1".repeat(18));
        let said = || format!("found {token}");
        let place = Span::new(file, 3, 4);
        let report = Diagnostic::new(codes::E0201, place, said())
            .label(said())
            .secondary(place, said())
            .note(said())
            .help(said())
            .fix(said(), vec![Edit::new(place, said())]);
        let reports = [report].into_iter().collect::<Diagnostics>().finish(&sources);
        // What an editor puts into the text is the text; where it is shown it is left out.
        assert_eq!(reports[0].fix.as_ref().expect("it has one").edits[0].replacement, said());
        for shown in [
            crate::render::short(&reports, &sources),
            crate::render::json(&reports, &sources),
            crate::render::sarif(&reports, &sources),
            crate::render::rich(&reports, &sources, crate::render::RichOptions::default()),
        ] {
            assert!(shown.contains("found ••••") && !shown.contains(&token), "{shown}");
        }
    }

    #[test]
    fn different_reports_without_a_place_all_stay() {
        let mut sink = Diagnostics::new();
        sink.extend(["a", "b", "a"].map(|name| Diagnostic::new(codes::E0602, Span::DUMMY, name)));
        assert_eq!(sink.finish(&sources()).len(), 2);
    }

    #[test]
    fn a_flood_is_cut_and_counted_and_keeps_the_errors() {
        let sources = sources();
        let file = sources.iter().next().expect("two were added").id();
        let mut sink = Diagnostics::new();
        sink.extend((0..1500).map(|at| Diagnostic::new(codes::W0311, Span::at(file, at), "empty")));
        sink.push(Diagnostic::new(codes::E0101, Span::at(file, 4000), "an error"));
        let reports = sink.finish(&sources);
        assert_eq!(reports.len(), MAXIMUM_REPORTS + 1);
        assert_eq!(reports[MAXIMUM_REPORTS - 1].message, "an error");
        assert_eq!(reports[MAXIMUM_REPORTS].message, "501 more reports are not shown");
        assert_eq!(reports[MAXIMUM_REPORTS].severity, Severity::Note);
    }
}
