//! The reports with their source lines, for people at a terminal; ariadne draws the frames.
//!
//! Comes in: finished reports. Goes out: for each a header as compilers print it, the lines with their labels, and what
//! explains and helps:
//!
//! ```text
//! error[E0101]: no site is called `nante`
//!    ╭─[ main.scope:9:20 ]
//!    │
//!  9 │ } scope { compute: nante }
//!    │                    ──┬──
//!    │                      ╰──── not a site
//! ───╯
//!   help: did you mean `nantes`?
//! ```
//!
//! ariadne gets characters, not bytes: in version 0.6 its byte mode takes the place shown for a second file from a
//! character offset, and ends in a panic inside a multi-byte character.

use super::{
    clean, style,
    view::{self, View},
};
use crate::{Diagnostic, FileId, Severity, SourceMap, Span};
use ariadne::{Cache, CharSet, Color, Config, IndexType, LabelAttach, Report, ReportKind, Source};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    fmt::{self, Display},
    ops::Range,
};

/// How [`rich`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RichOptions {
    /// Whether escape sequences colour the text. Colour repeats what words say, never replaces it.
    pub color: bool,
    /// Whether frames are drawn with ASCII characters only.
    pub ascii: bool,
    /// Columns of the terminal: longer source lines are cropped around their labels, notes and helps are wrapped.
    pub width: usize,
}

impl Default for RichOptions {
    fn default() -> RichOptions {
        RichOptions { color: false, ascii: false, width: 100 }
    }
}

/// Labels of one report farther apart than this many lines get frames of their own.
const LINES_IN_A_FRAME: usize = 60;

/// The most secondary labels drawn for one report; the others are counted.
const MAXIMUM_LABELS: usize = 16;

/// The most places drawn of a report that is told once of several of them; the others are counted.
const MAXIMUM_PLACES: usize = 5;

/// The reports with their source lines, a blank line between two; empty for none. Never panics, whatever the spans.
///
/// The last line is that of the last report; [`summary`](super::summary) is the caller's to print.
#[must_use]
pub fn rich(reports: &[Diagnostic], sources: &SourceMap, options: RichOptions) -> String {
    let drawing = Drawing { sources, options, views: shared_views(reports, sources, options) };
    let texts: Vec<String> = reports.iter().map(|report| drawing.report(report)).collect();
    texts.join("\n")
}

/// Characters of a source line that fit beside the margin.
fn source_width(options: RichOptions) -> usize {
    options.width.clamp(40, 400) - 10
}

fn ellipsis(options: RichOptions) -> &'static str {
    if options.ascii { "..." } else { "…" }
}

/// The secondary labels of a report that are drawn: all but those of too many places that it is told once of.
fn shown(report: &Diagnostic) -> impl Iterator<Item = &crate::Label> {
    let mut n_places = 1;
    let is_shown = move |label: &&crate::Label| {
        let is_the_same = !label.text.is_empty() && label.text == report.primary.text;
        n_places += usize::from(is_the_same);
        !is_the_same || n_places <= MAXIMUM_PLACES
    };
    report.secondary.iter().filter(is_shown).take(MAXIMUM_LABELS)
}

/// The labels of a report that can be drawn, primary first.
fn drawn_labels<'a>(report: &'a Diagnostic, sources: &SourceMap) -> Vec<&'a crate::Label> {
    std::iter::once(&report.primary)
        .chain(shown(report))
        .filter(|label| sources.try_get(label.span.file).is_some())
        .collect()
}

/// One view a file for all reports that touch no long line; the others get views of their own, so that many reports
/// on one very long line do not each print the places of all.
fn shared_views(
    reports: &[Diagnostic],
    sources: &SourceMap,
    options: RichOptions,
) -> HashMap<FileId, FileView> {
    let mut spans: HashMap<FileId, Vec<Span>> = HashMap::new();
    for report in reports {
        let labels = drawn_labels(report, sources);
        if !has_long_line(&labels, sources, options) {
            for label in labels {
                spans.entry(label.span.file).or_default().push(label.span);
            }
        }
    }
    spans.into_iter().map(|(file, spans)| (file, FileView::new(file, &spans, sources, options))).collect()
}

fn has_long_line(labels: &[&crate::Label], sources: &SourceMap, options: RichOptions) -> bool {
    labels
        .iter()
        .any(|label| view::is_on_long_line(sources.get(label.span.file), label.span, source_width(options)))
}

/// A view and what ariadne needs of it.
struct FileView {
    view: View,
    source: Source<String>,
}

impl FileView {
    fn new(file: FileId, spans: &[Span], sources: &SourceMap, options: RichOptions) -> FileView {
        let view = View::new(sources.get(file), spans, source_width(options), ellipsis(options));
        let source = Source::from(view.text.clone());
        FileView { view, source }
    }
}

struct Drawing<'a> {
    sources: &'a SourceMap,
    options: RichOptions,
    views: HashMap<FileId, FileView>,
}

impl Drawing<'_> {
    fn report(&self, report: &Diagnostic) -> String {
        let mut text = self.header(report);
        let labels = drawn_labels(report, self.sources);
        if !labels.is_empty() {
            text.push_str(&self.frames(report, &labels));
        }
        for note in &report.notes {
            self.remark(&mut text, "note", note);
        }
        let more = report.secondary.len() - shown(report).count();
        if more > 0 {
            self.remark(&mut text, "note", &format!("and {more} more places"));
        }
        for help in &report.help {
            self.remark(&mut text, "help", help);
        }
        if let (Some(fix), true) = (&report.fix, report.help.is_empty()) {
            self.remark(&mut text, "fix", &fix.title);
        }
        text
    }

    /// `error[E0101]: message`; further lines of the message are indented.
    fn header(&self, report: &Diagnostic) -> String {
        let head = format!("{}[{}]", report.severity, report.code);
        let mut lines = clean::lines(&report.message);
        let first = lines.next().unwrap_or_default();
        let mut text = format!(
            "{}{}\n",
            self.paint(&head, head_style(report.severity)),
            self.paint(&format!(": {first}"), "1")
        );
        for line in lines {
            text.push_str(format!("  {line}").trim_end());
            text.push('\n');
        }
        text
    }

    /// `  help: text`, wrapped to the width, each further line under the first word.
    fn remark(&self, text: &mut String, kind: &str, remark: &str) {
        let style = if kind == "note" { "1;36" } else { "1;32" };
        let indent = kind.len() + 4;
        let width = self.options.width.max(40).saturating_sub(indent);
        let mut is_first = true;
        for line in clean::lines(remark).flat_map(|line| wrap(&line, width)) {
            if std::mem::take(&mut is_first) {
                text.push_str(&format!("  {} {line}\n", self.paint(&format!("{kind}:"), style)));
            } else {
                text.push_str(format!("{:indent$}{line}", "").trim_end());
                text.push('\n');
            }
        }
    }

    fn paint(&self, text: &str, style: &str) -> String {
        if self.options.color { style::paint(text, style) } else { text.to_owned() }
    }

    /// The source lines with their labels, as ariadne draws them.
    fn frames(&self, report: &Diagnostic, labels: &[&crate::Label]) -> String {
        let own = has_long_line(labels, self.sources, self.options).then(|| self.own_views(labels));
        let views = own.as_ref().unwrap_or(&self.views);
        let placed = self.place(report, labels);
        let config = Config::new()
            .with_index_type(IndexType::Char)
            .with_label_attach(if labels.len() > 1 { LabelAttach::Start } else { LabelAttach::Middle })
            .with_color(self.options.color)
            .with_char_set(if self.options.ascii { CharSet::Ascii } else { CharSet::Unicode });
        let first = placed.first().expect("there is a label to draw");
        let mut builder =
            Report::build(ReportKind::Custom("", Color::Primary), first.range(views, self.sources))
                .with_config(config);
        for (order, label) in placed.iter().enumerate() {
            let color = if label.is_primary { severity_color(report.severity) } else { Color::Blue };
            let drawn = ariadne::Label::new(label.range(views, self.sources))
                .with_color(color)
                .with_order(i32::try_from(order).unwrap_or(i32::MAX))
                .with_priority(i32::from(label.is_primary));
            // Without words ariadne draws no line under the place, so that without colour it could not be seen.
            let words = clean::line(&label.label.text);
            let drawn = drawn.with_message(if words.is_empty() { "here" } else { &words });
            builder = builder.with_label(drawn);
        }
        let mut bytes = Vec::new();
        let cache = Views { views };
        builder.finish().write(cache, &mut bytes).expect("writing into memory does not fail");
        self.finish_frames(&String::from_utf8_lossy(&bytes), &placed)
    }

    fn own_views(&self, labels: &[&crate::Label]) -> HashMap<FileId, FileView> {
        let mut spans: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
        for label in labels {
            spans.entry(label.span.file).or_default().push(label.span);
        }
        spans
            .into_iter()
            .map(|(file, spans)| (file, FileView::new(file, &spans, self.sources, self.options)))
            .collect()
    }

    /// Puts the labels in the order in which they are drawn and says which share a frame: the frame of the primary
    /// label first, then by file and line; in a line from the right, so that no arrow crosses another's words.
    fn place<'b>(&self, report: &Diagnostic, labels: &[&'b crate::Label]) -> Vec<Placed<'b>> {
        let mut placed: Vec<Placed<'b>> = labels
            .iter()
            .map(|label| {
                let file = self.sources.get(label.span.file);
                let span = shortened(file, label.span);
                let line = file.line_index(view::last_byte(file, span));
                let is_primary = std::ptr::eq(*label, &raw const report.primary);
                Placed { label, span, line, frame: FrameId { file: label.span.file, number: 0 }, is_primary }
            })
            .collect();
        placed.sort_by_key(|label| (label.span.file, label.line, Reverse(label.span.start)));
        let mut number = 0;
        for index in 1..placed.len() {
            let is_near = placed[index].span.file == placed[index - 1].span.file
                && placed[index].line - placed[index - 1].line <= LINES_IN_A_FRAME;
            number += usize::from(!is_near);
            placed[index].frame.number = number;
        }
        let first_frame = placed.iter().find(|label| label.is_primary).map(|label| label.frame);
        placed.sort_by_key(|label| Some(label.frame) != first_frame);
        placed
    }

    /// Drops ariadne's own header, writes the true place over each frame, and trims blanks at line ends.
    fn finish_frames(&self, drawn: &str, placed: &[Placed<'_>]) -> String {
        let mut text = String::with_capacity(drawn.len());
        for line in drawn.lines().skip(1) {
            text.push_str(&style::merge(&self.with_true_place(line, placed)));
            text.push('\n');
        }
        text
    }

    /// ariadne counts line and column in the view, so the frame's number stands where the place belongs.
    fn with_true_place(&self, line: &str, placed: &[Placed<'_>]) -> String {
        let mut parts = line.splitn(3, MARK);
        let (Some(before), Some(number), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return line.to_owned();
        };
        let of_frame = || placed.iter().filter(|label| label.frame.number.to_string() == number);
        let shown =
            of_frame().find(|label| label.is_primary).or_else(|| of_frame().min_by_key(|label| label.span));
        let place = shown.map(|label| self.sources.location(label.label.span)).unwrap_or_default();
        let after = rest.find(' ').map_or("", |blank| &rest[blank..]);
        format!("{before}{}{after}", clean::line(&place))
    }
}

/// Stands around the number of a frame in ariadne's output; no printed text holds it, as it is a control character.
const MARK: char = '\u{1}';

/// A label, where it is drawn.
struct Placed<'a> {
    label: &'a crate::Label,
    span: Span,
    line: usize,
    frame: FrameId,
    is_primary: bool,
}

impl Placed<'_> {
    fn range(&self, views: &HashMap<FileId, FileView>, sources: &SourceMap) -> (FrameId, Range<usize>) {
        let characters = views[&self.span.file].view.characters(sources.get(self.span.file), self.span);
        (self.frame, characters)
    }
}

/// A range over more lines than a frame holds is drawn as its first line.
fn shortened(file: &crate::SourceFile, span: Span) -> Span {
    let first = file.line_index(file.clamp(span.start));
    let last = file.line_index(view::last_byte(file, span));
    if last - first <= LINES_IN_A_FRAME {
        return span;
    }
    let end = file.line_span(first).map_or(span.start, |line| line.end);
    Span::new(span.file, span.start, end)
}

/// A part of a file that gets a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FrameId {
    file: FileId,
    number: usize,
}

impl Display for FrameId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{MARK}{}{MARK}", self.number)
    }
}

struct Views<'a> {
    views: &'a HashMap<FileId, FileView>,
}

impl Cache<FrameId> for Views<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &FrameId) -> Result<&Source<String>, impl fmt::Debug> {
        self.views.get(&id.file).map(|view| &view.source).ok_or("every drawn file has a view")
    }

    fn display<'a>(&self, id: &'a FrameId) -> Option<impl Display + 'a> {
        Some(*id)
    }
}

fn head_style(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    }
}

fn severity_color(severity: Severity) -> Color {
    match severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
        Severity::Note => Color::Cyan,
    }
}

/// A line cut at blanks into lines of at most `width` characters; a longer word stands alone. Indentation is kept.
fn wrap(line: &str, width: usize) -> Vec<String> {
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let mut lines = Vec::new();
    let mut current: String = line.chars().take_while(|character| *character == ' ').collect();
    let mut length = current.len();
    let mut is_empty = true;
    for word in line.split_whitespace() {
        let n_characters = word.chars().count();
        if !is_empty && length + 1 + n_characters > width {
            lines.push(std::mem::take(&mut current));
            (length, is_empty) = (0, true);
        }
        if !is_empty {
            current.push(' ');
            length += 1;
        }
        current.push_str(word);
        length += n_characters;
        is_empty = false;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_blanks_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("  a verylongword b", 6), ["  a", "verylongword", "b"]);
        assert_eq!(wrap("", 6), [""]);
    }
}
