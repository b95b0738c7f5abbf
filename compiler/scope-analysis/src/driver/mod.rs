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
mod compared;
mod defaults;
mod expansion;
pub mod functions;
pub mod laws;
mod likeness;
mod merge;
mod named_in;
mod names;
mod operation;
mod phrases;
mod promises;
mod ranges;
mod read;
mod request;
mod resource;
mod review;
mod service;
mod settings;
pub mod types;
mod unique;
mod walk;

pub(crate) use read::path as path_of;
pub use review::review;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{self, BinaryOp, ExprKind, ItemKind, LineKind};

use self::{
    names::Names,
    phrases::{Block, malformed},
    settings::declared_twice,
};
use crate::hir::{Driver, Login, ResourceType, Service, Share, Type};

/// A driver's text in one module: the driver itself, or a part of it (`driver base.apps.v1 { … }`), which adds types and
/// services. The module gives the functions that its expressions may call, for all parts.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The module.
    pub module: &'a ast::Module,
    /// The item.
    pub driver: &'a ast::Driver,
}

/// What a path means in the module of a part, if it is a declared type there; else the paths of those that are.
pub type Outside<'r> = &'r dyn Fn(usize, &ast::Path) -> Result<Type, Vec<String>>;

/// A type's phrase, with what the second reading needs.
struct Declared<'a> {
    part: usize,
    service: &'a str,
    phrase: &'a ast::Phrase,
    docs: &'a [String],
}

/// The driver that a name of a driver or of a part begins with: `base.apps.v1` → `base`.
pub fn base_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The report for a part whose driver is not there.
pub fn without_base(part: &ast::Driver) -> Diagnostic {
    let base = base_of(&part.name.text);
    Diagnostic::new(
        codes::E0412,
        part.name.span,
        format!("there is no driver `{base}` that this could be a part of"),
    )
    .label("a part of a driver")
    .help(format!("import it: `import {base}`"))
}

/// Reads the driver of one module.
pub fn elaborate(module: &ast::Module, driver: &ast::Driver) -> (Driver, Vec<Diagnostic>) {
    elaborate_parts(&[Part { module, driver }], &|_, _| Err(Vec::new()))
}

/// Reads a driver with its parts; the driver itself comes first.
pub fn elaborate_parts(parts: &[Part<'_>], outside: Outside<'_>) -> (Driver, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let driver = parts[0].driver;
    let functions = functions_of(parts, &mut diagnostics);
    let signatures = functions::signatures(&functions, parts, outside, &mut diagnostics);
    let expansions = functions::check(&functions, &signatures, &mut diagnostics);
    let patterns = likeness::patterns(parts);
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
        parts: parts[1..].iter().map(|part| (part.driver.name.text.clone(), part.driver.name.span)).collect(),
        patterns: patterns.iter().map(|pattern| (pattern.service.clone(), pattern.name.clone())).collect(),
    };
    let bodies: Vec<_> =
        parts.iter().map(|part| likeness::carried_out(part.driver, &patterns, &mut diagnostics)).collect();
    let mut services = Vec::new();
    let no_types = IndexMap::new();
    for (part, body) in bodies.iter().enumerate() {
        let no_names = Names::new(&no_types, &functions, &signatures, &expansions);
        services.extend(outer_blocks(part, body, &no_names, &mut out, &mut diagnostics));
    }
    let part_names: Vec<&str> = parts.iter().map(|part| part.driver.name.text.as_str()).collect();
    let declared = types_of(&services, &part_names, &mut diagnostics);
    let mut types = first_reading(&part_names, &services, &declared, outside, &mut diagnostics);

    let heads = types.clone();
    let mut names = Names::new(&heads, &functions, &signatures, &expansions);
    names.add("site", settings::site_type(&out.settings));
    out.login = logins(&services, &names, &mut diagnostics);
    names.add("session", service::session_type(out.login.as_ref()));
    for ServiceBody { name, docs, body, part } in &services {
        if let Some(first) = out.services.get(&name.text)
            && *part > 0
        {
            added_types_only(body, first, &mut diagnostics);
            continue;
        }
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

/// The functions of every part's module; two of one name are reported.
fn functions_of(parts: &[Part<'_>], diagnostics: &mut Vec<Diagnostic>) -> IndexMap<String, ast::Function> {
    let mut functions: IndexMap<String, ast::Function> = IndexMap::new();
    for function in parts.iter().flat_map(|part| &part.module.items).filter_map(|item| match &item.kind {
        ItemKind::Function(function) if !function.is_operator => Some(function),
        _ => None,
    }) {
        match functions.get(&function.name.text) {
            // Within one module this is reported where names are; several parts may stand in one module.
            Some(first) if first.name.span.file != function.name.span.file => diagnostics
                .push(declared_twice("function", &function.name.text, function.name.span, first.name.span)),
            Some(_) => {}
            None => {
                functions.insert(function.name.text.clone(), function.clone());
            }
        }
    }
    functions
}

/// A service as one part has it.
struct ServiceBody<'a> {
    part: usize,
    name: ast::Ident,
    docs: &'a [String],
    body: &'a [ast::Line],
}

/// A part adds types to a service of its driver, and nothing else.
fn added_types_only(body: &[ast::Line], service: &Service, diagnostics: &mut Vec<Diagnostic>) {
    for line in body {
        if matches!(&line.kind, LineKind::Error)
            || matches!(&line.kind, LineKind::Phrase(phrase) if phrase.word.text == "type")
        {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::E0401,
                line.span,
                format!("a part adds types to the service `{}`, and nothing else", service.name),
            )
            .label("not here")
            .secondary(service.span, "the driver says this of its service here"),
        );
    }
}

/// Versions, settings, configuration files and clients; the services' bodies are given back.
fn outer_blocks<'a>(
    part: usize,
    lines: &'a [ast::Line],
    no_names: &Names<'_>,
    out: &mut Driver,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ServiceBody<'a>> {
    let mut services = Vec::new();
    let mut configs = Vec::new();
    for line in lines {
        let block = if part == 0 { Block::Driver } else { Block::Part };
        if !phrases::is_allowed(block, line, diagnostics) {
            continue;
        }
        match &line.kind {
            LineKind::Entry { value, .. } => out.versions = versions(value, diagnostics),
            LineKind::Phrase(phrase) => match phrase.word.text.as_str() {
                "site" => {
                    let body = phrase.body.as_deref().unwrap_or_default();
                    settings::site(body, no_names, &mut out.settings, diagnostics);
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
                        let name = ast::Ident { text, span: name.span };
                        services.push(ServiceBody { part, name, docs: &line.docs, body });
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
    let (low, high) =
        read::expect(range, value, "a range of versions such as `\"1.0\"..\"2.4\"`", diagnostics)?;
    if crate::versions::compare(&low, &high).is_gt() {
        diagnostics.push(
            Diagnostic::new(codes::E0201, value.span, format!("no version is in \"{low}\"..\"{high}\""))
                .label("the first is later than the last")
                .help(format!("write the earlier one first: `\"{high}\"..\"{low}\"`")),
        );
        return None;
    }
    Some((low, high))
}

/// Every `type` phrase of the services.
fn types_of<'a>(
    services: &'a [ServiceBody<'a>],
    parts: &[&str],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Declared<'a>> {
    let mut declared: Vec<Declared<'a>> = Vec::new();
    let mut known: IndexMap<(&str, &str), scope_diagnostics::Span> = IndexMap::new();
    for ServiceBody { part, name: service, body, .. } in services {
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
            if let Some(first) = known.get(&(parts[*part], text)) {
                diagnostics.push(declared_twice("type", text, name.span, *first));
                continue;
            }
            known.insert((parts[*part], text), name.span);
            declared.push(Declared { part: *part, service: &service.text, phrase, docs: &line.docs });
        }
    }
    declared
}

/// All types with their attributes. A type is named by itself, with its service, or with the driver or part.
fn first_reading(
    parts: &[&str],
    services: &[ServiceBody<'_>],
    declared: &[Declared<'_>],
    outside: Outside<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<String, ResourceType> {
    let driver = parts[0];
    // Part, service, name; by the name, in the order of parts.
    let mut known: IndexMap<&str, Vec<(usize, &str)>> = IndexMap::new();
    for ty in declared {
        if let Some(name) = read::name(&ty.phrase.values[0]) {
            known.entry(name).or_default().push((ty.part, ty.service));
        }
    }
    let mut types = IndexMap::new();
    for ty in declared {
        let mut resolve = |path: &ast::Path| {
            let names: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
            let (name, owner) = names.split_last().map_or(("", &[][..]), |(name, owner)| (*name, owner));
            let of_name = known.get(name).map(Vec::as_slice).unwrap_or_default();
            let found = match owner {
                // Its own part first, then the driver itself, then the only other part that has it.
                [] => of_name
                    .iter()
                    .find(|(part, _)| *part == ty.part)
                    .or_else(|| of_name.iter().find(|(part, _)| *part == 0))
                    .or_else(|| of_name.first().filter(|_| of_name.len() == 1)),
                [owner] if of_name.iter().any(|(_, service)| service == owner) => {
                    of_name.iter().find(|(_, service)| service == owner)
                }
                [owner]
                    if *owner == driver && !services.iter().any(|service| service.name.text == driver) =>
                {
                    of_name.iter().find(|(part, _)| *part == 0)
                }
                owner => {
                    let end = owner.join(".");
                    let is_meant = |part: &str| {
                        part == end || part.ends_with(&end) && part[..part.len() - end.len()].ends_with('.')
                    };
                    of_name.iter().find(|(part, _)| is_meant(parts[*part]))
                }
            };
            match found {
                Some((part, _)) => Ok(Type::Reference(format!("{}.{name}", parts[*part]))),
                // What a pattern names is known where the pattern stands.
                None => outside(ty.part, path).or_else(|of_part| {
                    outside(0, path).map_err(|of_driver| {
                        let declared = of_part.iter().chain(&of_driver).map(String::as_str);
                        types::unknown_type(path, known.keys().copied().chain(declared))
                    })
                }),
            }
        };
        let name = parts[ty.part];
        let read =
            resource::attributes_of(ty.phrase, ty.docs, name, driver, ty.service, &mut resolve, diagnostics);
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
    for ServiceBody { name, body, .. } in services {
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
    for ServiceBody { body, .. } in bodies {
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
