//! Records against their types: every field by its own type, none that is not declared, none that is missing.
//!
//! `{ ram: 512, dsik: 1 }` against `{ ram: int, disk: int }` → one report, at `dsik`: what is missing is not told as well where as
//! many stand under names that are not known.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};

use crate::comparison::base;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Field, OPEN, Slot, Type, Value};
use crate::hover::with_docs;
use crate::modules::{ModuleId, Modules, NameKind};

impl Context<'_> {
    /// The record with its values checked, and the defaults of what is left out; a field that is not declared, or is
    /// missing, is a hole.
    pub(super) fn check_record(
        &self,
        mut record: IndexMap<String, Slot>,
        fields: &[Field],
        span: Span,
        what: &str,
    ) -> IndexMap<String, Slot> {
        let stands = record.keys().cloned().collect::<Vec<_>>();
        let mut unknown: Vec<Diagnostic> = Vec::new();
        for (key, slot) in &mut record {
            let Some(field) = Type::field(fields, key) else {
                let names = fields.iter().map(|field| field.name.as_str());
                unknown.push(self.no_such_field(key, slot.key, &format!("`{what}`"), names));
                slot.value = Value::Error;
                continue;
            };
            if field.name == *key {
                let told = with_docs(format!("`{key}`: `{}`", field.ty), &field.docs);
                self.record_use(NameKind::Attribute, slot.key, field.span, told);
            }
            if let Some(report) = of_a_neighbour(fields, field, slot, &stands) {
                self.report(report);
                slot.value = Value::Error;
                continue;
            }
            let value = std::mem::replace(&mut slot.value, Value::Error);
            slot.value = self.check_declared(value, &field.ty, slot.span, key, (key.as_str(), field.span));
        }
        let wrong: Vec<&str> = record
            .iter()
            .filter(|(_, slot)| slot.value == Value::Error)
            .map(|(key, _)| key.as_str())
            .collect();
        // One that is misspelt is reported where it stands.
        let missing: Vec<&Field> = fields
            .iter()
            .filter(|field| !field.is_optional && field.name != OPEN && !record.contains_key(&field.name))
            .filter(|field| similar::nearest(&field.name, wrong.iter().copied()).is_none())
            .collect();
        let may_be_meant = missing.len() <= unknown.len();
        match unknown.first_mut() {
            // As many stand there under names that are not known: they may be meant.
            Some(report) if may_be_meant => {
                let names: Vec<String> = missing.iter().map(|field| format!("`{}`", field.name)).collect();
                if !names.is_empty() {
                    report.notes.push(format!("`{what}` needs {}", names.join(", ")));
                }
            }
            _ => {
                for field in missing {
                    self.report(
                        Diagnostic::new(codes::E0204, span, format!("`{what}` needs `{}`", field.name))
                            .label("not set here")
                            .help(format!("add `{}: …`, of type {}", field.name, field.ty)),
                    );
                }
            }
        }
        self.report_all(unknown);
        let left_out: Vec<&Field> = fields.iter().filter(|field| !record.contains_key(&field.name)).collect();
        for field in left_out {
            let slot = match &field.default {
                Some(default) => {
                    let value = self.eval(default, &Frame::new(self.module_of(default.span)));
                    let value = self.check_value(value, &field.ty, default.span, &field.name);
                    Slot { value, key: field.span, span: default.span }
                }
                None if field.is_optional || field.name == OPEN => continue,
                // That it is missing is told: not again where it is read.
                None => Slot { value: Value::Error, key: span, span },
            };
            record.insert(field.name.clone(), slot);
        }
        record
    }

    /// The module that a place is in; for what stands beside the program, the program.
    pub(crate) fn module_of(&self, span: Span) -> ModuleId {
        let found = self.modules.modules.iter().position(|module| module.file == span.file);
        found.and_then(|index| u32::try_from(index).ok()).map_or(Modules::ROOT, ModuleId)
    }
}

/// `env: [{ configMapRef: … }]`: what stands there is what another field of the same record takes.
fn of_a_neighbour(fields: &[Field], field: &Field, slot: &Slot, stands: &[String]) -> Option<Diagnostic> {
    let written = record_of(&slot.value)?;
    let (first, place) = written.first().map(|(key, slot)| (key, slot.key))?;
    let has_all = |ty: &Type| {
        fields_of(ty).is_some_and(|inner| {
            written.keys().all(|key| inner.iter().any(|field| field.name == *key && field.name != OPEN))
        })
    };
    let knows_none =
        fields_of(&field.ty).is_some_and(|inner| written.keys().all(|key| Type::field(inner, key).is_none()));
    if !knows_none {
        return None;
    }
    let is_list = matches!(slot.value, Value::List(_));
    let mut others = fields.iter().filter(|other| {
        matches!(base(&other.ty), Type::List(_)) == is_list && other.name != field.name && has_all(&other.ty)
    });
    let (meant, None) = (others.next()?, others.next()) else { return None };
    let report = Diagnostic::new(codes::E0212, place, format!("`{}` has no `{first}`", field.name))
        .label(format!("this is of `{}`", meant.name))
        .secondary(slot.key, "what it stands in");
    Some(match stands.contains(&meant.name) {
        true => report.help(format!("move it to `{}`", meant.name)),
        false => report
            .help(format!("write `{}` for `{}`", meant.name, field.name))
            .fix(format!("write `{}`", meant.name), vec![Edit::new(slot.key, meant.name.clone())]),
    })
}

/// The record that a value is, or the first of a list.
fn record_of(value: &Value) -> Option<&IndexMap<String, Slot>> {
    match value {
        Value::Record(record) => Some(record),
        Value::List(slots) => match &slots.first()?.value {
            Value::Record(record) => Some(record),
            _ => None,
        },
        _ => None,
    }
}

/// The fields of a record type, or of what a list holds.
fn fields_of(ty: &Type) -> Option<&[Field]> {
    match base(ty) {
        Type::Record(fields) => Some(fields),
        Type::List(inner) => match base(inner) {
            Type::Record(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}
