//! Reading through what is not evaluated: the arm of an `if` that is not taken, a function that nobody calls, a module that
//! nobody uses.
//!
//! Each name stands for any value of its type, [`Deferred::Supposed`], which operators, functions and checks take as they take
//! what only the run will know. `fn port(x: string) = x + 1` → a text and a number are not added, whatever `x` is. Where nothing
//! is known of a name's type, nothing is said. No file, variable or secret is read, and `fail` does not refuse.

use scope_diagnostics::Span;
use scope_syntax::ast::{self, Argument, BinaryOp, ChainOp, Element, Expr, ExprKind, ItemKind};

use super::Frame;
use super::declared::resources_type;
use super::functions::is_literal_path;
use super::kind::{Kind, element_of};
use super::operators::waits;
use crate::comparison::base;
use crate::context::Context;
use crate::hir::{Deferred, Field, Type, Value};
use crate::modules::ModuleId;
use crate::names::Definition;

/// Any value of a type.
pub(crate) fn any_of(ty: Type) -> Value {
    Value::Deferred(Box::new(Deferred::Supposed(ty)))
}

fn list_of(ty: Type) -> Type {
    Type::List(Box::new(ty))
}

fn map_of(ty: Type) -> Type {
    Type::Map(Box::new(ty))
}

impl Context<'_> {
    /// The value of an expression of which evaluating would leave a part out, or ask for more than a type; nothing for one
    /// that is evaluated as ever.
    pub(super) fn supposed(&self, expr: &Expr, frame: &Frame) -> Option<Value> {
        Some(match expr.kind.as_ref() {
            ExprKind::If { branches, otherwise } => {
                let mut types = Vec::with_capacity(branches.len());
                for (condition, value) in branches {
                    self.suppose_truth(condition, frame);
                    types.push(self.type_of_supposed(&self.eval(value, frame)));
                }
                let last = self.type_of_supposed(&self.eval(otherwise, frame));
                any_of(if types.iter().all(|ty| *ty == last) { last } else { Type::Any })
            }
            ExprKind::Chain { op: op @ (ChainOp::LogicalAnd | ChainOp::LogicalOr), operands } => {
                let mut is_told = false;
                for operand in operands {
                    match self.eval(operand, frame) {
                        // Of places that are joined by words one is told of, as ever.
                        Value::Site(_) | Value::Location(_) if is_told => {}
                        place @ (Value::Site(_) | Value::Location(_)) => {
                            is_told = true;
                            self.report(self.joined_by_a_word(
                                *op == ChainOp::LogicalOr,
                                &place,
                                operand.span,
                            ));
                        }
                        value => self.check_truth(&value, operand.span),
                    }
                }
                any_of(Type::Bool)
            }
            ExprKind::Binary { op: BinaryOp::Default, left, right } => {
                let (left, right) = (self.eval(left, frame), self.eval(right, frame));
                let (left, right) = (self.type_of_supposed(&left), self.type_of_supposed(&right));
                any_of(if *left.required() == right { right } else { Type::Any })
            }
            ExprKind::Binary { op: BinaryOp::Where, left, right } => {
                self.eval(left, frame);
                let mut inner = frame.clone();
                inner.locals.push(("name".into(), any_of(Type::String)));
                inner.locals.push(("labels".into(), any_of(map_of(Type::Any))));
                inner.locals.push(("site".into(), any_of(Type::Site)));
                self.suppose_truth(right, &inner);
                any_of(Type::SiteSet)
            }
            ExprKind::List(elements) if elements.iter().any(|one| matches!(one, Element::Spread(_))) => {
                self.list(elements, frame);
                any_of(list_of(Type::Any))
            }
            ExprKind::ListFor { generator, value } => {
                let value = self.eval(value, self.iterate(generator, frame)?.first()?);
                any_of(list_of(self.type_of_supposed(&value)))
            }
            ExprKind::MapFor { generator, key, value } => {
                let frames = self.iterate(generator, frame)?;
                self.eval(key, frames.first()?);
                let value = self.eval(value, frames.first()?);
                any_of(map_of(self.type_of_supposed(&value)))
            }
            ExprKind::Index { base, index } => {
                let (whole, index_value) = (self.eval(base, frame), self.eval(index, frame));
                match waits(&whole) || waits(&index_value) {
                    true => any_of(element_of(&self.type_of_supposed(&whole)).unwrap_or(Type::Any)),
                    false => self.index(whole, index_value, base.span, index.span),
                }
            }
            ExprKind::Call { callee, args } => {
                let ExprKind::Name(name) = callee.kind.as_ref() else { return None };
                let is_declared = self.names.get(frame.module, name).is_some();
                let ty = outside(name, args).filter(|_| !is_declared)?;
                args.iter().for_each(|argument| drop(self.eval(&argument.value, frame)));
                any_of(ty)
            }
            ExprKind::Scope(scope) => {
                for entry in &scope.entries {
                    self.eval_location(&entry.location, frame);
                }
                any_of(Type::Any)
            }
            _ => return None,
        })
    }

    /// What a name stands for; nothing for one that means what it always means: a site, or nothing at all.
    pub(super) fn supposed_name(&self, name: &str, span: Span, frame: &Frame) -> Option<Value> {
        match name {
            "here" | "local" => return Some(any_of(Type::Site)),
            "sites" => return Some(any_of(Type::SiteSet)),
            "resources" => return Some(any_of(resources_type())),
            _ => {}
        }
        let named = self.names.get(frame.module, name)?;
        let ty = match named.definition {
            Definition::Value(module, item) => self.type_of_item_value(module, item),
            Definition::Resource(module, item) => self.type_of_resource_item(module, item),
            _ => return None,
        };
        let hover = self.hover(name, &named.definition);
        self.record_use(self.kind_of(&named.definition), span, named.span, hover);
        Some(any_of(ty))
    }

    /// The type of a `let` or `param`: as declared, else as far as what it is says it.
    fn type_of_item_value(&self, module: ModuleId, item: usize) -> Type {
        match &self.item(module, item).kind {
            ItemKind::Param(param) => {
                param.ty.as_ref().map_or(Type::Any, |ty| self.declared_type(ty, module))
            }
            ItemKind::Let(item) => match &item.ty {
                Some(ty) => self.declared_type(ty, module),
                None => match item.value.kind.as_ref() {
                    ExprKind::Text(_) => Type::String,
                    ExprKind::Bool(_) => Type::Bool,
                    ExprKind::Number(number) => crate::comparison::type_of_number(number),
                    _ => {
                        let declared = self.type_as_declared(&item.value, &Frame::new(module), 0);
                        declared.unwrap_or(Type::Any)
                    }
                },
            },
            _ => Type::Any,
        }
    }

    /// A resource is a reference to one of its type, a family of them a map; of a module's outputs no types are declared.
    fn type_of_resource_item(&self, module: ModuleId, item: usize) -> Type {
        let ItemKind::Thing(thing) = &self.item(module, item).kind else { return Type::Any };
        if thing.kind == ast::ThingKind::Call || self.module_type(&thing.ty, module).is_some() {
            return Type::Any;
        }
        let ty = self.quietly(|| self.resource_type(&thing.ty, module).map(|ty| ty.name.clone()));
        let Some(ty) = ty.flatten().map(Type::Reference) else { return Type::Any };
        if thing.family.is_some() { map_of(ty) } else { ty }
    }

    /// A field of a value that is only supposed; of any other one it is given back.
    pub(super) fn supposed_field(
        &self,
        value: Value,
        name: &ast::Ident,
        optional: bool,
        base_span: Span,
    ) -> Result<Value, Value> {
        let ty = match &value {
            Value::Deferred(_) => self.type_of_supposed(&value),
            // A label may be asked for where it is known to be there.
            Value::Site(_) if name.text == "labels" => Type::Site,
            _ => return Err(value),
        };
        let owner = || format!("`{}`", self.sources.borrow().snippet(base_span));
        let no_field = |names: Vec<&str>| {
            self.no_field(&name.text, name.span, &owner(), names.iter().copied());
            Value::Error
        };
        Ok(match base(&ty) {
            Type::Record(fields) => match Type::field(fields, &name.text) {
                Some(field) => any_of(field.ty.clone()),
                None if optional => any_of(Type::Any),
                None => no_field(fields.iter().map(|field: &Field| field.name.as_str()).collect()),
            },
            Type::Map(inner) => any_of((**inner).clone()),
            Type::Reference(of) => {
                let Some(declared) = self.driver_type(of) else { return Ok(Value::Error) };
                match declared.attributes.get(&name.text) {
                    Some(attribute) => any_of(attribute.ty.clone()),
                    None if name.text == "sites" => any_of(Type::SiteSet),
                    None => {
                        no_field(declared.attributes.keys().map(String::as_str).chain(["sites"]).collect())
                    }
                }
            }
            Type::Site => match name.text.as_str() {
                "name" => any_of(Type::String),
                "labels" => any_of(map_of(Type::Any)),
                driver if self.drivers.contains_key(driver) => any_of(map_of(Type::Any)),
                _ => no_field(
                    ["name", "labels"].into_iter().chain(self.drivers.keys().map(String::as_str)).collect(),
                ),
            },
            _ => {
                let kinds = [Kind::Record];
                match self.may_be(
                    &value,
                    &kinds,
                    "a record, a site or a resource before the dot",
                    base_span,
                    None,
                ) {
                    true => any_of(Type::Any),
                    false => Value::Error,
                }
            }
        })
    }

    /// The frame of any element of what a generator goes through.
    pub(super) fn supposed_element(
        &self,
        generator: &ast::Generator,
        source: &Value,
        frame: &Frame,
    ) -> Option<Vec<Frame>> {
        let ty = self.type_of_supposed(source);
        let (first, second) = match base(&ty) {
            Type::List(inner) => (Type::Int, (**inner).clone()),
            Type::Site | Type::SiteSet | Type::Location => (Type::Int, Type::Site),
            Type::Map(inner) => (Type::String, (**inner).clone()),
            Type::Record(_) => (Type::String, Type::Any),
            _ => {
                let kinds = [Kind::List, Kind::Record];
                self.may_be(
                    source,
                    &kinds,
                    "a list, a record or a set of sites",
                    generator.source.span,
                    None,
                );
                (Type::Any, Type::Any)
            }
        };
        let is_by_key = matches!(base(&ty), Type::Map(_) | Type::Record(_));
        let inner = match &generator.second {
            Some(name) => frame.with(&generator.name.text, any_of(first)).with(&name.text, any_of(second)),
            None => frame.with(&generator.name.text, any_of(if is_by_key { first } else { second })),
        };
        if let Some(condition) = &generator.condition {
            self.suppose_truth(condition, &inner);
        }
        Some(vec![inner])
    }

    /// Reads through what has to be true or false.
    pub(crate) fn suppose_truth(&self, condition: &Expr, frame: &Frame) {
        let value = self.eval(condition, frame);
        self.check_truth(&value, condition.span);
    }

    fn check_truth(&self, value: &Value, span: Span) {
        match value {
            Value::Bool(_) | Value::Error => {}
            value if waits(value) => drop(self.is_truth(value, span, None)),
            other => self.mismatch("true or false", other, span),
        }
    }

    /// The type of what was read through.
    fn type_of_supposed(&self, value: &Value) -> Type {
        match value {
            Value::Error | Value::Null => Type::Any,
            value => self.type_of_value(value),
        }
    }
}

/// What a function gives that asks for more than a type, or refuses.
fn outside(name: &str, args: &[Argument]) -> Option<Type> {
    Some(match name {
        "file" => Type::Bytes,
        "env" => Type::String,
        "secret" => Type::Secret(Box::new(Type::String)),
        "json" if matches!(args, [Argument { value, .. }] if !is_literal_path(value)) => return None,
        "yaml" | "json" | "fail" | "queue" => Type::Any,
        "subnet" | "host" | "network" | "netmask" => Type::String,
        "prefix" => Type::Int,
        "in_network" => Type::Bool,
        "flatten" => list_of(Type::Any),
        _ => return None,
    })
}
