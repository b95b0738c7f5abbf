//! The Plan: steps, edges, verification, passes, JSON and text forms.

pub mod cuts;
pub mod digest;
pub mod draw;
pub mod driver;
pub mod estimate;
pub mod eval;
pub mod expr;
pub mod find;
pub mod graph;
pub mod inputs;
pub mod json;
pub mod passes;
pub mod pipeline;
pub mod plan;
pub mod recorded;
#[doc(hidden)]
pub mod testing;
pub mod text;
pub mod verify;
