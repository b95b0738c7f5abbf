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

    /// Checks a rule; of a policy, `policy` is its path. Of elements that one place declares, for which it does not hold, one report
    /// is made.
    pub fn check_rule(&self, require: &ast::Require, frame: &Frame, policy: Option<&str>) {
        let broken =
            |message, subjects, is_of_each| Broken { require, policy, message, subjects, is_of_each };
        let Some(generator) = &require.family else {
            if let Some(message) = self.broken_for(require, frame) {
                let subjects = by_place(self.exceptions(&require.condition, frame));
                self.report_broken(broken(message, subjects, false), frame);
            }
            return;
        };
        let Some(frames) = self.iterate(generator, frame) else { return };
        let mut places: IndexMap<Span, (String, Vec<(Span, String)>)> = IndexMap::new();
        for inner in frames {
            let Some(message) = self.broken_for(require, &inner) else { continue };
            let subject =
                inner.locals[frame.locals.len()..].iter().find_map(|(_, value)| self.subject(value));
            match subject {
                Some(subject) => places.entry(subject.0).or_insert((message, Vec::new())).1.push(subject),
                None => {
                    let subjects = by_place(self.exceptions(&require.condition, &inner));
                    self.report_broken(broken(message, subjects, false), frame);
                }
            }
        }
        for (message, subjects) in places.into_values() {
            self.report_broken(broken(message, by_place(subjects), true), frame);
        }
    }

    /// What a rule says where it does not hold; `None` where it does, or that is not known, which is reported.
    fn broken_for(&self, require: &ast::Require, frame: &Frame) -> Option<String> {
        match self.eval(&require.condition, frame) {
            Value::Bool(true) | Value::Error => return None,
            Value::Bool(false) => {}
            other => {
                self.undecided("require", &other, &require.condition, frame);
                return None;
            }
        }
        let message = require.message.as_ref().map(|message| self.eval(message, frame));
        Some(match message {
            Some(Value::Text(text)) => text,
            _ => "a requirement does not hold".into(),
        })
    }

    fn report_broken(&self, broken: Broken<'_>, frame: &Frame) {
        let Broken { require, policy, message, subjects, is_of_each } = broken;
        let rule = require.condition.span;
        let mut report = match (policy, is_of_each, subjects.first()) {
            (None, false, _) | (None, _, None) => {
                let mut report = Diagnostic::new(codes::E0506, rule, message).label("this is false");
                for subject in subjects.iter().take(MAX_POINTED) {
                    report = report.secondary(subject.span, format!("not so for {}", subject.names()));
                }
                report.help("change what it speaks about, or the requirement")
            }
            (None, true, Some(subject)) => Diagnostic::new(codes::E0506, subject.span, message)
                .label(format!("{} {} not as required", subject.names(), subject.one_or("is", "are")))
                .secondary(rule, format!("this is false for {}", subject.one_or("it", "them")))
                .help("change it, or the requirement"),
            (Some(path), _, None) => Diagnostic::new(codes::E0507, rule, message)
                .label("this is false of the program")
                .help(format!("change the program: `{path}` is a policy, which holds for every program")),
            (Some(path), _, Some(subject)) => {
                let verb = subject.one_or("breaks", "break");
                let mut report = Diagnostic::new(codes::E0507, subject.span, message)
                    .label(format!("{} {verb} a rule of `{path}`", subject.names()))
                    .secondary(rule, "the rule");
                for other in subjects.iter().skip(1).take(MAX_POINTED) {
                    let verb = other.one_or("does", "do");
                    report = report.secondary(other.span, format!("and so {verb} {}", other.names()));
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

/// A rule that does not hold.
struct Broken<'r> {
    require: &'r ast::Require,
    /// The path of the policy it is of.
    policy: Option<&'r str>,
    /// What it says.
    message: String,
    /// What it does not hold for, as far as that is known.
    subjects: Vec<Subjects>,
    /// It is checked for each of them.
    is_of_each: bool,
}

/// What is declared at one place, a family by its first.
struct Subjects {
    span: Span,
    first: String,
    n_others: usize,
}

impl Subjects {
    fn names(&self) -> String {
        match self.n_others {
            0 => format!("`{}`", self.first),
            others => format!("`{}` and {others} more", self.first),
        }
    }

    fn one_or<'w>(&self, one: &'w str, several: &'w str) -> &'w str {
        if self.n_others == 0 { one } else { several }
    }
}

/// What is declared at one place is told once.
fn by_place(subjects: Vec<(Span, String)>) -> Vec<Subjects> {
    let mut places: IndexMap<Span, Subjects> = IndexMap::new();
    for (span, first) in subjects {
        let known = places.entry(span).and_modify(|known| known.n_others += 1);
        known.or_insert(Subjects { span, first, n_others: 0 });
    }
    places.into_values().collect()
}
