//! The values of `let` and `param` items, the entry site, and what a name's hover says.
//!
//! A value is computed when first asked for and kept; asked for while being computed, it depends on itself.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ItemKind};

use crate::context::Context;
use crate::driver::base_of;
use crate::driver::types::{is_plain, mean, type_of, unknown_type};
use crate::eval::Frame;
use crate::hir::{GroupId, SiteId, Slot, Type, Value};
use crate::modules::{ModuleId, Modules, NameKind};
use crate::names::Definition;

impl Context<'_> {
    /// The value of a `let` or `param`.
    pub fn item_value(&self, module: ModuleId, index: usize, used: Span, frame: &Frame) -> Value {
        let group = frame.group.filter(|group| self.is_of_module(*group, module));
        // In a group, `here` is the group's place: what depends on it has a value for each site.
        let here = frame.here.filter(|_| group.is_some_and(|group| group != GroupId::PROGRAM));
        let key = (group, module, index, here);
        let frame = Frame { group, here, ..Frame::new(module) };
        if let Some(known) = self.values.borrow().get(&key) {
            return match known {
                Some(value) => value.clone(),
                None => {
                    self.report(self.cycle(module, index, used));
                    Value::Error
                }
            };
        }
        self.values.borrow_mut().insert(key, None);
        let value = match &self.item(module, index).kind {
            ItemKind::Let(item) => self.let_value(item, frame),
            ItemKind::Param(param) => self.param_value(param, &frame),
            _ => Value::Error,
        };
        self.values.borrow_mut().insert(key, Some(value.clone()));
        value
    }

    fn let_value(&self, item: &ast::Let, mut frame: Frame) -> Value {
        if crate::with::is_with_record(&item.value) {
            self.add_with_words(&mut frame);
        }
        let value = self.eval(&item.value, &frame);
        match &item.ty {
            Some(ty) => {
                let ty = self.declared_type(ty, frame.module);
                self.check_value(value, &ty, item.value.span, &item.name.text)
            }
            None => value,
        }
    }

    fn param_value(&self, param: &ast::Param, frame: &Frame) -> Value {
        let module = frame.module;
        let ty = param.ty.as_ref().map(|ty| self.declared_type(ty, module));
        let given = self.options.params.iter().rev().find(|(name, _)| *name == param.name.text);
        let inside = frame.group.filter(|group| *group != GroupId::PROGRAM);
        let attribute = inside.and_then(|group| self.given_to(group, &param.name.text, frame.here));
        let is_program = module == Modules::ROOT;
        let in_file = if is_program { self.param_in_files(&param.name.text) } else { None };
        let (value, span) = match (given, &param.default) {
            _ if attribute.is_some() => {
                attribute.map_or((Value::Null, param.name.span), |slot| (slot.value, slot.span))
            }
            (Some((name, text)), _) if module == Modules::ROOT => {
                let Some((value, span)) = self.given_value(name, text, ty.as_ref()) else {
                    return Value::Error;
                };
                (value, span)
            }
            _ if in_file.is_some() => {
                in_file.map_or((Value::Null, param.name.span), |slot| (slot.value, slot.span))
            }
            (_, Some(default)) => (self.eval(default, frame), default.span),
            (_, None) if inside.is_some() => {
                if let Some(group) = inside {
                    self.report_all(self.missing_parameter(group, param));
                }
                return Value::Error;
            }
            (_, None) => {
                self.report(
                    Diagnostic::new(
                        codes::E0111,
                        param.name.span,
                        format!("parameter `{}` has no value", param.name.text),
                    )
                    .label("no default")
                    .help(format!("give it one: --set {}=…, or a default here", param.name.text)),
                );
                return Value::Error;
            }
        };
        match &ty {
            Some(ty) => self.check_value(value, ty, span, &param.name.text),
            None => value,
        }
    }

    /// A value given with `--set`: an expression, or where the parameter is a text, the words as they are.
    fn given_value(&self, name: &str, text: &str, ty: Option<&Type>) -> Option<(Value, Span)> {
        let file = self.sources.borrow_mut().add(format!("--set {name}"), text);
        let whole = Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
        let wants_text = matches!(
            ty.map(|ty| match ty {
                Type::Secret(inner) => inner.required(),
                other => other.required(),
            }),
            None | Some(Type::String | Type::Enum(_) | Type::Matching(..) | Type::Ip | Type::Cidr)
        );
        let is_quoted = text.starts_with('"');
        if wants_text && !is_quoted && (ty.is_some() || text.parse::<f64>().is_err()) {
            return Some((Value::Text(text.to_string()), whole));
        }
        let (expr, diagnostics) = scope_syntax::parse_expr(file, text);
        self.report_all(diagnostics);
        let expr = expr?;
        Some((self.eval(&expr, &Frame::new(Modules::ROOT)), whole))
    }

    /// The value that the last of the `--params` files which names a parameter gives it.
    fn param_in_files(&self, name: &str) -> Option<Slot> {
        self.options.param_files.iter().rev().find_map(|path| self.param_file(path).shift_remove(name))
    }

    /// The fields of a `--params` file; reports what is no record, once.
    fn param_file(&self, path: &str) -> IndexMap<String, Slot> {
        let known = self.data_files.borrow().get(path).cloned();
        let value = known.unwrap_or_else(|| {
            let file = self.sources.borrow_mut().add("--params", path);
            let span = Span::new(file, 0, u32::try_from(path.len()).unwrap_or(0));
            let mut value = self.read_data(path, span);
            if !matches!(value, Value::Record(_) | Value::Error) {
                self.mismatch("a record of parameters in the file", &value, span);
                value = Value::Error;
            }
            self.data_files.borrow_mut().insert(path.to_string(), value.clone());
            value
        });
        match value {
            Value::Record(fields) => fields,
            _ => IndexMap::new(),
        }
    }

    /// Reports `--set` and `--params` of what is no parameter.
    pub fn check_given_params(&self) {
        let params: Vec<&str> = self
            .modules
            .get(Modules::ROOT)
            .tree
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Param(param) => Some(param.name.text.as_str()),
                _ => None,
            })
            .collect();
        for path in &self.options.param_files {
            for (name, slot) in self.param_file(path) {
                if params.contains(&name.as_str()) {
                    continue;
                }
                let report =
                    Diagnostic::new(codes::E0110, slot.key, format!("the program has no parameter `{name}`"))
                        .label("set here");
                self.report(match similar::nearest(&name, params.iter().copied()) {
                    Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
                    None if params.is_empty() => report.help(format!("declare it: `param {name}: string`")),
                    None => report.help(format!("it has {}", params.join(", "))),
                });
            }
        }
        for (name, text) in &self.options.params {
            if params.contains(&name.as_str()) {
                continue;
            }
            let file = self.sources.borrow_mut().add(format!("--set {name}"), format!("{name}={text}"));
            let span = Span::new(file, 0, name.len() as u32);
            let report =
                Diagnostic::new(codes::E0110, span, format!("the program has no parameter `{name}`"))
                    .label("set here");
            self.report(match similar::nearest(name, params.iter().copied()) {
                Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
                None if params.is_empty() => report.help(format!("declare it: `param {name}: string`")),
                None => report.help(format!("it has {}", params.join(", "))),
            });
        }
    }

    fn cycle(&self, module: ModuleId, index: usize, used: Span) -> Diagnostic {
        let (name, declared) = match &self.item(module, index).kind {
            ItemKind::Let(item) => (item.name.text.clone(), item.name.span),
            ItemKind::Param(param) => (param.name.text.clone(), param.name.span),
            _ => (String::new(), used),
        };
        Diagnostic::new(codes::E0112, declared, format!("`{name}` depends on itself"))
            .label("its value needs itself")
            .secondary(used, "used here on the way")
            .help("break the circle: give one of them a value of its own")
    }

    /// What a written type means in a module.
    pub fn declared_type(&self, written: &ast::TypeExpr, module: ModuleId) -> Type {
        let mut diagnostics = Vec::new();
        let ty = type_of(written, &mut |path| self.named_type(path, module), &mut diagnostics);
        self.report_all(diagnostics);
        ty
    }

    fn named_type(&self, path: &ast::Path, module: ModuleId) -> Result<Type, Diagnostic> {
        let first = &path.names[0];
        match self.names.get(module, &first.text).map(|named| (&named.definition, named.span)) {
            Some((Definition::Type(module, item), span)) if path.names.len() == 1 => {
                self.record_use(NameKind::Type, first.span, span, format!("type `{}`", first.text));
                Ok(self.type_of_item(*module, *item))
            }
            // `types.Pod`, of a module under its alias.
            Some((Definition::Module(target), _))
                if path.names.len() == 2
                    && matches!(
                        self.names.get(*target, &path.names[1].text).map(|named| &named.definition),
                        Some(Definition::Type(..))
                    ) =>
            {
                let name = ast::Path { names: path.names[1..].to_vec(), span: path.names[1].span };
                self.named_type(&name, *target)
            }
            Some((Definition::Driver(_), _)) => match self.resource_type(path, module) {
                Some(ty) => Ok(Type::Reference(ty.name.clone())),
                None => Ok(Type::Error),
            },
            _ => {
                let declared: Vec<String> = self
                    .names
                    .all(module)
                    .filter(|(_, named)| matches!(named.definition, Definition::Type(..)))
                    .map(|(name, _)| name.to_string())
                    .collect();
                Err(unknown_type(path, declared.iter().map(String::as_str)))
            }
        }
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

    /// The declared type that a path names in a module; nothing where it names no type.
    pub fn declared_in(&self, module: ModuleId, path: &ast::Path) -> Option<Type> {
        let is_type = |module: ModuleId, name: &str| {
            self.names.get(module, name).is_some_and(|named| matches!(named.definition, Definition::Type(..)))
        };
        let is_declared = match path.names.as_slice() {
            [name] => is_type(module, &name.text),
            [alias, name] => match self.names.get(module, &alias.text).map(|named| &named.definition) {
                Some(Definition::Module(target)) => is_type(*target, &name.text),
                _ => false,
            },
            _ => false,
        };
        if is_declared { self.named_type(path, module).ok() } else { None }
    }

    /// What a `type` item stands for.
    fn type_of_item(&self, module: ModuleId, item: usize) -> Type {
        let ItemKind::Type(alias) = &self.item(module, item).kind else { return Type::Error };
        if is_plain(&alias.ty) {
            return self.declared_type(&alias.ty, module);
        }
        let named = self.types.get(module, item, &alias.name.text);
        self.types.once(|| {
            while let Some((module, item, named)) = self.types.next() {
                let ItemKind::Type(alias) = &self.item(module, item).kind else { continue };
                let meaning = self.types.with_names(module, item, self.declared_type(&alias.ty, module));
                let mut diagnostics = Vec::new();
                mean(&named, meaning, alias.name.span, &mut diagnostics);
                self.report_all(diagnostics);
            }
        });
        Type::Named(named)
    }

    /// The report for a driver that a file does not import.
    pub(crate) fn not_imported(&self, name: &str, span: Span) -> Diagnostic {
        Diagnostic::new(codes::E0207, span, format!("no driver is called `{name}`"))
            .label("not imported")
            .help(match self.is_in_library(name) {
                true => format!("import it: `import {name}`"),
                false => format!(
                    "declare it, `driver {name} {{ … }}`, or import the file that does: `import \"./{name}.scope\"`"
                ),
            })
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

    /// The resource type a path names, reported where there is none.
    pub fn resource_type(&self, path: &ast::Path, module: ModuleId) -> Option<&crate::hir::ResourceType> {
        let first = &path.names[0];
        let Some(named) = self.names.get(module, &first.text) else {
            let is_alone = path.names.len() == 1;
            let report = match is_alone {
                true => format!("no module is called `{}`", first.text),
                false => format!("no driver is called `{}`", first.text),
            };
            let report = Diagnostic::new(codes::E0207, path.span, report).label("not imported");
            let is_meant = |definition: &Definition| match definition {
                Definition::Driver(_) => true,
                Definition::Module(_) => is_alone,
                _ => false,
            };
            self.report(match (self.names.nearest(module, &first.text, is_meant), self.plain_import(module, first)) {
                (Some((nearest, _)), _) => report
                    .help(format!("did you mean `{nearest}`?"))
                    .fix(format!("write `{nearest}`"), vec![Edit::new(first.span, nearest)]),
                (None, Some((import, file))) if is_alone => report
                    .secondary(import, "this file is imported without a name")
                    .help(format!("give it one: `import \"{file}\" as {}`", first.text))
                    .fix(
                        format!("import it as `{}`", first.text),
                        vec![Edit::new(import.after(), format!(" as {}", first.text))],
                    ),
                (None, _) if is_alone && self.type_called(&first.text).is_some() => {
                    let meant = self.type_called(&first.text).expect("asked just now");
                    report
                        .label("a type of which driver?")
                        .help(format!("did you mean `{meant}`?"))
                        .fix(format!("write `{meant}`"), vec![Edit::new(first.span, meant)])
                }
                (None, _) if is_alone => {
                    report.help("a resource type is written `driver.type`; a file is one under a name: `import \"…\" as name`")
                }
                (None, _) => self.not_imported(&first.text, path.span),
            });
            return None;
        };
        let Definition::Driver(driver_name) = &named.definition else {
            if let Definition::Module(target) = &named.definition
                && let Some(ty) = self.type_of_parts(*target, path)
            {
                return Some(ty);
            }
            match named.definition {
                Definition::Hole => {}
                Definition::Module(_) => self.report(
                    Diagnostic::new(codes::E0207, path.span, format!("`{}` is a module", first.text))
                        .label("expected the type of an application's resource")
                        .secondary(named.span, "imported here")
                        .help("only a `resource` may have a module as its type"),
                ),
                _ => self.report(
                    Diagnostic::new(codes::E0207, path.span, format!("`{}` is not a driver", first.text))
                        .label("expected a resource type")
                        .secondary(named.span, "declared here")
                        .help("a resource type is written `driver.type`"),
                ),
            }
            return None;
        };
        let driver = self.drivers.get(base_of(driver_name))?;
        self.record_use(NameKind::Driver, first.span, driver.span, format!("driver `{driver_name}`"));
        let rest: Vec<&str> = path.names[1..].iter().map(|name| name.text.as_str()).collect();
        let full = format!("{driver_name}.{}", rest.join("."));
        if let Some(ty) = driver.types.get(&full) {
            let span = path.names[1].span.to(path.names[path.names.len() - 1].span);
            self.record_use(NameKind::Type, span, ty.span, type_hover(ty));
            return Some(ty);
        }
        let span = path.names.get(1).map_or(path.span, |name| name.span.to(path.span.after()));
        let mut report = Diagnostic::new(
            codes::E0207,
            span,
            if rest.is_empty() {
                format!("expected a resource type of `{driver_name}`")
            } else {
                format!("`{driver_name}` has no resource type `{}`", rest.join("."))
            },
        )
        .label("no such type");
        if let [short] = rest.as_slice()
            && let Some((part, alias)) = self.part_with(driver_name, short)
        {
            let import = match part.ends_with(&format!(".{alias}")) {
                true => format!("import {part}"),
                false => format!("import {part} as {alias}"),
            };
            report = report
                .help(format!("it is a type of a part of the driver: `{import}`, then `{alias}.{short}`"));
            let is_imported = driver.types.contains_key(&format!("{part}.{short}"));
            if !is_imported && named.span.file == path.span.file {
                let import = Edit::new(named.span.after(), format!("\n{import}"));
                let edits = vec![import, Edit::new(path.span, format!("{alias}.{short}"))];
                report = report.fix(format!("import `{part}`"), edits);
            }
            self.report(report);
            return None;
        }
        let of_part = format!("{driver_name}.");
        let of_part = driver.types.values().filter(|ty| ty.name.starts_with(&of_part));
        let short: Vec<&str> = of_part.map(|ty| &ty.name[driver_name.len() + 1..]).collect();
        report = match similar::nearest(&rest.join("."), short.iter().copied()) {
            Some(nearest) => report
                .help(format!("did you mean `{driver_name}.{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None if short.is_empty() => report.help(format!(
                "its types are in parts of it, which are imported by themselves: `import {driver_name}.PART`"
            )),
            None => report.help(format!("it has {}", short.join(", "))),
        };
        self.report(report);
        None
    }

    /// The module of the standard library that is a part of a driver and has a type of this name, and what to call it:
    /// `kubernetes.apps.v1` and `apps`.
    fn part_with(&self, driver: &str, short: &str) -> Option<(String, String)> {
        let start = format!("{driver}.");
        let is_it = |module: &String| {
            let text = self.world.read(&format!("std:{module}")).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let mut lines = text.lines().map(str::trim_start);
            text.contains(&format!("driver {module} {{"))
                && lines.any(|line| {
                    line.strip_prefix("type ").is_some_and(|line| line.starts_with(&format!("{short} {{")))
                })
        };
        let part =
            self.world.library().into_iter().find(|module| module.starts_with(&start) && is_it(module))?;
        let is_version =
            |word: &&str| word.starts_with('v') && word[1..].starts_with(|c: char| c.is_ascii_digit());
        let alias = part.rsplit('.').find(|word| !is_version(word)).unwrap_or(driver).to_owned();
        Some((part, alias))
    }

    /// `certs.Certificate`, `certs.v1.Certificate`: a type of a part of a driver, by the alias of the module that declares
    /// the part. The first part that has it, if the version is not said.
    fn type_of_parts(&self, module: ModuleId, path: &ast::Path) -> Option<&crate::hir::ResourceType> {
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

    /// Finds the entry site: `--at`, else the `entry` of the program or of a file it imports.
    pub fn find_entry(&self) {
        if let Some(name) = &self.options.entry {
            let file = self.sources.borrow_mut().add("--at", name.as_str());
            let span = Span::new(file, 0, name.len() as u32);
            match self.names.sites.get(name) {
                Some((site, _)) => self.entry.set(Some(*site)),
                None => self.report(self.unknown_site(name, span)),
            }
            return;
        }
        let mut first: Option<Span> = None;
        for (index, module) in self.modules.modules.iter().enumerate() {
            for item in &module.tree.items {
                let ItemKind::Entry(expr) = &item.kind else { continue };
                if let Some(first) = first {
                    // The program's own entry wins over one of an imported file; two in one program do not go.
                    if first.file == item.span.file {
                        self.report(
                            Diagnostic::new(codes::E0103, item.span, "the program has two entries")
                                .label("again here")
                                .secondary(first, "first here")
                                .help("keep one: a program is entered at one site"),
                        );
                    }
                    continue;
                }
                first = Some(item.span);
                let value = self.eval_location(expr, &Frame::new(ModuleId(index as u32)));
                match value.map(|location| location.kind) {
                    Some(crate::hir::LocationKind::Site(site)) => self.entry.set(Some(site)),
                    Some(crate::hir::LocationKind::Error) | None => {}
                    Some(_) => self.report(
                        Diagnostic::new(codes::E0108, expr.span, "a program is entered at one site")
                            .label("expected one site")
                            .help("name one site"),
                    ),
                }
            }
        }
    }

    /// `local` as a value.
    pub fn entry_value(&self, span: Span) -> Value {
        match self.entry.get() {
            Some(site) => Value::Site(site),
            None => {
                self.report(self.no_entry("this", span));
                Value::Error
            }
        }
    }

    /// The report for a request whose place depends on an entry site that is not given.
    pub fn no_entry(&self, what: &str, span: Span) -> Diagnostic {
        let sites: Vec<String> = self.sites.borrow().iter().map(|site| site.name.clone()).collect();
        let mut report = Diagnostic::new(codes::E0105, span, format!("where does {what} start?"))
            .label("needs the entry site, and the program has no `entry`");
        if let Some(first) = sites.first() {
            let listed = sites.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
            let more = if sites.len() > 8 { ", …" } else { "" };
            report = report
                .help(format!("--at {first}, or `entry {first}` in the program (sites: {listed}{more})"));
        } else {
            report = report.help("declare a site and name it: `site a { … }`, `entry a`");
        }
        report
    }

    /// The hover text of a name.
    pub fn hover(&self, name: &str, definition: &Definition) -> String {
        match definition {
            Definition::Site(site) => format!("site `{}`", self.site_name(*site)),
            Definition::Driver(driver) => format!("driver `{driver}`"),
            Definition::Value(module, item) => {
                let item = self.item(*module, *item);
                let word = if matches!(item.kind, ItemKind::Param(_)) { "param" } else { "let" };
                with_docs(format!("{word} `{name}`"), &item.docs)
            }
            Definition::Function(module, item) => {
                with_docs(format!("function `{name}`"), &self.item(*module, *item).docs)
            }
            Definition::Type(module, item) => {
                with_docs(format!("type `{name}`"), &self.item(*module, *item).docs)
            }
            Definition::Resource(..) => format!("resource `{name}`"),
            Definition::Module(module) => format!("module `{}`", self.modules.get(*module).path),
            Definition::NoValue(what) => format!("{what} `{name}`"),
            Definition::Hole => format!("`{name}`"),
        }
    }
}

/// A heading and documentation lines below it.
pub(crate) fn with_docs(heading: String, docs: &[String]) -> String {
    if docs.is_empty() { heading } else { format!("{heading}\n\n{}", docs.join("\n")) }
}

/// What a resource type's hover says.
pub(crate) fn type_hover(ty: &crate::hir::ResourceType) -> String {
    with_docs(format!("`{}`, of the service `{}`", ty.name, ty.service), &ty.docs)
}

impl Context<'_> {
    /// The report for a site that is not declared.
    pub fn unknown_site(&self, name: &str, span: Span) -> Diagnostic {
        let report =
            Diagnostic::new(codes::E0101, span, format!("no site is called `{name}`")).label("not a site");
        let names = self.names.sites.keys().map(String::as_str);
        match similar::nearest(name, names) {
            Some(nearest) => {
                let (_, declared) = self.names.sites[nearest];
                let place = self.sources.borrow().location(declared);
                let written =
                    if nearest.contains(' ') { format!("\"{nearest}\"") } else { nearest.to_string() };
                report
                    .help(format!("did you mean `{nearest}`? ({place})"))
                    .fix(format!("write `{nearest}`"), vec![Edit::new(span, written)])
            }
            None => {
                let listed: Vec<&str> = self.names.sites.keys().take(8).map(String::as_str).collect();
                if listed.is_empty() {
                    Diagnostic::new(codes::E0101, span, "the program declares no site")
                        .label("not a site")
                        .help("declare it: `site NAME { … }`, or import the file that does")
                } else {
                    report.help(format!("the sites are {}", listed.join(", ")))
                }
            }
        }
    }

    /// The sites of a program by id, for messages.
    pub fn site_names(&self, sites: &[SiteId]) -> String {
        sites.iter().map(|site| self.site_name(*site)).collect::<Vec<_>>().join(", ")
    }
}
