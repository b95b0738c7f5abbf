//! Evaluating expressions at compile time: what is known is computed, what the run will know stays deferred.
//!
//! An expression is evaluated in a [`Frame`]: a module's names, local names (parameters, comprehension names), and
//! `here`, the site for which a resource's body is being evaluated. `"vm-${here.name}"` at nantes → `"vm-nantes"`;
//! `"${db.id}"` → a deferred text of the output `id` of `db`. A part in error gives a hole, reported once.

pub(crate) mod functions;
pub(crate) mod number;
mod operators;

pub(crate) use operators::cross_unavailable;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Element, Expr, ExprKind, RecordEntry, TextPart};

use crate::context::Context;
use crate::hir::{Deferred, Location, LocationKind, SiteId, Slot, Value};
use crate::modules::ModuleId;
use crate::names::Definition;

/// Calls inside calls, at most.
const MAX_CALLS: u32 = 128;

/// Where an expression is evaluated.
#[derive(Clone)]
pub(crate) struct Frame {
    pub module: ModuleId,
    /// The site for which a body is evaluated; `None` where there is none.
    pub here: Option<SiteId>,
    pub locals: Vec<(String, Value)>,
    pub calls: u32,
}

impl Frame {
    pub fn new(module: ModuleId) -> Frame {
        Frame { module, here: None, locals: Vec::new(), calls: 0 }
    }

    pub fn at(module: ModuleId, here: SiteId) -> Frame {
        Frame { here: Some(here), ..Frame::new(module) }
    }

    fn with(&self, name: &str, value: Value) -> Frame {
        let mut frame = self.clone();
        frame.locals.push((name.to_string(), value));
        frame
    }
}

impl Context<'_> {
    /// The value of an expression.
    pub fn eval(&self, expr: &Expr, frame: &Frame) -> Value {
        if !self.step() {
            if self.just_passed_bound() {
                self.report(
                    Diagnostic::new(codes::E0505, expr.span, "the program takes too many steps to expand")
                        .label("stopped here")
                        .note("every program expands to a bounded set of requests")
                        .help("make the lists that are iterated smaller"),
                );
            }
            return Value::Error;
        }
        match expr.kind.as_ref() {
            ExprKind::Error => Value::Error,
            ExprKind::Null => Value::Null,
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Number(number) => self.number(number, expr.span),
            ExprKind::Text(text) => self.text(text, frame),
            ExprKind::Name(name) => self.name_value(name, expr.span, frame),
            ExprKind::Record(entries) => Value::Record(self.record(entries, frame)),
            ExprKind::List(elements) => self.list(elements, frame),
            ExprKind::ListFor { generator, value } => self.list_for(generator, value, frame),
            ExprKind::MapFor { generator, key, value } => self.map_for(generator, key, value, frame),
            ExprKind::Field { base, name, optional } => {
                let base_value = self.module_member(base, name, frame);
                match base_value {
                    Ok(value) => value,
                    Err(base_value) => self.field(base_value, name, *optional, base.span),
                }
            }
            ExprKind::Index { base, index } => {
                let base_value = self.eval(base, frame);
                let index_value = self.eval(index, frame);
                self.index(base_value, index_value, base.span, index.span)
            }
            ExprKind::Call { callee, args } => self.call(callee, args, expr.span, frame),
            ExprKind::Unary { op, operand } => {
                let value = self.eval(operand, frame);
                self.unary(*op, value, operand.span)
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, expr.span, frame),
            ExprKind::Chain { op, operands } => self.chain(*op, operands, expr.span, frame),
            ExprKind::If { branches, otherwise } => self.conditional(branches, otherwise, frame),
            ExprKind::Scope(scope) => {
                self.unavailable(scope.span, "a scope as a value");
                Value::Error
            }
        }
    }

    /// A construct of the language that the next release brings.
    pub fn unavailable(&self, span: Span, what: &str) {
        self.report(
            Diagnostic::new(codes::E0305, span, format!("{what} is not available yet"))
                .label("part of the language, not of this release")
                .help("leave it out, or write out what it would expand to"),
        );
    }

    pub fn text(&self, text: &ast::Text, frame: &Frame) -> Value {
        if let Some(literal) = text.literal() {
            return Value::Text(literal);
        }
        let mut parts: Vec<Value> = Vec::new();
        for part in &text.parts {
            let value = match part {
                TextPart::Chars(chars) => Value::Text(chars.clone()),
                TextPart::Interpolation(expr) => match self.eval(expr, frame) {
                    Value::Error => return Value::Error,
                    value @ (Value::Deferred(_) | Value::Secret(_)) => value,
                    value => match self.as_text(&value) {
                        Some(text) => Value::Text(text),
                        None => {
                            self.report(
                                Diagnostic::new(
                                    codes::E0201,
                                    expr.span,
                                    format!(
                                        "expected something to write as text, found {}",
                                        describe(&value)
                                    ),
                                )
                                .label("cannot be written in a text")
                                .help("name a field of it, or use `to_json(…)`"),
                            );
                            return Value::Error;
                        }
                    },
                },
            };
            match (parts.last_mut(), value) {
                (Some(Value::Text(before)), Value::Text(text)) => before.push_str(&text),
                (_, value) => parts.push(value),
            }
        }
        if let [Value::Text(text)] = parts.as_slice() {
            return Value::Text(text.clone());
        }
        Value::Deferred(Box::new(Deferred::Concat(parts)))
    }

    /// How a known value stands in a text.
    pub fn as_text(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Percent(number) => format!("{number}%"),
            Value::Size(bytes) => bytes.to_string(),
            Value::Rate(bits) => bits.to_string(),
            Value::Duration(nanoseconds) => number::duration_text(*nanoseconds),
            Value::Site(site) => self.site_name(*site),
            _ => return None,
        })
    }

    pub fn name_value(&self, name: &str, span: Span, frame: &Frame) -> Value {
        if let Some((_, value)) = frame.locals.iter().rev().find(|(local, _)| local == name) {
            return value.clone();
        }
        match name {
            "here" => {
                return match frame.here {
                    Some(site) => Value::Site(site),
                    None => Value::Location(Location { kind: LocationKind::Here, span }),
                };
            }
            "local" => return self.entry_value(span),
            "sites" => return self.all_sites(span),
            _ => {}
        }
        let Some(named) = self.names.get(frame.module, name) else {
            self.report(self.unknown_name(name, span, frame));
            return Value::Error;
        };
        let definition = named.definition.clone();
        let declared = named.span;
        self.record_use(span, declared, self.hover(name, &definition));
        match definition {
            Definition::Site(site) => Value::Site(site),
            Definition::Value(module, item) => self.item_value(module, item, span),
            Definition::Resource(resource) => Value::Resource(resource),
            Definition::Hole => Value::Error,
            Definition::Driver(_) => self.no_value(name, "a driver", span, declared),
            Definition::Function(..) => self.no_value(name, "a function", span, declared),
            Definition::Type(..) => self.no_value(name, "a type", span, declared),
            Definition::Module(_) => self.no_value(name, "a module", span, declared),
            Definition::NoValue(what) => self.no_value(name, what, span, declared),
            Definition::ForeignResource(..) => {
                self.unavailable(span, "a resource of an imported module");
                Value::Error
            }
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
        let parts: Vec<&str> = name.split('-').collect();
        if parts.len() > 1 && parts.iter().all(|part| declared(part)) {
            let difference = parts.join(" - ");
            return report
                .note("names may hold dashes: this is one name")
                .help(format!("did you mean the difference `{difference}`?"))
                .fix(format!("write `{difference}`"), vec![Edit::new(span, difference)]);
        }
        let locals = frame.locals.iter().map(|(local, _)| local.as_str());
        let candidates = self
            .names
            .all(frame.module)
            .map(|(name, _)| name)
            .chain(locals)
            .chain(["here", "local", "sites"]);
        if let Some(nearest) = similar::nearest(name, candidates) {
            if let Some(named) = self.names.get(frame.module, nearest) {
                report = report.secondary(named.span, format!("`{nearest}` is declared here"));
            }
            let nearest = nearest.to_string();
            return report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]);
        }
        if name.contains('-') {
            report = report.note("names may hold dashes");
        }
        report
            .help(format!("a text of its own is written with quotes: \"{name}\""))
            .fix("write it as text", vec![Edit::new(span, format!("\"{name}\""))])
    }

    /// `module.member`, where `base` names an imported module; `Err` gives the value of any other base.
    fn module_member(&self, base: &Expr, name: &ast::Ident, frame: &Frame) -> Result<Value, Value> {
        if let ExprKind::Name(module_name) = base.kind.as_ref()
            && frame.locals.iter().all(|(local, _)| local != module_name)
            && let Some(named) = self.names.get(frame.module, module_name)
            && let Definition::Module(module) = named.definition
        {
            self.record_use(base.span, named.span, format!("module `{module_name}`"));
            return Ok(self.name_value(&name.text, name.span, &Frame { module, ..frame.clone() }));
        }
        Err(self.eval(base, frame))
    }

    pub fn record(&self, entries: &[RecordEntry], frame: &Frame) -> IndexMap<String, Slot> {
        let mut record: IndexMap<String, Slot> = IndexMap::new();
        // Keys written in this record: a second one is a mistake, one over a spread is the point of spreading.
        let mut written: IndexMap<String, Span> = IndexMap::new();
        for entry in entries {
            match entry {
                RecordEntry::Field { key, value } => {
                    let key_text = match self.text(key, frame) {
                        Value::Text(text) => text,
                        Value::Error => continue,
                        _ => {
                            self.report(
                                Diagnostic::new(codes::E0201, key.span, "a key must be known when compiling")
                                    .label("depends on the run")
                                    .help("use a name that is known"),
                            );
                            continue;
                        }
                    };
                    let slot = Slot { value: self.eval(value, frame), key: key.span, span: value.span };
                    if let Some(first) = written.insert(key_text.clone(), key.span) {
                        self.report(
                            Diagnostic::new(codes::E0103, key.span, format!("`{key_text}` is set twice"))
                                .label("again here")
                                .secondary(first, "first set here")
                                .help("remove one of them"),
                        );
                        continue;
                    }
                    merge_slot(&mut record, key_text, slot);
                }
                RecordEntry::Spread(base) => match self.eval(base, frame) {
                    Value::Record(fields) => {
                        for (key, slot) in fields {
                            merge_slot(&mut record, key, slot);
                        }
                    }
                    Value::Error => {}
                    other => self.mismatch("a record to spread", &other, base.span),
                },
                RecordEntry::Error { key: Some(key), .. } => {
                    let slot = Slot { value: Value::Error, key: key.span, span: key.span };
                    record.insert(key.text.clone(), slot);
                }
                RecordEntry::Error { key: None, .. } => {}
            }
        }
        record
    }

    fn list(&self, elements: &[Element], frame: &Frame) -> Value {
        let mut list = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::Value(expr) => {
                    list.push(Slot { value: self.eval(expr, frame), key: expr.span, span: expr.span });
                }
                Element::Spread(expr) => match self.eval(expr, frame) {
                    Value::List(inner) => list.extend(inner),
                    Value::Error => {}
                    other => self.mismatch("a list to spread", &other, expr.span),
                },
            }
        }
        Value::List(list)
    }

    fn list_for(&self, generator: &ast::Generator, value: &Expr, frame: &Frame) -> Value {
        let Some(frames) = self.iterate(generator, frame) else { return Value::Error };
        let slots = frames
            .iter()
            .map(|inner| Slot { value: self.eval(value, inner), key: value.span, span: value.span })
            .collect();
        Value::List(slots)
    }

    fn map_for(&self, generator: &ast::Generator, key: &Expr, value: &Expr, frame: &Frame) -> Value {
        let Some(frames) = self.iterate(generator, frame) else { return Value::Error };
        let mut record = IndexMap::new();
        for inner in &frames {
            match self.eval(key, inner) {
                Value::Error => {}
                key_value => match self.as_text(&key_value) {
                    Some(text) => {
                        let slot = Slot { value: self.eval(value, inner), key: key.span, span: value.span };
                        record.insert(text, slot);
                    }
                    None => self.mismatch("text for a key", &key_value, key.span),
                },
            }
        }
        Value::Record(record)
    }

    /// One frame for each element that the generator's condition lets through.
    pub fn iterate(&self, generator: &ast::Generator, frame: &Frame) -> Option<Vec<Frame>> {
        let source = self.eval(&generator.source, frame);
        let second = generator.second.as_ref();
        let pairs: Vec<(Value, Value)> = match source {
            Value::Error => return None,
            Value::List(slots) => slots
                .into_iter()
                .enumerate()
                .map(|(index, slot)| match second {
                    Some(_) => (Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), slot.value),
                    None => (slot.value, Value::Null),
                })
                .collect(),
            Value::Record(fields) => {
                fields.into_iter().map(|(key, slot)| (Value::Text(key), slot.value)).collect()
            }
            Value::Location(location) => {
                location.sites().into_iter().map(|site| (Value::Site(site), Value::Null)).collect()
            }
            other => {
                self.mismatch("a list, a record or a set of sites", &other, generator.source.span);
                return None;
            }
        };
        let mut frames = Vec::with_capacity(pairs.len());
        for (first, value) in pairs {
            let mut inner = frame.with(&generator.name.text, first);
            if let Some(second) = second {
                inner.locals.push((second.text.clone(), value));
            }
            if let Some(condition) = &generator.condition {
                match self.eval(condition, &inner) {
                    Value::Bool(true) => {}
                    Value::Bool(false) | Value::Error => continue,
                    other => {
                        self.mismatch("true or false", &other, condition.span);
                        return None;
                    }
                }
            }
            frames.push(inner);
        }
        Some(frames)
    }

    fn field(&self, base: Value, name: &ast::Ident, optional: bool, base_span: Span) -> Value {
        match base {
            Value::Error => Value::Error,
            Value::Null if optional => Value::Null,
            Value::Record(fields) => match fields.get(&name.text) {
                Some(slot) => slot.value.clone(),
                None if optional => Value::Null,
                None => {
                    self.no_field(&name.text, name.span, "this record", fields.keys().map(String::as_str));
                    Value::Error
                }
            },
            Value::Site(site) => self.site_field(site, name),
            Value::Resource(resource) => self.resource_field(resource, name),
            Value::Deferred(deferred) => match *deferred {
                Deferred::Output { resource, site, mut path } => {
                    path.push(name.text.clone());
                    Value::Deferred(Box::new(Deferred::Output { resource, site, path }))
                }
                other => Value::Deferred(Box::new(Deferred::Field(
                    Value::Deferred(Box::new(other)),
                    name.text.clone(),
                ))),
            },
            other => {
                self.mismatch("a record, a site or a resource before the dot", &other, base_span);
                Value::Error
            }
        }
    }

    pub fn no_field<'n>(
        &self,
        name: &str,
        span: Span,
        owner: &str,
        fields: impl Iterator<Item = &'n str> + Clone,
    ) {
        let mut report =
            Diagnostic::new(codes::E0212, span, format!("{owner} has no `{name}`")).label("not there");
        if let Some(nearest) = similar::nearest(name, fields.clone()) {
            report = report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]);
        } else {
            let listed: Vec<&str> = fields.take(12).collect();
            report = if listed.is_empty() {
                report.help("it is empty: declare it first")
            } else {
                report.help(format!("it has {}", listed.join(", ")))
            };
        }
        self.report(report);
    }

    fn site_field(&self, site: SiteId, name: &ast::Ident) -> Value {
        let sites = self.sites.borrow();
        let declared = &sites[site.0 as usize];
        match name.text.as_str() {
            "name" => Value::Text(declared.name.clone()),
            "labels" => Value::Record(declared.labels.clone()),
            driver if declared.settings.contains_key(driver) => {
                Value::Record(declared.settings[driver].clone())
            }
            other => {
                let fields: Vec<String> = ["name".to_string(), "labels".to_string()]
                    .into_iter()
                    .chain(declared.settings.keys().cloned())
                    .collect();
                let owner = format!("site `{}`", declared.name);
                drop(sites);
                self.no_field(other, name.span, &owner, fields.iter().map(String::as_str));
                Value::Error
            }
        }
    }

    fn index(&self, base: Value, index: Value, base_span: Span, index_span: Span) -> Value {
        match (base, index) {
            (Value::Error, _) | (_, Value::Error) => Value::Error,
            (Value::List(slots), Value::Int(number)) => {
                match usize::try_from(number).ok().and_then(|number| slots.get(number)) {
                    Some(slot) => slot.value.clone(),
                    None => {
                        self.report(
                            Diagnostic::new(
                                codes::E0212,
                                index_span,
                                format!("the list has {} elements, no number {number}", slots.len()),
                            )
                            .label("outside of the list")
                            .help("elements are numbered from 0"),
                        );
                        Value::Error
                    }
                }
            }
            (Value::Record(fields), Value::Text(key)) => match fields.get(&key) {
                Some(slot) => slot.value.clone(),
                None => {
                    self.no_field(&key, index_span, "this record", fields.keys().map(String::as_str));
                    Value::Error
                }
            },
            (Value::Record(fields), Value::Site(site)) => {
                let key = self.site_name(site);
                match fields.get(&key) {
                    Some(slot) => slot.value.clone(),
                    None => {
                        self.no_field(&key, index_span, "this record", fields.keys().map(String::as_str));
                        Value::Error
                    }
                }
            }
            (Value::Deferred(deferred), Value::Site(site)) => match *deferred {
                Deferred::Output { resource, site: None, path } => {
                    Value::Deferred(Box::new(Deferred::Output { resource, site: Some(site), path }))
                }
                other => Value::Deferred(Box::new(Deferred::Index(
                    Value::Deferred(Box::new(other)),
                    Value::Text(self.site_name(site)),
                ))),
            },
            (base @ Value::Deferred(_), index @ (Value::Int(_) | Value::Text(_) | Value::Deferred(_))) => {
                Value::Deferred(Box::new(Deferred::Index(base, index)))
            }
            (Value::List(_), other) => {
                self.mismatch("a whole number", &other, index_span);
                Value::Error
            }
            (Value::Record(_), other) => {
                self.mismatch("text", &other, index_span);
                Value::Error
            }
            (other, _) => {
                self.mismatch("a list or a record before the bracket", &other, base_span);
                Value::Error
            }
        }
    }

    fn conditional(&self, branches: &[(Expr, Expr)], otherwise: &Expr, frame: &Frame) -> Value {
        let Some(((condition, value), rest)) = branches.split_first() else {
            return self.eval(otherwise, frame);
        };
        match self.eval(condition, frame) {
            Value::Bool(true) => self.eval(value, frame),
            Value::Bool(false) => self.conditional(rest, otherwise, frame),
            Value::Error => Value::Error,
            deferred @ Value::Deferred(_) => {
                let chosen = self.eval(value, frame);
                let other = self.conditional(rest, otherwise, frame);
                Value::Deferred(Box::new(Deferred::If(deferred, chosen, other)))
            }
            other => {
                self.mismatch("true or false", &other, condition.span);
                Value::Error
            }
        }
    }

    /// `expected …, found …`, once.
    pub fn mismatch(&self, expected: &str, found: &Value, span: Span) {
        if matches!(found, Value::Error) {
            return;
        }
        let found = describe(found);
        self.report(
            Diagnostic::new(codes::E0201, span, format!("expected {expected}, found {found}"))
                .label(format!("this is {found}"))
                .help(format!("write {expected} here")),
        );
    }
}

/// Puts a slot under a key; records on both sides are merged deeply, the later one wins.
pub(crate) fn merge_slot(record: &mut IndexMap<String, Slot>, key: String, slot: Slot) {
    if let Some(existing) = record.get_mut(&key)
        && let Value::Record(before) = &mut existing.value
        && let Value::Record(after) = slot.value
    {
        for (inner_key, inner) in after {
            merge_slot(before, inner_key, inner);
        }
        return;
    }
    record.insert(key, slot);
}

/// A value in the user's words: `a text`, `a number`.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Error => "an error".into(),
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => format!("the number {value}"),
        Value::Float(value) => format!("the number {value}"),
        Value::Text(text) if text.chars().count() <= 40 => format!("the text \"{text}\""),
        Value::Text(_) => "a text".into(),
        Value::Duration(_) => "a duration".into(),
        Value::Size(_) => "a size".into(),
        Value::Rate(_) => "a rate".into(),
        Value::Percent(_) => "a percentage".into(),
        Value::List(_) => "a list".into(),
        Value::Record(_) => "a record".into(),
        Value::Site(_) => "a site".into(),
        Value::Location(_) => "a location".into(),
        Value::Resource(_) | Value::Reference(_) => "a resource".into(),
        Value::File { .. } => "a file's content".into(),
        Value::Secret(_) => "a secret".into(),
        Value::Deferred(_) => "a value known only when running".into(),
    }
}
