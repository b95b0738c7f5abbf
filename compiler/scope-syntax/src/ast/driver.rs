//! What stands in a driver, and the shape its lines share with the statements of a test: the [`Phrase`].
//! `ready when status == "active" within 10min` is the phrase `ready` with two links.

use scope_diagnostics::Span;
use serde::Serialize;

use super::{Argument, Expr, Ident, Native, TypeExpr};

/// `driver NAME { … }`: its lines are read uniformly; analysis knows which phrase may stand where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Driver {
    /// Its name; with dots, `base.apps.v1`, it is a part of the driver `base`.
    pub name: Ident,
    /// The lines of its body.
    pub body: Vec<Line>,
}

/// A line of a driver's block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// `///` lines above it.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: LineKind,
    /// Its place.
    pub span: Span,
}

/// The five shapes of a driver's line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum LineKind {
    /// `name: type = default modifier*`, directly in a `type`, `site` or `input` body.
    Attribute(Attribute),
    /// `key: expr`, in every other body.
    Entry {
        /// The key.
        key: Ident,
        /// The value.
        value: Expr,
    },
    /// `pattern if cond then b -> result`.
    Rule(Rule),
    /// `word value link value … { body }`.
    Phrase(Phrase),
    /// `cli NAME = $ …`.
    Cli {
        /// The operation it stands for.
        name: Ident,
        /// The command with attributes as holes.
        native: Native,
    },
    /// `$ …`: an operation done by a command.
    Native(Native),
    /// Unreadable, reported.
    Error,
}

/// An attribute of a resource type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribute {
    /// The `///` lines above it, where it is a field of a record type; those of a driver's line are the line's.
    pub docs: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Its default.
    pub default: Option<Expr>,
    /// `immutable`, `shared(copy)`, … in order.
    pub modifiers: Vec<Modifier>,
}

/// A word after an attribute's type, with arguments if any.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modifier {
    /// The word.
    pub word: Ident,
    /// The arguments in parentheses.
    pub args: Vec<Argument>,
}

/// `400 | 413 if cond -> invalid(text)`; `create then update -> keep-order`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// What is matched.
    pub pattern: Expr,
    /// `if cond`.
    pub condition: Option<Expr>,
    /// `then second`.
    pub then: Option<Expr>,
    /// What it means.
    pub result: Expr,
}

/// `operation create POST "/x" after y when z { … }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phrase {
    /// The first word.
    pub word: Ident,
    /// The value after it, if any (never starts with `{`). `cut a -- b` gives two values.
    pub values: Vec<Expr>,
    /// The link words with their values.
    pub links: Vec<PhraseLink>,
    /// The body in braces.
    pub body: Option<Vec<Line>>,
    /// The whole phrase.
    pub span: Span,
}

/// One link word of a [`Phrase`] and its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhraseLink {
    /// `at`, `until`, `when`, `GET`, …
    pub word: Ident,
    /// Its value.
    pub value: Expr,
}
