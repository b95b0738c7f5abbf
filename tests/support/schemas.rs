//! Published schemas, as validators.

use jsonschema::Validator;
use serde_json::Value;

/// A validator of a JSON Schema.
pub fn validator(text: &str) -> Validator {
    let schema: Value = serde_json::from_str(text).expect("JSON");
    jsonschema::validator_for(&schema).expect("a JSON Schema")
}

/// That of SARIF 2.1.0.
pub fn sarif() -> Validator {
    // One pattern of the published schema is no regular expression: a bracket is closed that none opened.
    let published = include_str!("../schemas/sarif-2.1.0.json");
    let language = "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$";
    assert!(published.contains(language));
    validator(&published.replace(language, "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$"))
}
