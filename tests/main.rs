//! The integration tests of the whole system, one binary. Adding a test is adding text: `tests/spec/*.md`, `examples/`.
//!
//! Real clouds are started by `real` (the first time this installs them under `target/`); `SCOPE_REAL=0` leaves them out.

#![allow(clippy::print_stdout, reason = "tests print what they counted")]

mod support;

mod alternatives;
mod amounts;
mod bounds;
mod codes;
mod documents;
mod drafts;
mod drivers;
mod durable;
mod editors;
mod events;
mod examples;
mod fixes;
mod formatting;
mod fuzz;
mod imports;
mod json;
mod lints;
mod lists;
mod manifests;
mod names;
mod order;
mod policies;
mod properties;
mod readme;
mod real;
mod scopes;
mod sequences;
mod services;
mod single_mistakes;
mod spec;
mod testing;
mod tidy;
mod traces;
mod values;
mod web;
