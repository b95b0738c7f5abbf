//! Tokens of one item to one item, with chumsky.
//!
//! Comes in: balanced tokens, an item at a time. Goes out: the item (an error item at worst) and reports. A mistake
//! costs the entry, element, clause or value it is in, never a neighbour.
//!
//! The rules, from small to large: `basic`, `number`, `text`, `operators`, `expr`, `record`, `scope`, `types`, `native`,
//! `phrase`, `item`; `fault` is what they say when they fail and `hints` makes the sentence of it.

pub(crate) mod basic;
mod compound;
pub(crate) mod deep;
pub(crate) mod expr;
pub(crate) mod fault;
pub(crate) mod hints;
pub(crate) mod item;
mod native;
pub(crate) mod number;
pub(crate) mod operators;
pub(crate) mod phrase;
mod record;
mod scope;
mod text;
pub(crate) mod types;

pub(crate) use scope::is_duration;

use crate::{ast, token::Token};
use chumsky::{Boxed, extra};
use deep::Deep;
use fault::Fault;

/// What the rules read.
pub(crate) type Tokens<'t> = &'t [Token<'t>];

/// What they carry: faults only.
pub(crate) type Extra = extra::Err<Fault>;

/// A named rule.
pub(crate) type Rule<'t, O> = Boxed<'t, 't, Tokens<'t>, O, Extra>;

/// The rules to start from.
pub(crate) struct Grammar<'t> {
    pub item: Rule<'t, ast::ItemKind>,
    pub native: Rule<'t, Deep<ast::Native>>,
    pub value: Rule<'t, Deep<ast::Expr>>,
    pub location: Rule<'t, Deep<ast::Expr>>,
}

impl Grammar<'_> {
    /// Builds all rules; once a text.
    pub fn new() -> Self {
        let expressions = expr::expressions();
        let ty = types::types(&expressions);
        let bodies = phrase::bodies(&expressions, &ty);
        Grammar {
            item: item::item(&expressions, &ty, &bodies),
            native: bodies.native.clone(),
            value: expressions.value.clone(),
            location: expressions.location.clone(),
        }
    }
}
