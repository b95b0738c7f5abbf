//! What type an expression has: the declared one, where its names and fields have one, else that of its value.
//!
//! `r.attributes.port` of `resources` → `any`; `size` of `param size: "small" | "large"` → `"small" | "large"`; `[1, 2]` →
//! `list<int>`. Asked for where two values are compared.

use std::rc::Rc;

use scope_syntax::ast::{self, BinaryOp, Expr, ExprKind, ItemKind};

use super::Frame;
use crate::check::below;
use crate::comparison::base;
use crate::context::Context;
use crate::hir::{Deferred, Field, Type, Value};
use crate::names::Definition;

/// What `let`s stand for is followed so deep.
const DEEPEST: usize = 32;
/// The type of a long list is that of its first elements.
const MOST_ELEMENTS: usize = 64;

impl Context<'_> {
    /// The type of an expression whose value is known already.
    pub(crate) fn type_of(&self, expr: &Expr, value: &Value, frame: &Frame) -> Type {
        self.type_as_declared(expr, frame, 0).unwrap_or_else(|| self.type_of_value(value))
    }

    /// The types of a generator's names, where what it goes through is declared.
    pub(super) fn types_of_elements(
        &self,
        generator: &ast::Generator,
        frame: &Frame,
    ) -> (Option<Rc<Type>>, Option<Rc<Type>>) {
        let Some(source) = self.type_as_declared(&generator.source, frame, 0) else { return (None, None) };
        let any = || Some(Rc::new(Type::Any));
        match base(&source) {
            Type::List(inner) => match generator.second {
                None => (Some(Rc::new((**inner).clone())), None),
                Some(_) => (None, Some(Rc::new((**inner).clone()))),
            },
            Type::Map(inner) => (None, Some(Rc::new((**inner).clone()))),
            Type::Any => (any(), any()),
            _ => (None, None),
        }
    }

    /// Whether a record is declared with a field that may be left out.
    pub(super) fn may_lack(&self, expr: &Expr, field: &str, frame: &Frame) -> bool {
        match self.type_as_declared(expr, frame, 0) {
            Some(ty) => match base(&ty) {
                Type::Record(fields) => fields.iter().any(|known| known.name == field && known.is_optional),
                _ => false,
            },
            None => false,
        }
    }

    /// The declared type of an expression, as far as it has one.
    pub(super) fn type_as_declared(&self, expr: &Expr, frame: &Frame, depth: usize) -> Option<Type> {
        match expr.kind.as_ref() {
            ExprKind::Name(name) => self.type_of_name(name, frame, depth),
            ExprKind::Field { base, name, .. } => {
                match self.declared_member(base, &name.text, frame, depth) {
                    Some(ty) => Some(ty),
                    None => below(&self.type_as_declared(base, frame, depth)?, &name.text),
                }
            }
            ExprKind::Index { base: whole, .. } => match base(&self.type_as_declared(whole, frame, depth)?) {
                Type::List(inner) | Type::Map(inner) => Some((**inner).clone()),
                Type::Any => Some(Type::Any),
                _ => None,
            },
            ExprKind::Call { callee, .. } => {
                let ExprKind::Name(name) = callee.kind.as_ref() else { return None };
                let Definition::Function(module, item) = self.names.get(frame.module, name)?.definition
                else {
                    return None;
                };
                let ItemKind::Function(function) = &self.item(module, item).kind else { return None };
                Some(self.declared_type(function.result.as_ref()?, module))
            }
            // What stands for nothing may be of another type.
            ExprKind::Binary { op: BinaryOp::Default, left, .. } => {
                let left = self.type_as_declared(left, frame, depth)?;
                matches!(base(&left), Type::Any).then_some(Type::Any)
            }
            _ => None,
        }
    }

    fn type_of_name(&self, name: &str, frame: &Frame, depth: usize) -> Option<Type> {
        if let Some(position) = frame.locals.iter().rposition(|(local, _)| local == name) {
            let declared = frame.types.iter().rev().find(|(at, _)| *at == position);
            return declared.map(|(_, ty)| (**ty).clone());
        }
        if name == "resources" {
            return Some(resources_type());
        }
        let Definition::Value(module, item) = self.names.get(frame.module, name)?.definition else {
            return None;
        };
        match &self.item(module, item).kind {
            ItemKind::Param(param) => Some(self.declared_type(param.ty.as_ref()?, module)),
            ItemKind::Let(item) => match &item.ty {
                Some(ty) => Some(self.declared_type(ty, module)),
                None if depth < DEEPEST => self.type_as_declared(&item.value, &Frame::new(module), depth + 1),
                None => None,
            },
            _ => None,
        }
    }

    /// `tenant.size`, where `tenant` names an imported module.
    fn declared_member(&self, base: &Expr, name: &str, frame: &Frame, depth: usize) -> Option<Type> {
        let ExprKind::Name(module_name) = base.kind.as_ref() else { return None };
        if frame.locals.iter().any(|(local, _)| local == module_name) {
            return None;
        }
        match self.names.get(frame.module, module_name)?.definition {
            Definition::Module(module) => self.type_of_name(name, &Frame::new(module), depth),
            _ => None,
        }
    }

    /// The type of a value; of one that waits for the run, what it will be.
    pub(super) fn type_of_value(&self, value: &Value) -> Type {
        match value {
            Value::Error => Type::Error,
            Value::Null => Type::Optional(Box::new(Type::Error)),
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Float(_) => Type::Float,
            Value::Text(_) => Type::String,
            Value::Duration(_) => Type::Duration,
            Value::Size(_) => Type::Size,
            Value::Rate(_) => Type::Rate,
            Value::Percent(_) => Type::Percent,
            Value::File { .. } => Type::Bytes,
            Value::Secret(_) => Type::Secret(Box::new(Type::String)),
            Value::Site(_) => Type::Site,
            Value::Location(_) | Value::Scope(_) => Type::Location,
            Value::List(slots) => {
                let mut types: Vec<Type> = Vec::new();
                for ty in slots.iter().take(MOST_ELEMENTS).map(|slot| self.type_of_value(&slot.value)) {
                    if !types.contains(&ty) {
                        types.push(ty);
                    }
                }
                Type::List(Box::new(match types.len() {
                    0 => Type::Error,
                    1 => types.remove(0),
                    _ => Type::OneOf(types),
                }))
            }
            Value::Record(fields) => Type::Record(
                fields.iter().map(|(name, slot)| field(name, self.type_of_value(&slot.value))).collect(),
            ),
            Value::Resource(resource) => {
                let ty = self.requested_type(*resource).and_then(|ty| self.driver_type(&ty));
                let attributes = ty.map(|ty| ty.attributes.iter()).into_iter().flatten();
                Type::Record(attributes.map(|(name, attribute)| field(name, attribute.ty.clone())).collect())
            }
            Value::Group(_) => Type::Record(Vec::new()),
            Value::Reference(_) => Type::Any,
            Value::Deferred(deferred) => self.type_of_deferred(deferred),
        }
    }

    fn type_of_deferred(&self, deferred: &Deferred) -> Type {
        let Some(ty) = self.deferred_type(deferred) else { return Type::Any };
        match deferred {
            // At several sites, and none is named: the value at the site that asks, or a record by site.
            Deferred::Output { resource, site: None, .. }
                if self.head_summary(*resource).is_some_and(|head| head.location.sites().len() > 1) =>
            {
                Type::OneOf(vec![ty.clone(), Type::Map(Box::new(ty))])
            }
            Deferred::Bounded(bounded) if let Value::Deferred(inner) = bounded.value.unbounded() => {
                self.type_of_deferred(inner)
            }
            _ => ty,
        }
    }
}

/// What `resources` is a list of. What is written in a program has the types of its drivers, which differ.
pub(super) fn resources_type() -> Type {
    let words = |words: &[&str]| Type::Enum(words.iter().map(|word| (*word).to_owned()).collect());
    let map = |inner| Type::Map(Box::new(inner));
    let optional = |ty| Type::Optional(Box::new(ty));
    let of_type = ["name", "driver", "service"].map(|name| field(name, Type::String));
    Type::List(Box::new(Type::Record(vec![
        field("name", Type::String),
        field("kind", words(&["resource", "existing", "call", "print"])),
        field("type", Type::Record(of_type.into())),
        field("sites", Type::SiteSet),
        field("group", optional(Type::String)),
        field("scope", optional(Type::String)),
        field("attributes", optional(map(Type::Any))),
        field("by_site", map(map(Type::Any))),
    ])))
}

fn field(name: &str, ty: Type) -> Field {
    Field {
        name: name.to_owned(),
        ty,
        is_optional: false,
        default: None,
        docs: Vec::new(),
        span: scope_diagnostics::Span::DUMMY,
    }
}
