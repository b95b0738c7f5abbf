//! The three modes of the lexer, each a logos lexer: the language proper, a text, a native command.
//!
//! Comes in: the text from where the reader is. Goes out: what comes next there. `a-b "c` is, in the language proper,
//! one word and the start of a text; in a native command it is characters, a blank, a quote and characters.

use crate::token::Kind;
use logos::Logos;

/// The language proper.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\f\r\u{FEFF}\u{A0}]+")]
pub(crate) enum Plain {
    #[regex(r"\r*\n")]
    Newline,
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"/\*[^*]*\*+([^/*][^*]*\*+)*/")]
    ForeignComment,
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
