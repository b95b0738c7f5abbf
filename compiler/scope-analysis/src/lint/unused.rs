//! Declared and never used: `let`, `fn`, `operator`, `type`, `param`, `import`, `site`, `existing`. A name that starts with `_` is meant so.

use std::collections::{BTreeMap, BTreeSet};

use scope_diagnostics::{Code, Diagnostic, Edit, FileId, Span, codes};
use scope_syntax::ast::{Ident, Item, ItemKind, ThingKind};

use super::{Input, reports::Reports};
use crate::hir::Value;
use crate::modules::{Module, ModuleId};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    let mut used: BTreeSet<Span> = BTreeSet::new();
    let mut files: BTreeMap<FileId, BTreeSet<FileId>> = BTreeMap::new();
    for usage in input.uses.iter().filter(|usage| usage.span != usage.definition) {
        used.insert(usage.definition);
        files.entry(usage.span.file).or_default().insert(usage.definition.file);
    }
    let root = input.own_modules().find(|module| module.file == input.modules.modules[0].file);
    let has_driver =
        |module: &&Module| module.tree.items.iter().any(|item| matches!(item.kind, ItemKind::Driver(_)));
    // What a driver uses of the functions beside it is not kept.
    let are_functions_its = root.iter().any(has_driver);
    for item in root.iter().flat_map(|root| &root.tree.items) {
        if are_functions_its && matches!(item.kind, ItemKind::Function(_)) {
            continue;
        }
        one(input, item, &used, reports);
    }
    // The parameters of a module that is a resource type are its attributes, and of use in it only.
    let groups: BTreeSet<ModuleId> = input.own_modules().flat_map(groups).collect();
    for item in groups.iter().flat_map(|id| &input.modules.get(*id).tree.items) {
        if matches!(item.kind, ItemKind::Param(_)) {
            one(input, item, &used, reports);
        }
    }
    for module in input.own_modules() {
        imports(input, module, &files, reports);
    }
    sites(input, reports);
}

fn one(input: &Input<'_>, item: &Item, used: &BTreeSet<Span>, reports: &mut Reports) {
    let (code, word, name): (Code, &str, &Ident) = match &item.kind {
        ItemKind::Let(item) => (codes::W0326, "let", &item.name),
        ItemKind::Param(param) => (codes::W0327, "param", &param.name),
        ItemKind::Function(function) if function.is_operator => (codes::W0340, "operator", &function.name),
        ItemKind::Function(function) => (codes::W0340, "fn", &function.name),
        ItemKind::Type(alias) => (codes::W0347, "type", &alias.name),
        ItemKind::Thing(thing) if thing.kind == ThingKind::Existing => {
            (codes::W0330, "existing", &thing.name)
        }
        _ => return,
    };
    // A type may name itself, which is no use of it.
    let is_used = || match item.kind {
        ItemKind::Type(_) => {
            input.uses.iter().any(|usage| usage.definition == name.span && !item.span.contains(usage.span))
        }
        _ => used.contains(&name.span),
    };
    if name.text.starts_with('_') || is_used() {
        return;
    }
    let report = Diagnostic::new(code, name.span, format!("`{word} {}` is never used", name.text))
        .label("only declared");
    let report = match word {
        "existing" => report.help("refer to it, or delete it: it is looked up in every run"),
        "param" => report.help(format!("use it, delete it, or call it `_{}`", name.text)),
        _ => report.help(format!("delete it, or call it `_{}` if it is kept on purpose", name.text)),
    };
    let is_deleted = matches!(word, "let" | "fn" | "operator" | "type") && item.docs.is_empty();
    reports.push(if is_deleted {
        report.fix(format!("delete `{}`", name.text), vec![Edit::new(input.lines_of(item.span), "")])
    } else {
        report
    });
}

/// The files that a file imports as resource types.
fn groups(module: &Module) -> Vec<ModuleId> {
    let imports = module.tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(import),
        _ => None,
    });
    let aliased = imports.zip(&module.imports).filter(|(import, _)| {
        import.alias.is_some() && matches!(import.source, scope_syntax::ast::ImportSource::File(_))
    });
    aliased.filter_map(|(_, target)| *target).collect()
}

/// An import is used if something in its file is, or if that file says what holds without a name: sites, links, rules.
fn imports(
    input: &Input<'_>,
    module: &Module,
    files: &BTreeMap<FileId, BTreeSet<FileId>>,
    reports: &mut Reports,
) {
    let nothing = BTreeSet::new();
    let used = files.get(&module.file).unwrap_or(&nothing);
    let items = module.tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some((item, import)),
        _ => None,
    });
    for ((item, import), target) in items.zip(&module.imports) {
        let Some(target) = *target else { continue };
        let reached = reached(input, target);
        if extends(module, input.modules.get(target)) {
            continue;
        }
        let speaks = reached.iter().any(|id| {
            let tree = &input.modules.get(*id).tree;
            tree.items.iter().any(|item| {
                matches!(
                    item.kind,
                    ItemKind::Site(_)
                        | ItemKind::Link(_)
                        | ItemKind::Entry(_)
                        | ItemKind::Require(_)
                        | ItemKind::Test(_)
                )
            })
        });
        let is_native = || {
            // A command is no name: its driver is used by what it means.
            let drivers: Vec<&str> = reached
                .iter()
                .flat_map(|id| &input.modules.get(*id).tree.items)
                .filter_map(|item| match &item.kind {
                    ItemKind::Driver(driver) => Some(driver.name.text.as_str()),
                    _ => None,
                })
                .collect();
            let by_type = |ty: &str| drivers.iter().any(|driver| ty.split('.').next() == Some(driver));
            let mut requests = input.program.resources.iter();
            let mut sites = input.program.sites.iter().filter(|site| site.span.file == module.file);
            requests.any(|resource| resource.span.file == module.file && by_type(&resource.ty))
                || sites.any(|site| site.settings.keys().any(|name| drivers.contains(&name.as_str())))
        };
        if speaks || reached.iter().any(|id| used.contains(&input.modules.get(*id).file)) || is_native() {
            continue;
        }
        let name = match &import.source {
            scope_syntax::ast::ImportSource::File(file) => file.text.clone(),
            scope_syntax::ast::ImportSource::Library(path) => {
                path.names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
            }
        };
        reports.push(
            Diagnostic::new(codes::W0328, item.span, format!("nothing of `{name}` is used"))
                .label("only imported")
                .help("delete it")
                .fix(
                    format!("delete the import of `{name}`"),
                    vec![Edit::new(input.lines_of(item.span), "")],
                ),
        );
    }
}

/// Whether a file adds to a driver of another: `driver kubernetes.signage.v1 { … }`.
fn extends(module: &Module, imported: &Module) -> bool {
    let drivers = |module: &'_ Module| -> Vec<String> {
        let drivers = module.tree.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Driver(driver) => Some(driver.name.text.to_string()),
            _ => None,
        });
        drivers.collect()
    };
    let bases = drivers(imported);
    drivers(module)
        .iter()
        .any(|part| part.split_once('.').is_some_and(|(base, _)| bases.iter().any(|of| of == base)))
}

/// A file and those that it imports.
fn reached(input: &Input<'_>, from: ModuleId) -> Vec<ModuleId> {
    let mut reached = vec![from];
    let mut next = 0;
    while let Some(id) = reached.get(next).copied() {
        next += 1;
        for target in input.modules.get(id).imports.iter().flatten() {
            if !reached.contains(target) {
                reached.push(*target);
            }
        }
    }
    reached
}

/// A site that nothing is at, nothing is taken from, and no expression names.
fn sites(input: &Input<'_>, reports: &mut Reports) {
    let mut used: BTreeSet<u32> = input.program.entry.iter().map(|site| site.0).collect();
    for resource in &input.program.resources {
        used.extend(resource.location.sites().iter().map(|site| site.0));
        for instance in resource.instances.values() {
            used.extend(
                instance
                    .references
                    .iter()
                    .flat_map(|reference| reference.location.sites())
                    .map(|site| site.0),
            );
        }
    }
    for output in &input.program.outputs {
        if let Value::Site(site) = output.value {
            used.insert(site.0);
        }
    }
    // A file of sites without requests is used by those who import it.
    if input.program.resources.is_empty() {
        return;
    }
    let links: BTreeSet<Span> = input
        .modules
        .modules
        .iter()
        .flat_map(|module| &module.tree.items)
        .filter_map(|item| matches!(item.kind, ItemKind::Link(_)).then_some(item.span))
        .collect();
    for (index, site) in input.program.sites.iter().enumerate() {
        let is_named = input.uses.iter().any(|usage| {
            usage.definition == site.span
                && usage.span != usage.definition
                && !links.iter().any(|link| link.contains(usage.span))
        });
        // Sites of another file serve other programs too.
        let is_own = site.span.file == input.modules.modules[0].file;
        if is_own && !is_named && !used.contains(&(index as u32)) && !site.name.starts_with('_') {
            reports.push(
                Diagnostic::new(codes::W0329, site.span, format!("nothing is at {}", site.name))
                    .label("only declared")
                    .help("delete it, or put something there"),
            );
        }
    }
}
