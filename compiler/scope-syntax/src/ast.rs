//! The syntax tree of one `.scope` file: what `parse` gives and `format` takes.
//!
//! Every node carries the span of its text. The tree keeps what was *written*; what it means (whether `compute` is a
//! service, whether `"A & B"` is a site) is decided by analysis. Where the text could not be read there is an
//! `Error` node in place, already reported. No path through the tree is deeper than [`crate::MAX_DEPTH`], so plain
//! recursion over it is safe.
//!
//! `resource vm: openstack.server { name: "x" } scope { compute: a & b }` is one [`Item`] holding a [`Thing`] whose
//! scope clause has one entry with the chain `& [a, b]`.

mod driver;
mod expr;
mod item;
mod literal;
mod types;

pub use driver::*;
pub use expr::*;
pub use item::*;
pub use literal::*;
pub use types::*;

use scope_diagnostics::Span;
use serde::Serialize;

/// A file: its items in order. Comments that are not documentation are kept in a side table for the formatter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Module {
    /// `//!` lines at the head of the file, without the marker.
    pub docs: Vec<String>,
    /// The items, in order; unreadable ones are [`ItemKind::Error`].
    pub items: Vec<Item>,
    /// `//` comments, in order.
    pub comments: Vec<Comment>,
    /// The whole file.
    pub span: Span,
}

/// One plain comment, with its position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comment {
    /// The text after `//`, trailing blanks removed.
    pub text: String,
    /// The place of the comment, marker included.
    pub span: Span,
    /// True when only blanks stand before it on its line.
    pub own_line: bool,
}

/// A written name with its place. A scope's site name may hold blanks (`New York`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ident {
    /// The name as written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `openstack.image` or `a.b.c`: at least one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// The names between the dots.
    pub names: Vec<Ident>,
    /// The whole path.
    pub span: Span,
}
