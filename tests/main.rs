//! The integration tests of the whole system, one binary. Adding a test is adding text: `tests/spec/*.md`, `examples/`.

#![allow(clippy::print_stdout, reason = "tests print what they counted")]

mod support;

mod codes;
mod examples;
mod properties;
mod spec;
mod tidy;
