//! Which part of a driver has a type, and how the file that wants it gets it: `kubernetes.Deployment` is
//! `import kubernetes.apps.v1 as apps`, then `apps.Deployment`.
//!
//! Looked for in what the program loads, in the standard library, and in the files beside the one that asks.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Edit, Span};
use scope_syntax::ast::{self, ItemKind};

use crate::context::Context;
use crate::driver::base_of;
use crate::eval::files::path_between;
use crate::modules::ModuleId;
use crate::names::Definition;

/// A part of a driver as a file may have it.
pub(super) struct Part {
    /// Its whole name: `kubernetes.apps.v1`.
    name: String,
    /// What the file calls it, or would.
    alias: String,
    /// What the file has to say for that; nothing where it says so already.
    import: Option<Import>,
}

struct Import {
    words: String,
    /// Where it can be written: behind the import of the driver itself, if the alias is free.
    place: Option<Span>,
}

impl Part {
    /// Whether these are words of its name, in their order: `apps` and `apps.v1` of `kubernetes.apps.v1`.
    fn is_called(&self, words: &[ast::Ident]) -> bool {
        let mut own = self.name.split('.');
        words.iter().all(|word| own.any(|own| own == word.text))
    }

    /// The report for a path to a type that a part has, with what helps.
    pub(super) fn told(&self, report: Diagnostic, path: &ast::Path) -> Diagnostic {
        let short = path.names.last().map_or("", |short| short.text.as_str());
        let name = format!("{}.{short}", self.alias);
        let write = Edit::new(path.span, name.clone());
        let Some(Import { words, place }) = &self.import else {
            return report
                .help(format!("it is a type of a part of the driver, which is imported: `{name}`"))
                .fix(format!("write `{name}`"), vec![write]);
        };
        let is_written = path.names.iter().map(|name| name.text.as_str()).eq(name.split('.'));
        let report = report.help(match is_written {
            true => format!("it is a part of the driver, and imported by itself: `{words}`"),
            false => format!("it is a type of a part of the driver: `{words}`, then `{name}`"),
        });
        let Some(place) = place else { return report };
        let import = Edit::new(*place, format!("\n{words}"));
        let edits = if is_written { vec![import] } else { vec![import, write] };
        report.fix(format!("add `{words}`"), edits)
    }
}

impl Context<'_> {
    /// How a module has a type of a part of a driver: `` `core.Service` ``, `` `import kubernetes.core.v1 as core`, then `core.Service` ``.
    pub(crate) fn words_for_type(&self, driver: &str, short: &str, module: ModuleId) -> Option<String> {
        let Part { alias, import, .. } = self.part_with(driver, short, module)?;
        Some(match import {
            Some(Import { words, .. }) => format!("`{words}`, then `{alias}.{short}`"),
            None => format!("`{alias}.{short}`"),
        })
    }

    /// The part of a driver that has a type of this name, as `module` may have it.
    pub(super) fn part_with(&self, driver: &str, short: &str, module: ModuleId) -> Option<Part> {
        let (part, path) = self
            .loaded_part(driver, short)
            .or_else(|| self.library_part(driver, short))
            .or_else(|| self.part_beside(driver, short, module))?;
        if let Some(alias) = self.alias_of(&part, module) {
            return Some(Part { name: part, alias, import: None });
        }
        let is_version = |word: &&str| {
            word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let group = part.rsplit('.').find(|word| !is_version(word)).unwrap_or(driver);
        // A driver of the program's own may be called as a group of this one.
        let alias = match self.names.get(module, group) {
            Some(_) if group != driver => format!("{driver}_{group}"),
            _ => group.to_owned(),
        };
        let words = match path.strip_prefix("std:") {
            Some(library) if library.ends_with(&format!(".{alias}")) => format!("import {library}"),
            Some(library) => format!("import {library} as {alias}"),
            None => {
                let path = path_between(&self.modules.get(module).path, &path)?;
                format!("import \"{path}\" as {alias}")
            }
        };
        let is_free = self.names.get(module, &alias).is_none();
        let place = self.import_of(driver, module).filter(|_| is_free);
        Some(Part { name: part, alias, import: Some(Import { words, place }) })
    }

    /// The part that a path to a type means which the module has not: `apps.Deployment` and `kubernetes.apps.Deployment`
    /// without `import kubernetes.apps.v1 as apps`, and `Deployment` alone.
    pub(super) fn part_meant(&self, path: &ast::Path, module: ModuleId) -> Option<Part> {
        let (short, before) = path.names.split_last()?;
        let library = self.world.library();
        let drivers = self.drivers.keys().chain(library.iter()).map(|name| base_of(name));
        let drivers: BTreeSet<&str> = drivers.collect();
        drivers.into_iter().find_map(|driver| {
            let words = match before.split_first() {
                Some((first, rest)) if first.text == driver => rest,
                _ => before,
            };
            self.part_with(driver, &short.text, module).filter(|part| part.is_called(words))
        })
    }

    /// In the files of the program: the part and its file.
    fn loaded_part(&self, driver: &str, short: &str) -> Option<(String, String)> {
        let start = format!("{driver}.");
        let types = self.drivers.get(base_of(driver))?.types.keys();
        let mut parts = types.filter_map(|name| {
            let (part, last) = name.rsplit_once('.')?;
            (last == short && part.starts_with(&start)).then_some(part)
        });
        let part = parts.next()?;
        let module = self.modules.modules.iter().find(|module| declares(&module.tree, part))?;
        Some((part.to_owned(), module.path.clone()))
    }

    fn library_part(&self, driver: &str, short: &str) -> Option<(String, String)> {
        let start = format!("{driver}.");
        let modules = self.world.library().into_iter().filter(|module| module.starts_with(&start));
        self.part_in(modules.map(|module| format!("std:{module}")), driver, short)
    }

    fn part_beside(&self, driver: &str, short: &str, module: ModuleId) -> Option<(String, String)> {
        let beside = self.world.beside(&self.modules.get(module).path);
        let programs = beside.into_iter().filter(|path| path.ends_with(".scope"));
        self.part_in(programs, driver, short)
    }

    /// In files that are not loaded: their lines tell enough for a help.
    fn part_in(
        &self,
        mut paths: impl Iterator<Item = String>,
        driver: &str,
        short: &str,
    ) -> Option<(String, String)> {
        paths.find_map(|path| {
            let text = self.world.read(&path).ok()?;
            let part = part_of_text(&String::from_utf8_lossy(&text), driver, short)?;
            Some((part, path))
        })
    }

    /// What a module calls a part that it imports.
    fn alias_of(&self, part: &str, module: ModuleId) -> Option<String> {
        let mut named = self.names.all(module).filter(|(name, _)| !name.contains('.'));
        let is_it = |definition: &Definition| match definition {
            Definition::Driver(name) => name == part,
            Definition::Module(target) => declares(&self.modules.get(*target).tree, part),
            _ => false,
        };
        named.find(|(_, named)| is_it(&named.definition)).map(|(name, _)| name.to_owned())
    }

    /// Behind the import that brings a driver into a module.
    fn import_of(&self, driver: &str, module: ModuleId) -> Option<Span> {
        let module = self.modules.get(module);
        let imports = module.tree.items.iter().filter(|item| matches!(item.kind, ItemKind::Import(_)));
        let mut imports = imports.zip(&module.imports);
        let (import, _) = imports.find(|(_, target)| {
            target.is_some_and(|target| declares(&self.modules.get(target).tree, driver))
        })?;
        Some(import.span.after())
    }
}

fn declares(tree: &ast::Module, driver: &str) -> bool {
    tree.items.iter().any(|item| matches!(&item.kind, ItemKind::Driver(it) if it.name.text == driver))
}

/// The part of a driver in a text that declares a type.
fn part_of_text(text: &str, driver: &str, short: &str) -> Option<String> {
    let mut part = None;
    for line in text.lines().map(str::trim_start) {
        if let Some(rest) = line.strip_prefix("driver ") {
            let name = rest.split([' ', '{']).next().unwrap_or_default();
            let is_part = name.strip_prefix(driver).is_some_and(|rest| rest.starts_with('.'));
            part = is_part.then_some(name);
        } else if let Some(rest) = line.strip_prefix("type ")
            && rest.strip_prefix(short).is_some_and(|rest| rest.trim_start().starts_with('{'))
            && let Some(part) = part
        {
            return Some(part.to_owned());
        }
    }
    None
}
