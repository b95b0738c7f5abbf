//! The plan as JSON, and back; and the schema of it.
//!
//! The text is for machines and reviews: what is short stands in a line, fields in the order they are declared, the same
//! bytes for the same plan on every machine; what a driver says several times stands once, in its `shared`. A reader takes
//! this version only, and only well-formed plans.
//!
//! ```
//! use scope_plan::{json, testing};
//!
//! let plan = testing::borrowed();
//! let text = json::to_json(&plan);
//! assert!(text.starts_with("{\n  \"format\": \"scope-plan/1\",\n  \"program\": {"));
//! assert_eq!(json::from_json(&text)?, plan);
//!
//! let newer = text.replacen("scope-plan/1", "scope-plan/9", 1);
//! assert_eq!(
//!     json::from_json(&newer).unwrap_err().to_string(),
//!     "this is a plan of version 9, and this program reads version 1: build the plan again",
//! );
//! # Ok::<(), json::ReadError>(())
//! ```

pub(crate) mod format;
mod layout;
pub(crate) mod shared;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::plan::{Plan, VERSION};
use crate::verify::{Violation, verify};

/// Brackets in brackets: an expression of the greatest depth needs about four each.
const DEEPEST: usize = 1200;

/// Why a text is no plan that can be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// It is no JSON at all.
    #[error("this is no JSON: {0}")]
    NotJson(String),
    /// It is JSON that does not say that it is a plan.
    #[error("this is no plan: it has no `format` as `scope-plan/{VERSION}`")]
    NoVersion,
    /// A plan of another version.
    #[error("this is a plan of version {0}, and this program reads version {VERSION}: build the plan again")]
    OtherVersion(u64),
    /// Brackets nested beyond what any plan needs.
    #[error("this is no plan: it is nested too deep")]
    TooDeep,
    /// Of this version, and not of its form.
    #[error("this is no plan of version {VERSION}: {0}")]
    Malformed(String),
    /// Of the right form, and against a rule: it was changed by hand, or made by a broken tool.
    #[error("this plan cannot be run: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Broken(Vec<Violation>),
}

/// The plan as text, with a newline at its end.
pub fn to_json(plan: &Plan) -> String {
    let mut text = layout::laid_out(&compact(plan));
    text.push('\n');
    text
}

/// The same with one field more at its end, which a reader of plans passes over.
pub fn to_json_with(plan: &Plan, name: &str, field: &impl Serialize) -> String {
    let mut whole = compact(plan);
    whole.pop();
    let name = serde_json::to_string(name).expect("a text is JSON");
    let field = serde_json::to_string(field).expect("it has no map with keys that are no text");
    let mut text = layout::laid_out(&format!("{whole},{name}:{field}}}"));
    text.push('\n');
    text
}

fn compact(plan: &Plan) -> String {
    serde_json::to_string(plan).expect("a plan has no map with keys that are no text")
}

/// The plan of a text.
///
/// # Errors
/// See [`ReadError`].
pub fn from_json(text: &str) -> Result<Plan, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
    }

    if depth(text) > DEEPEST {
        return Err(ReadError::TooDeep);
    }
    let head: Head = read(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ReadError::NoVersion,
        _ => ReadError::NotJson(error.to_string()),
    })?;
    match head.format.as_deref().and_then(format::version) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(other) => return Err(ReadError::OtherVersion(other)),
        None => return Err(ReadError::NoVersion),
    }
    let plan: Plan = read(text).map_err(|error| ReadError::Malformed(error.to_string()))?;
    let violations = verify(&plan);
    if violations.is_empty() { Ok(plan) } else { Err(ReadError::Broken(violations)) }
}

/// The reader's own limit of 128 is too low for expressions; [`depth`] was looked at before.
fn read<'t, T: Deserialize<'t>>(text: &'t str) -> serde_json::Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// How deep brackets are nested, outside of strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// The JSON Schema (draft 2020-12) of a plan of this version, published as `plan.schema.json` of this crate.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Plan).to_value();
    schema["title"] = json!(format!("Scope-Lang plan, version {VERSION}"));
    schema["properties"]["format"]["const"] = json!(format::name(VERSION));
    let driver = &mut schema["$defs"]["Driver"]["properties"];
    driver[shared::FIELD] = json!({
        "description": "Expressions that stand several times in this driver; each names only those before it.",
        "type": "array",
        "items": { "$ref": "#/$defs/Expr" },
    });
    let expressions = schema["$defs"]["Expr"]["oneOf"].as_array_mut().expect("expressions are of many kinds");
    expressions.push(json!({
        "description": "The entry of this number in the driver's `shared`, as if it stood here.",
        "type": "object",
        "properties": { shared::FIELD: { "type": "integer", "minimum": 0 } },
        "required": [shared::FIELD],
        "additionalProperties": false,
    }));
    schema
}

/// [`schema`] as the text of its file.
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).expect("a schema is JSON");
    text.push('\n');
    text
}
