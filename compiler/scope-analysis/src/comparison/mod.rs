//! What may be compared with what: `r.type == "Deployment"`, a record with a text, is never true, and therefore an error.
//!
//! Comes in: the types of two operands. Goes out: the parts of them that cannot be the same, if there are any; and the
//! report of it (`report`). In doubt two types go together: `any`, an optional against its own, a union of which one branch fits, an
//! int against a float, an enum against a text. Programs and drivers ask here.
//! `list<int>` and `list<string>` → `int` and `string`.

mod report;

use scope_syntax::ast::{Expr, ExprKind, Number, NumberValue};
use scope_syntax::units::{self, Dimension};

use crate::hir::{Type, Value};

pub(crate) use report::{
    cannot_be_compared, in_letters_of_network, is_known_as, is_never_in, not_a_key, path, without_order,
};

/// One operand of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    /// As it is written.
    pub expr: &'a Expr,
    /// Of which type it is.
    pub ty: &'a Type,
    /// What it is, where that is known: of the fields of a record the one that is meant is found by it.
    pub value: Option<&'a Value>,
}

/// The first parts of two types that are never the same; nothing where the two can be compared.
pub(crate) fn misfit<'t>(left: &'t Type, right: &'t Type) -> Option<(&'t Type, &'t Type)> {
    let (left, right) = (base(left), base(right));
    let apart = Some((left, right));
    match (left, right) {
        (Type::Any | Type::Error, _) | (_, Type::Any | Type::Error) => None,
        (several @ Type::OneOf(_), other) | (other, several @ Type::OneOf(_)) => {
            let branches = several.alternatives().types;
            branches.into_iter().all(|branch| misfit(branch, other).is_some()).then_some((left, right))
        }
        (Type::List(a), Type::List(b)) if !is_place(left) || !is_place(right) => misfit(a, b),
        (Type::Record(a), Type::Record(b)) => {
            let shared = a.iter().filter_map(|field| Some((field, b.iter().find(|b| b.name == field.name)?)));
            shared.into_iter().find_map(|(a, b)| misfit(&a.ty, &b.ty))
        }
        (Type::Record(_) | Type::Map(_), Type::Record(_) | Type::Map(_)) => None,
        // A resource is its record where it is read, and its name or id where it is sent.
        (Type::Reference(_), other) | (other, Type::Reference(_)) => {
            let is_one =
                is_text(other) || matches!(other, Type::Reference(_) | Type::Record(_) | Type::Map(_));
            if is_one { None } else { apart }
        }
        // An amount as sites write it is a number, a size or a text.
        (Type::Quantity, other) | (other, Type::Quantity) => {
            let is_one = is_number(other) || is_text(other) || matches!(other, Type::Size | Type::Quantity);
            if is_one { None } else { apart }
        }
        (a, b) if is_number(a) && is_number(b) || is_text(a) && is_text(b) || is_place(a) && is_place(b) => {
            None
        }
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) && !matches!(a, Type::List(_)) => {
            None
        }
        _ => apart,
    }
}

/// Whether values of a type have an order, as far as its type says.
pub(crate) fn has_order(ty: &Type) -> bool {
    match base(ty) {
        several @ Type::OneOf(_) => several.alternatives().types.into_iter().any(has_order),
        Type::Bool | Type::Bytes | Type::List(_) | Type::Map(_) | Type::Record(_) => false,
        ty => !is_place(ty),
    }
}

/// The words of an enumeration; nothing where other texts fit too.
pub(crate) fn words(ty: &Type) -> Option<Vec<String>> {
    match base(ty) {
        Type::Enum(words) => Some(words.clone()),
        several @ Type::OneOf(_) => {
            let branches = several.alternatives().types;
            let texts = branches.into_iter().filter(|branch| {
                let branch = base(branch);
                is_text(branch)
                    || matches!(branch, Type::Any | Type::Error | Type::Quantity | Type::Reference(_))
            });
            let words = texts.map(words).collect::<Option<Vec<_>>>()?.concat();
            (!words.is_empty()).then_some(words)
        }
        _ => None,
    }
}

/// The text that an expression is, if it is written as one.
pub(crate) fn literal(expr: &Expr) -> Option<String> {
    match expr.kind.as_ref() {
        ExprKind::Text(text) => text.literal(),
        _ => None,
    }
}

/// The type of a number as it is written, by its unit.
pub(crate) fn type_of_number(number: &Number) -> Type {
    match &number.value {
        NumberValue::Int(_) => Type::Int,
        NumberValue::Float(_) => Type::Float,
        NumberValue::Quantity(_, unit) => match units::find(unit).map(|(dimension, _)| dimension) {
            Some(Dimension::Duration) => Type::Duration,
            Some(Dimension::Size) => Type::Size,
            Some(Dimension::Rate) => Type::Rate,
            Some(Dimension::Percent) => Type::Percent,
            None => Type::Error,
        },
    }
}

/// A type without what bounds it.
pub(crate) fn base(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner)
        | Type::Secret(inner)
        | Type::InRange(inner, ..)
        | Type::Matching(inner, _)
        | Type::By(inner, _) => base(inner),
        Type::Named(named) => base(named.meaning()),
        other => other,
    }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float)
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Enum(_) | Type::Ip | Type::Cidr | Type::NameOf(_) | Type::Bytes)
}

/// A site, or sites in any of their forms.
pub(crate) fn is_place(ty: &Type) -> bool {
    match ty {
        Type::Site | Type::Location | Type::SiteSet => true,
        Type::List(inner) => matches!(base(inner), Type::Site | Type::Error),
        _ => false,
    }
}
