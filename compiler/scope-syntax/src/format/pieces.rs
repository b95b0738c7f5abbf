//! Entries, one under the other, with the comments between them.
//!
//! A comment goes before the entry it stands before, or behind the entry on whose line it stands; one inside an
//! expression goes behind its entry. So formatting twice puts it where formatting once did.

use super::{
    Formatter,
    doc::{
        Doc, break_around, broken_only, concat, flat_only, group, hard_line, line, nest, nil, soft_line, text,
    },
};
use scope_diagnostics::Span;

/// An entry or a comment.
pub(super) struct Piece {
    pub doc: Doc,
    /// The comment behind it on its line.
    pub trailing: Option<String>,
    pub blank_before: bool,
    pub is_comment: bool,
}

/// How entries are separated.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Separation {
    /// By `,` on one line, by line ends else.
    Lines,
    /// By `,` always.
    Commas,
    /// By line ends, always.
    Items,
}

impl Formatter<'_> {
    /// The entries of a range of the source. `write` makes the document of one.
    pub(super) fn pieces(
        &mut self,
        range: (u32, u32),
        count: usize,
        span: &dyn Fn(usize) -> Span,
        write: &mut dyn FnMut(&mut Self, usize) -> Doc,
    ) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = vec![];
        let mut end = range.0;
        for index in 0..count {
            let place = span(index);
            while let Some(comment) = self.comment_before(place.start) {
                pieces.push(self.own_line(comment, &mut end));
            }
            let blank_before = self.has_blank_line(end, place.start);
            let doc = write(self, index);
            end = end.max(place.end);
            let until = if index + 1 < count { span(index + 1).start } else { range.1 };
            let mut piece = Piece { doc, trailing: None, blank_before, is_comment: false };
            let mut more = vec![];
            while let Some(comment) = self.comment_behind(place.end, until) {
                if piece.trailing.is_none() && !self.comments[comment].own_line {
                    piece.trailing = Some(self.comment_text(comment));
                    end = end.max(self.comments[comment].span.end);
                } else {
                    more.push(self.own_line(comment, &mut end));
                }
            }
            pieces.push(piece);
            pieces.extend(more);
        }
        while let Some(comment) = self.comment_before(range.1) {
            pieces.push(self.own_line(comment, &mut end));
        }
        if let Some(first) = pieces.first_mut() {
            first.blank_before = false;
        }
        pieces
    }

    /// Operands with comments between them, one under the other; nothing where there is no comment before the last begins.
    /// `write` makes the document of one, with what stands before it.
    pub(super) fn commented(
        &mut self,
        count: usize,
        span: &dyn Fn(usize) -> Span,
        write: &mut dyn FnMut(&mut Self, usize) -> Doc,
    ) -> Option<Doc> {
        let last = span(count.checked_sub(1)?);
        let first = span(0).start;
        if !self.begins_with_comment_in((first, last.start)) {
            return None;
        }
        Some(one_below_the_other(self.pieces((first, last.end), count, span, write)))
    }

    fn own_line(&mut self, comment: usize, end: &mut u32) -> Piece {
        let span = self.comments[comment].span;
        let blank_before = self.has_blank_line(*end, span.start);
        *end = (*end).max(span.end);
        Piece { doc: text(self.comment_text(comment)), trailing: None, blank_before, is_comment: true }
    }

    /// The next comment, if it stands before this byte.
    pub(super) fn comment_before(&mut self, place: u32) -> Option<usize> {
        let is_next = !self.is_flat && self.comments.get(self.next_comment)?.span.start < place;
        is_next.then(|| {
            self.next_comment += 1;
            self.next_comment - 1
        })
    }

    /// The next comment, if it stands in an entry that ends at `end`, or behind it on its line before `until`.
    fn comment_behind(&mut self, end: u32, until: u32) -> Option<usize> {
        let comment = self.comments.get(self.next_comment)?;
        let start = comment.span.start;
        if start < end || start < until && !comment.own_line {
            return self.comment_before(u32::MAX);
        }
        None
    }

    /// A comment as it is written; never as documentation, which belongs to an item.
    pub(super) fn comment_text(&self, comment: usize) -> String {
        let text = &self.comments[comment].text;
        let is_doc = text.starts_with('!') || text.starts_with('/') && !text.starts_with("//");
        if is_doc {
            format!("// {}", text[1..].trim_start()).trim_end().to_owned()
        } else {
            format!("//{text}")
        }
    }

    /// Whether the source has a blank line between two bytes; without a source every gap has one.
    fn has_blank_line(&self, from: u32, to: u32) -> bool {
        if self.is_flat {
            return false;
        }
        let Some(gap) = self.source.get(from as usize..to as usize) else { return false };
        let mut lines = gap.split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            // The last one is the start of the next entry's line.
            if line.trim().is_empty() && lines.peek().is_some() {
                return true;
            }
        }
        false
    }

    /// Whether a comment stands in this range.
    pub(super) fn holds_comment(&self, range: (u32, u32)) -> bool {
        let next = self.comments.get(self.next_comment);
        !self.is_flat && next.is_some_and(|comment| comment.span.start < range.1)
    }

    /// Whether the next comment stands in this range, none before it.
    pub(super) fn begins_with_comment_in(&self, range: (u32, u32)) -> bool {
        let next = self.comments.get(self.next_comment);
        !self.is_flat && next.is_some_and(|next| range.0 <= next.span.start && next.span.start < range.1)
    }

    /// Whether a comment that is yet to be written stands there.
    pub(super) fn has_comment_between(&self, from: u32, to: u32) -> bool {
        let mut rest =
            self.comments[self.next_comment..].iter().take_while(|comment| comment.span.start < to);
        !self.is_flat && rest.any(|comment| comment.span.start >= from)
    }

    /// Whether the source has a line end between an opening bracket and the first entry.
    pub(super) fn is_broken_in_source(&self, open: char, first: Option<u32>) -> bool {
        let Some(before) = first.and_then(|first| self.source.get(..first as usize)) else { return false };
        let start = before.len().saturating_sub(4096);
        let start =
            (start..before.len()).find(|&index| before.is_char_boundary(index)).unwrap_or(before.len());
        let near = &before[start..];
        !self.is_flat && near.rfind(open).is_none_or(|open| near[open..].contains('\n'))
    }

    /// Entries between brackets, on one line if they fit and the source has them so.
    pub(super) fn bracketed(
        &mut self,
        brackets: (&'static str, &'static str),
        separation: Separation,
        range: (u32, u32),
        count: usize,
        span: &dyn Fn(usize) -> Span,
        write: &mut dyn FnMut(&mut Self, usize) -> Doc,
    ) -> Doc {
        let (open, close) = brackets;
        let holds_comment = self.holds_comment(range);
        if count == 0 && !holds_comment {
            return text(format!("{open}{close}"));
        }
        let first = (count > 0).then(|| span(0).start);
        let bracket = open.chars().last().unwrap_or('{');
        let keeps_lines = holds_comment || self.is_broken_in_source(bracket, first);
        let pieces = self.pieces(range, count, span, write);
        let edge = if separation == Separation::Commas { soft_line() } else { line() };
        let inner = joined(pieces, separation);
        let doc = concat([text(open), nest(concat([edge.clone(), inner])), edge, text(close)]);
        if keeps_lines { group(concat([break_around(), doc])) } else { group(doc) }
    }
}

/// Parts of one expression, those behind the first indented.
pub(super) fn one_below_the_other(mut pieces: Vec<Piece>) -> Doc {
    pieces.iter_mut().for_each(|piece| piece.blank_before = false);
    let first = pieces.iter().position(|piece| !piece.is_comment).unwrap_or(0);
    let rest = pieces.split_off((first + 1).min(pieces.len()));
    let rest = concat([hard_line(), joined(rest, Separation::Items)]);
    concat([joined(pieces, Separation::Items), nest(rest)])
}

/// Pieces with what separates them.
pub(super) fn joined(pieces: Vec<Piece>, separation: Separation) -> Doc {
    let last = pieces.iter().rposition(|piece| !piece.is_comment);
    let mut docs = vec![];
    for (index, piece) in pieces.into_iter().enumerate() {
        if index > 0 {
            if piece.blank_before {
                docs.push(hard_line());
            }
            docs.push(if separation == Separation::Items { hard_line() } else { line() });
        }
        docs.push(piece.doc);
        if !piece.is_comment {
            docs.push(match separation {
                Separation::Lines if Some(index) != last => flat_only(","),
                Separation::Commas if Some(index) != last => text(","),
                Separation::Commas => broken_only(","),
                _ => nil(),
            });
        }
        if let Some(comment) = piece.trailing {
            docs.push(text(format!(" {comment}")));
            docs.push(break_around());
        }
        if piece.is_comment {
            docs.push(break_around());
        }
    }
    concat(docs)
}
