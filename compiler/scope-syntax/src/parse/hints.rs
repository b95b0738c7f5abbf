//! The sentence for a fault: what was expected, what was found, and what to do about it.

use super::fault::Labels;
use crate::token::{Kind, Token};
use scope_diagnostics::{Diagnostic, Span, codes};

/// The place of the token at this index; after the last one at the end.
pub(crate) fn place(tokens: &[Token<'_>], at: usize) -> Span {
    match (tokens.get(at), tokens.last()) {
        (Some(token), _) => token.span(),
        (None, Some(last)) => last.span().after(),
        (None, None) => Span::DUMMY,
    }
}

/// Explains a fault.
pub(crate) fn explain(tokens: &[Token<'_>], at: usize, expected: Labels) -> Diagnostic {
    let expected_words = list(&expected.words());
    let found = tokens.get(at).map_or("the end of the line".to_owned(), described);
    let message = if expected.is_empty() {
        format!("unexpected {found}")
    } else {
        format!("expected {expected_words}, found {found}")
    };
    Diagnostic::new(codes::E0001, place(tokens, at), message)
}

fn described(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Newline => "the end of the line".to_owned(),
        Kind::TextOpen | Kind::BlockOpen | Kind::Raw => "a text".to_owned(),
        Kind::NativeOpen => "a native command".to_owned(),
        Kind::NativeClose => "the end of the command".to_owned(),
        _ if token.text.is_empty() => format!("`{}`", token.kind.bracket()),
        _ => format!("`{}`", token.text),
    }
}

fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} or {second}"),
        [init @ .., last] => format!("{}, or {last}", init.join(", ")),
    }
}
