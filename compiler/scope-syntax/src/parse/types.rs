//! Types and attributes.
//!
//! `"raw" | "bare" = "bare" immutable` is a union with a default and one modifier; `list<string>? ` is optional.

use super::{
    Rule,
    basic::{before, ends_entry, entries, entry_end, kind, name, path, skip_to, word},
    deep::{Deep, flatten, type_node},
    expr::{Expressions, value_or_error},
    fault::Label,
    record::plain_key,
};
use crate::{
    ast::{Attribute, Expr, Ident, Modifier, Text, TypeExpr, TypeKind},
    token::{Kind, Token, span_of},
};
use chumsky::prelude::*;
use scope_diagnostics::Span;

enum Postfix {
    Optional(Span),
    In(Deep<Expr>),
    Matching(Deep<Text>),
    By(Vec<Ident>, Span),
}

/// A type.
pub(crate) fn types<'t>(expressions: &Expressions<'t>) -> Rule<'t, Deep<TypeExpr>> {
    let expressions = expressions.clone();
    recursive(move |ty| {
        let ty = ty.boxed();
        let args = ty
            .clone()
            .separated_by(kind(Kind::Comma))
            .at_least(1)
            .collect::<Vec<_>>()
            .delimited_by(kind(Kind::Less), kind(Kind::Greater))
            .or_not();
        let named = path().then(args).map_with(|(path, args), extra| {
            let (args, depth) = flatten(args.unwrap_or_default());
            type_node(TypeKind::Named { path, args }, span_of(extra.slice()), depth)
        });
        let literal = expressions.text.clone().filter_map(|text| {
            let span = text.value.span;
            text.value.literal().map(|text| type_node(TypeKind::Literal(text), span, 0))
        });
        let bad = kind(Kind::Bad).map(|token| type_node(TypeKind::Error, token.span(), 0));
        let record = entries(attribute(&ty, &expressions).map(Some), |_| None)
            .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
            .map_with(|attributes, extra| {
                let (attributes, depth) = flatten(attributes.into_iter().flatten().collect());
                type_node(TypeKind::Record(attributes), span_of(extra.slice()), depth)
            });
        let atom = choice((named, literal, record, bad)).labelled(Label::Type);

        let optional = kind(Kind::Question).map(|token| Postfix::Optional(token.span()));
        let within = word("in").ignore_then(expressions.range.clone()).map(Postfix::In);
        let matching = word("matching").ignore_then(expressions.text.clone()).map(Postfix::Matching);
        let keys = name()
            .separated_by(kind(Kind::Comma))
            .at_least(1)
            .collect::<Vec<_>>()
            .delimited_by(kind(Kind::BracketOpen), kind(Kind::BracketClose))
            .or(name().map(|key| vec![key]));
        let by =
            word("by").ignore_then(keys.map_with(|keys, extra| Postfix::By(keys, span_of(extra.slice()))));
        let postfix = choice((optional, within, matching, by)).labelled(Label::Modifier).boxed();
        let refined = atom.foldl(postfix.repeated(), |base, postfix| match postfix {
            Postfix::Optional(mark) => {
                let span = base.value.span.to(mark);
                type_node(TypeKind::Optional(base.value), span, base.depth)
            }
            Postfix::In(range) => {
                let span = base.value.span.to(range.value.span);
                let depth = base.depth.max(range.depth);
                type_node(TypeKind::In(base.value, range.value), span, depth)
            }
            Postfix::Matching(text) => {
                let span = base.value.span.to(text.value.span);
                let depth = base.depth.max(text.depth);
                type_node(TypeKind::Matching(base.value, text.value), span, depth)
            }
            Postfix::By(keys, written) => {
                let span = base.value.span.to(written);
                type_node(TypeKind::By(base.value, keys), span, base.depth)
            }
        });
        let leading = kind(Kind::Or).or_not();
        leading.ignore_then(refined.separated_by(kind(Kind::Or)).at_least(1).collect::<Vec<_>>()).map_with(
            |mut types, extra| {
                if types.len() == 1 {
                    return types.remove(0);
                }
                let (types, depth) = flatten(types);
                type_node(TypeKind::Union(types), span_of(extra.slice()), depth)
            },
        )
    })
    .boxed()
}

/// `name: type = default modifier*`
pub(super) fn attribute<'t>(
    ty: &Rule<'t, Deep<TypeExpr>>,
    expressions: &Expressions<'t>,
) -> Rule<'t, Deep<Attribute>> {
    let default = kind(Kind::Assign).ignore_then(expressions.value.clone());
    let modifier = name().then(expressions.arguments.clone().or_not()).map(|(word, args)| {
        let depth = args.as_ref().map_or(0, |args| args.depth);
        Deep::new(Modifier { word, args: args.map(|args| args.value).unwrap_or_default() }, depth)
    });
    let modifiers = modifier.repeated().collect::<Vec<_>>();
    let readable = ty.clone().then(default.or_not()).then(modifiers).then_ignore(entry_end());
    let readable = readable.map(|((ty, default), modifiers)| {
        let (modifiers, depth) = flatten(modifiers);
        let depth = depth.max(ty.depth).max(default.as_ref().map_or(0, |default| default.depth));
        Deep::new((ty.value, default.map(|default| default.value), modifiers), depth)
    });
    let skipped = skip_to(ends_entry).map(|span| {
        let ty = type_node(TypeKind::Error, span.unwrap_or(Span::DUMMY), 0);
        ty.map(|ty| (ty, None, vec![]))
    });
    plain_key(expressions.text.clone())
        .then(readable.recover_with(via_parser(skipped)))
        .map(|((name, after), rest)| {
            rest.map(|(mut ty, default, modifiers)| {
                if ty.span.is_dummy() {
                    ty.span = after;
                }
                Attribute { docs: vec![], name, ty, default, modifiers }
            })
        })
        .boxed()
}

/// `: type`, if there is a colon; a type that cannot be read is an error node up to `=` or the end.
pub(super) fn annotation<'t>(ty: &Rule<'t, Deep<TypeExpr>>) -> Rule<'t, Option<Deep<TypeExpr>>> {
    fn stops(token: &Token<'_>) -> bool {
        token.kind == Kind::Assign || ends_entry(token)
    }
    let whole = ty.clone().then_ignore(before(stops, Label::Assign));
    let skipped = skip_to(stops).map(|span| type_node(TypeKind::Error, span.unwrap_or(Span::DUMMY), 0));
    // An arrow is reported, and the type read all the same.
    let colon = kind(Kind::Colon).labelled(Label::Colon).recover_with(via_parser(kind(Kind::Arrow)));
    colon
        .then(whole.recover_with(via_parser(skipped)))
        .map(|(colon, mut ty)| {
            if ty.value.span.is_dummy() {
                ty.value.span = colon.span().after();
            }
            ty
        })
        .or_not()
        .boxed()
}

/// `= value`, if there is one.
pub(super) fn default_value<'t>(expressions: &Expressions<'t>) -> Rule<'t, Option<Deep<Expr>>> {
    let value = value_or_error(expressions.value.clone(), ends_entry, Label::Separator);
    let assign = kind(Kind::Assign).labelled(Label::Assign);
    assign
        .then(value)
        .map(|(assign, mut value)| {
            if value.value.span.is_dummy() {
                value.value.span = assign.span().after();
            }
            value
        })
        .or_not()
        .boxed()
}
