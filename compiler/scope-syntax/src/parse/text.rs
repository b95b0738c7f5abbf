//! Texts: quoted, in a block, raw.
//!
//! `"a ${b}\n"` → the parts `a `, the name `b`, a line feed. A block text loses the indentation that all its lines
//! have, and the line on which it was opened.

use super::{
    Extra, Rule, Tokens,
    basic::{ends_group, group_end, kind, select, skip_to},
    deep::{Deep, flatten, leaf},
    fault::Label,
};
use crate::{
    ast::{Expr, ExprKind, Text, TextPart, TextStyle},
    escape::unescape,
    token::{Kind, Token, span_of},
};
use chumsky::prelude::*;

/// A piece of a text as written.
#[derive(Clone)]
pub(super) enum Piece<'t> {
    Chars(&'t str),
    Escape(&'t str),
    Value(Deep<Expr>),
}

/// `${expr}`
pub(super) fn interpolation<'t>(
    value: Rule<'t, Deep<Expr>>,
) -> impl Parser<'t, Tokens<'t>, Deep<Expr>, Extra> + Clone {
    let inner = value.then_ignore(group_end());
    let recovered = inner.recover_with(via_parser(
        skip_to(ends_group).map_with(|_, extra| leaf(ExprKind::Error, span_of(extra.slice()))),
    ));
    kind(Kind::InterpolationOpen).then(recovered).then_ignore(kind(Kind::InterpolationClose)).map(
        |(open, mut value)| {
            if value.value.span.is_dummy() {
                value.value.span = open.span().after();
            }
            value
        },
    )
}

/// Characters, escapes and `${}`.
pub(super) fn piece<'t>(value: Rule<'t, Deep<Expr>>) -> Rule<'t, Piece<'t>> {
    let simple = select(|token: &'t Token<'t>| match token.kind {
        Kind::Chars => Some(Piece::Chars(token.text)),
        Kind::Escape => Some(Piece::Escape(token.text)),
        Kind::Bad => Some(Piece::Value(leaf(ExprKind::Error, token.span()))),
        _ => None,
    });
    simple.or(interpolation(value).map(Piece::Value)).boxed()
}

/// `"…"`, `"""…"""`, `r"…"`
pub(super) fn text<'t>(value: Rule<'t, Deep<Expr>>) -> Rule<'t, Deep<Text>> {
    let open = select(|token: &'t Token<'t>| match token.kind {
        Kind::TextOpen => Some(TextStyle::Quoted),
        Kind::BlockOpen => Some(TextStyle::Block),
        _ => None,
    });
    let quoted = open
        .then(piece(value).repeated().collect::<Vec<_>>())
        .then_ignore(kind(Kind::TextClose))
        .map_with(|(style, pieces), extra| {
            let pieces = if style == TextStyle::Block { dedent(pieces) } else { pieces };
            let (parts, depth) = parts(pieces);
            Deep::new(Text { parts, style, span: span_of(extra.slice()) }, depth)
        });
    let raw = kind(Kind::Raw).map(|token| Deep::new(raw(&token), 0));
    quoted.or(raw).labelled(Label::Text).boxed()
}

/// A raw text, or a text between quotes of another language (reported by the lexer).
fn raw(token: &Token<'_>) -> Text {
    let (style, chars) = match token.text.strip_prefix('r') {
        Some(rest) => {
            let body = rest.trim_start_matches('#');
            let closer = format!("\"{}", "#".repeat(rest.len() - body.len()));
            let body = body.strip_prefix('"').unwrap_or(body);
            (TextStyle::Raw, body.strip_suffix(closer.as_str()).unwrap_or(body))
        }
        None => {
            let mut inner = token.text.chars();
            inner.next();
            inner.next_back();
            (TextStyle::Quoted, inner.as_str())
        }
    };
    let chars = chars.replace("\r\n", "\n");
    let parts = if chars.is_empty() { vec![] } else { vec![TextPart::Chars(chars)] };
    Text { parts, style, span: token.span() }
}

/// Pieces to parts: escapes resolved, neighbouring characters joined.
pub(super) fn parts(pieces: Vec<Piece<'_>>) -> (Vec<TextPart>, usize) {
    let mut parts: Vec<TextPart> = vec![];
    let mut values = vec![];
    let mut chars = String::new();
    for piece in pieces {
        match piece {
            Piece::Chars(text) => chars.push_str(text),
            Piece::Escape(text) => match unescape(text) {
                Some(character) => chars.push(character),
                None => chars.push_str(text),
            },
            Piece::Value(value) => {
                if !chars.is_empty() {
                    parts.push(TextPart::Chars(std::mem::take(&mut chars)));
                }
                let depth = value.depth;
                parts.push(TextPart::Interpolation(value.value));
                values.push(Deep::new((), depth));
            }
        }
    }
    if !chars.is_empty() {
        parts.push(TextPart::Chars(chars));
    }
    (parts, flatten(values).1)
}

/// Takes from a block its first line if that is blank, and the indentation that all lines have in common, the line of
/// the closing quotes included.
fn dedent(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    // Split so that each line end is the end of a piece.
    let mut lines: Vec<Vec<Piece<'_>>> = vec![vec![]];
    for piece in pieces {
        let Piece::Chars(mut chars) = piece else {
            lines.last_mut().expect("there is always a line").push(piece);
            continue;
        };
        while let Some(end) = chars.find('\n') {
            let line = lines.last_mut().expect("there is always a line");
            line.push(Piece::Chars(chars[..end].strip_suffix('\r').unwrap_or(&chars[..end])));
            line.push(Piece::Chars("\n"));
            lines.push(vec![]);
            chars = &chars[end + 1..];
        }
        lines.last_mut().expect("there is always a line").push(Piece::Chars(chars));
    }
    let is_blank = |line: &[Piece<'_>]| {
        line.iter().all(|piece| matches!(piece, Piece::Chars(chars) if chars.trim().is_empty()))
    };
    let starts_on_next = lines.len() > 1 && is_blank(&lines[0]);
    if starts_on_next {
        lines.remove(0);
    }
    let indentation = |line: &[Piece<'_>]| {
        let mut width = 0;
        for piece in line {
            let Piece::Chars(chars) = piece else { break };
            let blanks = chars.len() - chars.trim_start_matches([' ', '\t']).len();
            width += blanks;
            if blanks < chars.len() {
                break;
            }
        }
        width
    };
    let last = lines.len() - 1;
    let first = usize::from(!starts_on_next);
    let common = (first..lines.len()).filter(|&index| index == last || !is_blank(&lines[index]));
    let common = common.map(|index| indentation(&lines[index])).min().unwrap_or(0);
    for line in lines.iter_mut().skip(first) {
        let mut left = common;
        for piece in line.iter_mut() {
            let Piece::Chars(chars) = piece else { break };
            let blanks = (chars.len() - chars.trim_start_matches([' ', '\t']).len()).min(left);
            *chars = &chars[blanks..];
            left -= blanks;
            if left == 0 || !chars.is_empty() {
                break;
            }
        }
    }
    lines.into_iter().flatten().collect()
}
