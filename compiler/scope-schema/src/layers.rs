//! `allOf`: schemas on top of each other, read as one.
//!
//! Comes in: a schema. Goes out: its layers, the schema itself first, then those of its `allOf`, references followed.
//! `{ allOf: [{ $ref: Base }], properties: { a } }` → the layers `{ properties: { a } }` and `Base`; properties are those of
//! all, bounds, patterns and lists of values hold together, and any other keyword is what the first layer says that has it. A
//! circle is reported and cut, and the work is bounded.

use indexmap::IndexMap;
use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, Span, codes};

use crate::convert::Importer;
use crate::pointer::{self, Place};

/// The fields of a schema.
pub(crate) type Schema = IndexMap<String, Slot>;

/// One schema of several that hold together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer<'d> {
    pub schema: &'d Schema,
    pub span: Span,
    /// The document that its references are relative to.
    pub document: usize,
}

/// The layers of one schema.
#[derive(Clone, Debug)]
pub(crate) struct Layers<'d>(pub Vec<Layer<'d>>);

impl<'d> Layers<'d> {
    /// A keyword, of the first layer that has it.
    pub fn get(&self, keyword: &str) -> Option<&'d Slot> {
        self.0.iter().find_map(|layer| layer.schema.get(keyword))
    }

    /// A keyword, of every layer that has it.
    pub fn each(&self, keyword: &str) -> impl Iterator<Item = &'d Slot> {
        self.0.iter().filter_map(move |layer| layer.schema.get(keyword))
    }

    pub fn text(&self, keyword: &str) -> Option<&'d str> {
        text(self.get(keyword)?)
    }

    /// A keyword of a vendor, by how its name ends: `x-…-list-type`.
    pub fn vendor(&self, end: &str) -> Option<&'d Slot> {
        let is_it = |key: &str| key.starts_with("x-") && key.ends_with(end);
        let mut entries = self.0.iter().flat_map(|layer| layer.schema.iter());
        entries.find(|(key, _)| is_it(key)).map(|(_, slot)| slot)
    }

    /// A flag of a vendor: `x-…-int-or-string`.
    pub fn vendor_flag(&self, end: &str) -> bool {
        is_true(self.vendor(end))
    }

    pub fn has(&self, keyword: &str) -> bool {
        self.get(keyword).is_some()
    }

    pub fn span(&self) -> Span {
        self.0[0].span
    }
}

pub(crate) fn text(slot: &Slot) -> Option<&str> {
    match &slot.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn is_true(slot: Option<&Slot>) -> bool {
    slot.is_some_and(|slot| slot.value == Value::Bool(true))
}

impl<'d> Importer<'d> {
    /// The layers of a schema that is a record; `of` are the places being read, for circles.
    pub fn layers(&mut self, first: Layer<'d>) -> Layers<'d> {
        let mut layers = Layers(Vec::new());
        self.add_layers(first, &mut Vec::new(), &mut layers);
        layers
    }

    fn add_layers(&mut self, layer: Layer<'d>, open: &mut Vec<Place>, into: &mut Layers<'d>) {
        if !self.may_go_on(layer.span) {
            return;
        }
        into.0.push(layer);
        let Some(all) = layer.schema.get("allOf") else { return };
        let Value::List(members) = &all.value else {
            self.wrong(all.span, "`allOf` holds a list of schemas");
            return;
        };
        for member in members {
            self.member(member, layer.document, open, into);
        }
    }

    fn member(&mut self, member: &'d Slot, document: usize, open: &mut Vec<Place>, into: &mut Layers<'d>) {
        let Value::Record(schema) = &member.value else { return };
        self.add_referred(schema, document, open, into);
        let has_more = schema.keys().any(|key| key != "$ref" && key != "description");
        if !schema.contains_key("$ref") || has_more {
            self.add_layers(Layer { schema, span: member.span, document }, open, into);
        }
    }

    /// What a `$ref` of a layer leads to, as layers.
    pub fn add_referred(
        &mut self,
        schema: &'d Schema,
        document: usize,
        open: &mut Vec<Place>,
        into: &mut Layers<'d>,
    ) {
        let Some(reference) = schema.get("$ref") else { return };
        let Some((place, target)) = self.follow(reference, document) else { return };
        if open.contains(&place) {
            self.diagnostics.push(
                Diagnostic::new(codes::E0407, reference.span, "this schema is made of itself")
                    .label("closes the circle")
                    .help("a type may hold itself in a field, not through `allOf` alone"),
            );
            return;
        }
        let Value::Record(schema) = &target.value else { return };
        open.push(place.clone());
        if schema.contains_key("$ref") {
            self.add_referred(schema, place.document, open, into);
        }
        self.add_layers(Layer { schema, span: target.span, document: place.document }, open, into);
        open.pop();
    }

    /// The place that a reference leads to, with what stands there; reported if there is nothing.
    pub fn follow(&mut self, reference: &'d Slot, document: usize) -> Option<(Place, &'d Slot)> {
        let Some(written) = text(reference) else {
            self.wrong(reference.span, "`$ref` is a text");
            return None;
        };
        let found = pointer::target(written, document, self.documents).and_then(|place| {
            let slot = pointer::at(&place, self.documents)
                .ok_or_else(|| "there is nothing at this place".to_owned())?;
            Ok((place, slot))
        });
        match found {
            Ok(found) => Some(found),
            Err(words) => {
                let other = written.split('#').next().filter(|file| !file.is_empty());
                let report = Diagnostic::new(
                    codes::E0406,
                    reference.span,
                    format!("`{}` leads nowhere", shortened(written)),
                )
                .label(words);
                self.diagnostics.push(match other {
                    Some(file) => report.help(format!(
                        "give that file too: `scope driver import … {}`",
                        shortened(file.rsplit('/').next().unwrap_or(file))
                    )),
                    None => {
                        report.help("a reference within a file is `#/` and the keys that lead to a schema")
                    }
                });
                None
            }
        }
    }
}

/// A text of the schema for a message: it may be of any length.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
