//! Expressions, and scopes, whose locations are expressions: `{ compute: a & b }` is one [`Scope`] with one entry, the
//! chain `& [a, b]`.

use scope_diagnostics::Span;
use serde::Serialize;

use super::{Generator, Ident, Number, Text};

/// A scope literal: `{ compute: nantes, image: paris }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scope {
    /// Its entries.
    pub entries: Vec<ScopeEntry>,
    /// Its place, braces included.
    pub span: Span,
}

/// One entry of a scope. `around: A, 50ms` is one entry whose key is `around` and whose location is the call
/// `around(A, 50ms)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScopeEntry {
    /// The service (or `prime`, `around`); absent for "the whole request".
    pub key: Option<Ident>,
    /// The location. Names in it may hold blanks; `;` and `||` have become [`ChainOp::Or`].
    pub location: Expr,
    /// Its place.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expr {
    /// What it is.
    pub kind: Box<ExprKind>,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ExprKind {
    /// Unreadable, reported.
    Error,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `12`, `1.5`, `50ms`, `25%`
    Number(Number),
    /// `"a ${b}"`, `r"…"`
    Text(Text),
    /// A name, `here` and `local` included. In a scope it may hold blanks.
    Name(String),
    /// `{ a: 1, ...base }`
    Record(Vec<RecordEntry>),
    /// `[1, ...xs]`
    List(Vec<Element>),
    /// `[for x in xs if c => e]`
    ListFor {
        /// The generator.
        generator: Generator,
        /// The element.
        value: Expr,
    },
    /// `{ for k, v in m if c => key: value }`
    MapFor {
        /// The generator.
        generator: Generator,
        /// The key.
        key: Expr,
        /// The value.
        value: Expr,
    },
    /// `base.name`, `base?.name`
    Field {
        /// The record.
        base: Expr,
        /// The field.
        name: Ident,
        /// `?.`
        optional: bool,
    },
    /// `base[index]`
    Index {
        /// What is indexed.
        base: Expr,
        /// The index.
        index: Expr,
    },
    /// `f(a, name: b)`
    Call {
        /// The function.
        callee: Expr,
        /// The arguments.
        args: Vec<Argument>,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Expr,
    },
    /// Operators of exactly two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left.
        left: Expr,
        /// Right.
        right: Expr,
    },
    /// Associative operators: two or more operands, nested ones of the same operator flattened unless parenthesised.
    Chain {
        /// The operator.
        op: ChainOp,
        /// The operands.
        operands: Vec<Expr>,
    },
    /// `if a then b else if c then d else e`
    If {
        /// Condition and value, in order.
        branches: Vec<(Expr, Expr)>,
        /// The last value.
        otherwise: Expr,
    },
    /// `scope { … }` as a value.
    Scope(Scope),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum RecordEntry {
    /// `key: value`; a quoted key with `${}` is a text with several parts.
    Field {
        /// The key.
        key: Text,
        /// The value.
        value: Expr,
    },
    /// `...base`
    Spread(Expr),
    /// Unreadable, reported; the key, if readable, counts as set.
    Error {
        /// The key.
        key: Option<Ident>,
        /// The place.
        span: Span,
    },
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Element {
    /// `x`
    Value(Expr),
    /// `...xs`
    Spread(Expr),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Argument {
    /// `name:`
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum BinaryOp {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `-`
    Subtract,
    /// `..`
    Range,
    /// `??`
    Default,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `matching`: the regular expression is searched for
    Matching,
    /// `within`
    Within,
    /// `where`
    Where,
    /// `except`
    Except,
}

impl BinaryOp {
    /// Whether it compares: its result is true or false.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        use BinaryOp::{
            Equal, Greater, GreaterEqual, In, Less, LessEqual, Matching, NotEqual, NotIn, Within,
        };
        matches!(
            self,
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In | NotIn | Matching | Within
        )
    }

    /// How it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Subtract => "-",
            BinaryOp::Range => "..",
            BinaryOp::Default => "??",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
            BinaryOp::Matching => "matching",
            BinaryOp::Within => "within",
            BinaryOp::Where => "where",
            BinaryOp::Except => "except",
        }
    }
}

/// Operators whose chains are kept flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ChainOp {
    /// `+`
    Add,
    /// `++`
    Concat,
    /// `%`
    Cross,
    /// `&`
    And,
    /// `|`, `||`, and in scopes `;`
    Or,
    /// `and`
    LogicalAnd,
    /// `or`
    LogicalOr,
}
