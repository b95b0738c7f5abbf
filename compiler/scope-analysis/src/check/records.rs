//! Records against their types: every field by its own type, none that is not declared, none that is missing.
//!
//! `{ ram: 512, dsik: 1 }` against `{ ram: int, disk: int }` → one report, at `dsik`.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes, similar};

use crate::context::Context;
use crate::hir::{Field, OPEN, Slot, Type, Value};
use crate::hover::with_docs;
use crate::modules::NameKind;

impl Context<'_> {
    /// The record with its values checked; a field that is not declared is a hole.
    pub(super) fn check_record(
        &self,
        mut record: IndexMap<String, Slot>,
        fields: &[Field],
        span: Span,
        what: &str,
    ) -> IndexMap<String, Slot> {
        for (key, slot) in &mut record {
            let Some(field) = Type::field(fields, key) else {
                let names = fields.iter().map(|field| field.name.as_str());
                self.no_field(key, slot.key, &format!("`{what}`"), names);
                slot.value = Value::Error;
                continue;
            };
            if field.name == *key {
                let told = with_docs(format!("`{key}`: `{}`", field.ty), &field.docs);
                self.record_use(NameKind::Attribute, slot.key, field.span, told);
            }
            let value = std::mem::replace(&mut slot.value, Value::Error);
            slot.value = self.check_value(value, &field.ty, slot.span, key);
        }
        let unknown: Vec<&str> = record
            .iter()
            .filter(|(_, slot)| slot.value == Value::Error)
            .map(|(key, _)| key.as_str())
            .collect();
        let needed = fields.iter().filter(|field| !field.is_optional && field.name != OPEN);
        for field in needed.filter(|field| !record.contains_key(&field.name)) {
            // One that is misspelt is reported where it stands.
            if similar::nearest(&field.name, unknown.iter().copied()).is_none() {
                self.report(
                    Diagnostic::new(codes::E0204, span, format!("`{what}` needs `{}`", field.name))
                        .label("not set here")
                        .help(format!("add `{}: …`, of type {}", field.name, field.ty)),
                );
            }
        }
        record
    }
}
