//! The plan's version as it is written: with the name of the format, `"scope-plan/1"`.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

const PREFIX: &str = "scope-plan/";

/// `scope-plan/1`
pub fn name(version: u32) -> String {
    format!("{PREFIX}{version}")
}

/// The version that a text names, if it is of a plan.
pub fn version(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// Writes a version.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes every field so")]
pub fn serialize<S: Serializer>(version: &u32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&name(*version))
}

/// Reads one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = version(&name).and_then(|version| u32::try_from(version).ok());
    found.ok_or_else(|| D::Error::custom(format!("`{name}` is no format of a plan")))
}
