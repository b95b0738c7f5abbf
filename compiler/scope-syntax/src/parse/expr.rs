//! Expressions: operands, what follows them (`.a`, `(…)`, `[…]`), and the run of operators between them.
//!
//! `f(x).y + 1` → `(+ (. (call f x) y) 1)`. In a scope names may hold blanks and `;` is an operator; directly in a phrase
//! `within` is a link word and no operator.

use super::{
    Extra, Rule, Tokens,
    basic::{ahead, before, ends_entry, ends_group, entries, group_end, ident, kind, select, skip_to, word},
    compound::{conditional, list},
    deep::{Deep, flatten, leaf, node},
    fault::{Fault, Label},
    number,
    operators::{self, Infix, Operand},
    record, scope, text,
};
use crate::{
    ast::{Argument, BinaryOp, ChainOp, Expr, ExprKind, Ident, Text, UnaryOp},
    token::{Kind, RESERVED_WORDS, Token, span_of},
};
use chumsky::prelude::*;
use scope_diagnostics::{Diagnostic, Span, codes};

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mode {
    /// Anywhere.
    Value,
    /// In a scope.
    Location,
    /// Directly in a phrase.
    Phrase,
}

/// The rules that expressions share.
#[derive(Clone)]
pub(crate) struct Expressions<'t> {
    pub value: Rule<'t, Deep<Expr>>,
    pub phrase_value: Rule<'t, Deep<Expr>>,
    /// The small rule behind `in` of a type.
    pub range: Rule<'t, Deep<Expr>>,
    pub location: Rule<'t, Deep<Expr>>,
    pub record: Rule<'t, Deep<Expr>>,
    pub scope: Rule<'t, Deep<crate::ast::Scope>>,
    pub text: Rule<'t, Deep<Text>>,
    pub arguments: Rule<'t, Deep<Vec<Argument>>>,
}

/// Builds the rules.
pub(crate) fn expressions<'t>() -> Expressions<'t> {
    let value = recursive(|value| {
        let parts = Parts::over(value.boxed());
        run(primary(&parts.value, &parts, false), &parts.value, &parts.arguments, Mode::Value)
    })
    .boxed();
    let parts = Parts::over(value.clone());
    let plain = primary(&value, &parts, false);
    Expressions {
        phrase_value: run(plain.clone(), &value, &parts.arguments, Mode::Phrase),
        range: range(plain, &value, &parts.arguments),
        value,
        location: parts.location,
        record: parts.record,
        scope: parts.scope,
        text: parts.text,
        arguments: parts.arguments,
    }
}

struct Parts<'t> {
    value: Rule<'t, Deep<Expr>>,
    location: Rule<'t, Deep<Expr>>,
    record: Rule<'t, Deep<Expr>>,
    scope: Rule<'t, Deep<crate::ast::Scope>>,
    text: Rule<'t, Deep<Text>>,
    arguments: Rule<'t, Deep<Vec<Argument>>>,
}

impl<'t> Parts<'t> {
    fn over(value: Rule<'t, Deep<Expr>>) -> Parts<'t> {
        let text = text::text(value.clone());
        let record = record::record(value.clone(), text.clone());
        let location = recursive(|location| {
            let location = location.boxed();
            let parts = Parts {
                value: value.clone(),
                scope: scope::scope(location.clone(), text.clone()),
                arguments: arguments(location.clone(), text.clone()),
                text: text.clone(),
                record: record.clone(),
                location: location.clone(),
            };
            run(primary(&location, &parts, true), &location, &parts.arguments, Mode::Location)
        })
        .boxed();
        Parts {
            scope: scope::scope(location.clone(), text.clone()),
            arguments: arguments(value.clone(), text.clone()),
            value,
            location,
            record,
            text,
        }
    }
}

/// Operands and operators in a row.
fn run<'t>(
    primary: Rule<'t, Deep<Expr>>,
    inner: &Rule<'t, Deep<Expr>>,
    arguments: &Rule<'t, Deep<Vec<Argument>>>,
    mode: Mode,
) -> Rule<'t, Deep<Expr>> {
    let operand = prefix().repeated().collect::<Vec<_>>().then(postfixed(primary, inner, arguments));
    let operand =
        operand.map(|(prefixes, value)| Operand { prefixes, value }).labelled(Label::Expression).boxed();
    let rest = infix(mode).then(operand.clone()).map(|((op, span), operand)| (op, span, operand));
    operand
        .then(rest.repeated().collect::<Vec<_>>())
        .validate(|(first, rest), extra, emitter| {
            let at = extra.span().start;
            operators::build(first, rest, at, &mut |fault| emitter.emit(fault))
        })
        .boxed()
}

/// `a..b` or one operand, without other operators: what may stand after `in` of a type.
fn range<'t>(
    primary: Rule<'t, Deep<Expr>>,
    inner: &Rule<'t, Deep<Expr>>,
    arguments: &Rule<'t, Deep<Vec<Argument>>>,
) -> Rule<'t, Deep<Expr>> {
    let operand = prefix().repeated().collect::<Vec<_>>().then(postfixed(primary, inner, arguments));
    let operand =
        operand.map(|(prefixes, value)| Operand { prefixes, value }).labelled(Label::Expression).boxed();
    let range = kind(Kind::DotDot).map(|token| (Infix::Binary(BinaryOp::Range), token.span()));
    let rest = range.then(operand.clone()).map(|((op, span), operand)| (op, span, operand));
    operand
        .then(rest.or_not())
        .validate(|(first, rest), extra, emitter| {
            let at = extra.span().start;
            operators::build(first, rest.into_iter().collect(), at, &mut |fault| emitter.emit(fault))
        })
        .boxed()
}

fn prefix<'t>() -> impl Parser<'t, Tokens<'t>, (UnaryOp, Span), Extra> + Clone {
    select(|token: &'t Token<'t>| match token.kind {
        Kind::Minus => Some((UnaryOp::Negate, *token)),
        Kind::Not => Some((UnaryOp::Not, *token)),
        Kind::Word if token.text == "not" => Some((UnaryOp::Not, *token)),
        _ => None,
    })
    .validate(|(op, token), extra, emitter| {
        if token.kind == Kind::Not {
            let report = operators::boolean_word(token.span(), "!", "not");
            emitter.emit(Fault::report(extra.span().start, report));
        }
        (op, token.span())
    })
}

fn infix<'t>(mode: Mode) -> impl Parser<'t, Tokens<'t>, (Infix, Span), Extra> + Clone {
    let one = select(move |token: &'t Token<'t>| infix_of(token, mode).map(|op| (op, *token))).validate(
        move |(op, token), extra, emitter| {
            if token.kind == Kind::AndAnd {
                let report = match mode {
                    Mode::Location => operators::doubled_and(token.span()),
                    _ => operators::boolean_word(token.span(), "&&", "and"),
                };
                emitter.emit(Fault::report(extra.span().start, report));
            }
            (op, token.span())
        },
    );
    let not_in = word("not")
        .then(word("in"))
        .map(|(not, word_in)| (Infix::Binary(BinaryOp::NotIn), not.span().to(word_in.span())));
    one.or(not_in).labelled(Label::Operator)
}

fn infix_of(token: &Token<'_>, mode: Mode) -> Option<Infix> {
    use {BinaryOp::*, Infix::Binary, Infix::Chain};
    Some(match token.kind {
        Kind::Star => Binary(Multiply),
        Kind::Slash => Binary(Divide),
        Kind::Minus => Binary(Subtract),
        Kind::Plus => Chain(ChainOp::Add),
        Kind::PlusPlus => Chain(ChainOp::Concat),
        Kind::DotDot => Binary(Range),
        Kind::Percent => Chain(ChainOp::Cross),
        Kind::And => Chain(ChainOp::And),
        Kind::Or | Kind::OrOr => Chain(ChainOp::Or),
        Kind::Semicolon if mode == Mode::Location => Chain(ChainOp::Or),
        Kind::Default => Binary(Default),
        Kind::Equal => Binary(Equal),
        Kind::NotEqual => Binary(NotEqual),
        Kind::Less => Binary(Less),
        Kind::LessEqual => Binary(LessEqual),
        Kind::Greater => Binary(Greater),
        Kind::GreaterEqual => Binary(GreaterEqual),
        Kind::AndAnd if mode == Mode::Location => Chain(ChainOp::And),
        Kind::AndAnd => Chain(ChainOp::LogicalAnd),
        Kind::Word => match token.text {
            "in" => Binary(In),
            "matching" => Binary(Matching),
            "within" if mode != Mode::Phrase => Binary(Within),
            "where" => Binary(Where),
            "except" => Binary(Except),
            "and" => Chain(ChainOp::LogicalAnd),
            "or" => Chain(ChainOp::LogicalOr),
            _ => return None,
        },
        _ => return None,
    })
}

enum Postfix {
    Field { name: Ident, optional: bool },
    Call { args: Deep<Vec<Argument>>, span: Span },
    Index { index: Deep<Expr>, span: Span },
}

fn postfixed<'t>(
    primary: Rule<'t, Deep<Expr>>,
    inner: &Rule<'t, Deep<Expr>>,
    arguments: &Rule<'t, Deep<Vec<Argument>>>,
) -> Rule<'t, Deep<Expr>> {
    let dot = select(|token: &'t Token<'t>| match token.kind {
        Kind::Dot => Some(false),
        Kind::QuestionDot => Some(true),
        _ => None,
    });
    let quoted = kind(Kind::TextOpen).ignore_then(kind(Kind::Chars)).then_ignore(kind(Kind::TextClose));
    let field = kind(Kind::Word).or(quoted).map(|token| ident(&token)).labelled(Label::Name);
    let field = dot.then(field).map(|(optional, name)| Postfix::Field { name, optional });
    let call = arguments.clone().map_with(|args, extra| Postfix::Call { args, span: span_of(extra.slice()) });
    let index = group_of(Kind::BracketOpen, inner.clone(), Kind::BracketClose);
    let index = index.map_with(|index, extra| Postfix::Index { index, span: span_of(extra.slice()) });
    let postfix = choice((field, call, index)).labelled(Label::Operator).boxed();
    primary
        .foldl(postfix.repeated(), |base, postfix| match postfix {
            Postfix::Field { name, optional } => {
                let span = base.value.span.to(name.span);
                let depth = base.depth;
                node(ExprKind::Field { base: base.value, name, optional }, span, depth)
            }
            Postfix::Call { args, span } => {
                let span = base.value.span.to(span);
                let depth = base.depth.max(args.depth);
                node(ExprKind::Call { callee: base.value, args: args.value }, span, depth)
            }
            Postfix::Index { index, span } => {
                let span = base.value.span.to(span);
                let depth = base.depth.max(index.depth);
                node(ExprKind::Index { base: base.value, index: index.value }, span, depth)
            }
        })
        .boxed()
}

/// One expression in brackets; what cannot be read is an error node.
fn group_of<'t>(
    open: Kind,
    inner: Rule<'t, Deep<Expr>>,
    close: Kind,
) -> impl Parser<'t, Tokens<'t>, Deep<Expr>, Extra> + Clone {
    let whole = inner.then_ignore(group_end());
    let skipped = skip_to(ends_group).map(|skipped| leaf(ExprKind::Error, skipped.unwrap_or(Span::DUMMY)));
    kind(open).then(whole.recover_with(via_parser(skipped))).then_ignore(kind(close)).map(
        |(open, mut inner)| {
            if inner.value.span.is_dummy() {
                inner.value.span = open.span().after();
            }
            inner
        },
    )
}

/// `(a, name: b)`
fn arguments<'t>(value: Rule<'t, Deep<Expr>>, text: Rule<'t, Deep<Text>>) -> Rule<'t, Deep<Vec<Argument>>> {
    let key = kind(Kind::Word).map(|token| ident(&token)).or(text.filter_map(|text| {
        let span = text.value.span;
        text.value.literal().map(|text| Ident { text, span })
    }));
    let named =
        key.then_ignore(kind(Kind::Colon)).then(value_or_error(value.clone(), ends_entry, Label::Separator));
    let named = named.map(|(name, value)| value.map(|value| Argument { name: Some(name), value }));
    let plain = value.map(|value| value.map(|value| Argument { name: None, value }));
    let starts_named = ahead(|tokens: &'t [Token<'t>]| crate::layout::looks_like_entry(tokens));
    let argument = starts_named.ignore_then(named).or(plain).boxed();
    let unreadable = |span| leaf(ExprKind::Error, span).map(|value| Argument { name: None, value });
    entries(argument, unreadable)
        .delimited_by(kind(Kind::ParenOpen), kind(Kind::ParenClose))
        .map(|arguments| {
            let (arguments, depth) = flatten(arguments);
            Deep::new(arguments, depth)
        })
        .boxed()
}

/// A value that must end before such a token; else everything up to there is skipped and reported once.
pub(super) fn value_or_error<'t>(
    value: Rule<'t, Deep<Expr>>,
    stops: fn(&Token<'_>) -> bool,
    label: Label,
) -> impl Parser<'t, Tokens<'t>, Deep<Expr>, Extra> + Clone {
    let whole = value.then_ignore(before(stops, label));
    // An empty place is found from the token before, which the rule around knows.
    let skipped = skip_to(stops).map(|skipped| leaf(ExprKind::Error, skipped.unwrap_or(Span::DUMMY)));
    whole.recover_with(via_parser(skipped))
}

fn primary<'t>(
    inner: &Rule<'t, Deep<Expr>>,
    parts: &Parts<'t>,
    names_hold_blanks: bool,
) -> Rule<'t, Deep<Expr>> {
    let number = kind(Kind::Number).validate(|token, extra, emitter| match number::read(&token) {
        Ok(number) => leaf(ExprKind::Number(number), token.span()),
        Err(report) => {
            emitter.emit(Fault::report(extra.span().start, *report));
            leaf(ExprKind::Error, token.span())
        }
    });
    let text = parts.text.clone().map(|text| {
        let (depth, span) = (text.depth, text.value.span);
        node(ExprKind::Text(text.value), span, depth)
    });
    let parenthesised =
        group_of(Kind::ParenOpen, inner.clone(), Kind::ParenClose).map_with(|mut inner, extra| {
            inner.value.span = span_of(extra.slice());
            inner
        });
    let scope = word("scope").ignore_then(parts.scope.clone()).map_with(|scope, extra| {
        let depth = scope.depth;
        node(ExprKind::Scope(scope.value), span_of(extra.slice()), depth)
    });
    let literal = select(|token: &'t Token<'t>| match (token.kind, token.text) {
        (Kind::Word, "true") => Some(leaf(ExprKind::Bool(true), token.span())),
        (Kind::Word, "false") => Some(leaf(ExprKind::Bool(false), token.span())),
        (Kind::Word, "null") => Some(leaf(ExprKind::Null, token.span())),
        (Kind::Bad, _) => Some(leaf(ExprKind::Error, token.span())),
        _ => None,
    });
    let prose = kind(Kind::Prose).validate(|token, extra, emitter| {
        emitter.emit(Fault::report(extra.span().start, prose(token.span())));
        leaf(ExprKind::Error, token.span())
    });
    choice((
        ahead(|tokens: &'t [Token<'t>]| {
            tokens.first().is_some_and(|first| first.is_word("scope"))
                && tokens.get(1).is_some_and(|second| second.kind == Kind::BraceOpen)
        })
        .ignore_then(scope),
        queue_for(inner, &parts.arguments, number.clone(), parenthesised.clone()),
        names(names_hold_blanks),
        text,
        number,
        literal,
        parts.record.clone(),
        list(inner.clone()),
        parenthesised,
        conditional(inner.clone()),
        prose,
    ))
    .boxed()
}

/// `queue for 2h`: as if `queue(for: 2h)` were written.
fn queue_for<'t>(
    inner: &Rule<'t, Deep<Expr>>,
    arguments: &Rule<'t, Deep<Vec<Argument>>>,
    number: impl Parser<'t, Tokens<'t>, Deep<Expr>, Extra> + Clone + 't,
    parenthesised: impl Parser<'t, Tokens<'t>, Deep<Expr>, Extra> + Clone + 't,
) -> Rule<'t, Deep<Expr>> {
    let duration = choice((names(false), number, parenthesised)).labelled(Label::Expression).boxed();
    ahead(|tokens: &'t [Token<'t>]| {
        tokens.first().is_some_and(|first| first.is_word("queue"))
            && tokens.get(1).is_some_and(|second| second.is_word("for"))
    })
    .ignore_then(word("queue"))
    .then(word("for"))
    .then(postfixed(duration, inner, arguments))
    .map(|((queue, word_for), duration)| {
        let span = queue.span().to(duration.value.span);
        let depth = duration.depth;
        let callee = leaf(ExprKind::Name(queue.text.to_owned()), queue.span()).value;
        let args = vec![Argument { name: Some(ident(&word_for)), value: duration.value }];
        node(ExprKind::Call { callee, args }, span, depth)
    })
    .boxed()
}

/// The report of `…`.
pub(super) fn prose(span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0013, span, "`…` stands for something left out")
        .label("nothing is written here")
        .help("write what is meant, or remove it; `...name` spreads a record")
}

/// A name; in a scope a run of names with blanks between.
fn names<'t>(hold_blanks: bool) -> impl Parser<'t, Tokens<'t>, Deep<Expr>, Extra> + Clone {
    let free = select(|token: &'t Token<'t>| {
        (token.kind == Kind::Word && !RESERVED_WORDS.contains(&token.text)).then_some(*token)
    });
    let most = if hold_blanks { usize::MAX } else { 1 };
    free.repeated().at_least(1).at_most(most).to_slice().map(|tokens: &'t [Token<'t>]| {
        let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
        leaf(ExprKind::Name(words.join(" ")), span_of(tokens))
    })
}
