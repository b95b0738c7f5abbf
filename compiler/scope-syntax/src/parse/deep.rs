//! A piece of the tree together with its depth, so that no path through the tree gets deeper than `MAX_DEPTH`.
//!
//! Brackets are counted by layout, but `not not …`, `a - b - …`, `a.b.c…` and right-nested `??` get deep without any.
//! A node that would be too deep becomes an error node that keeps its (too large) depth, so all above it become error
//! nodes too; the rule that takes the piece out with [`Deep::take`] reports it, once.

use super::fault::Fault;
use crate::{
    MAX_DEPTH,
    ast::{Expr, ExprKind, TypeExpr, TypeKind},
};
use scope_diagnostics::{Diagnostic, Span, codes};

/// A value and the number of nodes on the longest path down from it.
#[derive(Clone, Debug)]
pub(crate) struct Deep<T> {
    pub value: T,
    pub depth: usize,
}

impl<T> Deep<T> {
    pub fn new(value: T, depth: usize) -> Deep<T> {
        Deep { value, depth }
    }

    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Deep<U> {
        Deep { value: make(self.value), depth: self.depth }
    }

    /// The value; what is too deep is reported at `span`.
    pub fn take(self, span: Span, at: usize, mut emit: impl FnMut(Fault)) -> T {
        if self.depth > MAX_DEPTH {
            emit(Fault::report(at, too_deep(span)));
        }
        self.value
    }
}

/// The report of a tree that is too deep.
fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0007, span, format!("nested deeper than {MAX_DEPTH} levels"))
        .help("give the inner part a name with `let` and use the name here")
}

/// An expression over children of this depth.
pub(crate) fn node(kind: ExprKind, span: Span, children: usize) -> Deep<Expr> {
    let depth = children + 1;
    let kind = if depth > MAX_DEPTH { ExprKind::Error } else { kind };
    Deep { value: Expr { kind: Box::new(kind), span }, depth }
}

/// An expression without children.
pub(crate) fn leaf(kind: ExprKind, span: Span) -> Deep<Expr> {
    Deep { value: Expr { kind: Box::new(kind), span }, depth: 1 }
}

/// A type over children of this depth.
pub(crate) fn type_node(kind: TypeKind, span: Span, children: usize) -> Deep<TypeExpr> {
    let depth = children + 1;
    let kind = if depth > MAX_DEPTH { TypeKind::Error } else { kind };
    Deep { value: TypeExpr { kind: Box::new(kind), span }, depth }
}

/// The values of a list, and the depth of the deepest.
pub(crate) fn flatten<T>(items: Vec<Deep<T>>) -> (Vec<T>, usize) {
    let depth = items.iter().map(|item| item.depth).max().unwrap_or(0);
    (items.into_iter().map(|item| item.value).collect(), depth)
}
