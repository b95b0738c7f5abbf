//! What the tests share: a world in memory, Markdown read into tests, the `scope` binary, two real clouds, Python packages.

pub mod binary;
pub mod clouds;
pub mod cluster;
pub mod markdown;
pub mod python;
pub mod reference;
pub mod schemas;
pub mod world;

use std::path::PathBuf;

/// The checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout is there")
}
