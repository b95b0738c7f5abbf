//! What is wrong with a text that is meant as JSON, in the words of JSON.
//!
//! `{ "a": 1 "b": 2 }` → "expected `,` or `}`", at `"b"`: a comma is missing. Read as YAML, as data files are, it would be
//! something behind a scalar.

use serde_json::error::Category;

use super::DataError;

/// Why a text is no JSON; nothing where it is some.
pub(super) fn error_of(text: &str) -> Option<DataError> {
    let error = serde_json::from_str::<serde_json::Value>(text).err()?;
    let told = error.to_string();
    let words = told.split(" at line ").next().unwrap_or(&told).to_owned();
    let offset = offset_of(&error, text);
    let behind = text.get(offset..).unwrap_or_default();
    let begins_another =
        behind.starts_with(['"', '{', '[', '-']) || behind.starts_with(char::is_alphanumeric);
    let help = match error.classify() {
        Category::Eof => "close what is open: `}`, `]` or `\"`",
        _ if words.starts_with("expected `,`") && begins_another => "write `,` before it",
        _ if words.starts_with("trailing comma") => {
            "take the comma away: JSON has none behind the last entry"
        }
        _ if words.starts_with("key must be a string") => "write the name in double quotes",
        _ => "it must be JSON",
    };
    let offset = u32::try_from(offset).ok();
    Some(DataError { words, offset, is_too_much: false, help: Some(help) })
}

/// Where it is, in bytes: the reader counts lines and bytes from 1.
fn offset_of(error: &serde_json::Error, text: &str) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    (start + error.column().saturating_sub(1)).min(text.len())
}
