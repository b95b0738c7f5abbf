//! Evaluating expressions at compile time: what is known is computed, what the run will know stays deferred.
//!
//! An expression is evaluated in a [`Frame`]: a module's names, local names (parameters, comprehension names), and
//! `here`, the site for which a resource's body is being evaluated. `"vm-${here.name}"` at nantes → `"vm-nantes"`;
//! `"${db.id}"` → a deferred text of the output `id` of `db`. A part in error gives a hole, reported once.

mod access;
mod arithmetic;
mod compare;
mod comprehension;
mod declared;
mod example;
pub(crate) mod files;
pub(crate) mod functions;
mod kind;
mod known;
mod name;
mod network;
pub(crate) mod number;
mod operators;
mod output;
mod placement;
mod program;
mod record;
mod refused;
mod sites;
mod supposed;
mod text;
mod truth;
mod waiting;

pub(crate) use known::{has_hole, waits_within};
pub(crate) use record::merge_slot;
pub(crate) use supposed::any_of;

use example::example_of;
use std::rc::Rc;

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Expr, ExprKind};

use crate::context::Context;
use crate::hir::{Deferred, GroupId, SiteId, Type, Value};
use crate::modules::{ModuleId, Modules};

/// Where an expression is evaluated.
#[derive(Clone)]
pub(crate) struct Frame {
    pub module: ModuleId,
    /// The use of the module; `None` where a file is only read for its values.
    pub group: Option<GroupId>,
    /// The site for which a body is evaluated; `None` where there is none.
    pub here: Option<SiteId>,
    pub locals: Vec<(String, Value)>,
    /// The types of locals that are declared with one, by their position: what a value is there says less (`any`).
    pub types: Vec<(usize, Rc<Type>)>,
    /// The functions that are being called, the outermost first.
    pub calls: Vec<(ModuleId, usize)>,
}

impl Frame {
    pub fn new(module: ModuleId) -> Frame {
        Frame { module, group: None, here: None, locals: Vec::new(), types: Vec::new(), calls: Vec::new() }
    }

    /// The program itself.
    pub fn program() -> Frame {
        Frame { group: Some(GroupId::PROGRAM), ..Frame::new(Modules::ROOT) }
    }

    fn with(&self, name: &str, value: Value) -> Frame {
        let mut frame = self.clone();
        frame.locals.push((name.to_string(), value));
        frame
    }

    /// Says of which type the last local is.
    fn declare(&mut self, ty: Rc<Type>) {
        self.types.push((self.locals.len() - 1, ty));
    }
}

impl Context<'_> {
    /// The value of an expression.
    pub fn eval(&self, expr: &Expr, frame: &Frame) -> Value {
        if !self.spend(1) {
            if self.just_passed_bound() {
                self.report(
                    Diagnostic::new(codes::E0505, expr.span, "the program takes too many steps to expand")
                        .label("stopped here")
                        .note("every program expands to a bounded set of requests")
                        .help("make the lists and ranges that it goes through shorter, and let fewer functions call another twice"),
                );
            }
            return Value::Error;
        }
        self.reach(expr.span);
        if self.is_supposing()
            && let Some(value) = self.supposed(expr, frame)
        {
            return value;
        }
        match expr.kind.as_ref() {
            ExprKind::Error => Value::Error,
            ExprKind::Null => Value::Null,
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Number(number) => self.number(number, expr.span),
            ExprKind::Text(text) => self.text(text, frame),
            ExprKind::Name(name) => {
                let value = self.name_value(name, expr.span, frame);
                self.spend_on(&value);
                value
            }
            ExprKind::Record(entries) => self.record(entries, frame),
            ExprKind::List(elements) => self.list(elements, frame),
            ExprKind::ListFor { generator, value } => self.list_for(generator, value, frame),
            ExprKind::MapFor { generator, key, value } => self.map_for(generator, key, value, frame),
            ExprKind::Field { base, name, optional } => {
                let base_value = self.module_member(base, name, frame);
                match base_value {
                    Ok(value) => value,
                    Err(Value::Null) if !*optional && self.is_absent(base, frame) => {
                        self.report(self.absent(base, name, frame));
                        Value::Error
                    }
                    Err(Value::Record(elements))
                        if !elements.contains_key(&name.text) && self.is_family(base, frame) =>
                    {
                        // Outside of a resource there is no site that it would be the one of.
                        let is_site = |key: &String| self.names.sites.contains_key(key);
                        let is_by_site = frame.here.is_some() && elements.keys().next().is_some_and(is_site);
                        self.report(of_a_family(base, name, &elements, &self.sources.borrow(), is_by_site));
                        Value::Error
                    }
                    // What its type lets be left out is nothing.
                    Err(Value::Record(fields))
                        if !fields.contains_key(&name.text) && self.may_lack(base, &name.text, frame) =>
                    {
                        Value::Null
                    }
                    Err(Value::Record(fields))
                        if !*optional
                            && !fields.contains_key(&name.text)
                            && let Some(subject) = self.subject_of(base, frame) =>
                    {
                        self.report(self.not_set(base, name, &fields, subject));
                        Value::Error
                    }
                    Err(base_value) => {
                        if !*optional
                            && let Some(report) =
                                self.no_label(base, &base_value, &name.text, name.span, frame)
                        {
                            self.report(report);
                            return Value::Error;
                        }
                        if let Some(help) = self.of_reference(base, &base_value, frame) {
                            let expected = "a record before the dot";
                            self.mismatch_with(expected, &base_value, base.span, &help);
                            return Value::Error;
                        }
                        self.field(base_value, name, *optional, base.span, frame)
                    }
                }
            }
            ExprKind::Index { base, index } => {
                let index_value = self.eval(index, frame);
                match self.element_of_family(base, &index_value, frame) {
                    Some(element) => element,
                    None => {
                        let of_group = self.by_site_of_group(base, &index_value, frame);
                        let base_value = of_group.unwrap_or_else(|| self.eval(base, frame));
                        // By now the family is expanded, if it is one.
                        if self.element_of_family(base, &index_value, frame) == Some(Value::Null) {
                            return Value::Null;
                        }
                        if let Value::Text(label) = &index_value
                            && let Some(report) = self.no_label(base, &base_value, label, index.span, frame)
                        {
                            self.report(report);
                            return Value::Error;
                        }
                        self.index(base_value, index_value, base.span, index.span)
                    }
                }
            }
            ExprKind::Call { callee, args } => self.call(callee, args, expr.span, frame),
            ExprKind::Unary { op, operand } => {
                let value = self.eval(operand, frame);
                self.unary(*op, value, operand.span, frame.here)
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, expr.span, frame),
            ExprKind::Chain { op, operands } => self.chain(*op, operands, expr.span, frame),
            ExprKind::If { branches, otherwise } => self.conditional(branches, otherwise, frame),
            ExprKind::Scope(scope) => self.scope_value(scope, frame),
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
                if !self.is_truth(&deferred, condition.span, frame.here) {
                    return Value::Error;
                }
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
        match found {
            Value::File { .. } => {
                let help =
                    "`json(\"…\")` and `yaml(\"…\")` give what is in a file, `file(\"…\")` only its content";
                self.mismatch_with(expected, found, span, help);
            }
            _ => self.mismatched(expected, found, span, example_of(expected)),
        }
    }

    /// The same with what helps in this case.
    pub fn mismatch_with(&self, expected: &str, found: &Value, span: Span, help: &str) {
        self.mismatched(expected, found, span, Some(help));
    }

    fn mismatched(&self, expected: &str, found: &Value, span: Span, help: Option<&str>) {
        // What is wrong in it is told already; what is only supposed may be what is expected.
        if has_hole(found) || (self.is_supposing() && operators::waits(found)) {
            return;
        }
        let found = describe(found);
        let report = Diagnostic::new(codes::E0201, span, format!("expected {expected}, found {found}"))
            .label(format!("this is {found}"));
        self.report(help.into_iter().fold(report, Diagnostic::help));
    }
}

/// The report for a field of a whole family.
fn of_a_family(
    base: &Expr,
    name: &scope_syntax::ast::Ident,
    elements: &indexmap::IndexMap<String, crate::hir::Slot>,
    sources: &scope_diagnostics::SourceMap,
    is_by_site: bool,
) -> Diagnostic {
    let family = sources.snippet(base.span);
    let report = Diagnostic::new(
        codes::E0212,
        name.span,
        format!("`{family}` is a family of {}, and `{}` is of one of them", elements.len(), name.text),
    )
    .label("of which of them?");
    match elements.keys().next() {
        Some(_) if is_by_site => report.help(format!(
            "write `{family}[here].{0}` for that of the same site, or `[for key, e in {family} => e.{0}]` for all of them",
            name.text
        )),
        Some(first) => report.help(format!(
            "write `{family}[{first:?}].{0}`, or `[for key, e in {family} => e.{0}]` for all of them",
            name.text
        )),
        None => report.help("it has no elements"),
    }
}

/// The key of the first of a family's resources, if the value is a family.
pub(crate) fn family_key(value: &Value) -> Option<&str> {
    let Value::Record(elements) = value else { return None };
    let is_of_family = |slot: &crate::hir::Slot| matches!(slot.value, Value::Resource(_) | Value::Group(_));
    elements.values().all(is_of_family).then(|| elements.keys().next().map(String::as_str))?
}

impl Context<'_> {
    /// What is meant where a record by site stands for one value: `g.where` of a group at several sites → its label, and one of
    /// its parts.
    pub(crate) fn one_of_copies(&self, value: &Value, span: Span) -> Option<(String, String)> {
        let Value::Record(copies) = value else { return None };
        let written = self.sources.borrow().snippet(span).to_owned();
        let is_path = written.split('.').all(|word| word.chars().all(|c| c.is_alphanumeric() || c == '_'));
        let sites = self.sites.borrow();
        let is_site = |name: &String| sites.iter().any(|site| site.name == *name);
        let first = copies.keys().next().filter(|_| is_path && copies.keys().all(is_site))?;
        let names: Vec<&str> = copies.keys().map(String::as_str).collect();
        let is_word = first.chars().all(|c| c.is_alphanumeric() || c == '_');
        let index = if is_word { first.clone() } else { format!("{first:?}") };
        Some((
            format!("this is by site: {}", names.join(", ")),
            format!("write which of them: `{written}[{index}]`"),
        ))
    }
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
        Value::Record(elements) if family_key(value).is_some() => {
            format!("a family of {}", elements.len())
        }
        Value::Record(_) => "a record".into(),
        Value::Site(_) => "a site".into(),
        Value::Location(_) => "a location".into(),
        Value::Resource(_) | Value::Reference(_) => "a resource".into(),
        Value::Group(_) => "a group of resources".into(),
        Value::Scope(_) => "a scope".into(),
        Value::File { .. } => "a file's content".into(),
        Value::Secret(_) => "a secret".into(),
        Value::Deferred(_) => "a value known only when running".into(),
    }
}
