//! The texts of a compilation, and where a byte is in them.
//!
//! Comes in: a path and a text, once each. Goes out: ids, and lines and columns for people (counted in characters) and
//! for editors (counted in UTF-16 units). Each text is scanned once, when it is added: line starts and the places of
//! multi-byte characters are kept in sorted tables, and every question is a binary search.
//!
//! ```
//! use scope_diagnostics::{SourceMap, Span};
//!
//! let mut sources = SourceMap::new();
//! let file = sources.add("a.scope", "let é = 1\nlet b = 2\n");
//! let place = sources.line_column(Span::at(file, 7)); // the `=`: `é` is two bytes, one character
//! assert_eq!((place.line, place.column), (1, 7));
//! ```

use crate::{FileId, Span};
use serde::Serialize;
use std::{collections::HashMap, sync::Arc};

/// A place as people count: both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
}

/// A place as the language server protocol counts: both from 0, the character in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Utf16Position {
    /// The line, from 0.
    pub line: u32,
    /// The UTF-16 unit in the line, from 0.
    pub character: u32,
}

/// What the characters up to and including one multi-byte character have more in bytes than in other units.
#[derive(Debug, Clone, Copy)]
struct Wide {
    /// The byte after the character.
    end: u32,
    /// Bytes less characters, from the start of the text to `end`.
    over_characters: u32,
    /// Bytes less UTF-16 units, from the start of the text to `end`.
    over_utf16: u32,
}

/// One text and its tables.
#[derive(Debug, Clone)]
pub struct SourceFile {
    id: FileId,
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
    wide: Vec<Wide>,
}

impl SourceFile {
    /// Scans a text once. A text over 4 GiB is cut at a character, as offsets are 32 bits.
    fn new(id: FileId, path: Arc<str>, text: Arc<str>) -> SourceFile {
        let limit = u32::MAX as usize - 1;
        let text = if text.len() > limit { Arc::from(&text[..floor_boundary(&text, limit)]) } else { text };
        let mut line_starts = vec![0];
        let mut wide: Vec<Wide> = Vec::new();
        let (mut over_characters, mut over_utf16) = (0, 0);
        for (offset, character) in text.char_indices() {
            if character == '\n' {
                line_starts.push(offset as u32 + 1);
            }
            if !character.is_ascii() {
                over_characters += character.len_utf8() as u32 - 1;
                over_utf16 += (character.len_utf8() - character.len_utf16()) as u32;
                wide.push(Wide { end: (offset + character.len_utf8()) as u32, over_characters, over_utf16 });
            }
        }
        SourceFile { id, path, text, line_starts, wide }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Its path, as it was added.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its whole text, shared.
    #[must_use]
    pub fn text_arc(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The byte at which each line starts; at least one. Lines end at `\n`.
    #[must_use]
    pub fn line_starts(&self) -> &[u32] {
        &self.line_starts
    }

    /// The whole text as a range.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, self.text.len() as u32)
    }

    /// The index, from 0, of the line that holds a byte.
    #[must_use]
    pub fn line_index(&self, offset: u32) -> usize {
        self.line_starts.partition_point(|&start| start <= offset) - 1
    }

    /// The bytes of a line, counted from 0, without its line end; nothing if there is no such line.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let start = *self.line_starts.get(line)?;
        let end = self.line_starts.get(line + 1).map_or(self.text.len(), |&next| next as usize - 1);
        let content = &self.text[start as usize..end];
        let is_last = line + 1 == self.line_starts.len();
        let content = if is_last { content } else { content.strip_suffix('\r').unwrap_or(content) };
        Some(Span::new(self.id, start, start + content.len() as u32))
    }

    /// Line and column of a byte. One past the end is the end; one inside a character is its start.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let offset = self.clamp(offset);
        let line = self.line_index(offset);
        let start = self.line_starts[line];
        let over = self.wide_before(offset).0 - self.wide_before(start).0;
        LineColumn { line: line as u32 + 1, column: offset - start - over + 1 }
    }

    /// The same for an editor. One past the end is the end; one inside a character is its start.
    #[must_use]
    pub fn utf16_position(&self, offset: u32) -> Utf16Position {
        let offset = self.clamp(offset);
        let line = self.line_index(offset);
        let start = self.line_starts[line];
        let over = self.wide_before(offset).1 - self.wide_before(start).1;
        Utf16Position { line: line as u32, character: offset - start - over }
    }

    /// The byte at an editor's place, both counted from 0. Past the line is its end, past the text the text's end;
    /// a place in the middle of a surrogate pair is the start of its character.
    #[must_use]
    pub fn offset(&self, line: u32, character: u32) -> u32 {
        let Some(span) = self.line_span(line as usize) else { return self.text.len() as u32 };
        let target = u64::from(span.start - self.wide_before(span.start).1) + u64::from(character);
        let index = self.wide.partition_point(|wide| u64::from(wide.end - wide.over_utf16) <= target);
        let over = index.checked_sub(1).map_or(0, |index| self.wide[index].over_utf16);
        let offset = (target + u64::from(over)).min(u64::from(span.end)) as u32;
        self.clamp(offset)
    }

    /// The nearest character boundary at or before `offset` that is inside the text.
    #[must_use]
    pub fn clamp(&self, offset: u32) -> u32 {
        floor_boundary(&self.text, offset as usize) as u32
    }

    /// Bytes less characters and bytes less UTF-16 units before `offset`.
    fn wide_before(&self, offset: u32) -> (u32, u32) {
        let index = self.wide.partition_point(|wide| wide.end <= offset);
        index
            .checked_sub(1)
            .map_or((0, 0), |index| (self.wide[index].over_characters, self.wide[index].over_utf16))
    }
}

/// Every text of a compilation. Ids count from 0 in the order of adding.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    newest: HashMap<Arc<str>, FileId>,
}

impl SourceMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a text. A path that is there with the same text keeps its id; with another text it gets a new id, which
    /// [`SourceMap::file_id`] finds from then on, while spans of the old one stay valid.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let path: Arc<str> = Arc::from(path.into());
        let text: Arc<str> = text.into();
        if let Some(&id) = self.newest.get(&path)
            && self.get(id).text == text
        {
            return id;
        }
        let id = FileId(u32::try_from(self.files.len()).expect("there are fewer files than 2^32"));
        self.files.push(SourceFile::new(id, Arc::clone(&path), text));
        self.newest.insert(path, id);
        id
    }

    /// A text by its id.
    ///
    /// # Panics
    /// If the id is not of this map, as that of [`Span::DUMMY`]; [`SourceMap::try_get`] does not.
    #[must_use]
    pub fn get(&self, id: FileId) -> &SourceFile {
        self.try_get(id).expect("a file id comes from the map that is asked")
    }

    /// A text by its id, or nothing if the id is not of this map.
    #[must_use]
    pub fn try_get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The newest text of a path.
    #[must_use]
    pub fn file_id(&self, path: &str) -> Option<FileId> {
        self.newest.get(path).copied()
    }

    /// Line and column of the start of a range; line 1, column 1 where there is no place.
    #[must_use]
    pub fn line_column(&self, span: Span) -> LineColumn {
        let file = self.try_get(span.file);
        file.map_or(LineColumn { line: 1, column: 1 }, |file| file.line_column(span.start))
    }

    /// Both ends of a range as an editor counts them; zeros where there is no place.
    #[must_use]
    pub fn utf16_range(&self, span: Span) -> (Utf16Position, Utf16Position) {
        let zero = Utf16Position { line: 0, character: 0 };
        let file = self.try_get(span.file);
        file.map_or((zero, zero), |file| (file.utf16_position(span.start), file.utf16_position(span.end)))
    }

    /// The byte at an editor's place (line and UTF-16 unit from 0), clamped to the line and the text.
    ///
    /// # Panics
    /// If the id is not of this map.
    #[must_use]
    pub fn offset(&self, file: FileId, line: u32, character: u32) -> u32 {
        self.get(file).offset(line, character)
    }

    /// The text of a range; empty where there is no place, cut to the text where the range leaves it.
    #[must_use]
    pub fn snippet(&self, span: Span) -> &str {
        let Some(file) = self.try_get(span.file) else { return "" };
        &file.text[file.clamp(span.start) as usize..file.clamp(span.end) as usize]
    }

    /// `path:line:column`, as reports of a run name a place; empty where there is none.
    #[must_use]
    pub fn location(&self, span: Span) -> String {
        let Some(file) = self.try_get(span.file) else { return String::new() };
        let place = file.line_column(span.start);
        format!("{}:{}:{}", file.path, place.line, place.column)
    }

    /// All texts, in the order of adding.
    pub fn iter(&self) -> std::slice::Iter<'_, SourceFile> {
        self.files.iter()
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// The nearest character boundary at or before `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_keeps_its_id_while_its_text_stays() {
        let mut sources = SourceMap::new();
        let first = sources.add("a", "x");
        assert_eq!(sources.add("a", "x"), first);
        let second = sources.add("a", "y");
        assert_ne!(second, first);
        assert_eq!((sources.file_id("a"), sources.get(first).text()), (Some(second), "x"));
        assert_eq!(sources.file_id("b"), None);
    }

    #[test]
    fn columns_count_characters_and_editors_count_utf16_units() {
        let mut sources = SourceMap::new();
        let file = sources.add("a", "é€😀x\r\ny");
        let x = "é€😀".len() as u32;
        assert_eq!(sources.line_column(Span::at(file, x)), LineColumn { line: 1, column: 4 });
        assert_eq!(sources.get(file).utf16_position(x), Utf16Position { line: 0, character: 4 });
        assert_eq!(sources.offset(file, 0, 4), x);
        assert_eq!(sources.offset(file, 0, 3), "é€".len() as u32, "inside the surrogate pair");
        assert_eq!(sources.offset(file, 0, 99), x + 1, "before the line end");
        assert_eq!(sources.offset(file, 99, 0), x + 4);
        assert_eq!(sources.get(file).line_span(0), Some(Span::new(file, 0, x + 1)));
    }

    #[test]
    fn no_place_and_past_the_end_are_harmless() {
        let mut sources = SourceMap::new();
        let file = sources.add("a", "é");
        assert_eq!(sources.snippet(Span::DUMMY), "");
        assert_eq!(sources.snippet(Span::new(file, 1, 99)), "é");
        assert_eq!(sources.line_column(Span::DUMMY), LineColumn { line: 1, column: 1 });
        assert_eq!(sources.location(Span::at(file, 99)), "a:1:2");
    }

    proptest! {
        #[test]
        fn the_tables_agree_with_counting(text in "[a\n\ré€😀 ]{0,60}", at in 0_u32..200) {
            let mut sources = SourceMap::new();
            let id = sources.add("a", text.as_str());
            let file = sources.get(id);
            let offset = file.clamp(at);
            let before = &text[..offset as usize];
            let line_start = before.rfind('\n').map_or(0, |index| index + 1);
            let place = file.line_column(at);
            prop_assert_eq!(place.line as usize, before.matches('\n').count() + 1);
            prop_assert_eq!(place.column as usize, before[line_start..].chars().count() + 1);
            let position = file.utf16_position(at);
            prop_assert_eq!(position.character as usize, before[line_start..].encode_utf16().count());
            let line_end = file.line_span(position.line as usize).expect("the line is there").end;
            prop_assert_eq!(file.offset(position.line, position.character), offset.min(line_end));
        }
    }
}
