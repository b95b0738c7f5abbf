//! Arrays: lists, sets, and lists whose items are told apart by some of their fields.
//!
//! `{ type: array, items: { $ref: Port } }` → `list<Port>`. Vendors say with words of their own what a site may add to:
//! `x-…-list-type: map` and `x-…-list-map-keys: [name]` → `list<Port> by name`, `x-…-list-type: set` → `set<Port>`.

use scope_analysis::hir::{Slot, Value};

use crate::convert::{Importer, not_null};
use crate::layers::{Layers, text};
use crate::types::Ty;

impl<'d> Importer<'d> {
    pub fn array(&mut self, layers: &Layers<'d>, depth: usize) -> Ty {
        let Some(items) = layers.get("items") else { return Ty::List(Box::new(Ty::Any)) };
        // Of older drafts: one schema for each position.
        if matches!(items.value, Value::List(_)) {
            self.unsaid.add("items", items.span);
            return Ty::List(Box::new(Ty::Any));
        }
        let document = self.document_of(layers, "items");
        let item = Box::new(not_null(self.ty(items, document, depth + 1)));
        match layers.vendor("-list-type").and_then(text) {
            Some("set") => Ty::Keyed(item, Vec::new()),
            Some("map") => match keys(layers.vendor("-list-map-keys")) {
                Some(keys) => Ty::Keyed(item, keys),
                None => Ty::List(item),
            },
            _ => Ty::List(item),
        }
    }
}

/// The fields that tell items apart, where each is a word.
fn keys(slot: Option<&Slot>) -> Option<Vec<String>> {
    let Value::List(keys) = &slot?.value else { return None };
    let is_word = |key: &&str| {
        key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let keys: Option<Vec<String>> =
        keys.iter().map(|key| text(key).filter(is_word).map(str::to_owned)).collect();
    keys.filter(|keys| !keys.is_empty())
}
