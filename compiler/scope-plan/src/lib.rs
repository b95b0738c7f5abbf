//! The plan: the one value that compiling makes, and that the runner, the simulator and the targets take.
//!
//! Comes in: a [`plan::Plan`] as lowering made it. Goes out: the same, verified and optimised ([`pipeline`]), as JSON
//! ([`json`]), as text ([`text`]) and as a drawing ([`draw`]); and the values of its expressions ([`eval`]) while it is
//! run. Nothing here touches a file, a clock or the network, and nothing knows an application: drivers are data
//! ([`driver`]).
//!
//! ```
//! use scope_plan::{json, pipeline, testing, text, verify};
//!
//! let plan = pipeline::optimise(testing::borrowed(), &mut |_pass, _plan| {})?;
//! assert!(verify::verify(&plan).is_empty());
//! assert!(text::to_text(&plan).contains("`loan.book` is taken from lille"));
//! assert_eq!(json::from_json(&json::to_json(&plan)).as_ref(), Ok(&plan));
//! # Ok::<(), pipeline::Broken>(())
//! ```
//!
//! Read in this order: [`plan`], [`expr`], [`driver`]; [`inputs`] (the edges that follow from a step), [`verify`] (the rules
//! all may rely on), [`passes`].

pub mod plan;

pub mod expr;

pub mod driver;

pub mod address;
pub mod amount;
pub mod bound;
pub mod inner;
pub mod left;
pub mod quantity;
pub mod quorum;
pub mod recorded;
pub mod renaming;

pub mod fault;
pub mod guarding;
pub mod scenario;

pub mod digest;

pub mod find;

pub mod inputs;

pub mod eval;

pub mod graph;

pub mod verify;

pub mod estimate;

pub mod passes;

pub mod pipeline;

pub mod cut_table;
pub mod cuts;

pub mod fleet;

pub mod json;

pub mod text;

pub mod draw;

#[doc(hidden)]
pub mod testing;
