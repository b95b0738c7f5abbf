//! What a type promises and no operation keeps.
//!
//! Comes in: a read type. Goes out: E0404 for each operation that is missing: what can be created is looked up (so that
//! a second run changes nothing) and deleted (so that it can be undone); what is shared by a copy can be fetched and sent.

use scope_diagnostics::{Diagnostic, codes};

use super::operation::has_content;
use crate::hir::{OperationKind, ResourceType, Share, Type};

/// Reports the missing operations of a type.
pub(super) fn check(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    let has = |kind: OperationKind| ty.operations.values().any(|operation| operation.kind == kind);
    let mut missing = |operation: &str, why: String, written: &str| {
        diagnostics.push(
            Diagnostic::new(codes::E0404, ty.span, format!("`{}` has no operation `{operation}`", ty.name))
                .label(why)
                .help(format!("add `{written}`")),
        );
    };
    if has(OperationKind::Create) {
        if !has(OperationKind::Find) && !has(OperationKind::Read) {
            let why = "it can be created, but not looked up".to_owned();
            missing(
                "read",
                why,
                "operation read GET \"/path/${id}\" { 200 -> found(body), 404 -> not_found }",
            );
        } else if !has(OperationKind::Find)
            && ty.attributes.get(&ty.identity).is_some_and(|identity| !identity.is_settable)
        {
            let why = format!("the site chooses `{}`, so one that exists is found by listing", ty.identity);
            missing("find", why, "operation find GET \"/path\" { 200 -> list(body.items) }");
        }
        if !has(OperationKind::Delete) {
            let why = "it can be created, but not deleted".to_owned();
            missing("delete", why, "operation delete DELETE \"/path/${id}\" { 204 | 404 -> gone }");
        }
    }
    let Share::Copy { keep, .. } = &ty.share else { return };
    if !has(OperationKind::Create) {
        let why = "it is shared by a copy, but cannot be created".to_owned();
        missing("create", why, "operation create POST \"/path\" { 201 -> done(body) }");
    }
    let content = keep.iter().find(|name| {
        ty.attributes.get(*name).is_some_and(|attribute| *attribute.ty.required() == Type::Bytes)
    });
    let Some(content) = content else { return };
    if !has(OperationKind::Download) {
        let why = format!("`{content}` is copied, but cannot be fetched");
        missing("download", why, "operation download GET \"/path/${id}/file\" { 200 -> content }");
    }
    let sends =
        |kind| ty.operations.values().any(|operation| operation.kind == kind && has_content(operation));
    if !sends(OperationKind::Upload) && !sends(OperationKind::Create) {
        let why = format!("`{content}` is copied, but cannot be sent");
        missing(
            "upload",
            why,
            "operation upload PUT \"/path/${id}/file\" after create { body: data, 204 -> done }",
        );
    }
}
