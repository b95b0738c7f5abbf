//! A `$` line as a request: the driver says which operation of which type its words stand for.
//!
//! `$ openstack server create my-vm --image debian` → the resource `openstack.server.my-vm`, as if it were written. A line
//! that finds or reads is done in every run and printed; any other is a call.

use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast;

use super::expand::path;
use super::{Body, Head, Requested};
use crate::context::Context;
use crate::eval::Frame;
use crate::group::Scoped;
use crate::hir::{OperationKind, ResourceId, ResourceKind, ResourceType, Slot, Value};
use crate::modules::ModuleId;
use crate::native::{Filled, match_item};

impl<'a> Context<'a> {
    pub(super) fn native_head(
        &self,
        id: ResourceId,
        item: &'a ast::Item,
        native: &'a ast::NativeItem,
        requested: &Requested,
    ) -> Option<Head<'a>> {
        let frame = requested.frame.clone();
        let module = frame.module;
        let found = match match_item(self.drivers.values(), native) {
            Ok(found) => found,
            Err(report) => {
                self.report(*report);
                return None;
            }
        };
        let ty = found.ty;
        let span = native.native.span;
        if let Some(written) = &native.ty {
            self.check_bound_type(written, ty);
        }
        let word = found.name.as_ref().map(|name| self.text(name, &frame));
        let operation = found.operation.name.clone();
        let kind = match found.operation.kind {
            _ if creates(ty, &operation) => ResourceKind::Managed,
            OperationKind::Find | OperationKind::Read => ResourceKind::Print { operation },
            _ => ResourceKind::Call { operation },
        };
        if found.operation.kind == OperationKind::Delete
            && let Some(Value::Text(word)) = &word
        {
            self.check_not_declared(ty, word, span, module);
        }
        let name = match (&native.name, &word, &kind) {
            (Some(name), ..) => name.text.clone(),
            (None, Some(Value::Text(word)), ResourceKind::Managed) => format!("{}.{word}", ty.name),
            _ => self.line_name(&native.native, requested),
        };
        let group = self.group(requested.group);
        let is_step_of_its_own = requested.step.is_some() && kind != ResourceKind::Managed;
        let name =
            if is_step_of_its_own { format!("{}.{name}", requested.name) } else { path(&group, &name) };
        let own = native.native.scope.as_ref();
        let own = own.map(|scope| Scoped {
            scope: Rc::new(scope.clone()),
            frame: frame.clone(),
            group: String::new(),
        });
        let place = self.place(ty, found.driver, &group.scopes, own.as_ref(), &name, span);
        self.check_place(ty, found.driver, place.scope.as_ref(), &place.location, &name, span);
        self.check_versions(ty, found.driver, &place.location, &name, span);
        self.check_cross(&place.location, ty, &kind, &name);
        self.check_deletion(ty, &kind, &place.location, span);
        Some(Head {
            id,
            name,
            kind,
            ty: ty.name.clone(),
            body: Body::Native(found.filled),
            scope: place.scope,
            location: place.location,
            with: group.with.clone(),
            patches: Vec::new(),
            span,
            frame,
            group: place.group,
            docs: item.docs.clone(),
        })
    }

    /// `let a: server = $ openstack server create …`: the written type must be the one that is made.
    fn check_bound_type(&self, written: &ast::Path, ty: &ResourceType) {
        let text = written.names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        if text != ty.short_name && text != ty.name {
            self.report(
                Diagnostic::new(
                    codes::E0201,
                    written.span,
                    format!("expected `{}`, found `{text}`", ty.short_name),
                )
                .label(format!("this command makes a `{}`", ty.name))
                .help(format!("write `{}`", ty.short_name)),
            );
        }
    }

    /// What the program declares it also deletes by leaving it out: a `$` line that deletes it contradicts it.
    fn check_not_declared(
        &self,
        ty: &ResourceType,
        word: &str,
        span: scope_diagnostics::Span,
        module: ModuleId,
    ) {
        for (item_index, item) in self.modules.get(module).tree.items.iter().enumerate() {
            let declared = match &item.kind {
                ast::ItemKind::Thing(thing) if is_resource(thing, ty, word) => thing.name.text.as_str(),
                ast::ItemKind::Native(native) if self.makes(native, ty, word) => word,
                _ => continue,
            };
            self.report(
                Diagnostic::new(
                    codes::E0215,
                    span,
                    format!("this deletes `{declared}`, which the program declares"),
                )
                .label("deleted here")
                .secondary(self.item(module, item_index).span, "declared here")
                .help("take the declaration out: a run then deletes it"),
            );
        }
    }

    /// Whether a `$` line is a resource of a type under a name.
    fn makes(&self, native: &ast::NativeItem, ty: &ResourceType, word: &str) -> bool {
        // Of most lines the words tell it, without asking what each driver makes of them.
        let is_said = native.native.words.iter().any(|said| said.literal().as_deref() == Some(word));
        is_said
            && match_item(self.drivers.values(), native).is_ok_and(|found| {
                found.ty.name == ty.name
                    && creates(ty, &found.operation.name)
                    && found.name.and_then(|name| name.literal()).as_deref() == Some(word)
            })
    }

    /// The words of a line that names nothing, made unique by its place among the lines that say the same.
    fn line_name(&self, native: &ast::Native, requested: &Requested) -> String {
        let words = |native: &ast::Native| {
            native
                .words
                .iter()
                .map(|word| word.literal().unwrap_or_else(|| "…".into()))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let text = words(native);
        let around = &self.modules.get(requested.frame.module).tree.items;
        let around = match (&around[requested.item].kind, requested.step) {
            (ast::ItemKind::Sequence(sequence), Some(_)) => &sequence.steps,
            _ => around,
        };
        let earlier = around
            .iter()
            .filter_map(|item| match &item.kind {
                ast::ItemKind::Native(other) if other.name.is_none() => Some(&other.native),
                _ => None,
            })
            .take_while(|other| other.span != native.span)
            .filter(|other| words(other) == text)
            .count();
        if earlier == 0 { text } else { format!("{text} ({})", earlier + 1) }
    }

    /// The attributes that a command's words set.
    pub(crate) fn native_attributes(&self, filled: &[Filled], frame: &Frame) -> IndexMap<String, Slot> {
        filled
            .iter()
            .map(|filled| {
                let slot =
                    Slot { value: self.eval(&filled.value, frame), key: filled.key, span: filled.value.span };
                (filled.name.clone(), slot)
            })
            .collect()
    }
}

/// Whether an operation is the one by which a type's resources are made.
fn creates(ty: &ResourceType, operation: &str) -> bool {
    ty.create.as_deref().unwrap_or("create") == operation
}

/// Whether an item is a resource of a type, called or named so.
fn is_resource(thing: &ast::Thing, ty: &ResourceType, word: &str) -> bool {
    let is_type = thing.kind == ast::ThingKind::Resource
        && thing.ty.names.last().is_some_and(|name| name.text == ty.short_name);
    let is_named = |body| {
        let value = super::body::value_expr(body, ty.name_attribute.as_deref().unwrap_or("name"));
        matches!(value.kind.as_ref(), ast::ExprKind::Text(text) if text.literal().as_deref() == Some(word))
    };
    is_type && (thing.name.text == word || thing.body.as_ref().is_some_and(is_named))
}
