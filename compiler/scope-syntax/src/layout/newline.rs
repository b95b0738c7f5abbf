//! Which newlines separate: one table.
//!
//! Comes in: the tokens before and after a newline and the innermost open bracket. Goes out: yes or no.
//!
//! `a &⏎ b` and `a⏎ & b` are one expression, `a⏎ b` are two lines, `a &⏎ b: c` are two entries, the first unfinished.

use crate::token::{Kind, Token};

/// Whether the newline between `before` (of the same item) and `after` separates.
pub(super) fn separates(before: &[Token<'_>], after: &[Token<'_>], innermost: Option<Kind>) -> bool {
    let (Some(last), Some(next)) = (before.last(), after.first()) else { return false };
    if matches!(innermost, Some(Kind::ParenOpen | Kind::BracketOpen | Kind::InterpolationOpen)) {
        return false;
    }
    if last.kind.opens_bracket()
        || last.kind == Kind::Comma
        || next.kind == Kind::Comma
        || next.kind.closes_bracket()
    {
        return false;
    }
    if innermost == Some(Kind::BraceOpen) && looks_like_entry(after) {
        return true;
    }
    let after_dot =
        before.len() > 1 && matches!(before[before.len() - 2].kind, Kind::Dot | Kind::QuestionDot);
    if continues_after(last) && !(last.kind == Kind::Word && after_dot) {
        return false;
    }
    !continues_before(next, after.get(1), innermost.is_none())
}

/// Whether nothing can end with this token.
pub(crate) fn continues_after(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => matches!(
            token.text,
            "then"
                | "else"
                | "and"
                | "or"
                | "not"
                | "in"
                | "if"
                | "for"
                | "where"
                | "except"
                | "within"
                | "matching"
        ),
        Kind::Comma
        | Kind::Colon
        | Kind::Assign
        | Kind::Arrow
        | Kind::FatArrow
        | Kind::DashDash
        | Kind::Dot => true,
        Kind::DotDot | Kind::Spread | Kind::QuestionDot | Kind::Default | Kind::Plus | Kind::PlusPlus => true,
        Kind::Minus | Kind::Star | Kind::Slash | Kind::Percent | Kind::And | Kind::AndAnd | Kind::Or => true,
        Kind::OrOr | Kind::Semicolon | Kind::Equal | Kind::NotEqual | Kind::Less | Kind::LessEqual => true,
        // A `>` may close a type's arguments, so it ends a line.
        Kind::GreaterEqual | Kind::Not => true,
        _ => token.kind.opens_bracket(),
    }
}

/// Whether nothing can start with this token.
fn continues_before(token: &Token<'_>, second: Option<&Token<'_>>, is_top: bool) -> bool {
    let followed_by = |kind| second.is_some_and(|second| second.kind == kind);
    match token.kind {
        Kind::Word => match token.text {
            "then" | "else" | "and" | "or" | "where" | "except" | "within" | "matching" | "in" => {
                !followed_by(Kind::Colon)
            }
            "scope" | "with" => is_top || followed_by(Kind::BraceOpen),
            "at" => is_top,
            _ => false,
        },
        Kind::Or
        | Kind::OrOr
        | Kind::And
        | Kind::AndAnd
        | Kind::Percent
        | Kind::Semicolon
        | Kind::Default => true,
        Kind::Dot | Kind::DotDot | Kind::QuestionDot | Kind::Equal | Kind::NotEqual | Kind::Less => true,
        Kind::LessEqual | Kind::Greater | Kind::GreaterEqual | Kind::Plus | Kind::PlusPlus | Kind::Minus => {
            true
        }
        Kind::Star | Kind::Slash | Kind::Arrow | Kind::FatArrow | Kind::DashDash | Kind::BraceOpen => true,
        Kind::Assign | Kind::Colon => true,
        _ => false,
    }
}

/// Whether these tokens start an entry: `name :` or `"text" :`.
pub(crate) fn looks_like_entry(tokens: &[Token<'_>]) -> bool {
    let Some(first) = tokens.first() else { return false };
    match first.kind {
        Kind::Word => tokens.get(1).is_some_and(|second| second.kind == Kind::Colon),
        Kind::TextOpen => {
            let mut depth = 0_usize;
            for (index, token) in tokens.iter().enumerate().take(64) {
                match token.kind {
                    Kind::TextOpen | Kind::BlockOpen => depth += 1,
                    Kind::TextClose => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return tokens.get(index + 1).is_some_and(|after| after.kind == Kind::Colon);
                }
            }
            false
        }
        _ => false,
    }
}
