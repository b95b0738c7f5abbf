//! Objects: records with their fields, maps, and records that take more.
//!
//! `{ properties: { a: { type: integer } }, required: [a] }` → `{ a: int }`; what is not required may be left out. Without
//! properties it is a map. One that says that it takes more fields has the field `...` for them.

use indexmap::IndexMap;
use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::Span;

use crate::convert::{Importer, description, not_null};
use crate::layers::{Layer, Layers, text};
use crate::types::{Field, OPEN, Ty};

/// A field's name, where it can be one.
const LONGEST_NAME: usize = 200;

/// Where a property is first named, and what each layer says of it, with the layer's document.
type Property<'d> = (Span, Vec<(&'d Slot, usize)>);

impl<'d> Importer<'d> {
    pub fn object(&mut self, layers: &Layers<'d>, depth: usize) -> Ty {
        // Each property with every layer that says something of it.
        let mut properties: IndexMap<&'d str, Property<'d>> = IndexMap::new();
        for layer in &layers.0 {
            let Some(slot) = layer.schema.get("properties") else { continue };
            let Value::Record(fields) = &slot.value else {
                self.wrong(slot.span, "`properties` is a record of schemas");
                continue;
            };
            for (name, schema) in fields {
                if name.len() > LONGEST_NAME || name.contains(|c: char| c.is_control()) || name == OPEN {
                    self.wrong(schema.key, "this name cannot be written");
                    continue;
                }
                properties.entry(name).or_insert((schema.key, Vec::new())).1.push((schema, layer.document));
            }
        }
        let others = self.others(layers, depth);
        if properties.is_empty() {
            return match others {
                Some(Ty::Map(_)) => Ty::Map(Box::new(Ty::Any)),
                Some(other) => Ty::Map(Box::new(not_null(other))),
                None => Ty::Map(Box::new(Ty::Any)),
            };
        }
        let required = self.required(layers);
        let mut fields = Vec::with_capacity(properties.len());
        for (name, (span, schemas)) in properties {
            let ty = self.property(&schemas, depth);
            let is_required = required.contains(name);
            let says = |keyword: &str| schemas.iter().any(|(schema, _)| flag(schema, keyword));
            fields.push(Field {
                name: name.to_owned(),
                ty: if is_required { ty } else { optional(ty) },
                docs: schemas
                    .iter()
                    .map(|(schema, _)| description(schema))
                    .find(|docs| !docs.is_empty())
                    .unwrap_or_default(),
                default: schemas.iter().find_map(|(schema, _)| default_of(schema)),
                is_read_only: says("readOnly"),
                is_write_only: says("writeOnly"),
                is_password: schemas.iter().any(|(schema, _)| crate::unsaid::is_password(&schema.value)),
                span,
            });
        }
        if let Some(ty) = others {
            fields.push(Field { span: layers.span(), ..Field::of(OPEN, ty) });
        }
        Ty::Record(fields)
    }

    /// One property, of one schema or of several that hold together.
    fn property(&mut self, schemas: &[(&'d Slot, usize)], depth: usize) -> Ty {
        let [(first, document), more @ ..] = schemas else { return Ty::Any };
        if more.is_empty() {
            return self.ty(first, *document, depth + 1);
        }
        let mut all = Layers(Vec::new());
        for (slot, document) in schemas {
            let Value::Record(schema) = &slot.value else { continue };
            let own = self.layers(Layer { schema, span: slot.span, document: *document });
            all.0.extend(own.0);
            self.add_referred(schema, *document, &mut Vec::new(), &mut all);
        }
        self.layered(&all, depth + 1)
    }

    /// What fields that are not named may be; nothing where there may be none, or nothing is said beside named ones.
    fn others(&mut self, layers: &Layers<'d>, depth: usize) -> Option<Ty> {
        if layers.vendor_flag("-preserve-unknown-fields") {
            return Some(Ty::Any);
        }
        let others = layers.get("additionalProperties").and_then(|slot| match &slot.value {
            Value::Bool(false) => None,
            Value::Bool(true) => Some(Ty::Any),
            _ => Some(self.ty(slot, self.document_of(layers, "additionalProperties"), depth + 1)),
        });
        let Some(slot) = layers.get("patternProperties") else { return others };
        let document = self.document_of(layers, "patternProperties");
        let Value::Record(patterns) = &slot.value else {
            self.wrong(slot.span, "`patternProperties` is a record of schemas");
            return others;
        };
        // The values are told; which name has which is not.
        if patterns.keys().any(|pattern| !matches!(pattern.as_str(), "" | ".*" | "^.*$")) {
            self.unsaid.add("patternProperties", slot.span);
        }
        let named = patterns.values().map(|schema| self.ty(schema, document, depth + 1));
        let branches: Vec<Ty> = named.collect::<Vec<_>>().into_iter().chain(others).collect();
        (!branches.is_empty()).then(|| crate::alternatives::one_of(branches))
    }

    fn required(&mut self, layers: &Layers<'d>) -> std::collections::HashSet<&'d str> {
        let mut names = std::collections::HashSet::new();
        for layer in &layers.0 {
            match layer.schema.get("required").map(|slot| (&slot.value, slot.span)) {
                Some((Value::List(required), _)) => names.extend(required.iter().filter_map(text)),
                // Until draft 3, a flag of the field itself.
                Some((Value::Bool(_), _)) | None => {}
                Some((_, span)) => self.wrong(span, "`required` is a list of names"),
            }
        }
        names
    }
}

/// What may be left out: `null` counts as not said.
fn optional(ty: Ty) -> Ty {
    match ty {
        Ty::Any => Ty::Optional(Box::new(Ty::Any)),
        other => other.optional(),
    }
}

/// The default of a schema, as it would be written.
pub(crate) fn default_of(slot: &Slot) -> Option<String> {
    let Value::Record(schema) = &slot.value else { return None };
    match &schema.get("default")?.value {
        Value::Text(text)
            if text.len() <= LONGEST_NAME && !text.contains(|c: char| c.is_control() || c == '`') =>
        {
            Some(format!("\"{text}\""))
        }
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn flag(slot: &Slot, keyword: &str) -> bool {
    match &slot.value {
        Value::Record(schema) => schema.get(keyword).is_some_and(|slot| slot.value == Value::Bool(true)),
        _ => false,
    }
}
