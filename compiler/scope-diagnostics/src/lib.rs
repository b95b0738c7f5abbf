//! Source positions, the one [`Diagnostic`], and its renderers.
//!
//! Comes in: texts, added to a [`SourceMap`]; reports of every station, pushed into [`Diagnostics`].
//! Goes out: the reports in one order, and their text for a terminal ([`render::rich`]), for tools that read lines
//! ([`render::short`]) and for programs ([`render::json`]). Nothing here touches a file, a clock or the network.
//!
//! ```
//! use scope_diagnostics::{Diagnostic, Diagnostics, SourceMap, Span, codes, render};
//!
//! let mut sources = SourceMap::new();
//! let file = sources.add("a.scope", "resource vm: openstack.server { flavour: \"m1\" }\n");
//! let mut sink = Diagnostics::new();
//! sink.push(
//!     Diagnostic::new(codes::E0203, Span::new(file, 32, 39), "`openstack.server` has no attribute `flavour`")
//!         .help("did you mean `flavor`?"),
//! );
//! let reports = sink.finish(&sources);
//! assert_eq!(
//!     render::short(&reports, &sources),
//!     "a.scope:1:33: error[E0203]: `openstack.server` has no attribute `flavour`\n",
//! );
//! ```

pub mod codes;
pub mod credentials;
mod diagnostic;
pub mod render;
pub mod similar;
mod sink;
mod source_map;
mod span;
mod told_once;

pub use codes::Code;
pub use diagnostic::{Diagnostic, Edit, Fix, Label, Severity};
pub use sink::{Diagnostics, MAXIMUM_REPORTS};
pub use source_map::{LineColumn, SourceFile, SourceMap, Utf16Position};
pub use span::{FileId, Span};
