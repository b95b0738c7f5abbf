//! Phrases, and the lines of bodies: one shape for the statements of tests and the lines of drivers.
//!
//! `operation create POST "/v2/images" after x when y { … }` → the word `operation`, the value `create`, three links, a
//! body. In the body of a `type`, `site` or `input` phrase `name: …` is an attribute with a type, in any other an entry
//! with a value: the block decides.

use super::{
    Extra, Rule, Tokens,
    basic::{ahead, ends_entry, entries, ident, kind, select, word},
    deep::{Deep, flatten},
    expr::{Expressions, prose, value_or_error},
    fault::{Fault, Label},
    native::native,
    record::{entry_ahead, plain_key},
    types::attribute,
};
use crate::{
    ast::{Expr, Line, LineKind, Native, Phrase, PhraseLink, Rule as Answer, Statement, TypeExpr},
    token::{Kind, LINK_WORDS, RESERVED_WORDS, Token, span_of},
};
use chumsky::prelude::*;
use scope_diagnostics::{Span, similar};

/// The rules for bodies.
#[derive(Clone)]
pub(crate) struct Bodies<'t> {
    /// `{ line, … }` of a driver, service or operation.
    pub body: Rule<'t, Deep<Vec<Line>>>,
    pub phrase: Rule<'t, Deep<Phrase>>,
    pub native: Rule<'t, Deep<Native>>,
}

/// Builds the rules.
pub(crate) fn bodies<'t>(expressions: &Expressions<'t>, ty: &Rule<'t, Deep<TypeExpr>>) -> Bodies<'t> {
    let native = native(expressions.value.clone(), expressions.scope.clone());
    let lines = |phrase: &Rule<'t, Deep<Phrase>>, is_attribute: bool| {
        let entry = if is_attribute { attribute_line(ty, expressions) } else { entry_line(expressions) };
        body(line(expressions, &native, phrase, entry))
    };
    let phrase = recursive(|phrase| {
        let phrase = phrase.boxed();
        let declares = first_word(has_attributes);
        let other = first_word(|word| !has_attributes(word) && !RESERVED_WORDS.contains(&word));
        let declaring = phrase_with(declares, expressions, lines(&phrase, true));
        declaring.or(phrase_with(other, expressions, lines(&phrase, false)))
    })
    .boxed();
    Bodies { body: lines(&phrase, false), phrase, native }
}

/// The word a phrase starts with. `scope {` and `with {` continue the line before.
fn first_word<'t>(test: fn(&str) -> bool) -> impl Parser<'t, Tokens<'t>, Token<'t>, Extra> + Clone {
    let continues = |tokens: &'t [Token<'t>]| match tokens {
        [word, brace, ..] => brace.kind == Kind::BraceOpen && (word.is_word("scope") || word.is_word("with")),
        _ => false,
    };
    let word =
        select(move |token: &'t Token<'t>| (token.kind == Kind::Word && test(token.text)).then_some(*token));
    ahead(move |tokens: &'t [Token<'t>]| !continues(tokens)).ignore_then(word).labelled(Label::Name)
}

/// Words whose body declares attributes; misspelt ones too, so that the word is the one thing that is wrong.
fn has_attributes(word: &str) -> bool {
    !WITH_LINES.contains(&word) && similar::nearest(word, ["type", "site", "input"]).is_some()
}

/// The words that most bodies of a driver belong to, none of them a misspelt one.
const WITH_LINES: [&str; 8] = ["operation", "merge", "flags", "answers", "service", "probe", "login", "like"];

fn is_link(token: &Token<'_>) -> bool {
    token.kind == Kind::Word && LINK_WORDS.contains(&token.text)
}

fn link_word<'t>() -> impl Parser<'t, Tokens<'t>, Token<'t>, Extra> + Clone {
    select(|token: &'t Token<'t>| is_link(token).then_some(*token)).labelled(Label::Link)
}

/// A phrase that starts so.
fn phrase_with<'t>(
    first: impl Parser<'t, Tokens<'t>, Token<'t>, Extra> + Clone + 't,
    expressions: &Expressions<'t>,
    body: Rule<'t, Deep<Vec<Line>>>,
) -> Rule<'t, Deep<Phrase>> {
    let starts_value = ahead(|tokens: &'t [Token<'t>]| {
        tokens.first().is_some_and(|first| {
            !is_link(first) && !ends_entry(first) && first.kind != Kind::BraceOpen && !first.is_word("in")
        })
    });
    let value = starts_value.ignore_then(expressions.phrase_value.clone()).boxed();
    // `cut a -- b`: two values.
    let second = kind(Kind::DashDash).ignore_then(expressions.phrase_value.clone());
    let values = value.clone().then(second.or(value).repeated().collect::<Vec<_>>()).or_not();
    // `guard in metadata`: only directly after the first word.
    let place = word("in").then(expressions.phrase_value.clone()).or_not();
    let link = link_word().then(expressions.phrase_value.clone());
    first
        .then(values)
        .then(place)
        .then(link.repeated().collect::<Vec<_>>())
        .then(body.or_not())
        .map_with(|((((first, values), place), links), body), extra| {
            let values = values
                .map_or_else(Vec::new, |(first, further)| std::iter::once(first).chain(further).collect());
            let (values, values_depth) = flatten(values);
            let links = place
                .into_iter()
                .chain(links)
                .map(|(word, value)| value.map(|value| PhraseLink { word: ident(&word), value }));
            let (links, links_depth) = flatten(links.collect());
            let body_depth = body.as_ref().map_or(0, |body| body.depth);
            let body = body.map(|body| body.value);
            let phrase = Phrase { word: ident(&first), values, links, body, span: span_of(extra.slice()) };
            Deep::new(phrase, values_depth.max(links_depth).max(body_depth))
        })
        .boxed()
}

/// `{ line, … }`
fn body<'t>(line: Rule<'t, Deep<Line>>) -> Rule<'t, Deep<Vec<Line>>> {
    entries(line, |span| line_of(LineKind::Error, span, 0))
        .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
        .map(|lines| {
            let (lines, depth) = flatten(lines);
            Deep::new(lines, depth)
        })
        .labelled(Label::Body)
        .boxed()
}

fn line_of(kind: LineKind, span: Span, children: usize) -> Deep<Line> {
    let depth = children + 1;
    let kind = if depth > crate::MAX_DEPTH { LineKind::Error } else { kind };
    Deep::new(Line { docs: vec![], kind, span }, depth)
}

/// `key: value`
fn entry_line<'t>(expressions: &Expressions<'t>) -> Rule<'t, Deep<LineKind>> {
    plain_key(expressions.text.clone())
        .then(value_or_error(expressions.value.clone(), ends_entry, Label::Separator))
        .map(|((key, after), mut value)| {
            if value.value.span.is_dummy() {
                value.value.span = after;
            }
            value.map(|value| LineKind::Entry { key, value })
        })
        .boxed()
}

/// `name: type = default modifier*`
fn attribute_line<'t>(
    ty: &Rule<'t, Deep<TypeExpr>>,
    expressions: &Expressions<'t>,
) -> Rule<'t, Deep<LineKind>> {
    attribute(ty, expressions).map(|attribute| attribute.map(LineKind::Attribute)).boxed()
}

/// One line of a driver's body.
fn line<'t>(
    expressions: &Expressions<'t>,
    native: &Rule<'t, Deep<Native>>,
    phrase: &Rule<'t, Deep<Phrase>>,
    entry: Rule<'t, Deep<LineKind>>,
) -> Rule<'t, Deep<Line>> {
    let command = native.clone().map(|native| native.map(LineKind::Native));
    let is_cli = ahead(|tokens: &'t [Token<'t>]| {
        matches!(tokens, [cli, name, assign, ..]
            if cli.is_word("cli") && name.kind == Kind::Word && assign.kind == Kind::Assign)
    });
    let cli = kind(Kind::Word).ignore_then(kind(Kind::Word)).then_ignore(kind(Kind::Assign));
    let cli = cli
        .then(native.clone().labelled(Label::Command))
        .map(|(name, native)| native.map(|native| LineKind::Cli { name: ident(&name), native }));
    let left_out = kind(Kind::Prose).validate(|token, extra, emitter| {
        emitter.emit(Fault::report(extra.span().start, prose(token.span())));
        Deep::new(LineKind::Error, 0)
    });
    let reported = kind(Kind::Bad).map(|_| Deep::new(LineKind::Error, 0));
    let phrase = phrase.clone().map(|phrase| phrase.map(LineKind::Phrase));
    choice((
        entry_ahead().ignore_then(entry),
        command,
        is_cli.ignore_then(cli),
        ahead(|tokens: &'t [Token<'t>]| has_arrow(tokens)).ignore_then(answer(expressions)),
        left_out,
        reported,
        phrase,
    ))
    .map_with(|kind, extra| line_of(kind.value, span_of(extra.slice()), kind.depth))
    .boxed()
}

/// Whether `->` stands in this line, outside of brackets.
fn has_arrow(tokens: &[Token<'_>]) -> bool {
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        if token.kind == Kind::Arrow {
            return true;
        }
        if ends_entry(token) {
            return false;
        }
        index += token.partner as usize + 1;
    }
    false
}

/// `pattern if condition then second -> result`
fn answer<'t>(expressions: &Expressions<'t>) -> Rule<'t, Deep<LineKind>> {
    let value = &expressions.value;
    let condition = word("if").ignore_then(value.clone());
    let then = word("then").ignore_then(value.clone());
    value
        .clone()
        .then(condition.or_not())
        .then(then.or_not())
        .then_ignore(kind(Kind::Arrow).labelled(Label::Arrow))
        .then(value.clone())
        .map(|(((pattern, condition), then), result)| {
            let depth_of = |value: &Option<Deep<Expr>>| value.as_ref().map_or(0, |value| value.depth);
            let depth = pattern.depth.max(result.depth).max(depth_of(&condition)).max(depth_of(&then));
            let condition = condition.map(|condition| condition.value);
            let then = then.map(|then| then.value);
            Deep::new(
                LineKind::Rule(Answer { pattern: pattern.value, condition, then, result: result.value }),
                depth,
            )
        })
        .boxed()
}

/// `{ statement, … }` of a test.
pub(super) fn statements<'t>(bodies: &Bodies<'t>) -> Rule<'t, Deep<Vec<Statement>>> {
    let command = bodies.native.clone().map(|native| native.map(Statement::Native));
    let reported = kind(Kind::Bad).map(|token| Deep::new(Statement::Error(token.span()), 0));
    let left_out = kind(Kind::Prose).validate(|token, extra, emitter| {
        emitter.emit(Fault::report(extra.span().start, prose(token.span())));
        Deep::new(Statement::Error(token.span()), 0)
    });
    let phrase = bodies.phrase.clone().map(|phrase| phrase.map(Statement::Phrase));
    let statement = choice((command, reported, left_out, phrase)).boxed();
    entries(statement, |span| Deep::new(Statement::Error(span), 0))
        .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
        .map(|statements| {
            let (statements, depth) = flatten(statements);
            Deep::new(statements, depth)
        })
        .labelled(Label::Body)
        .boxed()
}
