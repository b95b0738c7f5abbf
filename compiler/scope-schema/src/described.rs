//! The words of a description: what of it stands where.
//!
//! Comes in: a record of an OpenAPI document, as it is written. Goes out: its properties, the schema of its JSON, the statuses that mean
//! success, the name of what a collection holds.
//!
//! `/v1/batteries` → `battery`; `{ "200": …, "404": … }` → 200.

use scope_analysis::hir::{Slot, Value};

use crate::layers::{Layers, Schema, text};
use crate::paths::Token;

/// One operation of the description.
pub(crate) struct Described<'d> {
    pub fields: &'d Schema,
}

/// The properties of a schema, those of all that it is made of.
pub(crate) fn properties<'d>(layers: &Layers<'d>) -> Vec<(&'d String, &'d Slot, usize)> {
    let of_layers = layers.0.iter().filter_map(|layer| match &layer.schema.get("properties")?.value {
        Value::Record(fields) => Some((fields, layer.document)),
        _ => None,
    });
    of_layers
        .flat_map(|(fields, document)| fields.iter().map(move |(name, slot)| (name, slot, document)))
        .collect()
}

/// The schema of JSON content.
pub(crate) fn content(of: &Schema) -> Option<&Slot> {
    let Value::Record(kinds) = &of.get("content")?.value else { return None };
    let (_, slot) = kinds.iter().find(|(kind, _)| kind.contains("json"))?;
    match &slot.value {
        Value::Record(kind) => kind.get("schema"),
        _ => None,
    }
}

/// What JSON content is sent as, where that is not `application/json`: `application/merge-patch+json`.
pub(crate) fn media_type(of: &Schema) -> Option<String> {
    let Value::Record(kinds) = &of.get("content")?.value else { return None };
    let (kind, _) = kinds.iter().find(|(kind, _)| kind.contains("json"))?;
    (!kind.starts_with("application/json")).then(|| kind.clone())
}

/// Whether 409 is described as what is answered where there is one already: it may also mean that the service is busy.
pub(crate) fn says_exists(of: &Described<'_>) -> bool {
    let words = within(of.fields, &["responses", "409", "description"]).and_then(text).unwrap_or_default();
    let words = words.to_lowercase();
    ["exist", "already", "duplicate", "taken"].iter().any(|word| words.contains(word))
}

/// The headers that have to be sent, other than those that every request has.
pub(crate) fn required_headers<'d>(of: &'d Schema) -> Vec<&'d str> {
    let Some(Value::List(parameters)) = of.get("parameters").map(|slot| &slot.value) else {
        return Vec::new();
    };
    let header = |slot: &'d Slot| match &slot.value {
        Value::Record(parameter)
            if parameter.get("in").and_then(text) == Some("header")
                && parameter.get("required").is_some_and(|slot| slot.value == Value::Bool(true)) =>
        {
            parameter.get("name").and_then(text)
        }
        _ => None,
    };
    let is_usual =
        |name: &&str| ["accept", "content-type", "authorization"].contains(&name.to_lowercase().as_str());
    parameters.iter().filter_map(header).filter(|name| !is_usual(name)).collect()
}

/// `/lamps/{id}` → `/lamps`, `id`. One parameter only.
pub(crate) fn item_of(path: &str) -> Option<(&str, &str)> {
    let (collection, last) = path.rsplit_once('/')?;
    let parameter = last.strip_prefix('{')?.strip_suffix('}')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    (collection.len() > 1 && collection.starts_with('/') && collection.chars().all(is_plain))
        .then_some((collection, parameter))
}

/// `/v1/lamps` → `lamp`, `/batteries` → `battery`.
pub(crate) fn singular(collection: &str) -> String {
    let last = collection.rsplit('/').next().unwrap_or(collection);
    let word: String = last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let one = match word.strip_suffix("ies") {
        Some(stem) if stem.len() > 1 => format!("{stem}y"),
        _ if word.ends_with("ss") || word.ends_with("us") => word,
        _ => word.strip_suffix('s').filter(|stem| stem.len() > 1).unwrap_or(&word).to_owned(),
    };
    if one.starts_with(|c: char| c.is_ascii_alphabetic()) { one } else { format!("thing_{one}") }
}

/// The statuses that mean success, or the usual one.
pub(crate) fn codes_of(of: &Described<'_>, usual: u16) -> Vec<u16> {
    let responses = match of.fields.get("responses").map(|slot| &slot.value) {
        Some(Value::Record(responses)) => Some(responses),
        _ => None,
    };
    let mut codes: Vec<u16> = responses
        .into_iter()
        .flat_map(|responses| responses.keys())
        .filter_map(|code| code.parse().ok())
        .filter(|code| (200..300).contains(code))
        .collect();
    codes.sort_unstable();
    if codes.is_empty() { vec![usual] } else { codes }
}

pub(crate) fn has_parameter(of: &Schema, name: &str) -> bool {
    let Some(Value::List(parameters)) = of.get("parameters").map(|slot| &slot.value) else { return false };
    parameters.iter().any(|slot| match &slot.value {
        Value::Record(parameter) => {
            parameter.get("in").and_then(text) == Some("query")
                && parameter.get("name").and_then(text) == Some(name)
        }
        _ => false,
    })
}

/// A name that an expression of a driver can have.
pub(crate) fn is_word(name: &str) -> bool {
    const RESERVED: [&str; 16] = [
        "if", "then", "else", "for", "in", "and", "or", "not", "where", "except", "within", "matching",
        "true", "false", "null", "site",
    ];
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !RESERVED.contains(&name)
}

pub(crate) fn within<'d>(fields: &'d Schema, keys: &[&str]) -> Option<&'d Slot> {
    let (last, above) = keys.split_last()?;
    let mut fields = fields;
    for key in above {
        match &fields.get(*key)?.value {
            Value::Record(inner) => fields = inner,
            _ => return None,
        }
    }
    fields.get(*last)
}

pub(crate) fn server(fields: &Schema) -> Option<String> {
    let Value::List(servers) = &fields.get("servers")?.value else { return None };
    match &servers.first()?.value {
        Value::Record(server) => server.get("url").and_then(text).map(str::to_owned),
        _ => None,
    }
}

/// The first way to show a token that a header can say.
pub(crate) fn token(fields: &Schema) -> Option<Token> {
    let schemes =
        within(fields, &["components", "securitySchemes"]).or_else(|| fields.get("securityDefinitions"))?;
    let Value::Record(schemes) = &schemes.value else { return None };
    schemes.values().find_map(|slot| {
        let Value::Record(scheme) = &slot.value else { return None };
        let said = |key: &str| scheme.get(key).and_then(text).unwrap_or_default();
        match (said("type"), said("scheme"), said("in")) {
            ("http", scheme, _) if scheme.eq_ignore_ascii_case("bearer") => Some(Token::Bearer),
            ("apiKey", _, "header") => {
                let name = said("name");
                let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                (!name.is_empty() && name.chars().all(is_plain)).then(|| Token::Header(name.to_owned()))
            }
            _ => None,
        }
    })
}
