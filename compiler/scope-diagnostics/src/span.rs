//! A place in a text: a file and a range of bytes.
//!
//! Comes in: byte offsets of the lexer. Goes out: a value small enough to sit in every token and node.
//!
//! ```
//! use scope_diagnostics::{FileId, Span};
//!
//! let file = FileId(0);
//! assert_eq!(Span::new(file, 2, 4).to(Span::new(file, 7, 9)), Span::new(file, 2, 9));
//! ```

use serde::Serialize;
use std::ops::Range;

/// Which text of a [`SourceMap`](crate::SourceMap), in the order in which they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file. Ordered by file, start, end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// The text the range is in.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one; never before `start`.
    pub end: u32,
}

impl Span {
    /// No place: for what is not written in any text, such as a missing `--set` or a site that does not answer.
    pub const DUMMY: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    /// The bytes `start..end` of `file`. An `end` before `start` is taken as `start`.
    #[must_use]
    pub const fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end: if end < start { start } else { end } }
    }

    /// The empty range at a byte, as for something that is missing there.
    #[must_use]
    pub const fn at(file: FileId, offset: u32) -> Span {
        Span { file, start: offset, end: offset }
    }

    /// The smallest range that holds both. A range without a place adds nothing; of two files the first wins.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.is_dummy() {
            return other;
        }
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty range at the start of this one.
    #[must_use]
    pub const fn before(self) -> Span {
        Span { file: self.file, start: self.start, end: self.start }
    }

    /// The empty range right after this one.
    #[must_use]
    pub const fn after(self) -> Span {
        Span { file: self.file, start: self.end, end: self.end }
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether it is [`Span::DUMMY`], no place at all.
    #[must_use]
    pub const fn is_dummy(self) -> bool {
        self.file.0 == u32::MAX
    }

    /// Whether `offset` is inside, the end included (where a cursor stands after the last character).
    #[must_use]
    pub const fn touches(self, offset: u32) -> bool {
        self.start <= offset && offset <= self.end
    }

    /// Whether `other` lies wholly inside, in the same file.
    #[must_use]
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The range to index a text with.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(3);

    #[test]
    fn joins_within_a_file_only() {
        let left = Span::new(FILE, 5, 8);
        assert_eq!(left.to(Span::new(FILE, 1, 2)), Span::new(FILE, 1, 8));
        assert_eq!(left.to(Span::new(FileId(4), 1, 2)), left);
        assert_eq!(left.to(Span::DUMMY), left);
        assert_eq!(Span::DUMMY.to(left), left);
    }

    #[test]
    fn a_range_never_runs_backwards() {
        let span = Span::new(FILE, 5, 2);
        assert_eq!((span.len(), span.is_empty()), (0, true));
        assert!(span.touches(5) && !span.touches(6));
    }
}
