//! Items: a head (word, name, type) and a value, each recovered on its own, so that a bad value leaves the name declared.
//!
//! `let x = = 3` is a [`Let`] of `x` whose value is an error node.

use super::{
    Extra, Rule, Tokens,
    basic::{ahead, before, ends_entry, entries, ident, kind, name, path, select, skip_some, skip_to, word},
    compound::generator,
    deep::{Deep, leaf},
    expr::{Expressions, value_or_error},
    fault::{Fault, Label},
    phrase::{Bodies, statements},
    types::{annotation, default_value},
};
use crate::{
    ast::*,
    token::{CLAUSE_WORDS, Kind, Token, span_of},
};
use chumsky::prelude::*;
use scope_diagnostics::{Diagnostic, Span, codes};

/// The rule of one item.
pub(crate) fn item<'t>(
    expressions: &Expressions<'t>,
    ty: &Rule<'t, Deep<TypeExpr>>,
    bodies: &Bodies<'t>,
) -> Rule<'t, ItemKind> {
    let items = choice((
        native_item(bodies),
        thing(expressions, starts_clause),
        binding(expressions, ty, bodies),
        param(expressions, ty),
        import(),
        entry(expressions),
        function(expressions, ty),
        type_alias(ty),
        site(expressions),
        link(expressions),
        choice((
            output(expressions),
            require(expressions),
            test(expressions, bodies),
            sequence(expressions, bodies),
            driver(bodies),
        )),
    ))
    .labelled(Label::Item);
    // What is left of the item's line is reported once.
    let rest = before(|_| false, Label::End).recover_with(via_parser(skip_some(|_| false).ignored()));
    let unreadable = skip_to(|_| false).map_with(|_, extra| unreadable(extra.slice()));
    items.then_ignore(rest).recover_with(via_parser(unreadable)).boxed()
}

/// An item that could not be read: its word and name, as far as they are there.
fn unreadable(tokens: &[Token<'_>]) -> ItemKind {
    let word = tokens.first().filter(|token| token.kind == Kind::Word).map(ident);
    let name = tokens.get(1).filter(|token| word.is_some() && token.kind == Kind::Word).map(ident);
    ItemKind::Error { word, name }
}

/// Takes the value out of a rule and reports what is too deep.
fn shallow<'t, T: 't>(rule: impl Parser<'t, Tokens<'t>, Deep<T>, Extra> + Clone + 't) -> Rule<'t, T> {
    rule.validate(|deep, extra, emitter| {
        let span = span_of(extra.slice());
        let at = extra.span().start;
        deep.take(span, at, |fault| emitter.emit(fault))
    })
    .boxed()
}

/// `= value` to the end of the item (or a clause); what cannot be read is an error node.
fn assigned<'t>(expressions: &Expressions<'t>, stops: fn(&Token<'_>) -> bool) -> Rule<'t, Expr> {
    let assign = kind(Kind::Assign).labelled(Label::Assign);
    let value = value_or_error(expressions.value.clone(), stops, Label::End);
    shallow(assign.then(value).map(|(assign, value)| placed(value, assign.span().after())))
}

/// Gives an error node that stands for nothing the place after the token before it.
fn placed(mut value: Deep<Expr>, after: Span) -> Deep<Expr> {
    if value.value.span.is_dummy() {
        value.value.span = after;
    }
    value
}

fn import<'t>() -> Rule<'t, ItemKind> {
    let quoted = kind(Kind::TextOpen)
        .ignore_then(kind(Kind::Chars).or_not())
        .then_ignore(kind(Kind::TextClose))
        .map_with(|chars, extra| {
            let text = chars.map(|chars| chars.text.to_owned()).unwrap_or_default();
            ImportSource::File(Ident { text, span: span_of(extra.slice()) })
        });
    let source = quoted.or(path().map(ImportSource::Library)).labelled(Label::Path);
    let names = entries(name().map(Some), |_| None)
        .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
        .map(|names| names.into_iter().flatten().collect::<Vec<_>>());
    let alias = word("as").ignore_then(name());
    word("import")
        .ignore_then(source)
        .then(names.or_not())
        .then(alias.or_not())
        .map(|((source, names), alias)| ItemKind::Import(Import { source, names, alias }))
        .boxed()
}

fn entry<'t>(expressions: &Expressions<'t>) -> Rule<'t, ItemKind> {
    let value = shallow(value_or_error(expressions.value.clone(), |_| false, Label::End));
    word("entry")
        .then(value)
        .map(|(word, mut value)| {
            if value.span.is_dummy() {
                value.span = word.span().after();
            }
            ItemKind::Entry(value)
        })
        .boxed()
}

/// `name: type = default`
fn parameter<'t>(expressions: &Expressions<'t>, ty: &Rule<'t, Deep<TypeExpr>>) -> Rule<'t, Deep<Param>> {
    name()
        .then(annotation(ty))
        .then(default_value(expressions))
        .map(|((name, ty), default)| {
            let depth_of_type = ty.as_ref().map_or(0, |ty| ty.depth);
            let depth = default.as_ref().map_or(0, |default| default.depth).max(depth_of_type);
            let (ty, default) = (ty.map(|ty| ty.value), default.map(|default| default.value));
            Deep::new(Param { name, ty, default }, depth)
        })
        .boxed()
}

fn param<'t>(expressions: &Expressions<'t>, ty: &Rule<'t, Deep<TypeExpr>>) -> Rule<'t, ItemKind> {
    word("param").ignore_then(shallow(parameter(expressions, ty))).map(ItemKind::Param).boxed()
}

/// `let name: type = value` and `let name: type = $ …`
fn binding<'t>(
    expressions: &Expressions<'t>,
    ty: &Rule<'t, Deep<TypeExpr>>,
    bodies: &Bodies<'t>,
) -> Rule<'t, ItemKind> {
    enum Bound {
        Value(Expr),
        Native(Native),
    }
    let native = kind(Kind::Assign).ignore_then(shallow(bodies.native.clone())).map(Bound::Native);
    let bound = native.or(assigned(expressions, |_| false).map(Bound::Value));
    // Without `=` the name is declared all the same.
    let missing = skip_to(|_| false)
        .map(|skipped| Bound::Value(leaf(ExprKind::Error, skipped.unwrap_or(Span::DUMMY)).value));
    word("let")
        .ignore_then(name())
        .then(shallow_option(annotation(ty)))
        .then(bound.recover_with(via_parser(missing)))
        .validate(|((name, ty), bound), extra, emitter| match bound {
            Bound::Value(mut value) => {
                if value.span.is_dummy() {
                    value.span = name.span.after();
                }
                ItemKind::Let(Let { name, ty, value })
            }
            Bound::Native(native) => {
                let ty = ty.and_then(|ty| match *ty.kind {
                    TypeKind::Named { path, args } if args.is_empty() => Some(path),
                    TypeKind::Error => None,
                    _ => {
                        let report =
                            Diagnostic::new(codes::E0001, ty.span, "expected the name of a resource type");
                        let report = report
                            .help("the result of a command is one resource: `let a: driver.server = $ …`");
                        emitter.emit(Fault::report(extra.span().start, report));
                        None
                    }
                });
                ItemKind::Native(NativeItem { name: Some(name), ty, native })
            }
        })
        .boxed()
}

fn shallow_option<'t, T: 't>(
    rule: impl Parser<'t, Tokens<'t>, Option<Deep<T>>, Extra> + Clone + 't,
) -> Rule<'t, Option<T>> {
    rule.validate(|deep, extra, emitter| {
        let span = span_of(extra.slice());
        let at = extra.span().start;
        deep.map(|deep| deep.take(span, at, |fault| emitter.emit(fault)))
    })
    .boxed()
}

fn function<'t>(expressions: &Expressions<'t>, ty: &Rule<'t, Deep<TypeExpr>>) -> Rule<'t, ItemKind> {
    let keyword = word("fn").or(word("operator"));
    let params = entries(parameter(expressions, ty).map(Some), |_| None)
        .delimited_by(kind(Kind::ParenOpen), kind(Kind::ParenClose))
        .map(|params| {
            let (params, depth) = super::deep::flatten(params.into_iter().flatten().collect());
            Deep::new(params, depth)
        });
    let laws = entries(name().map(Some), |_| None)
        .delimited_by(kind(Kind::ParenOpen), kind(Kind::ParenClose))
        .map(|names| names.into_iter().flatten().collect::<Vec<_>>());
    let laws = word("laws").ignore_then(laws).or_not().map(Option::unwrap_or_default);
    keyword
        .then(name())
        .then(shallow(params))
        .then(laws)
        .then(shallow_option(annotation(ty)))
        .then(assigned(expressions, |_| false))
        .map(|(((((keyword, name), params), laws), result), body)| {
            ItemKind::Function(Function {
                is_operator: keyword.text == "operator",
                name,
                params,
                laws,
                result,
                body,
            })
        })
        .boxed()
}

fn type_alias<'t>(ty: &Rule<'t, Deep<TypeExpr>>) -> Rule<'t, ItemKind> {
    let whole = ty.clone().then_ignore(before(|_| false, Label::End));
    let skipped = skip_to(|_| false)
        .map(|span| super::deep::type_node(TypeKind::Error, span.unwrap_or(Span::DUMMY), 0));
    word("type")
        .ignore_then(name())
        .then(kind(Kind::Assign).labelled(Label::Assign))
        .then(shallow(whole.recover_with(via_parser(skipped))))
        .map(|((name, assign), mut ty)| {
            if ty.span.is_dummy() {
                ty.span = assign.span().after();
            }
            ItemKind::Type(TypeAlias { name, ty })
        })
        .boxed()
}

/// The record of an item; where it is missing, an error node.
fn item_record<'t>(expressions: &Expressions<'t>) -> Rule<'t, Expr> {
    let skipped = skip_to(|_| false).map(|span| leaf(ExprKind::Error, span.unwrap_or(Span::DUMMY)));
    shallow(expressions.record.clone().labelled(Label::Body).recover_with(via_parser(skipped)))
}

fn site<'t>(expressions: &Expressions<'t>) -> Rule<'t, ItemKind> {
    let plain = kind(Kind::Word).map(|token| super::record::word_text(&token));
    let site_name = plain.or(shallow(expressions.text.clone())).labelled(Label::Path);
    let alias = word("as").ignore_then(name());
    word("site")
        .ignore_then(site_name)
        .then(alias.or_not())
        .then(shallow_option(generator(expressions.value.clone()).or_not()))
        .then(item_record(expressions))
        .map(|(((name, alias), family), mut body)| {
            if body.span.is_dummy() {
                body.span = name.span.after();
            }
            ItemKind::Site(Site { name, alias, family, body })
        })
        .boxed()
}

fn link<'t>(expressions: &Expressions<'t>) -> Rule<'t, ItemKind> {
    let plain = kind(Kind::Word).map(|token| leaf(ExprKind::Name(token.text.to_owned()), token.span()).value);
    let quoted = shallow(expressions.text.clone()).map(|text| {
        let span = text.span;
        Expr { kind: Box::new(ExprKind::Text(text)), span }
    });
    let end = plain.or(quoted).labelled(Label::Path).boxed();
    word("link")
        .ignore_then(end.clone())
        .then_ignore(kind(Kind::DashDash).labelled(Label::DashDash))
        .then(end)
        .then(item_record(expressions))
        .map(|((from, to), mut body)| {
            if body.span.is_dummy() {
                body.span = to.span.after();
            }
            ItemKind::Link(Link { from, to, body })
        })
        .boxed()
}

fn starts_clause(token: &Token<'_>) -> bool {
    token.kind == Kind::Word && CLAUSE_WORDS.contains(&token.text)
}

/// The same in a body, where the line ends too.
fn ends_clause(token: &Token<'_>) -> bool {
    starts_clause(token) || ends_entry(token)
}

/// `stops` says where a clause ends.
fn thing<'t>(expressions: &Expressions<'t>, stops: fn(&Token<'_>) -> bool) -> Rule<'t, ItemKind> {
    let keyword = select(|token: &'t Token<'t>| match (token.kind, token.text) {
        (Kind::Word, "resource") => Some(ThingKind::Resource),
        (Kind::Word, "existing") => Some(ThingKind::Existing),
        (Kind::Word, "call") => Some(ThingKind::Call),
        _ => None,
    });
    let condition = word("when").ignore_then(shallow(expressions.value.clone()));
    let colon = kind(Kind::Colon).labelled(Label::Colon).ignored();
    let type_ahead =
        ahead(|tokens: &'t [Token<'t>]| tokens.first().is_some_and(|token| token.kind == Kind::Word));
    // A missing colon is reported, and the type read all the same.
    let colon = colon.recover_with(via_parser(type_ahead));
    let record = shallow(expressions.record.clone());
    let body = record.or(assigned(expressions, stops)).labelled(Label::Body);

    let scope = word("scope").ignore_then(shallow(expressions.scope.clone())).map_with(|scope, extra| Expr {
        kind: Box::new(ExprKind::Scope(scope)),
        span: span_of(extra.slice()),
    });
    let scope_value = word("scope").ignore_then(shallow(expressions.value.clone()));
    let with = word("with").ignore_then(shallow(expressions.value.clone()));
    let at =
        word("at").ignore_then(shallow(expressions.value.clone())).then(shallow(expressions.record.clone()));
    let clause = choice((
        scope.map(Clause::Scope),
        scope_value.map(Clause::Scope),
        with.map(Clause::With),
        at.map(|(sites, patch)| Clause::At { sites, patch }),
    ))
    .map(Some)
    .labelled(Label::Clause);
    let ended = clause.then_ignore(before(stops, Label::Clause));
    let clause = ended.recover_with(via_parser(skip_clause(stops))).boxed();
    keyword
        .then(name())
        .then(shallow_option(generator(expressions.value.clone()).or_not()))
        .then(condition.or_not())
        .then_ignore(colon)
        .then(path().labelled(Label::Type))
        .then(body.or_not())
        .then(clause.repeated().collect::<Vec<_>>())
        .map(|((((((kind, name), family), condition), ty), body), clauses)| {
            let clauses = clauses.into_iter().flatten().collect();
            ItemKind::Thing(Thing { kind, name, family, condition, ty, body, clauses })
        })
        .boxed()
}

/// Skips what was to be a clause, up to the next one.
fn skip_clause<'t>(
    stops: fn(&Token<'_>) -> bool,
) -> impl Parser<'t, Tokens<'t>, Option<Clause>, Extra> + Clone {
    let first = select(|token: &'t Token<'t>| starts_clause(token).then_some(()));
    first
        .or_not()
        .then(skip_to(stops))
        .to_slice()
        .filter(|tokens: &&[Token<'_>]| !tokens.is_empty())
        .map(|_| None)
}

/// `$ …`, `type name = …`, and the published bare forms
fn native_item<'t>(bodies: &Bodies<'t>) -> Rule<'t, ItemKind> {
    let is_bound = ahead(|tokens: &'t [Token<'t>]| {
        let assign = tokens.iter().take(32).position(|token| token.kind == Kind::Assign);
        assign.is_some_and(|assign| {
            tokens.get(assign + 1).is_some_and(|next| next.kind == Kind::NativeOpen)
                && tokens[..assign].iter().all(|token| matches!(token.kind, Kind::Word | Kind::Dot))
                && assign > 1
                && !tokens[0].is_word("let")
        })
    });
    let bound = is_bound.ignore_then(path()).then(name()).then_ignore(kind(Kind::Assign));
    bound
        .or_not()
        .then(shallow(bodies.native.clone()))
        .map(|(bound, native)| {
            let (ty, name) = bound.unzip();
            ItemKind::Native(NativeItem { name, ty, native })
        })
        .boxed()
}

/// `sequence NAME { … }`: one command or call a line
fn sequence<'t>(expressions: &Expressions<'t>, bodies: &Bodies<'t>) -> Rule<'t, ItemKind> {
    let step = choice((native_item(bodies), thing(expressions, ends_clause)))
        .map_with(|kind, extra| Item { docs: vec![], kind, span: span_of(extra.slice()) })
        .labelled(Label::Step);
    let unreadable = |span| Item { docs: vec![], kind: ItemKind::Error { word: None, name: None }, span };
    let steps = entries(step, unreadable)
        .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
        .labelled(Label::Body);
    word("sequence")
        .ignore_then(name())
        .then(steps)
        .map(|(name, steps)| ItemKind::Sequence(Sequence { name, steps }))
        .boxed()
}

fn output<'t>(expressions: &Expressions<'t>) -> Rule<'t, ItemKind> {
    word("output")
        .ignore_then(name())
        .then(shallow_option(generator(expressions.value.clone()).or_not()))
        .then(assigned(expressions, |_| false))
        .map(|((name, family), value)| ItemKind::Output(Output { name, family, value }))
        .boxed()
}

fn require<'t>(expressions: &Expressions<'t>) -> Rule<'t, ItemKind> {
    fn stops(token: &Token<'_>) -> bool {
        token.is_word("else")
    }
    let condition = expressions.value.clone().then_ignore(before(stops, Label::Else));
    let skipped = skip_to(stops).map(|span| leaf(ExprKind::Error, span.unwrap_or(Span::DUMMY)));
    let message = word("else").ignore_then(shallow(expressions.value.clone()));
    let colon = kind(Kind::Colon).labelled(Label::Colon);
    let family = shallow(generator(expressions.value.clone())).then_ignore(colon);
    word("require")
        .then(family.or_not())
        .then(shallow(condition.recover_with(via_parser(skipped))))
        .then(message.or_not())
        .map(|(((word, family), mut condition), message)| {
            if condition.span.is_dummy() {
                condition.span = word.span().after();
            }
            ItemKind::Require(Require { family, condition, message })
        })
        .boxed()
}

fn test<'t>(expressions: &Expressions<'t>, bodies: &Bodies<'t>) -> Rule<'t, ItemKind> {
    word("test")
        .ignore_then(shallow(expressions.text.clone()))
        .then(shallow(statements(bodies)))
        .map(|(name, statements)| ItemKind::Test(Test { name, statements }))
        .boxed()
}

fn driver<'t>(bodies: &Bodies<'t>) -> Rule<'t, ItemKind> {
    // `driver base.part.v1`: a part of a driver; its whole name is one.
    word("driver")
        .ignore_then(path())
        .then(shallow(bodies.body.clone()))
        .map(|(path, body)| {
            let words: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
            let name = Ident { text: words.join("."), span: path.span };
            ItemKind::Driver(Driver { name, body })
        })
        .boxed()
}
