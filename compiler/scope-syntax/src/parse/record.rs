//! Records and map comprehensions.
//!
//! `{ a: 1, "b c": 2, ...rest }` is a record, `{ for k, v in m => k: v }` a map, `{ for: 30s }` a record again: one token
//! after `for` decides.

use super::{
    Rule,
    basic::{ahead, ends_entry, ends_group, entries, group_end, ident, kind, skip_to},
    compound::generator,
    deep::{Deep, flatten, node},
    expr::{prose, value_or_error},
    fault::{Fault, Label},
};
use crate::{
    ast::{Expr, ExprKind, Ident, RecordEntry, Text, TextPart, TextStyle},
    layout::looks_like_entry,
    token::{Kind, Token, span_of},
};
use chumsky::prelude::*;
use scope_diagnostics::Span;

/// A word as a text.
pub(super) fn word_text(token: &Token<'_>) -> Text {
    Text { parts: vec![TextPart::Chars(token.text.to_owned())], style: TextStyle::Word, span: token.span() }
}

/// `key:` before a value, as a text, with the place after the colon.
pub(super) fn text_key<'t>(text: Rule<'t, Deep<Text>>) -> Rule<'t, (Deep<Text>, Span)> {
    let word = kind(Kind::Word).map(|token| Deep::new(word_text(&token), 0));
    let colon = kind(Kind::Colon).labelled(Label::Colon);
    word.or(text).labelled(Label::Key).then(colon).map(|(key, colon)| (key, colon.span().after())).boxed()
}

/// `{ … }` in the place of a value.
pub(super) fn record<'t>(value: Rule<'t, Deep<Expr>>, text: Rule<'t, Deep<Text>>) -> Rule<'t, Deep<Expr>> {
    let field = text_key(text.clone()).then(value_or_error(value.clone(), ends_entry, Label::Separator)).map(
        |((key, after), mut value)| {
            if value.value.span.is_dummy() {
                value.value.span = after;
            }
            let depth = key.depth.max(value.depth);
            Deep::new(RecordEntry::Field { key: key.value, value: value.value }, depth)
        },
    );
    let spread = kind(Kind::Spread).ignore_then(value.clone()).map(|value| value.map(RecordEntry::Spread));
    let left_out = kind(Kind::Prose).validate(|token, extra, emitter| {
        emitter.emit(Fault::report(extra.span().start, prose(token.span())));
        Deep::new(RecordEntry::Error { key: None, span: token.span() }, 0)
    });
    // A word and no colon: the key counts as set.
    let entry = choice((field, spread, left_out)).boxed();
    let keyed = |span| Deep::new(RecordEntry::Error { key: None, span }, 0);
    let fields = entries(entry, keyed).map_with(|mut entries, extra| {
        let tokens: &[Token<'_>] = extra.slice();
        name_unreadable(&mut entries, tokens);
        let (entries, depth) = flatten(entries);
        Deep::new(ExprKind::Record(entries), depth)
    });

    let comprehension = generator(value.clone())
        .then_ignore(kind(Kind::FatArrow).labelled(Label::FatArrow))
        .then(value.clone())
        .then_ignore(kind(Kind::Colon).labelled(Label::Colon))
        .then(value)
        .then_ignore(group_end())
        .map(|((generator, key), value)| {
            let depth = generator.depth.max(key.depth).max(value.depth);
            let (generator, key, value) = (generator.value, key.value, value.value);
            Deep::new(ExprKind::MapFor { generator, key, value }, depth)
        })
        .recover_with(via_parser(skip_to(ends_group).map(|_| Deep::new(ExprKind::Error, 0))));
    let starts_for = ahead(|tokens: &'t [Token<'t>]| {
        tokens.first().is_some_and(|first| first.is_word("for"))
            && tokens.get(1).is_some_and(|second| second.kind == Kind::Word)
    });
    // What stands for a whole body was reported as one (pasted YAML, nested too deep).
    let reported = ahead(
        |tokens: &'t [Token<'t>]| matches!(tokens, [bad, close, ..] if bad.kind == Kind::Bad && close.kind == Kind::BraceClose),
    );
    let reported = reported.ignore_then(kind(Kind::Bad)).map(|_| Deep::new(ExprKind::Error, 0));
    choice((reported, starts_for.ignore_then(comprehension), fields))
        .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
        .map_with(|record, extra| node(record.value, span_of(extra.slice()), record.depth))
        .boxed()
}

/// Gives entries that could not be read the key they start with.
fn name_unreadable(entries: &mut [Deep<RecordEntry>], tokens: &[Token<'_>]) {
    for entry in entries {
        let RecordEntry::Error { key, span } = &mut entry.value else { continue };
        let index = tokens.partition_point(|token| token.start < span.start);
        if let Some(token) = tokens.get(index)
            && token.kind == Kind::Word
        {
            *key = Some(ident(token));
        }
    }
}

/// A word, or a text without `${}`, before a colon.
pub(super) fn plain_key<'t>(text: Rule<'t, Deep<Text>>) -> Rule<'t, (Ident, Span)> {
    let quoted = text.filter_map(|text| {
        let span = text.value.span;
        text.value.literal().map(|text| Ident { text, span })
    });
    let key = kind(Kind::Word).map(|token| ident(&token)).or(quoted).labelled(Label::Key);
    let colon = kind(Kind::Colon).labelled(Label::Colon);
    key.then(colon).map(|(key, colon)| (key, colon.span().after())).boxed()
}

/// Nothing, if an entry `key: …` starts here.
pub(super) fn entry_ahead<'t>() -> impl Parser<'t, super::Tokens<'t>, (), super::Extra> + Clone {
    ahead(|tokens: &'t [Token<'t>]| looks_like_entry(tokens))
}
