//! `require`: what must be true of the whole program, in it and in policies; and the value of an `output`.
//!
//! `require for r in resources: length(r.sites) > 1 else "`${r.name}` is on one site only"` is checked for each element,
//! and what is reported points at the resource or the site that the element is.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, Expr, ExprKind};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{GroupId, Slot, Value};

/// At most so many of those a rule does not hold for are pointed at.
const MAX_POINTED: usize = 5;

impl Context<'_> {
    /// The value of an output; a map by key where it is a family.
    pub fn output_value(&self, output: &ast::Output, frame: &Frame) -> Value {
        let Some(generator) = &output.family else { return self.eval(&output.value, frame) };
        let Some(elements) = self.family(generator, frame) else { return Value::Error };
        if !self.has_distinct_keys(&elements, generator, &output.name.text, output.name.span) {
            return Value::Error;
        }
        let span = output.value.span;
        let mut family = IndexMap::with_capacity(elements.len());
        for (key, frame) in elements {
            let value = self.eval(&output.value, &frame);
            if value == Value::Error {
                return Value::Error;
            }
            family.insert(key, Slot { value, key: generator.source.span, span });
        }
        Value::Record(family)
    }

    /// Checks a `require` of the program or of a module.
    pub fn check_requirement(&self, require: &ast::Require, frame: &Frame) {
        self.check_rule(require, frame, None);
    }

    /// Checks a rule; of a policy, `policy` is its path.
    pub fn check_rule(&self, require: &ast::Require, frame: &Frame, policy: Option<&str>) {
        let Some(generator) = &require.family else {
            self.rule_for(require, frame, policy, Vec::new());
            return;
        };
        let Some(frames) = self.iterate(generator, frame) else { return };
        for inner in frames {
            let subject =
                inner.locals[frame.locals.len()..].iter().find_map(|(_, value)| self.subject(value));
            self.rule_for(require, &inner, policy, subject.into_iter().collect());
        }
    }

    fn rule_for(
        &self,
        require: &ast::Require,
        frame: &Frame,
        policy: Option<&str>,
        mut subjects: Vec<(Span, String)>,
    ) {
        match self.eval(&require.condition, frame) {
            Value::Bool(true) | Value::Error => return,
            Value::Bool(false) => {}
            other => {
                self.undecided("require", &other, &require.condition, frame);
                return;
            }
        }
        let message = require.message.as_ref().map(|message| self.eval(message, frame));
        let message = match message {
            Some(Value::Text(text)) => text,
            _ => "a requirement does not hold".into(),
        };
        let is_of_each = !subjects.is_empty();
        if !is_of_each {
            subjects = self.exceptions(&require.condition, frame);
        }
        let subjects = by_place(subjects);
        let rule = require.condition.span;
        let mut report = match (policy, is_of_each, subjects.first()) {
            (None, false, _) | (None, _, None) => {
                let mut report = Diagnostic::new(codes::E0506, rule, message).label("this is false");
                for (span, name) in subjects.iter().take(MAX_POINTED) {
                    report = report.secondary(*span, format!("not so for {name}"));
                }
                report.help("change what it speaks about, or the requirement")
            }
            (None, true, Some((span, name))) => Diagnostic::new(codes::E0506, *span, message)
                .label(format!("{name} is not as required"))
                .secondary(rule, "this is false for it")
                .help("change it, or the requirement"),
            (Some(path), _, None) => Diagnostic::new(codes::E0507, rule, message)
                .label("this is false of the program")
                .help(format!("change the program: `{path}` is a policy, which holds for every program")),
            (Some(path), _, Some((span, name))) => {
                let mut report = Diagnostic::new(codes::E0507, *span, message)
                    .label(format!("{name} breaks a rule of `{path}`"))
                    .secondary(rule, "the rule");
                for (span, name) in subjects.iter().skip(1).take(MAX_POINTED) {
                    report = report.secondary(*span, format!("and so does {name}"));
                }
                report.help("change it: a policy holds for every program")
            }
        };
        if let Some(group) = frame.group.filter(|group| *group != GroupId::PROGRAM) {
            let group = self.group(group);
            report = report.secondary(group.span, format!("for `{}`", group.name));
        }
        self.report(report);
    }

    /// Of `all([for x in xs => condition])`, the resources and sites among the elements for which it is false.
    fn exceptions(&self, condition: &Expr, frame: &Frame) -> Vec<(Span, String)> {
        let ExprKind::Call { callee, args } = condition.kind.as_ref() else { return Vec::new() };
        let is_all = matches!(callee.kind.as_ref(), ExprKind::Name(name) if name == "all");
        let [argument] = args.as_slice() else { return Vec::new() };
        let ExprKind::ListFor { generator, value } = argument.value.kind.as_ref() else { return Vec::new() };
        if !is_all {
            return Vec::new();
        }
        let Some(frames) = self.iterate(generator, frame) else { return Vec::new() };
        frames
            .iter()
            .filter(|inner| self.eval(value, inner) == Value::Bool(false))
            .filter_map(|inner| {
                inner.locals[frame.locals.len()..].iter().find_map(|(_, value)| self.subject(value))
            })
            .collect()
    }

    /// What a value stands for in the program, if it is a resource (as `resources` has it) or a site: where it is
    /// declared, and its name.
    /// What the first word of `r.attributes.flavor` is, where that goes over the program's sites or resources.
    pub(crate) fn subject_of(&self, expr: &Expr, frame: &Frame) -> Option<(Span, String)> {
        match expr.kind.as_ref() {
            ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => self.subject_of(base, frame),
            ExprKind::Name(name) => {
                let local = frame.locals.iter().rev().find(|(local, _)| local == name);
                local.and_then(|(_, value)| self.subject(value))
            }
            _ => None,
        }
    }

    fn subject(&self, value: &Value) -> Option<(Span, String)> {
        match value {
            Value::Site(site) => {
                let sites = self.sites.borrow();
                let site = &sites[site.0 as usize];
                Some((site.span, site.name.clone()))
            }
            Value::Record(fields) if fields.contains_key("kind") && fields.contains_key("sites") => {
                match fields.get("name") {
                    Some(Slot { value: Value::Text(name), span, .. }) => Some((*span, name.clone())),
                    _ => None,
                }
            }
            Value::Resource(resource) => {
                let head = self.head(*resource)?;
                Some((head.span, head.name.clone()))
            }
            _ => None,
        }
    }
}

/// What is declared at one place is told once: a family by its first.
fn by_place(subjects: Vec<(Span, String)>) -> Vec<(Span, String)> {
    let mut places: IndexMap<Span, (String, usize)> = IndexMap::new();
    for (span, name) in subjects {
        places.entry(span).or_insert((name, 0)).1 += 1;
    }
    let told = |(span, (name, count))| match count {
        1 => (span, format!("`{name}`")),
        _ => (span, format!("`{name}` and {} more", count - 1)),
    };
    places.into_iter().map(told).collect()
}
