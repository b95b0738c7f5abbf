//! Places: bytes of the compiler, lines and units of the editor.
//!
//! `é€x` has `x` at byte 5, at unit 2 in UTF-16 (what every editor counts) and at unit 5 in UTF-8 (if it offers that).

use gen_lsp_types::{Position, PositionEncodingKind, Range};
use scope_diagnostics::{SourceFile, SourceMap, Span};

/// In which units an editor counts in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16.
    Utf16,
}

impl Encoding {
    /// The better one of those that the editor offers; UTF-16, which all must speak, if it offers none.
    pub fn agreed(offered: &[&str]) -> Encoding {
        if offered.contains(&"utf-8") { Encoding::Utf8 } else { Encoding::Utf16 }
    }

    /// As the protocol names it.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    /// The editor's place of a byte.
    pub fn position(self, file: &SourceFile, offset: u32) -> Position {
        match self {
            Encoding::Utf16 => {
                let position = file.utf16_position(offset);
                Position { line: position.line, character: position.character }
            }
            Encoding::Utf8 => {
                let offset = file.clamp(offset);
                let line = file.line_index(offset);
                Position { line: line as u32, character: offset - file.line_starts()[line] }
            }
        }
    }

    /// The byte of an editor's place; past the line is its end, past the text the text's end.
    pub fn offset(self, file: &SourceFile, position: Position) -> u32 {
        match self {
            Encoding::Utf16 => file.offset(position.line, position.character),
            Encoding::Utf8 => match file.line_span(position.line as usize) {
                Some(line) => file.clamp(line.start.saturating_add(position.character).min(line.end)),
                None => file.text().len() as u32,
            },
        }
    }

    /// The editor's range; the very start where there is no place.
    pub fn range(self, sources: &SourceMap, span: Span) -> Range {
        let Some(file) = sources.try_get(span.file) else { return Range::default() };
        Range { start: self.position(file, span.start), end: self.position(file, span.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_in_both_encodings() {
        let mut sources = SourceMap::new();
        let id = sources.add("a", "let é = 1\nlet 😀€x = 2\r\n");
        let file = sources.get(id);
        let x = file.text().find('x').expect("it is there") as u32;
        for (encoding, character) in [(Encoding::Utf16, 7), (Encoding::Utf8, 11)] {
            let position = encoding.position(file, x);
            assert_eq!((position.line, position.character), (1, character), "{encoding:?}");
            assert_eq!(encoding.offset(file, position), x);
            let past = Position { line: 1, character: 900 };
            assert_eq!(encoding.offset(file, past), x + 5, "before the line's end");
            assert_eq!(encoding.offset(file, Position { line: 9, character: 0 }), file.text().len() as u32);
        }
        // In the middle of a character is its start.
        assert_eq!(Encoding::Utf8.offset(file, Position { line: 0, character: 5 }), 4);
        assert_eq!(Encoding::agreed(&["utf-16", "utf-8"]), Encoding::Utf8);
        assert_eq!(Encoding::agreed(&[]), Encoding::Utf16);
        assert_eq!(Encoding::Utf16.range(&sources, Span::DUMMY), Range::default());
    }
}
