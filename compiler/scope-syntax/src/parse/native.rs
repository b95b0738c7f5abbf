//! Native commands.
//!
//! `$ openstack server create "my vm" --scope { image: paris }` → the words `openstack`, `server`, `create`, `my vm`, and
//! the scope.

use super::{
    Rule, Tokens,
    basic::{kind, skip_to},
    deep::Deep,
    fault::Fault,
    text::{Piece, parts, piece},
};
use crate::{
    ast::{Expr, Native, Scope, Text, TextPart, TextStyle},
    token::{Kind, Token, span_of},
};
use chumsky::prelude::*;
use scope_diagnostics::{Diagnostic, Span, codes};

enum Part {
    Word(Deep<Text>),
    Scope(Deep<Scope>, Span),
}

/// A piece of a native word.
#[derive(Clone)]
struct WordPiece<'t> {
    pieces: Vec<Piece<'t>>,
    style: TextStyle,
}

/// A command, from `$` or its first word to the end of its line.
pub(super) fn native<'t>(
    value: Rule<'t, Deep<Expr>>,
    scope: Rule<'t, Deep<Scope>>,
) -> Rule<'t, Deep<Native>> {
    let flag = kind(Kind::ScopeFlag)
        .then(scope)
        .then_ignore(kind(Kind::ScopeQuote).or_not())
        .map(|(flag, scope)| Part::Scope(scope, flag.span()));
    let part = native_word(value).map(Part::Word).or(flag).boxed();
    kind(Kind::NativeOpen)
        .then(part.repeated().collect::<Vec<_>>())
        .then_ignore(skip_to(|token| token.kind == Kind::NativeClose))
        .then_ignore(kind(Kind::NativeClose))
        .validate(|(open, parts), extra, emitter| {
            let tokens: &[Token<'_>] = extra.slice();
            let at = extra.span().start;
            let mut words = vec![];
            let mut scope: Option<(Scope, Span)> = None;
            let mut depth = 0;
            for part in parts {
                match part {
                    Part::Word(word) => {
                        depth = depth.max(word.depth);
                        if let Some(report) = shell_word(&word.value) {
                            emitter.emit(Fault::report(at, report));
                        }
                        words.push(word.value);
                    }
                    Part::Scope(found, flag) => {
                        depth = depth.max(found.depth);
                        match &scope {
                            Some((_, first)) => emitter.emit(Fault::report(at, second_scope(flag, *first))),
                            None => scope = Some((found.value, flag)),
                        }
                    }
                }
            }
            if words.is_empty() {
                let report = Diagnostic::new(codes::E0001, open.span(), "expected a command after `$`");
                emitter.emit(Fault::report(at, report.help("for example `$ client server list`")));
            }
            let bare = open.text.is_empty();
            Deep::new(
                Native { words, scope: scope.map(|(scope, _)| scope), bare, span: span_of(tokens) },
                depth,
            )
        })
        .boxed()
}

fn native_word<'t>(
    value: Rule<'t, Deep<Expr>>,
) -> impl Parser<'t, Tokens<'t>, Deep<Text>, super::Extra> + Clone {
    let single = kind(Kind::Single).map(|token| {
        let inner = token.text[1..].strip_suffix('\'').unwrap_or(&token.text[1..]);
        WordPiece { pieces: vec![Piece::Chars(inner)], style: TextStyle::Single }
    });
    let quoted = piece(value.clone()).repeated().collect::<Vec<_>>();
    let quoted = quoted
        .delimited_by(kind(Kind::TextOpen), kind(Kind::TextClose))
        .map(|pieces| WordPiece { pieces, style: TextStyle::Quoted });
    // Outside of quotes `\` makes any character stand for itself.
    let escape = kind(Kind::Escape).map(|token| Piece::Chars(&token.text[1..]));
    let bare = escape.or(piece(value)).map(|piece| WordPiece { pieces: vec![piece], style: TextStyle::Word });
    choice((single, quoted, bare))
        .repeated()
        .collect::<Vec<_>>()
        .delimited_by(kind(Kind::WordOpen), kind(Kind::WordClose))
        .map_with(|pieces, extra| {
            let style = match pieces.as_slice() {
                [only] => only.style,
                _ => TextStyle::Word,
            };
            let (parts, depth) = parts(pieces.into_iter().flat_map(|piece| piece.pieces).collect());
            Deep::new(Text { parts, style, span: span_of(extra.slice()) }, depth)
        })
}

fn second_scope(flag: Span, first: Span) -> Diagnostic {
    Diagnostic::new(codes::E0001, flag, "a command has one scope")
        .label("the second")
        .secondary(first, "the first")
        .help("put all services in one scope: `--scope { compute: a, image: b }`")
}

/// A whole word that only a shell would understand.
fn shell_word(word: &Text) -> Option<Diagnostic> {
    let [TextPart::Chars(chars)] = word.parts.as_slice() else { return None };
    if word.style != TextStyle::Word || word.span.len() as usize != chars.len() {
        return None;
    }
    let is_shell = crate::lex::is_shell_word(chars);
    is_shell.then(|| {
        Diagnostic::new(codes::E0009, word.span, format!("`{chars}` in a native command"))
            .label("there is no shell here")
            .help("write one command a line; to pass the word itself, quote it")
    })
}
