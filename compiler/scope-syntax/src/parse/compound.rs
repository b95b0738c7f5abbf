//! Lists, comprehensions and conditionals.
//!
//! `[a, ...b]`, `[for x in xs if c => e]`, `if a then b else if c then d else e`.

use super::{
    Extra, Rule, Tokens,
    basic::{ends_group, entries, group_end, kind, name, skip_to, word},
    deep::{Deep, flatten, leaf, node},
    fault::Label,
};
use crate::{
    ast::{Element, Expr, ExprKind, Generator},
    token::{Kind, span_of},
};
use chumsky::prelude::*;

/// `for a, b in source if condition`, up to and without `=>`.
pub(super) fn generator<'t>(
    value: Rule<'t, Deep<Expr>>,
) -> impl Parser<'t, Tokens<'t>, Deep<Generator>, Extra> + Clone {
    let second = kind(Kind::Comma).ignore_then(name());
    let condition = word("if").ignore_then(value.clone());
    word("for")
        .ignore_then(name())
        .then(second.or_not())
        // What other languages write is reported, and read all the same.
        .then_ignore(word("in").labelled(Label::In).recover_with(via_parser(word("of"))))
        .then(value)
        .then(condition.or_not())
        .map(|(((name, second), source), condition)| {
            let depth = source.depth.max(condition.as_ref().map_or(0, |condition| condition.depth));
            let condition = condition.map(|condition| condition.value);
            Deep::new(Generator { name, second, source: source.value, condition }, depth)
        })
}

/// `[a, ...b]` and `[for x in xs => e]`
pub(super) fn list<'t>(value: Rule<'t, Deep<Expr>>) -> Rule<'t, Deep<Expr>> {
    let arrow = kind(Kind::FatArrow).labelled(Label::FatArrow);
    let comprehension = generator(value.clone())
        .then_ignore(arrow)
        .then(value.clone())
        .then_ignore(group_end())
        .map(|(generator, value)| {
            let depth = generator.depth.max(value.depth);
            Deep::new(ExprKind::ListFor { generator: generator.value, value: value.value }, depth)
        })
        .recover_with(via_parser(skip_to(ends_group).map(|_| Deep::new(ExprKind::Error, 0))));
    let spread = kind(Kind::Spread).ignore_then(value.clone()).map(|value| value.map(Element::Spread));
    let element = spread.or(value.map(|value| value.map(Element::Value))).boxed();
    let elements = entries(element, |span| leaf(ExprKind::Error, span).map(Element::Value)).map(|elements| {
        let (elements, depth) = flatten(elements);
        Deep::new(ExprKind::List(elements), depth)
    });
    let starts_for = word("for").rewind();
    starts_for
        .ignore_then(comprehension)
        .or(elements)
        .delimited_by(kind(Kind::BracketOpen), kind(Kind::BracketClose))
        .map_with(|list, extra| node(list.value, span_of(extra.slice()), list.depth))
        .boxed()
}

/// `if a then b else if c then d else e`
pub(super) fn conditional<'t>(value: Rule<'t, Deep<Expr>>) -> Rule<'t, Deep<Expr>> {
    let then = word("then").labelled(Label::Then);
    let branch = word("if").ignore_then(value.clone()).then_ignore(then).then(value.clone()).boxed();
    let otherwise = word("else").labelled(Label::Else);
    let further = otherwise.clone().ignore_then(branch.clone());
    branch
        .then(further.repeated().collect::<Vec<_>>())
        .then_ignore(otherwise)
        .then(value)
        .map_with(|((first, further), otherwise), extra| {
            let mut depth = otherwise.depth;
            let mut branches = Vec::with_capacity(further.len() + 1);
            for (condition, value) in std::iter::once(first).chain(further) {
                depth = depth.max(condition.depth).max(value.depth);
                branches.push((condition.value, value.value));
            }
            node(ExprKind::If { branches, otherwise: otherwise.value }, span_of(extra.slice()), depth)
        })
        .boxed()
}
