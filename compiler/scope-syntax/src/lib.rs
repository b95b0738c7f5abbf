//! Text to tokens to layout to AST, and back.
//!
//! Comes in: any text. Goes out: an [`ast::Module`] (always) and reports. The stations are `lex` (a stack of modes, each a
//! logos lexer), `layout` (brackets balanced, newlines that separate nothing dropped, items cut apart) and `parse`
//! (chumsky, an item at a time); [`format()`] goes the other way.
//!
//! ```
//! use scope_diagnostics::FileId;
//!
//! let parsed = scope_syntax::parse(FileId(0), "resource vm: openstack.server { name: \"x\" } scope { compute: a & b }\n");
//! assert!(parsed.diagnostics.is_empty());
//! assert_eq!(
//!     scope_syntax::dump(&parsed.module),
//!     "(resource vm openstack.server {name: \"x\"} (scope compute: (& a b)))\n",
//! );
//! ```

mod module;

mod decode;
mod escape;
mod layout;
mod lex;
mod one_cause;
mod parse;
mod token;
mod yaml;

pub mod ast;
mod dump;
mod format;
mod names;
pub mod units;

pub use decode::decode;
pub use dump::{dump, dump_expr};
pub use escape::is_unseen;
pub use format::format;
pub use module::{Parsed, argv_text, parse, parse_expr, parse_location, parse_native};
pub use names::{as_name, is_name};
pub use token::{ITEM_WORDS, LINK_WORDS, RESERVED_WORDS, item_word_elsewhere};

/// How many nodes a path from the root of an item's tree may hold, and how many brackets may be open at once.
pub const MAX_DEPTH: usize = 256;

/// How many bytes a file may have.
pub const MAX_SIZE: usize = 64 * 1024 * 1024;
