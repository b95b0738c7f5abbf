//! Which of several types a value is meant to be of, and what is said where it is of none.
//!
//! Comes in: a value and a type such as `Git | Folder | string`. Goes out: the value as the nearest of them has it. What is
//! wrong with it is told by that one alone, with a note of what else it may be: `{ kind: "git", urll: "…" }` is a `Git` whose
//! `url` is misspelt, since its text `"git"` tells it from a `Folder`.

use indexmap::{IndexMap, IndexSet};
use scope_diagnostics::{Diagnostic, Span, codes};

use super::values::{amount_of, fits, in_words, words_of};
use crate::context::Context;
use crate::eval::describe;
use crate::hir::{Alternatives, Field, OPEN, Slot, Type, Value, amount_text};

/// A text that only another alternative has weighs more than a few misspelt fields.
const OTHER_TEXT: usize = 8;

/// So many fields of a record are named in a note.
const MOST_NAMED: usize = 3;

impl Context<'_> {
    /// The alternative that the value is of; of several records, the one whose texts it has, then the one that has most of
    /// its fields and asks for none that it does not set. What fits none is told by all of them.
    pub(super) fn check_branches(&self, value: Value, ty: &Type, span: Span, what: &str) -> Value {
        let Alternatives { types: branches, with_null } = ty.alternatives();
        if with_null && matches!(value, Value::Null) {
            return value;
        }
        if let Value::Deferred(deferred) = &value {
            let found = self.deferred_type(deferred);
            let may_fit = found.is_none_or(|found| branches.iter().any(|branch| fits(&found, branch)));
            if may_fit {
                return self.bounded(value, ty, span, what);
            }
        }
        if let Some((key, texts)) = untold(&value, &branches)
            && let Value::Record(record) = &value
            && let Some(slot) = record.get(key)
            && let Value::Text(text) = &slot.value
        {
            return self.check_enum(&texts, text.clone(), slot.span, key);
        }
        let Some(nearest) = nearest(&value, &branches) else {
            let words = words_of(branches, called);
            self.report(
                Diagnostic::new(
                    codes::E0201,
                    span,
                    format!("expected `{what}` to be {words}, found {}", describe(&value)),
                )
                .label(format!("this is {}", describe(&value))),
            );
            return Value::Error;
        };
        if let Some(ranges) = ranges(&value, branches[nearest], &branches) {
            let found =
                amount_of(&value).map(|amount| amount_text(branches[nearest], amount)).unwrap_or_default();
            self.report(
                Diagnostic::new(
                    codes::E0201,
                    span,
                    format!("expected `{what}` to be {}, found {found}", any_of(&ranges)),
                )
                .label("none of them"),
            );
            return Value::Error;
        }
        let (checked, said) = self.overheard(|| self.check_value(value, branches[nearest], span, what));
        let meant = named(branches[nearest]);
        let mut others: IndexSet<String> = branches.iter().map(|branch| named(branch)).collect();
        others.shift_remove(&meant);
        if others.is_empty() {
            self.report_all(said);
            return checked;
        }
        let others: Vec<String> = others.into_iter().collect();
        let note = format!("`{what}` may also be {}", others.join(", or "));
        self.report_all(said.into_iter().map(|report| {
            // Of alternatives within alternatives, the innermost are what it is about.
            let is_told = report.notes.iter().any(|note| note.contains("` may also be "));
            if is_told || !report.is_error() { report } else { report.note(note.clone()) }
        }));
        checked
    }
}

/// The ranges that an amount may be in, where there are several of its kind and it is in none: `["240", "360..480"]`.
fn ranges(value: &Value, nearest: &Type, branches: &[&Type]) -> Option<Vec<String>> {
    let amount = amount_of(value)?;
    let Type::InRange(kind, ..) = nearest.required() else { return None };
    let of_kind: Vec<(f64, f64)> = branches
        .iter()
        .filter_map(|branch| match branch.required() {
            Type::InRange(other, low, high) if other == kind => Some((*low, *high)),
            _ => None,
        })
        .collect();
    let is_in_none = of_kind.iter().all(|(low, high)| !(*low..=*high).contains(&amount));
    let words = |(low, high): (f64, f64)| match low == high {
        true => amount_text(kind, low),
        false => format!("{}..{}", amount_text(kind, low), amount_text(kind, high)),
    };
    (of_kind.len() > 1 && is_in_none).then(|| of_kind.into_iter().map(words).collect())
}

/// `240, 360 or 480`
fn any_of(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.join(", "),
    }
}

/// Which alternative a value is of, if it is of one of their kinds.
fn nearest(value: &Value, branches: &[&Type]) -> Option<usize> {
    let near = branches.iter().enumerate().filter_map(|(index, ty)| Some((distance(value, ty)?, index)));
    near.min().map(|(_, index)| index)
}

/// The alternative that a value is of, as [`Context::check_branches`] has it.
pub(super) fn branch_of<'t>(value: &Value, ty: &'t Type) -> Option<&'t Type> {
    let branches = ty.alternatives().types;
    nearest(value, &branches).map(|index| branches[index])
}

/// The field by whose text all records among the alternatives are told apart, with their texts, where the value has none
/// of them.
fn untold<'t>(value: &Value, branches: &[&'t Type]) -> Option<(&'t str, Vec<String>)> {
    let Value::Record(record) = value else { return None };
    let records: Vec<&[Field]> = branches
        .iter()
        .filter_map(|branch| match branch.required() {
            Type::Record(fields) => Some(fields.as_slice()),
            _ => None,
        })
        .collect();
    records.first()?.iter().find_map(|field| {
        let Value::Text(found) = &record.get(&field.name)?.value else { return None };
        let texts: Vec<String> = records
            .iter()
            .map(|fields| Some(only_text(Type::field(fields, &field.name)?)?.to_owned()))
            .collect::<Option<_>>()?;
        (records.len() > 1 && !texts.contains(found)).then_some((field.name.as_str(), texts))
    })
}

/// An alternative in an error: a declared type by its name.
fn called(ty: &Type) -> String {
    match ty {
        Type::Named(named) if matches!(ty.required(), Type::Record(_)) => format!("`{}`", named.name),
        ty => in_words(ty),
    }
}

/// An alternative, for a note: by its name, by the texts that tell it from the others, or by its fields.
fn named(ty: &Type) -> String {
    let fields = match ty.required() {
        Type::Record(fields) => fields,
        _ => return in_words(ty),
    };
    let name = match ty {
        Type::Named(named) => format!("`{}`", named.name),
        _ => "a record".to_owned(),
    };
    let texts: Vec<String> = fields.iter().filter_map(telling).collect();
    if !texts.is_empty() {
        return format!("{name} with {}", texts.join(", "));
    }
    let required = fields.iter().filter(|field| !field.is_optional && field.name != OPEN);
    let required: Vec<String> = required.take(MOST_NAMED).map(|field| format!("`{}`", field.name)).collect();
    if required.is_empty() { name } else { format!("{name} with {}", required.join(", ")) }
}

/// A field that can have but one text.
fn telling(field: &Field) -> Option<String> {
    only_text(field).map(|only| format!("`{}: \"{only}\"`", field.name))
}

fn only_text(field: &Field) -> Option<&str> {
    match field.ty.required() {
        Type::Enum(values) => match values.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    }
}

/// How far a value is from a type of its own kind: 0 fits at first sight; nothing where the kind is another.
fn distance(value: &Value, ty: &Type) -> Option<usize> {
    distance_with(value, ty, of_fields)
}

/// How far a record is from the fields of a record type.
type OfFields = fn(&IndexMap<String, Slot>, &[Field]) -> usize;

/// The same; how far a record is from a type's fields is asked of `of_fields`.
fn distance_with(value: &Value, ty: &Type, of_fields: OfFields) -> Option<usize> {
    let distance = |value: &Value, ty: &Type| distance_with(value, ty, of_fields);
    match (ty.required(), value) {
        (Type::Any | Type::Error, _) => Some(1),
        (Type::OneOf(_), Value::Null) => ty.alternatives().with_null.then_some(0),
        (_, Value::Null) => ty.is_optional().then_some(0),
        (Type::OneOf(_), value) => {
            ty.alternatives().types.iter().filter_map(|branch| distance(value, branch)).min()
        }
        (Type::Secret(inner), value) => distance(value, inner),
        (Type::Enum(values), Value::Text(text)) => Some(usize::from(!values.contains(text))),
        (Type::String, Value::Text(_) | Value::Secret(_) | Value::File { .. }) => Some(0),
        (Type::Quantity, Value::Int(_) | Value::Float(_) | Value::Size(_) | Value::Text(_)) => Some(1),
        (
            Type::Matching(..) | Type::Cidr | Type::Ip | Type::Reference(_) | Type::NameOf(_),
            Value::Text(_) | Value::Secret(_),
        ) => Some(1),
        (Type::Reference(_) | Type::NameOf(_), Value::Resource(_)) => Some(0),
        (Type::InRange(inner, low, high), value) => {
            let is_outside = amount_of(value).is_some_and(|amount| !(*low..=*high).contains(&amount));
            distance(value, inner).map(|distance| distance + usize::from(is_outside))
        }
        (Type::By(inner, _), value) => distance(value, inner),
        (Type::Int, Value::Int(_)) => Some(0),
        (Type::Float, Value::Int(_) | Value::Float(_)) => Some(1),
        (Type::Bool, Value::Bool(_))
        | (Type::Duration, Value::Duration(_))
        | (Type::Size, Value::Size(_))
        | (Type::Rate, Value::Rate(_))
        | (Type::Percent, Value::Percent(_))
        | (Type::Bytes, Value::File { .. } | Value::Text(_))
        | (Type::Site, Value::Site(_))
        | (Type::Location, Value::Site(_) | Value::Location(_))
        | (Type::List(_), Value::List(_)) => Some(0),
        (Type::Map(_), Value::Record(_)) => Some(1),
        (Type::Record(fields), Value::Record(record)) => Some(of_fields(record, fields)),
        _ => None,
    }
}

fn of_fields(record: &IndexMap<String, Slot>, fields: &[Field]) -> usize {
    let unknown = record.keys().filter(|key| Type::field(fields, key).is_none()).count();
    let otherwise: usize =
        record.iter().map(|(key, slot)| not_as_said(&slot.value, Type::field(fields, key))).sum();
    let is_missing =
        |field: &&Field| !field.is_optional && field.name != OPEN && !record.contains_key(&field.name);
    unknown * 2 + otherwise + fields.iter().filter(is_missing).count()
}

/// How much a field's value speaks against its record: a text that it cannot have tells that another is meant.
fn not_as_said(value: &Value, field: Option<&Field>) -> usize {
    let Some(field) = field else { return 0 };
    match (field.ty.required(), value) {
        (Type::Enum(values), Value::Text(text)) if !values.contains(text) => OTHER_TEXT,
        (Type::Any | Type::Error, _) | (_, Value::Null | Value::Error | Value::Deferred(_)) => 0,
        // Only its kind speaks, not what is in it: otherwise each level would be looked at as often as there are levels around it.
        (ty, value) => usize::from(distance_with(value, ty, |_, _| 0).is_none()),
    }
}
