//! What of a text is drawn: the lines that labels touch, long ones cropped around the labels.
//!
//! Comes in: a file and the ranges that labels cover. Goes out: a text with the same line numbers in which every line
//! that no label touches is empty, and a map from bytes of the file to characters of that text:
//!
//! ```text
//! [{"a":1},{"a":2}, … 3 MB on one line … ,{"a":oops}]   →   …,{"a":oops}]
//! ```
//!
//! Why: the drawing library splits lines at seven characters, counts columns itself and prints lines
//! whole. Here a line ends at `\n` as everywhere else in the system, and a line of 3 MB costs a screen's width.

use super::clean;
use crate::{SourceFile, Span, credentials};
use std::{collections::BTreeMap, ops::Range};

/// A part of a file, ready to be drawn.
#[derive(Debug)]
pub(super) struct View {
    /// The text to draw; each of its lines ends with a blank and `\n`, so that a label at the end has a place.
    pub text: String,
    /// The lines that labels touch, by their index in the file.
    lines: BTreeMap<usize, ViewLine>,
}

#[derive(Debug)]
struct ViewLine {
    /// The character of the view at which the line starts.
    start: usize,
    /// Which characters of the line are shown, and at which character of the view's line each run starts.
    pieces: Vec<(Range<usize>, usize)>,
    /// Characters of the view's line.
    length: usize,
}

impl View {
    /// The lines that `spans` start or end on. A line of more than `width` characters is cropped.
    pub fn new(file: &SourceFile, spans: &[Span], width: usize, ellipsis: &str) -> View {
        let mut touched: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
        for span in spans {
            let (start, end) = (place(file, span.start), place(file, last_byte(file, *span)));
            if start.0 == end.0 {
                touched.entry(start.0).or_default().push(start.1..end.1 + 1);
            } else {
                touched.entry(start.0).or_default().push(start.1..start.1 + 1);
                touched.entry(end.0).or_default().push(end.1..end.1 + 1);
            }
        }

        let mut text = String::new();
        let mut length_in_characters = 0;
        let mut next_line = 0;
        let mut lines = BTreeMap::new();
        for (line, interests) in touched {
            text.extend(std::iter::repeat_n('\n', line - next_line));
            length_in_characters += line - next_line;
            next_line = line + 1;
            let span = file.line_span(line).expect("a line that holds a byte exists");
            let content = credentials::masked_part(file.text(), span.range());
            let n_characters = place(file, span.end).1;
            let pieces = pieces(n_characters, interests, width);
            let mut view_line = ViewLine { start: length_in_characters, pieces: Vec::new(), length: 0 };
            let mut characters = content.chars();
            let mut taken = 0;
            for piece in pieces {
                if piece.start > taken {
                    text.push_str(ellipsis);
                    view_line.length += ellipsis.chars().count();
                    characters.by_ref().take(piece.start - taken).for_each(drop);
                }
                view_line.pieces.push((piece.clone(), view_line.length));
                text.extend(characters.by_ref().take(piece.len()).map(clean::character));
                view_line.length += piece.len();
                taken = piece.end;
            }
            if taken < n_characters {
                text.push_str(ellipsis);
                view_line.length += ellipsis.chars().count();
            }
            text.push_str(" \n");
            length_in_characters += view_line.length + 2;
            lines.insert(line, view_line);
        }
        View { text, lines }
    }

    /// The characters of the view that stand for a range of the file; at least one.
    pub fn characters(&self, file: &SourceFile, span: Span) -> Range<usize> {
        let start = self.character(place(file, span.start));
        if span.is_empty() {
            return start..start + 1;
        }
        let end = self.character(place(file, last_byte(file, span)));
        start..end.max(start) + 1
    }

    /// The character of the view for a line and a character in it.
    fn character(&self, (line, column): (usize, usize)) -> usize {
        let line = &self.lines[&line];
        let index = line.pieces.partition_point(|(piece, _)| piece.start <= column);
        let Some((piece, at)) = index.checked_sub(1).map(|index| &line.pieces[index]) else {
            return line.start;
        };
        let column_in_view = at + (column - piece.start).min(piece.len());
        line.start + column_in_view.min(line.length)
    }
}

/// Whether one of the lines that a range starts or ends on has more than `width` bytes.
pub(super) fn is_on_long_line(file: &SourceFile, span: Span, width: usize) -> bool {
    [span.start, last_byte(file, span)].into_iter().any(|offset| {
        let line = file.line_index(file.clamp(offset));
        file.line_span(line).is_some_and(|span| span.len() as usize > width)
    })
}

/// The byte on which a range ends: its last one, or its start if it is empty.
pub(super) fn last_byte(file: &SourceFile, span: Span) -> u32 {
    file.clamp(span.end.saturating_sub(1).max(span.start))
}

/// Line and character of a byte, both from 0. The bytes of a line end are the end of the line.
fn place(file: &SourceFile, offset: u32) -> (usize, usize) {
    let offset = file.clamp(offset);
    let line = file.line_index(offset);
    let end = file.line_span(line).map_or(offset, |span| span.end);
    (line, file.line_column(offset.min(end)).column as usize - 1)
}

/// The runs of characters to show of a line: all of a short one, of a long one what is around each interest.
fn pieces(n_characters: usize, interests: Vec<Range<usize>>, width: usize) -> Vec<Range<usize>> {
    if n_characters <= width {
        return std::iter::once(0..n_characters).collect();
    }
    let around = (width / 4).max(8);
    let mut wanted: Vec<Range<usize>> = Vec::new();
    for interest in interests {
        let (start, end) = (interest.start.min(n_characters), interest.end.min(n_characters));
        if end - start <= width / 2 {
            wanted.push(start.saturating_sub(around)..(end + around).min(n_characters));
        } else {
            wanted.push(start.saturating_sub(around)..start + around);
            wanted.push(end - around..(end + around).min(n_characters));
        }
    }
    wanted.sort_by_key(|piece| piece.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for piece in wanted {
        match merged.last_mut() {
            // A gap as short as the sign for it is not worth the sign.
            Some(last) if piece.start <= last.end + 3 => last.end = last.end.max(piece.end),
            _ => merged.push(piece),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourceMap;

    fn view(text: &str, range: Range<u32>) -> (String, String) {
        let mut sources = SourceMap::new();
        let id = sources.add("a", text);
        let span = Span::new(id, range.start, range.end);
        let view = View::new(sources.get(id), &[span], 40, "…");
        let characters = view.characters(sources.get(id), span);
        let marked = view.text.chars().skip(characters.start).take(characters.len()).collect();
        (view.text, marked)
    }

    #[test]
    fn only_touched_lines_are_kept_and_keep_their_number() {
        assert_eq!(view("a\nb\nçç d\ne", 4..6), ("\n\nçç d \n".into(), "ç".into()));
        assert_eq!(view("a\r\nb\r\nc", 3..7).0, "\nb \nc \n");
    }

    #[test]
    fn an_empty_range_marks_the_place_after_the_text() {
        assert_eq!(view("ab\n", 2..2), ("ab \n".into(), " ".into()));
        assert_eq!(view("ab\n", 3..3), ("\n \n".into(), " ".into()));
        assert_eq!(view("", 0..0), (" \n".into(), " ".into()));
    }

    #[test]
    fn a_long_line_is_cropped_around_its_labels() {
        let text = format!("{}oops{}", "é".repeat(5000), "x".repeat(5000));
        let (text, marked) = view(&text, 10_000..10_004);
        assert_eq!(marked, "oops");
        assert_eq!(text, format!("…{}oops{}… \n", "é".repeat(10), "x".repeat(10)));
        let whole = "ab".repeat(50);
        assert_eq!(view(&whole, 0..100).0, "ababababab…ababababab \n");
    }
}
