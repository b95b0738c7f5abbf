//! A resource as a program declares it, made from what its site tells.
//!
//! `{"id": "45da…", "name": "base", "visibility": "private", "status": "active"}` of `openstack.image` → `resource base:
//! openstack.image { name: "base" } scope { nantes } with { adopt: true }`: what the site computes, what has its default and
//! what is not set is left out; a secret is never told, so its place names where it comes from.

use scope_compiler::hir;
use scope_plan::driver::ResourceType;
use scope_plan::expr::Expr;
use scope_plan::quantity::Unit;
use serde_json::{Map, Value};

/// What is declared.
pub struct Declared<'a> {
    /// Its name.
    pub name: &'a str,
    /// The type as the program writes it.
    pub written_type: &'a str,
    /// The type as its driver has it.
    pub ty: &'a hir::ResourceType,
    /// The same in a plan: with defaults as values.
    pub planned: &'a ResourceType,
    /// Its site's name.
    pub site: &'a str,
    /// What the site tells, without marks.
    pub record: &'a Map<String, Value>,
}

/// The text, not yet in the one style; and what the site does not tell though it must be set. `named` gives the program's
/// name of a resource of this type and identity.
pub fn resource(
    declared: &Declared<'_>,
    named: &dyn Fn(&str, &str) -> Option<String>,
) -> (String, Vec<String>) {
    let (mut lines, mut untold) = (Vec::new(), Vec::new());
    for attribute in declared.ty.attributes.values().filter(|attribute| attribute.is_settable) {
        let name = &attribute.name;
        if attribute.is_secret {
            if attribute.is_required {
                let variable = format!("{}_{name}", declared.name).to_uppercase().replace(['-', '.'], "_");
                lines.push(format!("{name}: secret(\"{variable}\")"));
                untold.push(format!("`{name}` is secret: set {variable}"));
            }
            continue;
        }
        let value = declared.record.get(name).filter(|value| !is_empty(value));
        let is_of_site = attribute.is_computed || attribute.is_write_only;
        match value {
            Some(value) if !is_of_site && !is_default(declared.planned, name, value) => {
                lines.push(format!("{}: {}", key(name), text(value, &attribute.ty, named)));
            }
            None if attribute.is_required => untold.push(format!("`{name}` is not told by the site")),
            _ => {}
        }
    }
    let body = lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
    let resource = format!(
        "resource {}: {} {{\n{body}}} scope {{ {} }} with {{ adopt: true }}\n",
        declared.name,
        declared.written_type,
        key(declared.site)
    );
    (resource, untold)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_default(planned: &ResourceType, name: &str, value: &Value) -> bool {
    let default = planned.attribute(name).and_then(|attribute| attribute.default.as_ref());
    matches!(default, Some(Expr::Value(default)) if default == value)
}

/// A value as the language writes it.
pub fn text(value: &Value, ty: &hir::Type, named: &dyn Fn(&str, &str) -> Option<String>) -> String {
    match (value, ty.required()) {
        (value, hir::Type::Reference(target)) => {
            let identity = match value {
                Value::Object(fields) => fields.get("id").or_else(|| fields.get("name")),
                other => Some(other),
            };
            let identity = identity.and_then(Value::as_str).unwrap_or_default();
            named(target, identity).unwrap_or_else(|| quoted(identity))
        }
        (Value::Array(items), ty) => {
            let inner = match ty {
                hir::Type::List(inner) => inner,
                _ => &hir::Type::Any,
            };
            let items: Vec<String> = items.iter().map(|item| text(item, inner, named)).collect();
            format!("[{}]", items.join(", "))
        }
        (Value::Object(fields), ty) => {
            let of_field = |name: &str| match ty {
                hir::Type::Map(inner) => inner.as_ref(),
                hir::Type::Record(declared) => declared
                    .iter()
                    .find(|field| field.name == name)
                    .map_or(&hir::Type::Any, |field| &field.ty),
                _ => &hir::Type::Any,
            };
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<String> = fields
                .map(|(name, value)| format!("{}: {}", key(name), text(value, of_field(name), named)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        (Value::String(text), _) => quoted(text),
        (Value::Number(number), hir::Type::Duration) => literal(Unit::Seconds, number),
        (Value::Number(number), hir::Type::Size) => literal(Unit::Bytes, number),
        (Value::Number(number), hir::Type::Rate) => literal(Unit::BitsPerSecond, number),
        (Value::Number(number), hir::Type::Percent) => literal(Unit::Percent, number),
        (other, _) => other.to_string(),
    }
}

/// `6h`, as a program writes it.
fn literal(unit: Unit, number: &serde_json::Number) -> String {
    number.as_f64().map_or_else(|| number.to_string(), |amount| unit.text(amount, ""))
}

/// A text between quotes; what a JSON reader takes, this language takes, but for its `${`.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("${", "\\${")
}

/// A word, or a text where it is none.
fn key(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && !name.ends_with('-')
        && !name.contains("--");
    if is_word { name.to_string() } else { quoted(name) }
}
