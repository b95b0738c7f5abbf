//! A driver's syntax tree to its meaning: every phrase read, every name in it resolved.
//!
//! Comes in: a module and the `driver NAME { … }` in it. Goes out: a [`Driver`] (always; parts in error left out) and
//! diagnostics. `service image { type image { … } }` → the service `image` and the type `openstack.image`.
//!
//! Read in this order: which phrase stands where (`phrases`); settings, services, types; then operations and answers.
//! A driver is read twice: first the heads and attributes of all types, as references go in any direction, then the rest.

mod answers;
mod attributes;
mod commands;
mod expansion;
pub mod functions;
mod merge;
mod names;
mod operation;
mod phrases;
mod promises;
mod read;
mod request;
mod resource;
mod service;
mod settings;
pub mod types;
mod walk;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{self, BinaryOp, ExprKind, ItemKind, LineKind};

use self::{
    expansion::Expansions,
    names::Names,
    phrases::{Block, malformed},
    settings::declared_twice,
};
use crate::hir::{Driver, Login, ResourceType, Service, Share, Type};

/// A type's phrase, with what the second reading needs.
struct Declared<'a> {
    service: &'a str,
    phrase: &'a ast::Phrase,
    docs: &'a [String],
}

/// Reads the driver of a module. The module gives the functions that its expressions may call.
pub fn elaborate(module: &ast::Module, driver: &ast::Driver) -> (Driver, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let functions = functions_of(module);
    let expansions = functions::check(&functions, &mut diagnostics);
    let mut out = Driver {
        name: driver.name.text.clone(),
        span: driver.name.span,
        versions: None,
        settings: IndexMap::new(),
        configs: Vec::new(),
        login: None,
        services: IndexMap::new(),
        types: IndexMap::new(),
        functions: IndexMap::new(),
        clients: IndexMap::new(),
    };
    let services = outer_blocks(driver, &functions, &expansions, &mut out, &mut diagnostics);
    let declared = types_of(&services, &mut diagnostics);
    let mut types = first_reading(&driver.name.text, &services, &declared, &mut diagnostics);

    let heads = types.clone();
    let mut names = Names::new(&heads, &functions, &expansions);
    names.add("site", settings::site_type(&out.settings));
    out.login = logins(&services, &names, &mut diagnostics);
    names.add("session", service::session_type(out.login.as_ref()));
    for (name, docs, body) in &services {
        let service = service::service(name, docs, body, &names, &mut diagnostics);
        if let Some(first) = out.services.get(&service.name) {
            diagnostics.push(declared_twice("service", &service.name, service.span, first.span));
            continue;
        }
        out.services.insert(service.name.clone(), service);
    }
    check_services(&services, &out.services, &mut diagnostics);
    for (ty, declared) in types.values_mut().zip(&declared) {
        let body = declared.phrase.body.as_deref().unwrap_or_default();
        resource::complete(ty, body, &names, &mut diagnostics);
    }
    references(&mut types, &mut diagnostics);
    out.types = types;
    out.functions = functions;
    (out, diagnostics)
}

fn functions_of(module: &ast::Module) -> IndexMap<String, ast::Function> {
    let functions = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Function(function) if !function.is_operator => Some(function),
        _ => None,
    });
    functions.map(|function| (function.name.text.clone(), function.clone())).collect()
}

type ServiceBody<'a> = (ast::Ident, &'a [String], &'a [ast::Line]);

/// Versions, settings, configuration files and clients; the services' bodies are given back.
fn outer_blocks<'a>(
    driver: &'a ast::Driver,
    functions: &IndexMap<String, ast::Function>,
    expansions: &Expansions,
    out: &mut Driver,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ServiceBody<'a>> {
    let mut services = Vec::new();
    let no_types = IndexMap::new();
    let no_names = Names::new(&no_types, functions, expansions);
    let mut configs = Vec::new();
    for line in &driver.body {
        if !phrases::is_allowed(Block::Driver, line, diagnostics) {
            continue;
        }
        match &line.kind {
            LineKind::Entry { value, .. } => out.versions = versions(value, diagnostics),
            LineKind::Phrase(phrase) => match phrase.word.text.as_str() {
                "site" => {
                    let body = phrase.body.as_deref().unwrap_or_default();
                    settings::site(body, &no_names, &mut out.settings, diagnostics);
                }
                "config" => configs.push(phrase),
                "client" => {
                    if let Some(client) = settings::client(phrase, diagnostics) {
                        out.clients.insert(client.program.clone(), client);
                    }
                }
                _ => match phrase.values.as_slice() {
                    [name] if read::word(name).is_some() => {
                        let text = read::word(name).unwrap_or_default();
                        let body = phrase.body.as_deref().unwrap_or_default();
                        services.push((ast::Ident { text, span: name.span }, line.docs.as_slice(), body));
                    }
                    _ => diagnostics.push(malformed(
                        phrase.word.span,
                        "a service has a name",
                        "service NAME { … }",
                    )),
                },
            },
            _ => {}
        }
    }
    for phrase in configs {
        out.configs.extend(settings::config(phrase, &out.settings, diagnostics));
    }
    services
}

fn versions(value: &ast::Expr, diagnostics: &mut Vec<Diagnostic>) -> Option<(String, String)> {
    let range = match &*value.kind {
        ExprKind::Binary { op: BinaryOp::Range, left, right } => read::text(left).zip(read::text(right)),
        _ => None,
    };
    read::expect(range, value, "a range of versions such as `\"1.0\"..\"2.4\"`", diagnostics)
}

/// Every `type` phrase of the services.
fn types_of<'a>(services: &'a [ServiceBody<'a>], diagnostics: &mut Vec<Diagnostic>) -> Vec<Declared<'a>> {
    let mut declared: Vec<Declared<'a>> = Vec::new();
    for (service, _, body) in services {
        for line in *body {
            let LineKind::Phrase(phrase) = &line.kind else { continue };
            if phrase.word.text != "type" {
                continue;
            }
            let [name] = phrase.values.as_slice() else {
                diagnostics.push(malformed(phrase.word.span, "a type has a name", "type NAME { … }"));
                continue;
            };
            let Some(text) = read::expect(read::name(name), name, "the name of a type", diagnostics) else {
                continue;
            };
            let is_same = |other: &&Declared<'_>| read::name(&other.phrase.values[0]) == Some(text);
            if let Some(first) = declared.iter().find(is_same) {
                diagnostics.push(declared_twice("type", text, name.span, first.phrase.values[0].span));
                continue;
            }
            declared.push(Declared { service: &service.text, phrase, docs: &line.docs });
        }
    }
    declared
}

/// All types with their attributes. A type is named by itself, with its service, or with the driver.
fn first_reading(
    driver: &str,
    services: &[ServiceBody<'_>],
    declared: &[Declared<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<String, ResourceType> {
    let known: Vec<(&str, &str)> =
        declared.iter().filter_map(|ty| Some((ty.service, read::name(&ty.phrase.values[0])?))).collect();
    let mut resolve = |path: &ast::Path| {
        let names: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
        let found = match names.as_slice() {
            [name] => known.iter().find(|(_, ty)| ty == name),
            [owner, name] => known.iter().find(|(service, ty)| {
                ty == name
                    && (service == owner
                        || *owner == driver && !services.iter().any(|(s, ..)| s.text == driver))
            }),
            _ => None,
        };
        match found {
            Some((_, ty)) => Ok(Type::Reference(format!("{driver}.{ty}"))),
            None => Err(types::unknown_type(path, known.iter().map(|(_, ty)| *ty))),
        }
    };
    let mut types = IndexMap::new();
    for ty in declared {
        let read = resource::attributes_of(ty.phrase, ty.docs, driver, ty.service, &mut resolve, diagnostics);
        if let Some(read) = read {
            types.insert(read.name.clone(), read);
        }
    }
    types
}

fn logins(
    services: &[ServiceBody<'_>],
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Login> {
    let mut login: Option<Login> = None;
    for (name, _, body) in services {
        for line in *body {
            let LineKind::Phrase(phrase) = &line.kind else { continue };
            if phrase.word.text != "login" {
                continue;
            }
            match &login {
                Some(first) => {
                    diagnostics.push(declared_twice("login", "login", phrase.word.span, first.span))
                }
                None => login = service::login(&name.text, phrase, names, diagnostics),
            }
        }
    }
    login
}

fn check_services(
    bodies: &[ServiceBody<'_>],
    services: &IndexMap<String, Service>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let known: Vec<&str> = services.keys().map(String::as_str).collect();
    for (_, _, body) in bodies {
        service::check_uses(body, &known, diagnostics);
    }
    let mut taken: IndexMap<String, &Service> = IndexMap::new();
    for service in services.values() {
        for name in std::iter::once(&service.name).chain(&service.aliases) {
            if let Some(first) = taken.insert(name.to_lowercase(), service)
                && first.name != service.name
            {
                diagnostics.push(declared_twice("service name", name, service.span, first.span));
            }
        }
    }
}

/// Gives `shared(copy)` of an attribute the rule of the type it refers to.
fn references(types: &mut IndexMap<String, ResourceType>, diagnostics: &mut Vec<Diagnostic>) {
    let shares: IndexMap<String, Share> =
        types.iter().map(|(name, ty)| (name.clone(), ty.share.clone())).collect();
    for attribute in types.values_mut().flat_map(|ty| ty.attributes.values_mut()) {
        let Some(rule) = &mut attribute.reference else { continue };
        let (Some(Share::Copy { .. }), Some(of_target)) = (&rule.shared, shares.get(&rule.target)) else {
            continue;
        };
        if matches!(of_target, Share::None { .. }) {
            diagnostics.push(
                Diagnostic::new(
                    codes::E0404,
                    attribute.span,
                    format!(
                        "`{}` is shared by a copy, but `{}` cannot be copied",
                        attribute.name, rule.target
                    ),
                )
                .help("add `share by copy(keep: […], same: …)` to that type"),
            );
        }
        rule.shared = Some(of_target.clone());
    }
}
