//! What a saved plan says of former names, read as older versions wrote it, too.
//!
//! `"former_names": { "web": ["site"] }` → `{ "web": [{ "path": "site" }] }`; `["site", "web"]` of a rename → its two names.

use serde::{Deserialize, Deserializer};

use super::{FormerPath, Rename};

impl<'de> Deserialize<'de> for FormerPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Path(String),
            Whole {
                path: String,
                #[serde(default)]
                after_key: Option<String>,
            },
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Path(path) => FormerPath { path, after_key: None },
            Written::Whole { path, after_key } => FormerPath { path, after_key },
        })
    }
}

impl<'de> Deserialize<'de> for Rename {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Names(String, String),
            Whole {
                from: String,
                to: String,
                #[serde(default)]
                at: Option<String>,
            },
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Names(from, to) => Rename { from, to, at: None },
            Written::Whole { from, to, at } => Rename { from, to, at },
        })
    }
}
