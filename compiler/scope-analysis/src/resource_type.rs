//! The resource type that a path names: `openstack.server`, `certs.Certificate` of a part under its module's alias.

mod parts;

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ItemKind};

use crate::context::Context;
use crate::driver::base_of;
use crate::eval::files::{join_path, path_between};
use crate::hir::ResourceType;
use crate::hover::type_hover;
use crate::modules::{Module, ModuleId, NameKind};
use crate::names::{Definition, Named};

impl Context<'_> {
    /// The resource type a path names, reported where there is none.
    pub fn resource_type(&self, path: &ast::Path, module: ModuleId) -> Option<&ResourceType> {
        let first = &path.names[0];
        let Some(named) = self.names.get(module, &first.text) else {
            self.report(self.nothing_called(path, module));
            return None;
        };
        let Definition::Driver(driver_name) = &named.definition else {
            let of_part = match named.definition {
                Definition::Module(target) => self.type_of_parts(target, path),
                _ => None,
            };
            if of_part.is_none() {
                self.report_all(no_driver(first, path.span, named));
            }
            return of_part;
        };
        let driver = self.drivers.get(base_of(driver_name))?;
        self.record_use(NameKind::Driver, first.span, driver.span, format!("driver `{driver_name}`"));
        let Some(ty) = driver.types.get(&full_name(driver_name, path)) else {
            self.report(self.no_such_type(driver_name, path, module));
            return None;
        };
        let span = path.names[1].span.to(path.names[path.names.len() - 1].span);
        self.record_use(NameKind::Type, span, ty.span, type_hover(ty));
        Some(ty)
    }

    /// The report for a path whose first name means nothing in its module.
    fn nothing_called(&self, path: &ast::Path, module: ModuleId) -> Diagnostic {
        let first = &path.names[0];
        let is_alone = path.names.len() == 1;
        let words = match is_alone {
            true => format!("no module is called `{}`", first.text),
            false => format!("no driver is called `{}`", first.text),
        };
        let report = Diagnostic::new(codes::E0207, path.span, words).label("not imported");
        let is_meant = |definition: &Definition| match definition {
            Definition::Driver(_) => true,
            Definition::Module(_) => is_alone,
            _ => false,
        };
        if let Some((nearest, _)) = self.names.nearest(module, &first.text, is_meant) {
            return report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(first.span, nearest)]);
        }
        if let Some(part) = self.part_meant(path, module) {
            return part.told(report, path);
        }
        if !is_alone {
            return self.not_imported(&first.text, path.span);
        }
        if let Some((import, file)) = self.plain_import(module, first) {
            return report
                .secondary(import, "this file is imported without a name")
                .help(format!("give it one: `import \"{file}\" as {}`", first.text))
                .fix(
                    format!("import it as `{}`", first.text),
                    vec![Edit::new(import.after(), format!(" as {}", first.text))],
                );
        }
        match self.type_called(&first.text) {
            Some(meant) => report
                .label("a type of which driver?")
                .help(format!("did you mean `{meant}`?"))
                .fix(format!("write `{meant}`"), vec![Edit::new(first.span, meant)]),
            None => report.help(
                "a resource type is written `driver.type`; a file is one under a name: `import \"…\" as name`",
            ),
        }
    }

    /// The report for a type that a driver has not.
    fn no_such_type(&self, driver_name: &str, path: &ast::Path, module: ModuleId) -> Diagnostic {
        let full = full_name(driver_name, path);
        let wanted = &full[driver_name.len() + 1..];
        let span = path.names.get(1).map_or(path.span, |name| name.span.to(path.span.after()));
        let words = match wanted {
            "" => format!("expected a resource type of `{driver_name}`"),
            _ => format!("`{driver_name}` has no resource type `{wanted}`"),
        };
        let report = Diagnostic::new(codes::E0207, span, words).label("no such type");
        if let Some(part) = self.part_meant(path, module) {
            return part.told(report, path);
        }
        let of_driver = format!("{driver_name}.");
        let types = self.drivers.get(base_of(driver_name)).map(|driver| driver.types.keys());
        let types: Vec<&str> =
            types.into_iter().flatten().filter_map(|name| name.strip_prefix(&of_driver)).collect();
        match similar::nearest(wanted, types.iter().copied()) {
            Some(nearest) => report
                .help(format!("did you mean `{driver_name}.{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None if types.is_empty() => report.help(format!(
                "its types are in parts of it, which are imported by themselves: `import {driver_name}.PART`"
            )),
            None => report.help(format!("it has {}", types.join(", "))),
        }
    }

    /// `certs.Certificate`, `certs.v1.Certificate`: a type of a part of a driver, by the alias of the module that declares
    /// the part. The first part that has it, if the version is not said.
    fn type_of_parts(&self, module: ModuleId, path: &ast::Path) -> Option<&ResourceType> {
        let names: Vec<&str> = path.names[1..].iter().map(|name| name.text.as_str()).collect();
        let (short, part) = names.split_last()?;
        let end = part.iter().map(|word| format!(".{word}")).collect::<String>();
        let parts = self.names.all(module).filter_map(|(_, named)| match &named.definition {
            Definition::Driver(name) if name.ends_with(&end) => Some(name),
            _ => None,
        });
        let ty = parts
            .filter_map(|part| self.drivers.get(base_of(part))?.types.get(&format!("{part}.{short}")))
            .next()?;
        let last = path.names[path.names.len() - 1].span;
        self.record_use(NameKind::Type, last, ty.span, type_hover(ty));
        Some(ty)
    }

    /// The report for a driver that a file does not import.
    pub(crate) fn not_imported(&self, name: &str, span: Span) -> Diagnostic {
        Diagnostic::new(codes::E0207, span, format!("no driver is called `{name}`"))
            .label("not imported")
            .help(match (self.is_in_library(name), self.file_of_driver(name, span)) {
                (true, _) => format!("import it: `import {name}`"),
                (false, Some(path)) => format!("import the file that declares it: `import \"{path}\"`"),
                (false, None) => {
                    format!("declare it, `driver {name} {{ … }}`, or import the file that does")
                }
            })
    }

    /// The path of the file that declares a driver, as the file of a place would import it: one that another file imports, or one
    /// of that name beside it.
    fn file_of_driver(&self, name: &str, span: Span) -> Option<String> {
        let from = &self.modules.get(self.module_of(span)).path;
        let declares = |module: &&Module| {
            let mut items = module.tree.items.iter();
            items.any(|item| matches!(&item.kind, ItemKind::Driver(driver) if driver.name.text == name))
        };
        if let Some(module) = self.modules.modules.iter().find(declares) {
            return path_between(from, &module.path);
        }
        let beside = join_path(from, &format!("{name}.scope"));
        self.world.beside(from).contains(&beside).then(|| format!("./{name}.scope"))
    }

    /// Whether the standard library has a module of this name.
    pub(crate) fn is_in_library(&self, name: &str) -> bool {
        self.world.library().iter().any(|module| module == name)
    }

    /// The full name of the one resource type with this short name, of the drivers that the program imports.
    fn type_called(&self, short: &str) -> Option<&str> {
        let types = self.drivers.values().flat_map(|driver| driver.types.keys());
        let mut called = types.filter(|name| name.rsplit_once('.').is_some_and(|(_, last)| last == short));
        let only = called.next()?;
        called.next().is_none().then_some(only)
    }

    /// The import, without a name, of a file that is called so.
    fn plain_import(&self, module: ModuleId, name: &ast::Ident) -> Option<(Span, String)> {
        self.modules.get(module).tree.items.iter().find_map(|item| match &item.kind {
            ItemKind::Import(ast::Import {
                source: ast::ImportSource::File(file),
                names: None,
                alias: None,
            }) => {
                let stem = file.text.rsplit('/').next()?.strip_suffix(".scope")?;
                (stem == name.text).then(|| (file.span, file.text.clone()))
            }
            _ => None,
        })
    }
}

/// `kubernetes`, `k8s.core.Pod` → `kubernetes.core.Pod`: a path that starts at a driver, whatever the module calls it.
fn full_name(driver_name: &str, path: &ast::Path) -> String {
    let rest: Vec<&str> = path.names[1..].iter().map(|name| name.text.as_str()).collect();
    format!("{driver_name}.{}", rest.join("."))
}

/// The report for a first name that means something else than a driver; nothing for a hole, which was reported.
fn no_driver(first: &ast::Ident, span: Span, named: &Named) -> Option<Diagnostic> {
    Some(match named.definition {
        Definition::Hole => return None,
        Definition::Module(_) => Diagnostic::new(codes::E0207, span, format!("`{}` is a module", first.text))
            .label("expected the type of an application's resource")
            .secondary(named.span, "imported here")
            .help("only a `resource` may have a module as its type"),
        _ => Diagnostic::new(codes::E0207, span, format!("`{}` is not a driver", first.text))
            .label("expected a resource type")
            .secondary(named.span, "declared here")
            .help("a resource type is written `driver.type`"),
    })
}
