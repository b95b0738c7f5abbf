//! Scripts of target `shell`, run under every shell that is there against small libraries over HTTP.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the test runs what is rendered")]

mod alternatives;
mod calls;
mod library;
mod refusals;
mod rendering;
mod resources;
mod scripted;
