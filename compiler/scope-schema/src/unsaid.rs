//! What schemas say that no type of the language does: counted, and told once.
//!
//! Comes in: each schema as it is converted. Goes out: ``3 `multipleOf`, 1 `uniqueItems` `` for the head of the module and for
//! whoever imports: the site checks these, the compiler does not.

use std::collections::{BTreeMap, HashSet};

use scope_analysis::hir::Value;
use scope_diagnostics::Span;

use crate::layers::{Layers, is_true, text};
use crate::types::Ty;

/// Keywords that narrow what a value may be, in ways of which no type is.
const KEYWORDS: [&str; 14] = [
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "maxItems",
    "maxProperties",
    "minItems",
    "minProperties",
    "multipleOf",
    "not",
    "prefixItems",
    "propertyNames",
    "unevaluatedProperties",
];

/// Each keyword with the places at which it stands.
#[derive(Debug, Default)]
pub(crate) struct Unsaid(BTreeMap<String, HashSet<Span>>);

impl Unsaid {
    /// Notes one keyword at its place, where what it says is lost on the way to a type.
    pub fn add(&mut self, keyword: &str, span: Span) {
        self.0.entry(keyword.to_owned()).or_default().insert(span);
    }

    /// Notes what the layers of one schema say and its type does not.
    pub fn note(&mut self, layers: &Layers<'_>) {
        for layer in &layers.0 {
            for keyword in KEYWORDS {
                if let Some(slot) = layer.schema.get(keyword).filter(|slot| narrows(keyword, &slot.value)) {
                    self.add(keyword, slot.span);
                }
            }
            // Rules in a language of the vendor's.
            let is_rules = |key: &str| key.starts_with("x-") && key.ends_with("-validations");
            for (key, slot) in layer.schema.iter().filter(|(key, _)| is_rules(key)) {
                self.add(key, slot.span);
            }
            if let Some(slot) = layer.schema.get("uniqueItems").filter(|slot| is_true(Some(slot))) {
                self.add("uniqueItems", slot.span);
            }
            // Whole numbers have a next one; a bound of others that is excluded becomes one that is not.
            if layers.text("type") == Some("number") {
                for keyword in ["exclusiveMaximum", "exclusiveMinimum"] {
                    let slot = layer.schema.get(keyword).filter(|slot| slot.value != Value::Bool(false));
                    slot.into_iter().for_each(|slot| self.add(keyword, slot.span));
                }
            }
        }
    }

    /// Notes the passwords within the records of a type: only a whole attribute of a driver is a secret.
    pub fn note_passwords(&mut self, ty: &Ty) {
        match ty {
            Ty::List(inner) | Ty::Keyed(inner, _) | Ty::Map(inner) | Ty::Optional(inner) => {
                self.note_passwords(inner);
            }
            Ty::OneOf(branches) => branches.iter().for_each(|branch| self.note_passwords(branch)),
            Ty::Record(fields) => {
                for field in fields {
                    if field.is_password {
                        self.add("format: password", field.span);
                    }
                    self.note_passwords(&field.ty);
                }
            }
            _ => {}
        }
    }

    /// `` 3 `multipleOf`, 1 `uniqueItems` ``; nothing where all is said.
    pub fn words(&self) -> Option<String> {
        let words: Vec<String> =
            self.0.iter().map(|(keyword, places)| format!("{} `{keyword}`", places.len())).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Whether the value of a keyword excludes anything.
fn narrows(keyword: &str, value: &Value) -> bool {
    let is_no_bound = matches!(
        (keyword, value),
        ("multipleOf", Value::Int(1))
            | ("minItems" | "minProperties", Value::Int(0))
            | ("unevaluatedProperties", Value::Bool(true))
    );
    !is_no_bound
}

/// Whether a schema is that of a password.
pub(crate) fn is_password(value: &Value) -> bool {
    matches!(value, Value::Record(schema) if schema.get("format").and_then(text) == Some("password"))
}
