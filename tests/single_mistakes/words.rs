//! A program cut into words and signs, and whose names are used where: what a mistake is made in.

use std::ops::Range;

use scope_compiler::Compilation;

/// What a piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    /// With its quotes.
    Quoted,
    Open,
    Close,
    Sign,
}

/// A word, a number, a text or a sign, never a comment.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// A text with its pieces, and the names in it that mean something.
pub(super) struct Text<'t> {
    pub text: &'t str,
    pub pieces: Vec<Piece>,
    /// Where names are used.
    pub uses: Vec<Range<usize>>,
    /// Where names are declared that are used somewhere.
    pub declared: Vec<Range<usize>>,
}

impl<'t> Text<'t> {
    /// Of a file of a program that was compiled.
    pub fn new(text: &'t str, path: &str, compilation: &Compilation) -> Text<'t> {
        let mut uses = Vec::new();
        let mut declared = Vec::new();
        let range = |span: scope_diagnostics::Span| span.start as usize..span.end as usize;
        let is_here = |span: scope_diagnostics::Span| {
            compilation.sources.try_get(span.file).is_some_and(|file| file.path() == path)
                && text.get(range(span)).is_some_and(|name| {
                    name.len() > 2 && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
                })
        };
        for used in compilation.uses.iter().filter(|used| used.span != used.definition) {
            if is_here(used.span) {
                uses.push(range(used.span));
            }
            if is_here(used.definition) {
                declared.push(range(used.definition));
            }
        }
        for ranges in [&mut uses, &mut declared] {
            ranges.sort_by_key(|range| (range.start, range.end));
            ranges.dedup();
        }
        Text { text, pieces: pieces(text), uses, declared }
    }

    /// A piece as it is written.
    pub fn of(&self, piece: &Piece) -> &'t str {
        &self.text[piece.at.clone()]
    }

    /// Whether this piece is the first of its line.
    pub fn opens_line(&self, index: usize) -> bool {
        let start = self.pieces[index].at.start;
        self.text[..start].rsplit('\n').next().is_some_and(|before| before.trim().is_empty())
    }

    /// The piece that closes what this one opens.
    pub fn closing(&self, index: usize) -> Option<usize> {
        let mut depth = 0;
        for (place, piece) in self.pieces.iter().enumerate().skip(index) {
            match piece.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(place);
            }
        }
        None
    }
}

/// Signs of more than one letter, the longest first.
const SIGNS: [&str; 16] =
    ["...", "->", "=>", "--", "..", "?.", "??", "++", "&&", "||", "==", "!=", "<=", ">=", "//", "${"];

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let length_while = |is: &dyn Fn(char) -> bool| rest.find(|letter| !is(letter)).unwrap_or(rest.len());
        let (kind, length) = if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        } else if letter.is_ascii_digit() {
            (Kind::Number, length_while(&|letter| letter.is_alphanumeric() || letter == '%'))
        } else if letter.is_alphabetic() || letter == '_' {
            let is_inside = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
            let word = &rest[..length_while(&is_inside)];
            (Kind::Word, word.find("--").unwrap_or(word.len()))
        } else if letter == '"' {
            (Kind::Quoted, quoted(rest))
        } else if matches!(letter, '(' | '[' | '{') {
            (Kind::Open, 1)
        } else if matches!(letter, ')' | ']' | '}') {
            (Kind::Close, 1)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            (Kind::Sign, sign.map_or(letter.len_utf8(), |sign| sign.len()))
        };
        pieces.push(Piece { kind, at: at..at + length });
        at += length;
    }
    pieces
}

/// The length of the text that starts here, with its quotes and what `${` holds.
fn quoted(rest: &str) -> usize {
    let marker = if rest.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let mut depth = 0;
    let mut at = marker.len();
    while let Some(letter) = rest[at..].chars().next() {
        let ahead = &rest[at..];
        if depth == 0 && ahead.starts_with(marker) {
            return at + marker.len();
        }
        if letter == '\\' {
            at += 1 + ahead[1..].chars().next().map_or(0, char::len_utf8);
            continue;
        }
        if ahead.starts_with("${") {
            depth += 1;
        } else if depth > 0 && letter == '}' {
            depth -= 1;
        }
        if letter == '\n' && marker == "\"" {
            return at;
        }
        at += letter.len_utf8();
    }
    rest.len()
}
