//! Kinds: what a value is, or, where only the run will know it, what its declared type says it will be.
//!
//! `m.size` of a `size` attribute is of kind [`Kind::Size`] as `10GiB` is, so that operators and functions ask the same of both.

use scope_diagnostics::{Diagnostic, Span, codes};

use super::describe;
use super::example::example_of;
use crate::check::below;
use crate::context::Context;
use crate::functions;
use crate::hir::{Deferred, ResourceId, SiteId, Type, Value};

/// What operators tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only the run will tell: of type `any`, one of several, or of another resource.
    Unknown,
    Null,
    Bool,
    Int,
    Float,
    Percent,
    Duration,
    Size,
    Rate,
    Text,
    List,
    Record,
    /// A site, sites, a resource, a file's content: nothing that operators take.
    Other,
}

impl Kind {
    /// What can be counted with: a number, or a percentage of one.
    pub fn is_number(self) -> bool {
        matches!(self, Kind::Int | Kind::Float | Kind::Percent)
    }

    /// What can be added and ordered.
    pub fn is_amount(self) -> bool {
        self.is_number() || matches!(self, Kind::Duration | Kind::Size | Kind::Rate)
    }

    /// In the user's words, of what is not there yet.
    fn words(self) -> Option<&'static str> {
        Some(match self {
            Kind::Unknown | Kind::Other => return None,
            Kind::Null => "null",
            Kind::Bool => "true or false",
            Kind::Int => "a whole number",
            Kind::Float => "a number",
            Kind::Percent => "a percentage",
            Kind::Duration => "a duration",
            Kind::Size => "a size",
            Kind::Rate => "a rate",
            Kind::Text => "a text",
            Kind::List => "a list",
            Kind::Record => "a record",
        })
    }

    /// Of a type: of one of several, the kind that all of them have.
    fn of(ty: &Type) -> Kind {
        match ty {
            Type::Optional(inner)
            | Type::Secret(inner)
            | Type::InRange(inner, ..)
            | Type::Matching(inner, _)
            | Type::By(inner, _) => Kind::of(inner),
            Type::Named(named) => Kind::of(named.meaning()),
            Type::String | Type::Enum(_) | Type::Cidr | Type::Ip => Kind::Text,
            Type::Bool => Kind::Bool,
            Type::Int => Kind::Int,
            Type::Float => Kind::Float,
            Type::Percent => Kind::Percent,
            Type::Duration => Kind::Duration,
            Type::Size => Kind::Size,
            Type::Rate => Kind::Rate,
            Type::List(_) => Kind::List,
            Type::Map(_) | Type::Record(_) => Kind::Record,
            several @ Type::OneOf(_) => {
                let mut kinds = several.alternatives().types.into_iter().map(Kind::of);
                let Some(first) = kinds.next() else { return Kind::Unknown };
                if kinds.all(|kind| kind == first) { first } else { Kind::Unknown }
            }
            _ => Kind::Unknown,
        }
    }
}

impl Context<'_> {
    /// What a value is or will be, where it is used at `here`.
    pub(crate) fn kind(&self, value: &Value, here: Option<SiteId>) -> Kind {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Percent(_) => Kind::Percent,
            Value::Duration(_) => Kind::Duration,
            Value::Size(_) => Kind::Size,
            Value::Rate(_) => Kind::Rate,
            Value::Text(_) | Value::Secret(_) => Kind::Text,
            Value::List(_) => Kind::List,
            Value::Record(_) => Kind::Record,
            Value::Deferred(deferred) => {
                self.type_at(deferred, here).map_or(Kind::Unknown, |ty| Kind::of(&ty))
            }
            Value::Error | Value::Reference(_) => Kind::Unknown,
            _ => Kind::Other,
        }
    }

    /// A value in the user's words, also of what only the run will know: `a text`.
    pub(super) fn described(&self, value: &Value, here: Option<SiteId>) -> String {
        match value {
            Value::Deferred(_) => {
                self.kind(value, here).words().map_or_else(|| describe(value), str::to_owned)
            }
            _ => describe(value),
        }
    }

    /// Whether a value may be of one of some kinds; else that is reported.
    pub(super) fn may_be(
        &self,
        value: &Value,
        kinds: &[Kind],
        expected: &str,
        span: Span,
        here: Option<SiteId>,
    ) -> bool {
        let kind = self.kind(value, here);
        if kind == Kind::Unknown || kinds.contains(&kind) {
            return true;
        }
        let found = self.described(value, here);
        let report = Diagnostic::new(codes::E0201, span, format!("expected {expected}, found {found}"))
            .label(format!("this will be {found}"));
        self.report(example_of(expected).into_iter().fold(report, Diagnostic::help));
        false
    }

    /// The type of what a deferred value will be where it is used at one site, as far as it is known.
    pub fn deferred_type(&self, deferred: &Deferred) -> Option<Type> {
        self.known_type(deferred, &|_| false)
    }

    /// The same where it is used at `here`: used at no site, what is at several is a record by site.
    fn type_at(&self, deferred: &Deferred, here: Option<SiteId>) -> Option<Type> {
        self.known_type(deferred, &|resource| here.is_none() && self.is_by_site(resource))
    }

    /// Whether a resource is at several sites at once.
    pub(super) fn is_by_site(&self, resource: ResourceId) -> bool {
        self.head_summary(resource)
            .is_some_and(|head| head.location.first_and().is_some() || !head.location.crosses().is_empty())
    }

    fn known_type(&self, deferred: &Deferred, is_by_site: &dyn Fn(ResourceId) -> bool) -> Option<Type> {
        let of = |value: &Value| match value {
            Value::Deferred(deferred) => self.known_type(deferred, is_by_site),
            known => Some(self.type_of_value(known)),
        };
        match deferred {
            Deferred::Supposed(ty) => Some(ty.clone()).filter(|ty| !matches!(ty, Type::Any)),
            Deferred::Bounded(bounded) => of(&bounded.value).or_else(|| Some(bounded.ty.clone())),
            Deferred::Concat(_) => Some(Type::String),
            Deferred::Kept(of_resource) => match of(of_resource)? {
                Type::Secret(inner) => Some(*inner),
                ty => Some(ty),
            },
            Deferred::Output { resource, site, path } => {
                let (first, rest) = path.split_first()?;
                let ty = self.driver_type(&self.requested_type(*resource)?)?;
                if site.is_none()
                    && let Some(end) = (1..path.len()).find(|end| self.is_divided(*resource, &path[..*end]))
                {
                    return Some(match path[end].as_str() {
                        "sum" if end + 1 == path.len() => path[1..end]
                            .iter()
                            .try_fold(ty.attributes.get(first)?.ty.clone(), |ty, name| below(&ty, name))?,
                        "not_reached" => Type::List(Box::new(Type::String)),
                        _ if end + 1 < path.len() => return None,
                        _ => Type::Map(Box::new(Type::Any)),
                    });
                }
                if site.is_none() && is_by_site(*resource) {
                    return Some(Type::Map(Box::new(Type::Any)));
                }
                rest.iter().try_fold(ty.attributes.get(first)?.ty.clone(), |ty, name| below(&ty, name))
            }
            Deferred::Unary("negate", operand) => of(operand),
            Deferred::Unary("not", _)
            | Deferred::Binary(
                "equal" | "not_equal" | "less" | "less_equal" | "greater" | "greater_equal" | "matching"
                | "in" | "and" | "or",
                ..,
            ) => Some(Type::Bool),
            // Amounts are made by the functions that round them: what is left are numbers, and percentages added.
            Deferred::Binary("add" | "subtract" | "multiply", left, right) => {
                match (Kind::of(&of(left)?), Kind::of(&of(right)?)) {
                    (Kind::Int, Kind::Int) => Some(Type::Int),
                    (Kind::Percent, Kind::Percent) => Some(Type::Percent),
                    (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => Some(Type::Float),
                    _ => None,
                }
            }
            Deferred::Binary("divide", left, right) => {
                let is_number = |value: &Value| of(value).is_some_and(|ty| Kind::of(&ty).is_number());
                (is_number(left) && is_number(right)
                    || [Kind::Size, Kind::Rate].contains(&Kind::of(&of(left)?)))
                .then_some(Type::Float)
            }
            Deferred::Binary("concat", left, right) => of(left)
                .or_else(|| of(right))
                .filter(|ty| matches!(Kind::of(ty), Kind::Text | Kind::List | Kind::Record)),
            Deferred::Binary("default", left, right) => same(of(left)?, of(right)?),
            Deferred::If(_, value, otherwise) => same(of(value)?, of(otherwise)?),
            Deferred::Call("size", _) => Some(Type::Size),
            Deferred::Call("rate", _) => Some(Type::Rate),
            Deferred::Call("duration", _) => Some(Type::Duration),
            Deferred::Call("round", _) => Some(Type::Int),
            Deferred::Call("duration_text" | "size_text" | "rate_text", _) => Some(Type::String),
            Deferred::Call("distinct" | "sort", args) => of(args.first()?),
            Deferred::Call("values" | "range" | "concat_lists", _) => Some(Type::List(Box::new(Type::Any))),
            Deferred::Call("merge" | "without", _) => Some(Type::Map(Box::new(Type::Any))),
            Deferred::Call("sum" | "min" | "max" | "first", args) => match args.first()? {
                Value::List(slots) => {
                    let mut types = slots.iter().map(|slot| of(&slot.value));
                    let first = types.next()??;
                    types.try_fold(first, |all, ty| same(all, ty?))
                }
                Value::Deferred(list) => element_of(&self.known_type(list, is_by_site)?),
                _ => None,
            },
            Deferred::BySite(_) => Some(Type::Map(Box::new(Type::Any))),
            Deferred::Field(base, name) => below(&of(base)?, name),
            Deferred::Index(base, _) => element_of(&of(base)?),
            Deferred::Call(name, _) => functions::gives(name),
            _ => None,
        }
    }
}

/// One type for two alternatives: a number for a whole one and one that need not be.
fn same(left: Type, right: Type) -> Option<Type> {
    match (Kind::of(&left), Kind::of(&right)) {
        (Kind::Unknown, _) | (_, Kind::Unknown) => None,
        (Kind::List, Kind::List) if left != right => Some(Type::List(Box::new(Type::Any))),
        (Kind::Record, Kind::Record) if left != right => Some(Type::Map(Box::new(Type::Any))),
        (a, b) if a == b => Some(left),
        (Kind::Int, Kind::Float) | (Kind::Float, Kind::Int) => Some(Type::Float),
        _ => None,
    }
}

/// The type of a list's or a map's elements.
pub(super) fn element_of(ty: &Type) -> Option<Type> {
    match ty.required() {
        Type::List(inner) | Type::Map(inner) => Some((**inner).clone()),
        _ => None,
    }
}
