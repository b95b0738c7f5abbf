//! What an operation is sent and what it answers, as fields, and these as the attributes of a resource.
//!
//! `POST /lamps` with `{ "name": string, "for": string }`, answered `{ "id": string }` → the attributes `id`, `name` and `for_`, which is
//! sent as `for`. What no expression can name is left out, and told.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, codes};

use crate::convert::Importer;
use crate::described::{Described, content, is_word, properties, singular};
use crate::layers::{Layer, Layers, Schema, shortened, text};
use crate::paths::Attribute;
use crate::types::{Field, Ty};

/// More hops from one reference to the next lead nowhere.
const MOST_HOPS: usize = 8;

/// So many names are listed in one report.
const MOST_NAMES: usize = 12;

impl<'d> Importer<'d> {
    /// The attributes of a resource, by name: of what is answered, of what it is made with, and of what it is changed with.
    pub(crate) fn attributes(
        &mut self,
        of: &Slot,
        collection: &str,
        fields: [Vec<Field>; 3],
    ) -> IndexMap<String, Attribute> {
        let named = names_of(fields.iter().flatten());
        self.tell_nameless(of, collection, fields.iter().flatten(), &named);
        let mut attributes: IndexMap<String, Attribute> = IndexMap::new();
        for (mark, fields) in fields.into_iter().enumerate() {
            for mut field in fields {
                let Some(name) = named.get(&field.name) else { continue };
                let sent_as = std::mem::replace(&mut field.name, name.clone());
                let is_written_only = field.is_write_only;
                let is_read_only = field.is_read_only;
                let attribute = attributes.entry(field.name.clone()).or_insert_with(|| Attribute {
                    field: field.clone(),
                    sent_as,
                    is_sent: false,
                    is_read: false,
                    is_changed: false,
                });
                match mark {
                    0 => attribute.is_read = !is_written_only,
                    _ if is_read_only => {}
                    1 => {
                        attribute.is_sent = true;
                        let docs = std::mem::take(&mut attribute.field.docs);
                        attribute.field = field;
                        if attribute.field.docs.is_empty() {
                            attribute.field.docs = docs;
                        }
                    }
                    _ => attribute.is_changed = true,
                }
            }
        }
        attributes
    }

    /// The fields of what an operation is sent.
    pub(crate) fn sent(&mut self, of: &Described<'d>, document: usize) -> Vec<Field> {
        let body = of.fields.get("requestBody").and_then(|slot| self.resolved(slot, document));
        if let Some((body, document)) = body {
            return content(body).map(|schema| self.fields_of(schema, document)).unwrap_or_default();
        }
        // Of 2.0: a parameter.
        let Some(Value::List(parameters)) = of.fields.get("parameters").map(|slot| &slot.value) else {
            return Vec::new();
        };
        let in_body = parameters.iter().find_map(|slot| {
            let (parameter, document) = self.resolved(slot, document)?;
            let is_body = parameter.get("in").and_then(text) == Some("body");
            is_body.then(|| parameter.get("schema").map(|schema| (schema, document))).flatten()
        });
        in_body.map(|(schema, document)| self.fields_of(schema, document)).unwrap_or_default()
    }

    /// The fields of what an operation answers.
    pub(crate) fn answered(&mut self, of: &Described<'d>, document: usize) -> Vec<Field> {
        let schema = self.answer(of, document);
        schema.map(|(schema, document)| self.fields_of(schema, document)).unwrap_or_default()
    }

    /// The schema of the first answer that means success and has one.
    pub(crate) fn answer(&mut self, of: &Described<'d>, document: usize) -> Option<(&'d Slot, usize)> {
        let Some(Value::Record(responses)) = of.fields.get("responses").map(|slot| &slot.value) else {
            return None;
        };
        responses.iter().filter(|(code, _)| code.starts_with('2')).find_map(|(_, slot)| {
            let (response, document) = self.resolved(slot, document)?;
            Some((content(response).or_else(|| response.get("schema"))?, document))
        })
    }

    /// Where an answer has its list: `Some(None)` if it is one, `Some(field)` if one field of it is.
    pub(crate) fn list(&mut self, of: &Described<'d>, document: usize) -> Option<Option<String>> {
        let (schema, document) = self.answer(of, document)?;
        let layers = self.all_layers(schema, document)?;
        if layers.text("type") == Some("array") {
            return Some(None);
        }
        let mut lists = Vec::new();
        for (name, slot, document) in properties(&layers) {
            let resolved = self.resolved(slot, document);
            if resolved.is_some_and(|(schema, _)| schema.get("type").and_then(text) == Some("array")) {
                lists.push(name);
            }
        }
        match lists.as_slice() {
            [only] if is_word(only) => Some(Some((*only).clone())),
            _ => None,
        }
    }

    fn fields_of(&mut self, schema: &'d Slot, document: usize) -> Vec<Field> {
        let Some(layers) = self.all_layers(schema, document) else { return Vec::new() };
        if !layers.has("properties") {
            return Vec::new();
        }
        match self.object(&layers, 0) {
            Ty::Record(fields) => fields,
            _ => Vec::new(),
        }
    }

    pub(crate) fn all_layers(&mut self, slot: &'d Slot, document: usize) -> Option<Layers<'d>> {
        let Value::Record(schema) = &slot.value else { return None };
        let mut layers = self.layers(Layer { schema, span: slot.span, document });
        self.add_referred(schema, document, &mut Vec::new(), &mut layers);
        Some(layers)
    }

    /// A record, its `$ref` followed.
    pub(crate) fn resolved(&mut self, slot: &'d Slot, document: usize) -> Option<(&'d Schema, usize)> {
        let (mut slot, mut document) = (slot, document);
        for _ in 0..MOST_HOPS {
            let Value::Record(fields) = &slot.value else { return None };
            let Some(reference) = fields.get("$ref") else { return Some((fields, document)) };
            let (place, target) = self.follow(reference, document)?;
            (slot, document) = (target, place.document);
        }
        None
    }

    /// Fields that have no name in a driver are left out, and that is told.
    fn tell_nameless<'f>(
        &mut self,
        of: &Slot,
        collection: &str,
        fields: impl Iterator<Item = &'f Field>,
        named: &BTreeMap<String, String>,
    ) {
        let nameless: BTreeSet<String> = fields
            .filter(|field| !named.contains_key(&field.name))
            .map(|field| format!("`{}`", shortened(&field.name)))
            .collect();
        if nameless.is_empty() {
            return;
        }
        let n_more = nameless.len().saturating_sub(MOST_NAMES);
        let mut names = nameless.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
        if n_more > 0 {
            names.push_str(&format!(" and {n_more} more"));
        }
        self.diagnostics.push(
            Diagnostic::new(
                codes::E0418,
                of.key,
                format!("of `{}`, left out: {names}", singular(collection)),
            )
            .severity(scope_diagnostics::Severity::Warning)
            .label("has fields that an expression cannot name")
            .help("add what you need by another name: `NAME: TYPE read(body[\"…\"])`, and in the body `\"…\": NAME`"),
        );
    }
}

/// What each field is called in a driver, by how it is called in the description: `for` and `x-y` are `for_` and `x_y` there, unless
/// another field is called so.
pub(crate) fn names_of<'f>(fields: impl Iterator<Item = &'f Field>) -> BTreeMap<String, String> {
    let described: BTreeSet<&str> = fields.map(|field| field.name.as_str()).collect();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> =
        described.iter().filter(|name| is_word(name)).map(|name| (*name).to_owned()).collect();
    for name in described {
        if is_word(name) {
            names.insert(name.to_owned(), name.to_owned());
            continue;
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut word: String =
            name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            word.insert(0, '_');
        }
        if !is_word(&word) {
            word.push('_');
        }
        if word.contains(|letter: char| letter.is_ascii_alphanumeric())
            && is_word(&word)
            && taken.insert(word.clone())
        {
            names.insert(name.to_owned(), word);
        }
    }
    names
}
