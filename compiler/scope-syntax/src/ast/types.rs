//! Types as written: `list<string>?`, `"a" | "b"`, `int in 1..100`.

use scope_diagnostics::Span;
use serde::Serialize;

use super::{Attribute, Expr, Ident, Path, Text};

/// A type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeExpr {
    /// What it is.
    pub kind: Box<TypeKind>,
    /// Where.
    pub span: Span,
}

/// The kinds of types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum TypeKind {
    /// Unreadable, reported.
    Error,
    /// `string`, `network.port`, `list<t>`
    Named {
        /// The name.
        path: Path,
        /// `<…>`
        args: Vec<TypeExpr>,
    },
    /// `"raw"`: one value of an enum.
    Literal(String),
    /// `a | b`
    Union(Vec<TypeExpr>),
    /// `t?`
    Optional(TypeExpr),
    /// `{ name: type }`
    Record(Vec<Attribute>),
    /// `int in 1..100`
    In(TypeExpr, Expr),
    /// `string matching r"…"`
    Matching(TypeExpr, Text),
    /// `list<t> by name`, `list<t> by [port, protocol]`
    By(TypeExpr, Vec<Ident>),
}
