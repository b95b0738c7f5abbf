//! The part of a driver that a plan uses, as the plan's plain data.
//!
//! Comes in: an elaborated [`hir::Driver`] and the types that steps use. Goes out: a [`plan::Driver`]: these types, of
//! the types they refer to what finds one, and every service, as `scope sites` asks them all.
//! `operation read GET "/v2/images/${id}" { 200 -> found(body) }` → `Operation { kind: Read, request: Http { … }, … }`.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use scope_analysis::hir;
use scope_plan::{driver as plan, expr::Expr, quantity::Unit};
use serde_json::Value;

use super::driver_expr::Translation;
use super::types::Types;

/// The driver, with the types of `used` (full names; others are ignored).
pub(crate) fn lower_driver(driver: &hir::Driver, used: &BTreeSet<String>) -> plan::Driver {
    let translation = Translation::new(&driver.functions);
    let referred: BTreeSet<&String> = driver
        .types
        .values()
        .filter(|ty| used.contains(&ty.name))
        .flat_map(|ty| ty.attributes.values())
        .filter_map(|attribute| attribute.reference.as_ref().map(|rule| &rule.target))
        .filter(|target| !used.contains(*target))
        .collect();
    let mut known = Types::default();
    let types = driver.types.values().filter_map(|ty| {
        if used.contains(&ty.name) {
            Some(resource_type(ty, &driver.types, &translation, &mut known, |_| true))
        } else if referred.contains(&ty.name) {
            let finds = |kind| matches!(kind, hir::OperationKind::Find | hir::OperationKind::Read);
            Some(resource_type(ty, &driver.types, &translation, &mut known, finds))
        } else {
            None
        }
    });
    let types: Vec<plan::ResourceType> = types.collect();
    plan::Driver {
        name: driver.name.clone(),
        versions: driver.versions.clone(),
        settings: driver
            .settings
            .values()
            .map(|setting| plan::Setting {
                name: setting.name.clone(),
                is_secret: setting.is_secret,
                default: setting.default.as_ref().map(|default| translation.expr(default)),
            })
            .collect(),
        login: driver.login.as_ref().map(|login| plan::Login {
            service: login.service.clone(),
            request: request(&login.request, &translation),
            answers: answers(&login.answers, &translation),
            secret_fields: login.secret_fields.clone(),
        }),
        services: driver.services.values().map(|of_driver| service(of_driver, &translation)).collect(),
        types,
        declared: known.declared(),
    }
}

fn service(service: &hir::Service, translation: &Translation<'_>) -> plan::Service {
    plan::Service {
        name: service.name.clone(),
        aliases: service.aliases.clone(),
        address: service.address.as_ref().map(|address| translation.expr(address)),
        headers: translation.entries(&service.headers),
        answers: answers(&service.answers, translation),
        probe: service.probe.as_ref().map(|(asked, meanings)| plan::Probe {
            request: request(asked, translation),
            answers: answers(meanings, translation),
        }),
    }
}

fn resource_type(
    ty: &hir::ResourceType,
    types: &IndexMap<String, hir::ResourceType>,
    translation: &Translation<'_>,
    known: &mut Types,
    is_wanted: impl Fn(hir::OperationKind) -> bool,
) -> plan::ResourceType {
    let operations: Vec<plan::Operation> = ty
        .operations
        .values()
        .filter(|operation| is_wanted(operation.kind))
        .map(|of_type| operation(of_type, ty, translation))
        .collect();
    plan::ResourceType {
        name: ty.name.clone(),
        service: ty.service.clone(),
        attributes: ty
            .attributes
            .values()
            .map(|of_type| attribute(of_type, is_in_place(of_type, types), translation, known))
            .collect(),
        identity: ty.identity.clone(),
        name_attribute: ty.name_attribute.clone(),
        unique: match ty.unique.as_slice() {
            [only] if *only == [ty.identity.as_str()] => Vec::new(),
            paths => paths.to_vec(),
        },
        mark: ty.mark.as_ref().map(|path| plan::Mark { path: path.clone() }),
        guard: ty
            .guard
            .as_ref()
            .filter(|_| operations.iter().any(|operation| operation.kind == plan::OperationKind::Update))
            .map(|path| plan::Mark { path: path.clone() }),
        ready: ty.ready.as_ref().map(|ready| readiness(ready, translation)),
        broken: ty.broken.as_ref().map(|(condition, message)| plan::Broken {
            condition: translation.expr(condition),
            message: message.as_ref().map(|message| translation.expr(message)),
        }),
        stateful: ty.stateful.clone(),
        stuck: ty.stuck.as_ref().map(|condition| translation.expr(condition)),
        share: match &ty.share {
            hir::Share::Copy { keep, same } => plan::Share::Copy { keep: keep.clone(), same: same.clone() },
            hir::Share::InPlace => plan::Share::InPlace,
            hir::Share::None { because } => plan::Share::None { because: because.clone() },
        },
        create: ty.create.clone().filter(|name| operations.iter().any(|operation| operation.name == *name)),
        operations,
    }
}

/// The form in which a value of an attribute is compared; `None` where it is compared as it is.
pub(crate) fn canonical_form(driver: &hir::Driver, of: &hir::Attribute, value: &Value) -> Option<Value> {
    let lowered = attribute(of, false, &Translation::new(&driver.functions), &mut Types::default());
    lowered.canonical.is_some().then(|| lowered.compared(value).into_owned())
}

/// Whether those who rely upon a resource of the type leave a guard on it.
pub(crate) fn keeps_guard(ty: &hir::ResourceType) -> bool {
    ty.guard.is_some()
}

/// Whether what the attribute refers to is used from where it is.
fn is_in_place(attribute: &hir::Attribute, types: &IndexMap<String, hir::ResourceType>) -> bool {
    attribute.reference.as_ref().is_some_and(|rule| {
        let of_target = types.get(&rule.target).map(|target| &target.share);
        rule.shared.as_ref().or(of_target) == Some(&hir::Share::InPlace)
    })
}

fn attribute(
    attribute: &hir::Attribute,
    is_in_place: bool,
    translation: &Translation<'_>,
    known: &mut Types,
) -> plan::Attribute {
    plan::Attribute {
        name: attribute.name.clone(),
        ty: known.of_attribute(&attribute.ty),
        is_computed: attribute.is_computed,
        is_settable: attribute.is_settable,
        is_immutable: attribute.is_immutable,
        is_write_only: attribute.is_write_only,
        is_secret: attribute.is_secret,
        is_required: attribute.is_required,
        default: attribute.default.as_ref().map(|default| translation.expr(default)),
        read: attribute.read.as_ref().map(|read| translation.expr(read)),
        canonical: attribute.canonical.as_ref().map(|canonical| translation.expr(canonical)),
        relation: attribute.reference.as_ref().map(|rule| match rule.relation {
            hir::Relation::Requires => plan::Relation::Requires,
            hir::Relation::Relies if rule.lets_go => plan::Relation::LetsGo,
            hir::Relation::Relies => plan::Relation::Relies,
            hir::Relation::Composed => plan::Relation::Composed,
        }),
        is_in_place,
        unit: unit_of(&attribute.ty),
    }
}

/// What the numbers of a measure count; in the plan they are plain numbers.
pub(super) fn unit_of(ty: &hir::Type) -> Option<Unit> {
    match ty {
        hir::Type::Size => Some(Unit::Bytes),
        hir::Type::Rate => Some(Unit::BitsPerSecond),
        hir::Type::Duration => Some(Unit::Seconds),
        hir::Type::Percent => Some(Unit::Percent),
        hir::Type::Optional(inner)
        | hir::Type::List(inner)
        | hir::Type::Secret(inner)
        | hir::Type::By(inner, _)
        | hir::Type::InRange(inner, ..) => unit_of(inner),
        hir::Type::Named(named) => unit_of(named.meaning()),
        _ => None,
    }
}

fn operation(
    operation: &hir::Operation,
    ty: &hir::ResourceType,
    translation: &Translation<'_>,
) -> plan::Operation {
    plan::Operation {
        name: operation.name.clone(),
        kind: kind(operation.kind),
        request: request(&operation.request, translation),
        inputs: operation
            .inputs
            .iter()
            .map(|(name, (_, default))| {
                (name.clone(), default.as_ref().map(|default| translation.expr(default)))
            })
            .collect(),
        after: operation.after.clone(),
        when: operation.when.as_ref().map(|when| translation.expr(when)),
        answers: operation
            .answers
            .iter()
            .map(|of_operation| answer(of_operation, Some(ty), translation))
            .collect(),
        repeat: match &operation.repeat {
            hir::Repeat::Always => plan::Repeat::Always,
            hir::Repeat::Id => plan::Repeat::Id,
            hir::Repeat::Key(header) => plan::Repeat::Key(header.clone()),
            hir::Repeat::Name => plan::Repeat::Name,
            hir::Repeat::Mark => plan::Repeat::Mark,
            hir::Repeat::None => plan::Repeat::None,
        },
        settles_ms: operation.settles_ms,
        ready: operation.ready.as_ref().map(|ready| readiness(ready, translation)),
        sets: translation.entries(&operation.sets),
        next_page: operation.next_page.as_ref().map(|next| translation.expr(next)),
    }
}

fn kind(kind: hir::OperationKind) -> plan::OperationKind {
    match kind {
        hir::OperationKind::Find => plan::OperationKind::Find,
        hir::OperationKind::Read => plan::OperationKind::Read,
        hir::OperationKind::Create => plan::OperationKind::Create,
        hir::OperationKind::Upload => plan::OperationKind::Upload,
        hir::OperationKind::Download => plan::OperationKind::Download,
        hir::OperationKind::Update => plan::OperationKind::Update,
        hir::OperationKind::Delete => plan::OperationKind::Delete,
        hir::OperationKind::Action => plan::OperationKind::Action,
    }
}

fn readiness(ready: &hir::Readiness, translation: &Translation<'_>) -> plan::Readiness {
    plan::Readiness {
        condition: translation.expr(&ready.condition),
        within_ms: ready.within_ms,
        every_ms: ready.every_ms,
    }
}

fn request(request: &hir::Request, translation: &Translation<'_>) -> plan::Request {
    match request {
        hir::Request::Http { method, path, query, headers, body } => plan::Request::Http {
            method: translation.expr(method),
            path: translation.expr(path),
            query: translation.entries(query),
            headers: translation.entries(headers),
            body: body.as_ref().map(|body| translation.expr(body)),
        },
        hir::Request::Exec { argv, env, files, stdin } => plan::Request::Exec {
            argv: argv.iter().map(|word| translation.expr(word)).collect(),
            env: translation.entries(env),
            files: translation.entries(files),
            stdin: stdin.as_ref().map(|stdin| translation.expr(stdin)),
        },
    }
}

fn answers(answers: &[hir::Answer], translation: &Translation<'_>) -> Vec<plan::Answer> {
    answers.iter().map(|of_service| answer(of_service, None, translation)).collect()
}

fn answer(
    answer: &hir::Answer,
    ty: Option<&hir::ResourceType>,
    translation: &Translation<'_>,
) -> plan::Answer {
    let argument = answer.argument.as_ref().map(|argument| translation.expr(argument));
    let value = || argument.clone().unwrap_or(Expr::Value(Value::Null));
    let meaning = match answer.meaning {
        hir::Meaning::Found => plan::Meaning::Found(value()),
        hir::Meaning::List => plan::Meaning::List(value()),
        hir::Meaning::Done => plan::Meaning::Done(argument),
        hir::Meaning::Exists => plan::Meaning::Exists(argument),
        hir::Meaning::Gone => plan::Meaning::Gone,
        hir::Meaning::Content => plan::Meaning::Content,
        hir::Meaning::NotFound => plan::Meaning::NotFound(match (argument, ty) {
            // `not_found(image)` is about the reference: its name, not its value.
            (Some(Expr::Name(name)), Some(ty)) if is_reference(ty, &name) => {
                Some(Expr::Value(Value::String(name)))
            }
            (argument, _) => argument,
        }),
        hir::Meaning::Refused => plan::Meaning::Refused(argument),
        hir::Meaning::Unavailable => plan::Meaning::Unavailable(argument),
        hir::Meaning::Unreachable => plan::Meaning::Unreachable(argument),
        hir::Meaning::Lost => plan::Meaning::Lost(argument),
        hir::Meaning::Denied => plan::Meaning::Denied(argument),
        hir::Meaning::Invalid => plan::Meaning::Invalid(argument),
        hir::Meaning::Reauthenticate => plan::Meaning::Reauthenticate,
        hir::Meaning::Busy => plan::Meaning::Busy(argument),
    };
    plan::Answer {
        codes: answer.codes.clone(),
        condition: answer.condition.as_ref().map(|condition| translation.expr(condition)),
        meaning,
    }
}

fn is_reference(ty: &hir::ResourceType, name: &str) -> bool {
    ty.attributes.get(name).is_some_and(|attribute| attribute.reference.is_some())
}

#[cfg(test)]
mod tests;
