//! Reading through a request that nothing asks for: its `when` is false, its family is empty, or no program uses its module.
//!
//! Its type, its attributes and the names in its scope are checked as of any other; where it is, and what is at those sites, is
//! not known. `resource vm: openstack.server when false { nmae: "x" }` → there is no `nmae`.

use indexmap::IndexMap;
use scope_diagnostics::Diagnostic;
use scope_syntax::ast::{self, Clause, Expr, ExprKind, ItemKind, Param, ThingKind};

use super::Patch;
use crate::context::Context;
use crate::eval::{Frame, waits_within};
use crate::hir::{Operation, ResourceType, Slot, Value};
use crate::modules::ModuleId;
use crate::with::{Written, WrittenAt};

impl Context<'_> {
    pub fn suppose_thing(&self, thing: &ast::Thing, module: ModuleId) {
        let frame = self.supposed_frame(thing.family.as_ref(), Frame::new(module));
        if let Some(condition) = &thing.condition {
            self.suppose_truth(condition, &frame);
        }
        if let Some(of) = self.module_type(&thing.ty, module) {
            self.suppose_group(thing, of, &frame);
            return;
        }
        let of_type = match thing.kind {
            ThingKind::Resource | ThingKind::Existing => {
                self.resource_type(&thing.ty, module).map(|ty| (ty, None))
            }
            ThingKind::Call => self
                .called_operation(&thing.ty, module)
                .map(|(ty, operation)| (ty, ty.operations.get(&operation))),
        };
        // Of what nobody knows what it is no more is told, as ever.
        let Some((ty, operation)) = of_type else { return };
        self.suppose_clauses(thing, Some(ty), &frame);
        let written = self.suppose_record(thing.body.as_ref(), &frame);
        let mut unknown = Vec::new();
        let body = written.clone();
        let given =
            written.map(|written| self.suppose_attributes(thing, ty, operation, written, &mut unknown));
        if let (ThingKind::Resource, Some(given)) = (thing.kind, given) {
            self.check_required((&thing.name.text, thing.name.span), None, ty, &given, &mut unknown);
        }
        self.report_all(unknown.into_iter().map(|(_, report)| report));
        for clause in &thing.clauses {
            if let Clause::At { patch, .. } = clause {
                let mut unknown = Vec::new();
                if let Some(mut written) = self.suppose_record(Some(patch), &frame) {
                    // A body that cannot be seen may have the rest of any record.
                    written.retain(|_, slot| body.is_some() || !matches!(slot.value, Value::Record(_)));
                    let mut given = body.clone().unwrap_or_default();
                    given.retain(|name, _| written.contains_key(name));
                    put_over(&mut given, written);
                    self.suppose_attributes(thing, ty, operation, given, &mut unknown);
                }
                self.report_all(unknown.into_iter().map(|(_, report)| report));
            }
        }
    }

    /// The fields of a record that is written; nothing where it is more than what can be seen.
    fn suppose_record(&self, written: Option<&Expr>, frame: &Frame) -> Option<IndexMap<String, Slot>> {
        let Some(written) = written else { return Some(IndexMap::new()) };
        match self.eval(written, frame) {
            Value::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// What is given of what is written.
    fn suppose_attributes(
        &self,
        thing: &ast::Thing,
        ty: &ResourceType,
        operation: Option<&Operation>,
        written: IndexMap<String, Slot>,
        unknown: &mut Vec<(String, Diagnostic)>,
    ) -> IndexMap<String, Slot> {
        let is_managed = thing.kind == ThingKind::Resource;
        let mut given = IndexMap::new();
        for (name, slot) in written {
            if let Some((input, _)) = operation.and_then(|operation| operation.inputs.get(&name)) {
                self.check_value(slot.value, input, slot.span, &name);
                continue;
            }
            if let Some(attribute) = self.settable(ty, operation, is_managed, &name, &slot, unknown) {
                let value = self.check_attribute(ty, attribute, slot.value, slot.span);
                given.insert(name, Slot { value, ..slot });
            }
        }
        given
    }

    /// A use of a module: what it gives is what the module's parameters take.
    fn suppose_group(&self, thing: &ast::Thing, of: ModuleId, frame: &Frame) {
        self.suppose_clauses(thing, None, frame);
        let params: Vec<&Param> = self.modules.get(of).tree.items.iter().filter_map(param_of).collect();
        for (key, slot) in self.suppose_record(thing.body.as_ref(), frame).into_iter().flatten() {
            match params.iter().find(|param| param.name.text == key) {
                Some(param) => {
                    if let Some(ty) = &param.ty {
                        self.check_value(slot.value, &self.declared_type(ty, of), slot.span, &key);
                    }
                }
                None => self.report(self.unknown_parameter(of, &key, slot.key, &params)),
            }
        }
    }

    fn suppose_clauses(&self, thing: &ast::Thing, ty: Option<&ResourceType>, frame: &Frame) {
        for clause in &thing.clauses {
            match clause {
                Clause::Scope(written) => match (written.kind.as_ref(), ty) {
                    (ExprKind::Scope(scope), Some(ty)) => {
                        self.request_scope(scope, &self.drivers[&ty.driver], &ty.name, frame);
                    }
                    _ => drop(self.eval(written, frame)),
                },
                Clause::With(written) => self.suppose_with(written, &thing.name.text, frame),
                Clause::At { sites, patch } => drop(self.patched_sites(&Patch { sites, patch }, frame)),
            }
        }
    }

    fn suppose_with(&self, written: &Expr, name: &str, frame: &Frame) {
        let mut record = self.with_record(&[written], frame);
        record.retain(|_, slot| !waits_within(&slot.value));
        let at = |key: &String| {
            let written = Written {
                item: name.to_owned(),
                element: name.to_owned(),
                within: String::new(),
                is_copied: false,
                around: None,
            };
            (key.clone(), written)
        };
        let written: WrittenAt = record.keys().map(at).collect();
        self.check_with(record, name, &written);
    }
}

/// What a patch gives, over what the body says of the same: a part of a record is no record without the rest of it. Of what only
/// a name stands for, the rest cannot be seen: it stays as it is.
fn put_over(record: &mut IndexMap<String, Slot>, patch: IndexMap<String, Slot>) {
    for (key, slot) in patch {
        match (record.get_mut(&key).map(|under| &mut under.value), slot.value) {
            (Some(Value::Record(under)), Value::Record(fields)) => put_over(under, fields),
            (Some(Value::Deferred(_)), Value::Record(_)) => {}
            (_, value) => drop(record.insert(key, Slot { value, ..slot })),
        }
    }
}

fn param_of(item: &ast::Item) -> Option<&Param> {
    match &item.kind {
        ItemKind::Param(param) => Some(param),
        _ => None,
    }
}
