//! Syntax trees and drivers to HIR: names, types, scopes, collaboration rules.
//!
//! Comes in: the loaded [`Modules`], the [`World`] (for files that programs name), options. Goes out: always a
//! [`hir::Program`], with holes where something is wrong, and reports, unsorted. The stages, in order:
//!
//! 1. `names`: what every file declares and imports;
//! 2. `driver`: drivers elaborated from their text;
//! 3. `sites`: settings, labels, links, the entry;
//! 4. `request`: heads (type, scope, place), then bodies for each site, checked by `check/`;
//! 5. outputs and requirements, then the policies from outside, then tests.
//!
//! What a name stands for is asked for on the way, once, whenever a stage needs it: `items` and `params` (values),
//! `named_types`, `resource_type`, `entry`. All of them share the `context`, where reports and resolved names are collected.

pub mod data;
mod decided;
pub mod driver;
pub mod functions;
pub mod hir;
pub mod lint;
pub mod modules;
pub mod native;
pub mod versions;
pub mod world;

mod bounds;
mod check;
mod circles;
mod comparison;
mod context;
mod entry;
mod eval;
mod group;
mod hover;
mod items;
mod location;
mod named_types;
mod names;
mod params;
mod policy;
mod request;
mod requirement;
mod resource_type;
mod scope;
mod sites;
mod testing;
mod unreached;
mod with;

pub use check::{
    FormerName, UniqueKeys, element_of, expected, former_names, of_one, open_ends, outputs as outputs_used,
};
pub use context::{Canonical, Extent, Options, Reported};
pub use eval::files::{join_path, path_between};
pub use modules::{Module, ModuleId, Modules, NameKind, Use};
pub use with::KEYS as WITH_KEYS;

use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Diagnostics, SourceMap, codes};
use scope_syntax::ast::{self, ItemKind};

use context::Context;
use eval::Frame;
use hir::{Output, Value};
use world::World;

/// What analysing gives: always a program, plus what was found on the way.
#[derive(Debug)]
pub struct Analysis {
    /// The program; lowered only if nothing is an error.
    pub program: hir::Program,
    /// Reports, unsorted.
    pub diagnostics: Diagnostics,
    /// Every resolved name, sorted by place.
    pub uses: Vec<Use>,
    /// Sites, by name, that say no version and are asked for what not every version has: what they report of themselves
    /// would be checked.
    pub unversioned: Vec<String>,
    /// The file is a module, checked by itself.
    pub is_module: bool,
    /// The files that were read as data: by the program, and for its parameters.
    pub data_files: Vec<String>,
}

/// Analyses a loaded program. Files that it names (data, images) are read through `world`; the texts of `--set` and the
/// like are added to `sources`, so that reports can point at them.
pub fn analyse(modules: &Modules, world: &dyn World, sources: &mut SourceMap, options: &Options) -> Analysis {
    let mut context = Context::new(modules, world, sources, options);
    let collected = names::collect(modules);
    context.report_all(collected.diagnostics);
    context.names = collected.names;
    context.drivers = drivers(&context);
    let mut sites = collected.sites;
    context.expand_sites(&mut sites, &collected.site_families);
    context.evaluate_sites(&sites);
    if options.extent == Extent::Module && is_module(&context) {
        context.check_laws();
        context.check_unreached();
        return Analysis { is_module: true, ..finished(context, hir::Program::default()) };
    }
    context.find_entry();
    context.check_given_params();
    context.set_links(context.evaluate_links());
    let mut resources = context.requests();
    let sequences = context.take_sequences(&mut resources);
    check::check_cycles(&context, &resources);
    request::renumbered(&mut resources);
    check::check_rollouts(&context, &resources);
    check::check_sameness(&context, &resources);
    check::check_one_place(&context, &resources);
    check::check_keeping(&context, &resources);
    let resources = Rc::new(resources);
    context.set_whole(resources.clone());
    context.check_groups();
    let outputs = other_items(&context);
    context.check_policies();
    let params = parameters(&context);
    let tests = match options.extent {
        Extent::Program | Extent::Module => context.tests(),
        Extent::Planned | Extent::Used => Vec::new(),
    };
    context.check_laws();
    if options.extent != Extent::Used {
        context.check_unreached();
    }
    let entry = context.entry.get();
    let links = context.links().to_vec();
    let program = hir::Program { links, entry, params, sequences, outputs, tests, ..Default::default() };
    let mut analysis = finished(context, program);
    analysis.program.resources = Rc::try_unwrap(resources).unwrap_or_else(|shared| shared.as_ref().clone());
    analysis
}

/// The analysis of a program, with the sites and the drivers that were read for it.
fn finished(context: Context<'_>, program: hir::Program) -> Analysis {
    let absent = context.absent.take();
    let unversioned = context.unversioned.take().into_iter().map(|site| context.site_name(site)).collect();
    let data_files = context.data_files.take().into_keys().collect();
    let (diagnostics, uses, drivers, sites) = context.into_collected();
    let program = hir::Program { sites, drivers, absent, ..program };
    Analysis { program, diagnostics, uses, unversioned, is_module: false, data_files }
}

/// Whether a file is no program by itself: it makes something, but has no site, and a parameter that only the one who imports it
/// can give.
fn is_module(context: &Context<'_>) -> bool {
    let is_given = |name: &str| context.options.params.iter().any(|(given, _)| given == name);
    let items = &context.modules.get(Modules::ROOT).tree.items;
    let mut all = context.modules.modules.iter().flat_map(|module| &module.tree.items);
    !all.any(|item| matches!(item.kind, ItemKind::Site(_)))
        && items.iter().any(|item| match &item.kind {
            ItemKind::Param(param) => param.default.is_none() && !is_given(&param.name.text),
            _ => false,
        })
        && items.iter().any(|item| matches!(item.kind, ItemKind::Thing(_)))
        && !items.iter().any(|item| matches!(item.kind, ItemKind::Entry(_) | ItemKind::Test(_)))
}

/// Every driver that a loaded file declares, with its parts.
fn drivers(context: &Context<'_>) -> IndexMap<String, hir::Driver> {
    let mut declared: IndexMap<&str, (ModuleId, driver::Part<'_>)> = IndexMap::new();
    for (index, module) in context.modules.modules.iter().enumerate() {
        for item in &module.tree.items {
            let ItemKind::Driver(tree) = &item.kind else { continue };
            if declared.contains_key(tree.name.text.as_str()) {
                context.report(
                    Diagnostic::new(
                        codes::E0103,
                        tree.name.span,
                        format!("driver `{}` is declared twice", tree.name.text),
                    )
                    .label("again here")
                    .help("import one of them"),
                );
                continue;
            }
            let part = driver::Part { module: &module.tree, driver: tree };
            declared.insert(&tree.name.text, (ModuleId(index as u32), part));
        }
    }
    for (module, part) in declared.values() {
        context.read_names(*module, part.driver);
    }
    let mut drivers = IndexMap::new();
    for name in declared.keys().filter(|name| !name.contains('.')) {
        // The driver itself, then its parts in the order they were loaded.
        let of_driver: Vec<(ModuleId, driver::Part<'_>)> = std::iter::once(declared[name])
            .chain(
                declared
                    .iter()
                    .filter(|(part, _)| driver::base_of(part) == *name && *part != name)
                    .map(|(_, p)| *p),
            )
            .collect();
        let parts: Vec<driver::Part<'_>> = of_driver.iter().map(|(_, part)| *part).collect();
        let outside = |part: usize, path: &ast::Path| context.declared_in(of_driver[part].0, path);
        let (driver, diagnostics) = driver::elaborate_parts(&parts, &outside);
        context.report_all(diagnostics);
        drivers.insert(driver.name.clone(), driver);
    }
    for (name, (_, part)) in &declared {
        if name.contains('.') && !drivers.contains_key(driver::base_of(name)) {
            context.report(driver::without_base(part.driver));
        }
    }
    drivers
}

/// Outputs, requirements, and `let`s nobody used.
fn other_items(context: &Context<'_>) -> Vec<Output> {
    let mut outputs = Vec::new();
    let mut names = std::collections::BTreeMap::new();
    let frame = Frame::program();
    for (index, item) in context.modules.get(Modules::ROOT).tree.items.iter().enumerate() {
        match &item.kind {
            ItemKind::Output(output) => {
                if let Some(first) = names.insert(output.name.text.as_str(), output.name.span) {
                    context.report(
                        Diagnostic::new(
                            codes::E0103,
                            output.name.span,
                            format!("output `{}` is declared twice", output.name.text),
                        )
                        .label("again here")
                        .secondary(first, "first here")
                        .help("choose another name"),
                    );
                }
                let value = context.output_value(output, &frame);
                let reason = "an output is printed";
                let written = Some((&output.value, &frame));
                context.check_secret_flow(&value, &output.name.text, reason, output.value.span, written);
                outputs.push(Output { name: output.name.text.clone(), value, span: output.name.span });
            }
            ItemKind::Let(_) | ItemKind::Param(_) => {
                context.item_value(Modules::ROOT, index, item.span, &frame);
            }
            ItemKind::Require(require) => context.check_requirement(require, &frame),
            _ => {}
        }
    }
    outputs
}

fn parameters(context: &Context<'_>) -> IndexMap<String, Value> {
    let mut params = IndexMap::new();
    for (index, item) in context.modules.get(Modules::ROOT).tree.items.iter().enumerate() {
        if let ItemKind::Param(param) = &item.kind {
            let value = context.item_value(Modules::ROOT, index, param.name.span, &Frame::program());
            let ty = param.ty.as_ref().map(|ty| context.declared_type(ty, Modules::ROOT));
            // Of one that is declared to be secret, a text that is given is one.
            if !ty.is_some_and(|ty| ty.holds_secret()) && !check::holds_secret(&value) {
                params.insert(param.name.text.clone(), value);
            }
        }
    }
    params
}
