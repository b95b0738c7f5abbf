//! What is not sent: a field of a declared record that may be left out, where its value is null.
//!
//! `items: [{ url: "a", seconds: if long then 60 else null }]` → `[{ url: "a" }]`. Whether a null comes from a condition, a
//! parameter or a file is all the same. What no type names keeps its null: it may be a word of the site's own.

use super::branches::branch_of;
use crate::hir::{Deferred, Type, Value};

/// Takes it out of a value that was checked to be of this type.
pub(crate) fn leave_out(value: &mut Value, ty: &Type) {
    match (ty, value) {
        (Type::Optional(inner) | Type::By(inner, _) | Type::Secret(inner), value) => leave_out(value, inner),
        (Type::Named(named), value) => leave_out(value, named.meaning()),
        (Type::OneOf(_), value) => {
            if let Some(branch) = branch_of(value, ty) {
                leave_out(value, branch);
            }
        }
        (Type::List(inner), Value::List(slots)) => {
            slots.iter_mut().for_each(|slot| leave_out(&mut slot.value, inner));
        }
        (Type::Map(inner), Value::Record(fields)) => {
            fields.values_mut().for_each(|slot| leave_out(&mut slot.value, inner));
        }
        (Type::Record(declared), Value::Record(fields)) => fields.retain(|name, slot| {
            let Some(field) = Type::field(declared, name) else { return true };
            leave_out(&mut slot.value, &field.ty);
            let may_lack = field.name == *name && field.is_optional && field.ty != Type::Any;
            !(may_lack && slot.value == Value::Null)
        }),
        (ty, Value::Deferred(deferred)) => match deferred.as_mut() {
            Deferred::If(_, value, otherwise) => {
                leave_out(value, ty);
                leave_out(otherwise, ty);
            }
            Deferred::Bounded(bounded) => leave_out(&mut bounded.value, ty),
            _ => {}
        },
        _ => {}
    }
}
