//! The smallest rules: one token, a name, a list of entries, and skipping what cannot be read.
//!
//! Since brackets are balanced before parsing, skipping goes by whole groups and stops at the end of an entry.

use super::{
    Extra, Rule, Tokens,
    fault::{Fault, Label},
};
use crate::{
    ast::{Ident, Path},
    token::{Kind, Token},
};
use chumsky::{input::InputRef, prelude::*};
use scope_diagnostics::{Diagnostic, Edit, Span, codes};

/// One token, if it gives a value.
pub(crate) fn select<'t, O: 't>(
    take: impl Fn(&'t Token<'t>) -> Option<O> + Clone + 't,
) -> impl Parser<'t, Tokens<'t>, O, Extra> + Clone {
    chumsky::primitive::select_ref(move |token: &'t Token<'t>, _| take(token))
}

/// One token of this kind.
pub(crate) fn kind<'t>(kind: Kind) -> impl Parser<'t, Tokens<'t>, Token<'t>, Extra> + Clone {
    select(move |token: &'t Token<'t>| (token.kind == kind).then_some(*token))
}

/// This very word.
pub(crate) fn word<'t>(word: &'static str) -> impl Parser<'t, Tokens<'t>, Token<'t>, Extra> + Clone {
    select(move |token: &'t Token<'t>| token.is_word(word).then_some(*token))
}

/// Any word, as a name.
pub(crate) fn name<'t>() -> impl Parser<'t, Tokens<'t>, Ident, Extra> + Clone {
    kind(Kind::Word).map(|token| ident(&token)).labelled(Label::Name)
}

/// A word as a name.
pub(crate) fn ident(token: &Token<'_>) -> Ident {
    Ident { text: token.text.to_owned(), span: token.span() }
}

/// `a.b.c`
pub(crate) fn path<'t>() -> impl Parser<'t, Tokens<'t>, Path, Extra> + Clone {
    name().separated_by(kind(Kind::Dot)).at_least(1).collect::<Vec<_>>().map(|names| {
        let span = names[0].span.to(names[names.len() - 1].span);
        Path { names, span }
    })
}

/// Where the reader is, as an index of a token.
fn place<'t>(input: &mut InputRef<'t, '_, Tokens<'t>, Extra>) -> usize {
    let cursor = input.cursor();
    input.span_since(&cursor).start
}

/// Whether this token ends an entry.
pub(crate) fn ends_entry(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Comma | Kind::Newline) || ends_group(token)
}

/// Whether this token closes a group.
pub(crate) fn ends_group(token: &Token<'_>) -> bool {
    token.kind.closes_bracket()
        || matches!(
            token.kind,
            Kind::InterpolationClose | Kind::TextClose | Kind::WordClose | Kind::NativeClose
        )
}

/// Nothing, if the next token is such a one or there is none.
pub(crate) fn before<'t>(
    stops: fn(&Token<'_>) -> bool,
    label: Label,
) -> impl Parser<'t, Tokens<'t>, (), Extra> + Clone {
    custom(move |input: &mut InputRef<'t, '_, Tokens<'t>, Extra>| match input.peek_ref() {
        Some(token) if !stops(token) => Err(Fault::expected(place(input), label)),
        _ => Ok(()),
    })
}

/// The end of an entry, not taken.
pub(crate) fn entry_end<'t>() -> impl Parser<'t, Tokens<'t>, (), Extra> + Clone {
    before(ends_entry, Label::Separator)
}

/// The end of a group, not taken.
pub(crate) fn group_end<'t>() -> impl Parser<'t, Tokens<'t>, (), Extra> + Clone {
    before(ends_group, Label::Closer)
}

/// Nothing, if the next tokens are so.
pub(crate) fn ahead<'t>(
    test: impl Fn(&'t [Token<'t>]) -> bool + Clone + 't,
) -> impl Parser<'t, Tokens<'t>, (), Extra> + Clone {
    custom(move |input: &mut InputRef<'t, '_, Tokens<'t>, Extra>| {
        let cursor = input.cursor();
        if test(input.slice_from(&cursor..)) {
            return Ok(());
        }
        Err(Fault { at: place(input), expected: Default::default(), report: None })
    })
}

/// Skips whole groups up to a token that stops; gives their place. Takes nothing if it stands before such a token.
pub(crate) fn skip_to<'t>(
    stops: fn(&Token<'_>) -> bool,
) -> impl Parser<'t, Tokens<'t>, Option<Span>, Extra> + Clone {
    custom(move |input: &mut InputRef<'t, '_, Tokens<'t>, Extra>| {
        let mut skipped: Option<Span> = None;
        while let Some(token) = input.peek_ref()
            && !stops(token)
        {
            let tokens = token.partner as usize + 1;
            let cursor = input.cursor();
            let last = input.slice_from(&cursor..)[tokens - 1];
            let span = token.span().to(last.span());
            skipped = Some(skipped.map_or(span, |skipped| skipped.to(span)));
            for _ in 0..tokens {
                input.skip();
            }
        }
        Ok(skipped)
    })
}

/// Skips at least one group.
pub(crate) fn skip_some<'t>(
    stops: fn(&Token<'_>) -> bool,
) -> impl Parser<'t, Tokens<'t>, Span, Extra> + Clone {
    skip_to(stops).filter_map(|skipped| skipped)
}

/// `,` or a newline between two entries; more commas are reported.
pub(crate) fn separator<'t>() -> impl Parser<'t, Tokens<'t>, (), Extra> + Clone {
    let one =
        select(|token: &'t Token<'t>| matches!(token.kind, Kind::Comma | Kind::Newline).then_some(*token));
    one.labelled(Label::Separator).ignore_then(extra_commas())
}

/// Commas that separate nothing, reported.
pub(crate) fn extra_commas<'t>() -> impl Parser<'t, Tokens<'t>, (), Extra> + Clone {
    let run =
        select(|token: &'t Token<'t>| matches!(token.kind, Kind::Comma | Kind::Newline).then_some(*token));
    run.repeated().collect::<Vec<Token<'t>>>().validate(|tokens, extra, emitter| {
        let commas: Vec<&Token<'_>> = tokens.iter().filter(|token| token.kind == Kind::Comma).collect();
        if let (Some(first), Some(last)) = (commas.first(), commas.last()) {
            let span = first.span().to(last.span());
            let at = extra.span().start;
            emitter.emit(Fault::report(
                at,
                Diagnostic::new(codes::E0017, span, "expected an entry, found `,`")
                    .label("separates nothing")
                    .help("remove it")
                    .fix("remove it", vec![Edit::new(span, "")]),
            ));
        }
    })
}

/// Entries between an opening token and a closing one. An entry that cannot be read becomes what `unreadable` makes of
/// its place; its neighbours are kept.
pub(crate) fn entries<'t, O: 't>(
    entry: impl Parser<'t, Tokens<'t>, O, Extra> + Clone + 't,
    unreadable: impl Fn(Span) -> O + Clone + 't,
) -> Rule<'t, Vec<O>> {
    let whole = entry.then_ignore(entry_end());
    let recovered = whole.recover_with(via_parser(skip_some(ends_entry).map(unreadable)));
    extra_commas()
        .ignore_then(recovered.separated_by(separator()).allow_trailing().collect::<Vec<_>>())
        .boxed()
}
