//! A body that is one of another type, a manifest mostly: told once, not field by field.
//!
//! `resource app: apps.Deployment = yaml("service.yaml")` → "`app` is a `Deployment`, and this is a `Service`", and which type to use.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes, similar};

use super::head::Head;
use crate::comparison::base;
use crate::context::Context;
use crate::hir::{ResourceType, Slot, Type, Value};

impl Context<'_> {
    /// The report for a body that says to be of another type: in the attribute that can only be the name of its own.
    pub(super) fn is_of_another_type(
        &self,
        head: &Head<'_>,
        ty: &ResourceType,
        written: &IndexMap<String, Slot>,
    ) -> Option<Diagnostic> {
        let own = ty.short_name.as_str();
        let is_name =
            |ty: &Type| matches!(base(ty.required()), Type::Enum(words) if words.as_slice() == [own]);
        let name = ty.attributes.values().find(|attribute| is_name(&attribute.ty))?;
        let slot = written.get(&name.name)?;
        let Value::Text(found) = &slot.value else { return None };
        if found == own || similar::nearest(found, [own]).is_some() {
            return None;
        }
        let report = Diagnostic::new(
            codes::E0205,
            slot.span,
            format!("`{}` is a `{own}`, and this is a `{found}`", head.name),
        )
        .label("of another type")
        .secondary(head.span, format!("a `{}`", ty.name));
        Some(report.help(match self.words_for_type(&ty.driver, found, head.frame.module) {
            Some(words) => format!("a `{found}` has a type of its own: {words}"),
            None => format!("give it what is a `{own}`, or use a type that is a `{found}`"),
        }))
    }
}
