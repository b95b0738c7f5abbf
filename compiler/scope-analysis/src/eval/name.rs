//! Names: what a name means where it stands, and the likeliest reason why one means nothing.
//!
//! A local name, then `here`, `local`, `sites`, then what the module declares or imports.

use scope_diagnostics::{Code, Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Expr, ExprKind, ItemKind};

use super::Frame;
use crate::context::Context;
use crate::hir::{Location, LocationKind, Value};
use crate::modules::{ModuleId, NameKind};
use crate::names::Definition;

impl Context<'_> {
    pub fn name_value(&self, name: &str, span: Span, frame: &Frame) -> Value {
        if let Some((_, value)) = frame.locals.iter().rev().find(|(local, _)| local == name) {
            return value.clone();
        }
        if self.is_supposing()
            && let Some(value) = self.supposed_name(name, span, frame)
        {
            return value;
        }
        match name {
            "here" => {
                return match frame.here {
                    Some(site) => Value::Site(site),
                    None if frame.group.is_some_and(|group| self.is_misplaced(group)) => Value::Error,
                    None => Value::Location(Location { kind: LocationKind::Here, span }),
                };
            }
            "local" => return self.entry_value(span),
            "sites" => return self.all_sites(span),
            "resources" => return self.all_resources(span),
            _ => {}
        }
        let Some(named) = self.names.get(frame.module, name) else {
            // The sites of a family are known by name in the whole program.
            if let Some((site, declared)) = self.names.sites.get(name) {
                self.record_use(NameKind::Site, span, *declared, format!("site `{name}`"));
                return Value::Site(*site);
            }
            self.report_undeclared(self.unknown_name(name, span, frame));
            return Value::Error;
        };
        let definition = named.definition.clone();
        let declared = named.span;
        self.record_use(self.kind_of(&definition), span, declared, self.hover(name, &definition));
        match definition {
            Definition::Site(site) => Value::Site(site),
            Definition::Value(module, item) => self.item_value(module, item, span, frame),
            Definition::Resource(module, item) => match frame.group {
                Some(group) if self.is_of_module(group, module) => self.declared_value(group, item, span),
                _ => {
                    self.report(self.of_another_file(name, module, span, declared));
                    Value::Error
                }
            },
            Definition::Hole => Value::Error,
            Definition::Driver(_) => self.no_value(name, "a driver", span, declared),
            Definition::Function(..) => self.no_value(name, "a function", span, declared),
            Definition::Type(..) => self.no_value(name, "a type", span, declared),
            Definition::Module(_) => self.no_value(name, "a module", span, declared),
            Definition::NoValue(what) => self.no_value(name, what, span, declared),
        }
    }

    /// What kind of thing a definition is.
    pub(super) fn kind_of(&self, definition: &Definition) -> NameKind {
        match definition {
            Definition::Site(_) => NameKind::Site,
            Definition::Driver(_) => NameKind::Driver,
            Definition::Module(_) => NameKind::Module,
            Definition::Type(..) => NameKind::Type,
            Definition::Function(..) => NameKind::Function,
            Definition::Resource(..) => NameKind::Resource,
            Definition::Value(module, item) => match &self.item(*module, *item).kind {
                ItemKind::Param(_) => NameKind::Parameter,
                _ => NameKind::Value,
            },
            Definition::NoValue(_) | Definition::Hole => NameKind::Value,
        }
    }

    fn no_value(&self, name: &str, what: &str, span: Span, declared: Span) -> Value {
        self.report(
            Diagnostic::new(codes::E0201, span, format!("expected a value, found {what}"))
                .label(format!("`{name}` is {what}"))
                .secondary(declared, "declared here")
                .help("name a value here"),
        );
        Value::Error
    }

    /// The report for a name that nothing declares, with the likeliest reason.
    pub fn unknown_name(&self, name: &str, span: Span, frame: &Frame) -> Diagnostic {
        let mut report =
            Diagnostic::new(codes::E0102, span, format!("nothing is called `{name}`")).label("not declared");
        let declared = |word: &str| {
            self.names.get(frame.module, word).is_some()
                || frame.locals.iter().any(|(local, _)| local == word)
                || word.parse::<i64>().is_ok()
        };
        let lower = name.to_ascii_lowercase();
        let word = match lower.as_str() {
            "true" | "yes" | "on" => Some("true"),
            "false" | "no" | "off" => Some("false"),
            "null" | "none" | "nil" => Some("null"),
            _ => None,
        };
        if let Some(word) = word {
            return report
                .help(format!("write `{word}`"))
                .fix(format!("write `{word}`"), vec![Edit::new(span, word)]);
        }
        let parts: Vec<&str> = name.split('-').collect();
        if parts.len() > 1 && parts.iter().all(|part| declared(part)) {
            let difference = parts.join(" - ");
            return report
                .note("names may hold dashes: this is one name")
                .help(format!("did you mean the difference `{difference}`?"))
                .fix(format!("write `{difference}`"), vec![Edit::new(span, difference)]);
        }
        let locals = frame.locals.iter().map(|(local, _)| local.as_str());
        let sites = self.names.sites.keys().map(String::as_str);
        let candidates = self
            .names
            .all(frame.module)
            // What could not be read is not what is meant.
            .filter(|(_, named)| named.definition != Definition::Hole)
            .map(|(name, _)| name)
            .chain(locals)
            .chain(["here", "local", "sites", "resources"])
            .chain(sites);
        if self.may_guess()
            && let Some(nearest) = similar::nearest(name, candidates)
        {
            let declared = self.names.get(frame.module, nearest).map(|named| named.span);
            let site = || self.names.sites.get(nearest).map(|(_, declared)| *declared);
            if let Some(declared) = declared.or_else(site) {
                report = report.secondary(declared, format!("`{nearest}` is declared here"));
            }
            let nearest = nearest.to_string();
            return report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]);
        }
        if name.contains('-') {
            report = report.note("names may hold dashes");
        }
        // The words of `with` are names where it is read, and only there.
        if frame.locals.iter().any(|(local, value)| local == "queue" && *value == Value::Text("queue".into()))
        {
            return report.help(format!("the words of `with` are {}", crate::with::WORDS.join(", ")));
        }
        // `m1.tiny` and `images/base.raw` are one text, and neither a field of something nor a quotient.
        let sources = self.sources.borrow();
        let behind = sources.try_get(span.file).and_then(|file| file.text().get(span.end as usize..));
        let is_of_word = |letter: char| letter.is_alphanumeric() || "._-/".contains(letter);
        let behind = behind.map_or("", |text| {
            let word = &text[..text.find(|letter| !is_of_word(letter)).unwrap_or(text.len())];
            if text[word.len()..].starts_with(['(', '[', '?']) { "" } else { word }
        });
        // In `"${s.name}"` there is a text already, and `st.s` is of `st`.
        let before = sources.try_get(span.file).and_then(|file| file.text().get(..span.start as usize));
        let before = before.unwrap_or_default().trim_end();
        if before.ends_with('.') && !before.ends_with("..") {
            return report;
        }
        let declared =
            format!("declare it: `let {name} = …`, or `for {name} in …` where there is one for each");
        let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphabetic() || c == '_');
        let reads_field = behind.strip_prefix('.').is_some_and(|fields| fields.split('.').all(is_word));
        if before.ends_with("${") {
            return report.help(declared);
        }
        if reads_field && is_word(name) {
            return report.help(declared).help(format!("a text is written with quotes: \"{name}{behind}\""));
        }
        let whole = Span::new(span.file, span.start, span.end + behind.len() as u32);
        report
            .help(format!("a text of its own is written with quotes: \"{name}{behind}\""))
            .fix("write it as text", vec![Edit::new(whole, format!("\"{name}{behind}\""))])
    }

    /// `module.member`, where `base` names an imported module; `Err` gives the value of any other base.
    pub(super) fn module_member(
        &self,
        base: &Expr,
        name: &ast::Ident,
        frame: &Frame,
    ) -> Result<Value, Value> {
        if let ExprKind::Name(module_name) = base.kind.as_ref()
            && frame.locals.iter().all(|(local, _)| local != module_name)
            && let Some(named) = self.names.get(frame.module, module_name)
            && let Definition::Module(module) = named.definition
        {
            self.record_use(NameKind::Module, base.span, named.span, format!("module `{module_name}`"));
            return Ok(self.name_value(
                &name.text,
                name.span,
                &Frame { module, locals: Vec::new(), types: Vec::new(), ..frame.clone() },
            ));
        }
        Err(self.eval(base, frame))
    }

    /// The report for a resource of an imported file: a file's items come with it, as a group.
    fn of_another_file(&self, name: &str, module: ModuleId, span: Span, declared: Span) -> Diagnostic {
        let path = &self.modules.get(module).path;
        Diagnostic::new(codes::E0114, span, format!("`{name}` is a resource of `{path}`"))
            .label("not a resource of this file")
            .secondary(declared, "declared here")
            .help(format!(
                "a file with resources is a resource type: `import \"{path}\" as group`, then `resource x: group {{ … }}`, and `x.…` for its outputs"
            ))
    }

    /// Whether an expression names an optional item (`when`).
    pub(super) fn is_absent(&self, base: &Expr, frame: &Frame) -> bool {
        self.optional_item(base, frame).is_some()
    }

    /// Whether an expression asks for something of an optional item that is not there: `net.id`.
    pub(super) fn is_of_absent(&self, expr: &Expr, frame: &Frame) -> bool {
        match expr.kind.as_ref() {
            ExprKind::Field { base, optional: false, .. } => {
                (self.is_absent(base, frame) && self.eval(base, frame) == Value::Null)
                    || self.is_of_absent(base, frame)
            }
            _ => false,
        }
    }

    /// What an expression calls an optional item, or an element of a family of them: `desk`, `shelf["paris"]`; with its `when`.
    fn optional_item(&self, base: &Expr, frame: &Frame) -> Option<(String, Span)> {
        let (item, is_element) = match base.kind.as_ref() {
            ExprKind::Index { base, .. } => (base, true),
            _ => (base, false),
        };
        let ExprKind::Name(name) = item.kind.as_ref() else { return None };
        if frame.locals.iter().any(|(local, _)| local == name) {
            return None;
        }
        let condition = self.condition_of(frame.module, name, is_element)?;
        Some((self.sources.borrow().snippet(base.span).to_string(), condition))
    }

    /// The `when` of the item that a name stands for, or of the elements of such a family.
    fn condition_of(&self, module: ModuleId, name: &str, is_element: bool) -> Option<Span> {
        let Definition::Resource(module, item) = self.names.get(module, name)?.definition else {
            return None;
        };
        match &self.item(module, item).kind {
            ItemKind::Thing(thing) if thing.family.is_some() == is_element => {
                Some(thing.condition.as_ref()?.span)
            }
            _ => None,
        }
    }

    /// The report for an optional item, named at a place, that is not there where something of it is wanted; nothing where the
    /// place names none.
    pub(crate) fn named_absent(&self, code: Code, value: &Value, span: Span) -> Option<Diagnostic> {
        if *value != Value::Null {
            return None;
        }
        let named = self.sources.borrow().snippet(span).to_string();
        let (name, is_element) = match named.split_once('[') {
            Some((family, key)) if key.ends_with(']') => (family.trim_end(), true),
            _ => (named.as_str(), false),
        };
        let condition = self.condition_of(self.module_of(span), name, is_element)?;
        Some(not_there(code, &named, span, condition))
    }

    /// Whether an expression names a family (`for`).
    pub(super) fn is_family(&self, base: &Expr, frame: &Frame) -> bool {
        let ExprKind::Name(name) = base.kind.as_ref() else { return false };
        if frame.locals.iter().any(|(local, _)| local == name) {
            return false;
        }
        let Some(Definition::Resource(module, item)) =
            self.names.get(frame.module, name).map(|named| &named.definition)
        else {
            return false;
        };
        matches!(&self.item(*module, *item).kind, ItemKind::Thing(thing) if thing.family.is_some())
    }

    /// `vm["nantes"]` of a family `vm`: the element alone. Nothing where that is not what the name and the index are.
    pub(super) fn element_of_family(&self, base: &Expr, index: &Value, frame: &Frame) -> Option<Value> {
        let ExprKind::Name(name) = base.kind.as_ref() else { return None };
        if frame.locals.iter().any(|(local, _)| local == name) {
            return None;
        }
        let named = self.names.get(frame.module, name)?;
        let Definition::Resource(module, item) = named.definition else { return None };
        let group = frame.group.filter(|group| self.is_of_module(*group, module))?;
        let key = match index {
            Value::Text(key) => key.clone(),
            Value::Site(site) => self.site_name(*site),
            Value::Int(number) => number.to_string(),
            _ => return None,
        };
        let element = self.declared_element(group, item, &key, base.span)?;
        let hover = self.hover(name, &named.definition);
        self.record_use(self.kind_of(&named.definition), base.span, named.span, hover);
        Some(element)
    }

    /// The report for a field of an optional item that is not there.
    pub(super) fn absent(&self, base: &Expr, field: &ast::Ident, frame: &Frame) -> Diagnostic {
        let (name, condition) = self.optional_item(base, frame).unwrap_or_else(|| (String::new(), base.span));
        not_there(codes::E0201, &name, base.span, condition)
            .help(format!("`{name}?.{}` is null where it is not there", field.text))
            .fix("allow it to be absent", vec![Edit::new(base.span.after(), "?")])
    }
}

/// An optional item that is not there, where it has to be.
fn not_there(code: Code, name: &str, span: Span, condition: Span) -> Diagnostic {
    Diagnostic::new(code, span, format!("`{name}` is not there: its `when` is false"))
        .label("an optional item")
        .secondary(condition, "this is false")
}
