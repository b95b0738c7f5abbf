//! Scope literals.
//!
//! `{ compute: New York & Paris, image: here }` has two entries. `{ around: A, 50ms }` has one: a keyless duration
//! after the key `around` joins it as `around(A, 50ms)`.

use super::{
    Rule,
    basic::{ends_entry, entries, kind},
    deep::{Deep, flatten, leaf, node},
    expr::{prose, value_or_error},
    fault::{Fault, Label},
    record::{entry_ahead, plain_key},
};
use crate::{
    ast::{Argument, Expr, ExprKind, NumberValue, Scope, ScopeEntry, Text},
    token::{Kind, Token, span_of},
    units::{self, Dimension},
};
use chumsky::prelude::*;
use scope_diagnostics::{Diagnostic, codes};

/// `{ key: location, … }`
pub(super) fn scope<'t>(location: Rule<'t, Deep<Expr>>, text: Rule<'t, Deep<Text>>) -> Rule<'t, Deep<Scope>> {
    let keyed = plain_key(text).then(value_or_error(location.clone(), ends_entry, Label::Separator)).map(
        |((key, after), mut value)| {
            if value.value.span.is_dummy() {
                value.value.span = after;
            }
            let span = key.span.to(value.value.span);
            value.map(|location| ScopeEntry { key: Some(key), location, span })
        },
    );
    let keyless = location.map(|location| {
        let span = location.value.span;
        location.map(|location| ScopeEntry { key: None, location, span })
    });
    let left_out = kind(Kind::Prose).validate(|token, extra, emitter| {
        emitter.emit(Fault::report(extra.span().start, prose(token.span())));
        unreadable(token.span())
    });
    let entry = choice((entry_ahead().ignore_then(keyed), left_out, keyless)).boxed();
    entries(entry, unreadable)
        .delimited_by(kind(Kind::BraceOpen), kind(Kind::BraceClose))
        .validate(|entries, extra, emitter| {
            let tokens: &[Token<'_>] = extra.slice();
            let at = extra.span().start;
            let entries = join_around(entries, &mut |report| emitter.emit(Fault::report(at, report)));
            let (entries, depth) = flatten(entries);
            Deep::new(Scope { entries, span: span_of(tokens) }, depth)
        })
        .boxed()
}

fn unreadable(span: scope_diagnostics::Span) -> Deep<ScopeEntry> {
    leaf(ExprKind::Error, span).map(|location| ScopeEntry { key: None, location, span })
}

pub(crate) fn is_duration(expr: &Expr) -> bool {
    match expr.kind.as_ref() {
        ExprKind::Number(number) => match &number.value {
            NumberValue::Quantity(_, unit) => {
                units::find(unit).is_some_and(|(dimension, _)| dimension == Dimension::Duration)
            }
            _ => false,
        },
        _ => false,
    }
}

fn join_around(entries: Vec<Deep<ScopeEntry>>, report: &mut dyn FnMut(Diagnostic)) -> Vec<Deep<ScopeEntry>> {
    let mut joined: Vec<Deep<ScopeEntry>> = Vec::with_capacity(entries.len());
    for entry in entries {
        if entry.value.key.is_some() || !matches!(entry.value.location.kind.as_ref(), ExprKind::Number(_)) {
            joined.push(entry);
            continue;
        }
        let around = joined.last_mut().filter(|last| {
            last.value.key.as_ref().is_some_and(|key| key.text == "around")
                && !matches!(last.value.location.kind.as_ref(), ExprKind::Call { .. })
        });
        match around {
            Some(last) if is_duration(&entry.value.location) => {
                let Deep { value: ScopeEntry { key, location, span }, depth } = last.clone();
                let callee_span = key.as_ref().map_or(span, |key| key.span);
                let span = span.to(entry.value.span);
                let callee = leaf(ExprKind::Name("around".to_owned()), callee_span).value;
                let args = [location, entry.value.location].map(|value| Argument { name: None, value });
                let call = node(ExprKind::Call { callee, args: args.into() }, span, depth);
                *last = call.map(|location| ScopeEntry { key, location, span });
            }
            _ => {
                let span = entry.value.span;
                report(
                    Diagnostic::new(codes::E0001, span, "expected a location, found a number")
                        .label("no site, and no radius of anything")
                        .help("a radius follows the site it is around: `around: nantes, 50ms`"),
                );
                joined.push(unreadable(span));
            }
        }
    }
    joined
}
