//! The tokens of the language, and the logos lexers of the three modes that make them.
//!
//! Comes in: a rest of the text, by the mode the reader is in (the language proper, a text, a native command). Goes
//! out: one [`Token`]. `name: "a${b}"` is `Word Colon TextOpen Chars InterpolationOpen Word InterpolationClose TextClose`.

use logos::Logos;
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

/// The language proper.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\f\r\u{FEFF}\u{A0}]+")]
pub(crate) enum Plain {
    #[regex(r"\r*\n")]
    Newline,
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*(-\p{XID_Continue}+)*")]
    Word,
    #[regex(r"[0-9]([\p{XID_Continue}µ]|\.[0-9]|-[\p{Alphabetic}0-9])*%?")]
    Number,
    #[regex(r#"r#*""#)]
    RawOpen,
    #[token("\"")]
    #[token("\\\"")]
    TextOpen,
    #[token("\"\"\"")]
    BlockOpen,
    #[regex(r"'[^'\n]*'")]
    #[regex("`[^`\n]*`")]
    #[regex("“[^”\n]*”")]
    ForeignText,
    #[token("$")]
    Dollar,
    #[token("(")]
    ParenOpen,
    #[token(")")]
    ParenClose,
    #[token("[")]
    BracketOpen,
    #[token("]")]
    BracketClose,
    #[token("{")]
    BraceOpen,
    #[token("}")]
    BraceClose,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token("=")]
    Assign,
    #[token("->")]
    Arrow,
    #[token("=>")]
    FatArrow,
    #[token("--")]
    DashDash,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("...")]
    Spread,
    #[token("?.")]
    QuestionDot,
    #[token("?")]
    Question,
    #[token("??")]
    Default,
    #[token("+")]
    Plus,
    #[token("++")]
    PlusPlus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("&")]
    And,
    #[token("&&")]
    AndAnd,
    #[token("|")]
    Or,
    #[token("||")]
    OrOr,
    #[token(";")]
    Semicolon,
    #[token("==")]
    Equal,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
    #[token("!")]
    Not,
    #[token("…")]
    Prose,
}

impl Plain {
    /// The kind of a token that needs no more than its own characters.
    pub fn simple_kind(self) -> Option<Kind> {
        Some(match self {
            Plain::Word => Kind::Word,
            Plain::Number => Kind::Number,
            Plain::Comma => Kind::Comma,
            Plain::Colon => Kind::Colon,
            Plain::Assign => Kind::Assign,
            Plain::Arrow => Kind::Arrow,
            Plain::FatArrow => Kind::FatArrow,
            Plain::DashDash => Kind::DashDash,
            Plain::Dot => Kind::Dot,
            Plain::DotDot => Kind::DotDot,
            Plain::Spread => Kind::Spread,
            Plain::QuestionDot => Kind::QuestionDot,
            Plain::Question => Kind::Question,
            Plain::Default => Kind::Default,
            Plain::Plus => Kind::Plus,
            Plain::PlusPlus => Kind::PlusPlus,
            Plain::Minus => Kind::Minus,
            Plain::Star => Kind::Star,
            Plain::Slash => Kind::Slash,
            Plain::Percent => Kind::Percent,
            Plain::And => Kind::And,
            Plain::AndAnd => Kind::AndAnd,
            Plain::Or => Kind::Or,
            Plain::OrOr => Kind::OrOr,
            Plain::Semicolon => Kind::Semicolon,
            Plain::Equal => Kind::Equal,
            Plain::NotEqual => Kind::NotEqual,
            Plain::Less => Kind::Less,
            Plain::LessEqual => Kind::LessEqual,
            Plain::Greater => Kind::Greater,
            Plain::GreaterEqual => Kind::GreaterEqual,
            Plain::Not => Kind::Not,
            Plain::Prose => Kind::Prose,
            _ => return None,
        })
    }
}

/// Inside `"…"` and `"""…"""`.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InText {
    #[regex(r#"[^"\\$\n]+"#)]
    #[token("$")]
    Chars,
    #[token("${")]
    InterpolationOpen,
    #[regex(r"\\[^\n]")]
    #[regex(r"\\u\{[0-9a-fA-F]*\}", priority = 10)]
    #[regex(r"\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]", priority = 10)]
    Escape,
    #[token("\\")]
    LoneBackslash,
    #[token("\n")]
    Newline,
    #[token("\"")]
    Quote,
    #[token("\"\"\"")]
    BlockQuote,
}

/// Inside a native command.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InNative {
    #[regex(r"[ \t\f\r]+")]
    Blank,
    #[regex(r"\\\r?\n")]
    Continuation,
    #[token("\n")]
    Newline,
    #[regex(r"'[^'\n]*'?")]
    Single,
    #[token("\"")]
    Quote,
    #[token("${")]
    InterpolationOpen,
    #[regex(r"\\[^\r\n]")]
    Escape,
    #[regex(r#"[^ \t\f\r\n'"\\$]+"#)]
    #[token("$")]
    #[token("\\")]
    Chars,
}
