//! The tokens of the language, and its words that have a meaning.
//!
//! Comes in: a kind and a range of the text. Goes out: a value small enough to copy. `name: "a${b}"` is `Word Colon TextOpen Chars InterpolationOpen Word InterpolationClose TextClose`.

use scope_diagnostics::{FileId, Span};

/// What a token is. Keywords are plain [`Kind::Word`]s: only the place decides whether `scope` is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A name: letters, digits, `_`, and `-` between letters.
    Word,
    /// A number word, not yet classified.
    Number,
    /// Something already reported; stands for an unreadable value.
    Bad,
    /// `"` (or `\"` in a scope that is written inside a native `"…"`).
    TextOpen,
    /// `"""`
    BlockOpen,
    /// The end of a text.
    TextClose,
    /// Characters of a text or native word that stand for themselves.
    Chars,
    /// `\n`, `\u{e9}`, or in a native word `\` and any character.
    Escape,
    /// `${`
    InterpolationOpen,
    /// The `}` of `${`.
    InterpolationClose,
    /// A whole raw text, `r#"…"#`.
    Raw,
    /// `$`, or nothing where a bare native command starts.
    NativeOpen,
    /// The end of the command's line.
    NativeClose,
    /// Nothing: a native word starts.
    WordOpen,
    /// Nothing: the native word ends.
    WordClose,
    /// `'…'` in a native word, quotes included.
    Single,
    /// `--scope`, `--os-scope`, `--oid-scope` before a scope.
    ScopeFlag,
    /// The quote that ends a scope in quotes.
    ScopeQuote,
    /// A line end; layout drops those that separate nothing.
    Newline,
    /// Nothing: an item starts here in column 0, whatever stood before.
    ItemStart,
    /// `(`
    ParenOpen,
    /// `)`
    ParenClose,
    /// `[`
    BracketOpen,
    /// `]`
    BracketClose,
    /// `{`
    BraceOpen,
    /// `}`
    BraceClose,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `=`
    Assign,
    /// `->`
    Arrow,
    /// `=>`
    FatArrow,
    /// `--`
    DashDash,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `...`
    Spread,
    /// `?.`
    QuestionDot,
    /// `?`
    Question,
    /// `??`
    Default,
    /// `+`
    Plus,
    /// `++`
    PlusPlus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `&`
    And,
    /// `&&`
    AndAnd,
    /// `|`
    Or,
    /// `||`
    OrOr,
    /// `;`
    Semicolon,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `!`
    Not,
    /// `…`, which means nothing.
    Prose,
}

/// A token with its text and place. Tokens that layout or the lexer adds have an empty text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'s> {
    /// What it is.
    pub kind: Kind,
    /// As written.
    pub text: &'s str,
    /// The file.
    pub file: FileId,
    /// The byte it starts at.
    pub start: u32,
    /// On a token that opens: how many tokens later its closing one stands (set by layout).
    pub partner: u32,
}

impl<'s> Token<'s> {
    /// The place of the token.
    pub fn span(&self) -> Span {
        Span::new(self.file, self.start, self.end())
    }

    /// The byte after it.
    pub fn end(&self) -> u32 {
        self.start + self.text.len() as u32
    }

    /// Whether it is this very word.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// The place from the first of these tokens to the last.
pub(crate) fn span_of(tokens: &[Token<'_>]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.span().to(last.span()),
        _ => Span::DUMMY,
    }
}

impl Kind {
    /// The closing kind of an opening one.
    pub fn closer(self) -> Option<Kind> {
        Some(match self {
            Kind::ParenOpen => Kind::ParenClose,
            Kind::BracketOpen => Kind::BracketClose,
            Kind::BraceOpen => Kind::BraceClose,
            Kind::InterpolationOpen => Kind::InterpolationClose,
            Kind::TextOpen | Kind::BlockOpen => Kind::TextClose,
            Kind::NativeOpen => Kind::NativeClose,
            Kind::WordOpen => Kind::WordClose,
            _ => return None,
        })
    }

    /// How a closing bracket is written.
    pub fn bracket(self) -> &'static str {
        match self {
            Kind::ParenOpen => "(",
            Kind::ParenClose => ")",
            Kind::BracketOpen => "[",
            Kind::BracketClose => "]",
            Kind::BraceOpen => "{",
            Kind::InterpolationOpen => "${",
            _ => "}",
        }
    }

    /// Whether it opens `(`, `[` or `{`.
    pub fn opens_bracket(self) -> bool {
        matches!(self, Kind::ParenOpen | Kind::BracketOpen | Kind::BraceOpen)
    }

    /// Whether it closes `)`, `]` or `}`.
    pub fn closes_bracket(self) -> bool {
        matches!(self, Kind::ParenClose | Kind::BracketClose | Kind::BraceClose)
    }
}

/// Words that start an item.
pub const ITEM_WORDS: &[&str] = &[
    "import", "entry", "param", "let", "fn", "operator", "type", "site", "link", "resource", "existing",
    "call", "sequence", "output", "require", "test", "driver",
];

/// The word that starts an item here, for one that does in another language.
pub fn item_word_elsewhere(word: &str) -> Option<&'static str> {
    Some(match word {
        "const" | "var" | "val" | "locals" | "local" | "mut" => "let",
        "variable" | "input" | "parameter" => "param",
        "function" | "func" | "fun" | "def" => "fn",
        "include" | "use" | "using" | "source" => "import",
        "data" => "existing",
        "struct" | "typedef" => "type",
        "assert" => "require",
        _ => return None,
    })
}

/// Words that mean something in the place of an expression, and so cannot be a name there.
pub const RESERVED_WORDS: &[&str] = &[
    "if", "then", "else", "for", "in", "and", "or", "not", "where", "except", "within", "matching", "true",
    "false", "null",
];

/// Words that start a clause of an item.
pub(crate) const CLAUSE_WORDS: &[&str] = &["scope", "at", "with"];

/// Words that join the values of a phrase.
pub const LINK_WORDS: &[&str] = &[
    "at", "until", "after", "to", "by", "when", "within", "every", "because", "on", "with", "from", "of",
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD",
];
