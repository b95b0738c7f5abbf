//! The Plan: steps, edges, verification, passes, JSON and text forms.

pub mod driver;
pub mod eval;
pub mod expr;
pub mod find;
pub mod graph;
pub mod inputs;
pub mod plan;
pub mod recorded;
#[doc(hidden)]
pub mod testing;
pub mod verify;
