//! Where a secret may go: only into attributes and settings that the driver declares secret.
//!
//! `user_data: "mysql -p${db_password}"` → E0601 with the path the secret took: `secret("DB")` → `db_password` → here.
//! The path is found in the text, by following names to the `let`s and `param`s behind them.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Element, Expr, ExprKind, ItemKind, RecordEntry, TextPart};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Deferred, GroupId, SecretSource, Type, Value};
use crate::modules::Modules;
use crate::names::Definition;
use crate::request::value_expr;

/// Whether a secret is anywhere in a value.
pub(crate) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(slots) => slots.iter().any(|slot| holds_secret(&slot.value)),
        Value::Record(fields) => fields.values().any(|slot| holds_secret(&slot.value)),
        Value::Deferred(deferred) => {
            matches!(**deferred, Deferred::Kept(_)) || deferred.parts().into_iter().any(holds_secret)
        }
        _ => false,
    }
}

/// The expression that stands at a place of what is written, within records.
pub(crate) fn written_at(expr: &Expr, span: Span) -> Option<&Expr> {
    if expr.span == span {
        return Some(expr);
    }
    let ExprKind::Record(entries) = expr.kind.as_ref() else { return None };
    entries.iter().find_map(|entry| match entry {
        RecordEntry::Field { value, .. } => written_at(value, span),
        RecordEntry::Spread(_) | RecordEntry::Error { .. } => None,
    })
}

/// The place of the innermost part of a value that holds a secret, as far as it is written within the value's own.
fn secret_part(value: &Value, span: Span) -> Span {
    let part = match value {
        Value::Record(fields) => fields.values().find(|slot| holds_secret(&slot.value)),
        Value::List(slots) => slots.iter().find(|slot| holds_secret(&slot.value)),
        _ => None,
    };
    match part {
        Some(slot) if span.contains(slot.span) => secret_part(&slot.value, slot.span),
        _ => span,
    }
}

impl Context<'_> {
    /// What is given where a type says secret: where the secret is, never the secret itself.
    pub(super) fn secret_value(&self, value: Value, inner: &Type, span: Span, what: &str) -> Value {
        let is_plain = match &value {
            Value::Text(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) => true,
            // What is in it may be said to be secret for itself.
            Value::List(_) | Value::Record(_) => !holds_secret(&value) && !inner.holds_secret(),
            _ => false,
        };
        let is_beside = !self.modules.modules.iter().any(|module| module.file == span.file);
        match value {
            Value::Text(text) if is_beside => self.secret_given(what, &text, span),
            value @ Value::Deferred(_) if self.is_open(&value) => self.told_openly(inner, span, what),
            value if !is_plain => value,
            _ => {
                let variable =
                    what.to_uppercase().replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
                self.report(
                    Diagnostic::new(
                        codes::E0350,
                        span,
                        format!("`{what}` is secret, and its value would be seen here"),
                    )
                    .label("not the secret itself, but where it is")
                    .help(format!("write `secret(\"{variable}\")` and set that variable")),
                );
                Value::Error
            }
        }
    }

    /// Whether what a value will be, or may be, is no secret: a site tells it, and it is kept in the state.
    pub(super) fn is_open(&self, value: &Value) -> bool {
        match value {
            Value::Error | Value::Null | Value::Secret(_) => false,
            Value::Deferred(deferred) => match &**deferred {
                Deferred::Supposed(_) => false,
                Deferred::If(_, value, otherwise) | Deferred::Binary("default", value, otherwise) => {
                    self.is_open(value) || self.is_open(otherwise)
                }
                Deferred::Bounded(bounded) => self.is_open(&bounded.value),
                _ => !holds_secret(value),
            },
            value => !holds_secret(value),
        }
    }

    /// The report for what is told openly where a type says secret.
    pub(super) fn told_openly(&self, ty: &Type, span: Span, what: &str) -> Value {
        self.report(
            Diagnostic::new(codes::E0350, span, format!("`{what}` is secret, and what it is given is not"))
                .label("a site tells this openly, and the state keeps it")
                .help(format!("give it a `secret(…)`, or let `{what}` be of type `{ty}`")),
        );
        Value::Error
    }

    /// Where a secret is, as said beside the program: `env:PW`, `file:pw.txt`, `command:pass show db`, or a call of `secret`.
    /// Never the secret itself: other users of the machine see arguments, and files of parameters are kept with programs.
    pub(crate) fn secret_given(&self, name: &str, text: &str, span: Span) -> Value {
        match text.split_once(':') {
            Some(("env", variable)) if !variable.is_empty() => {
                return Value::Secret(SecretSource::Env(variable.to_owned()));
            }
            Some(("file", path)) if !path.is_empty() => {
                return Value::Secret(SecretSource::File(self.path_from(path, Modules::ROOT)));
            }
            Some(("command", line)) if !line.trim().is_empty() => {
                let words = line.split_whitespace().map(str::to_owned).collect();
                return Value::Secret(SecretSource::Command(words));
            }
            _ => {}
        }
        if text.starts_with("secret(") {
            let file = self.sources.borrow_mut().add(format!("--set {name}"), text);
            let (expr, diagnostics) = scope_syntax::parse_expr(file, text);
            self.report_all(diagnostics);
            return expr.map_or(Value::Error, |expr| self.eval(&expr, &Frame::new(Modules::ROOT)));
        }
        self.report(
            Diagnostic::new(
                codes::E0350,
                span,
                format!("`{name}` is secret, and its value would be seen here"),
            )
            .label("not the secret itself, but where it is")
            .help(format!(
                "write `{name}=env:VARIABLE`, `{name}=file:PATH` or `{name}=command:WORDS`; in a file of parameters \"env:VARIABLE\""
            )),
        );
        Value::Error
    }

    /// Reports a condition of an item that is not known when compiling; a secret is never, as what it decides shows it.
    pub fn undecided(&self, place: &str, value: &Value, condition: &Expr, frame: &Frame) {
        if !holds_secret(value) {
            let expected = "true or false, known when compiling";
            match value {
                Value::Deferred(_) => self.mismatch_with(
                    expected,
                    value,
                    condition.span,
                    "what a resource is at its site is known in the run: ask the parameter or the `let` that it is made of; `expect` in a `test` asks the resource",
                ),
                _ => self.mismatch(expected, value, condition.span),
            }
            return;
        }
        let reason = "what it decides tells of it";
        self.check_secret_flow(value, place, reason, condition.span, Some((condition, frame)));
    }

    /// Reports a secret that flows into a place that is not declared secret. `written` is the expression there, if
    /// there is one, for the path.
    pub fn check_secret_flow(
        &self,
        value: &Value,
        place: &str,
        reason: &str,
        span: Span,
        written: Option<(&Expr, &Frame)>,
    ) {
        if !holds_secret(value) {
            return;
        }
        let mut path = Vec::new();
        if let Some((expr, frame)) = written {
            self.secret_path(expr, frame, &mut path, 0);
        }
        path.reverse();
        // The name nearest to the place; where no path is found, the secret has none.
        let message = match path.last() {
            Some((_, name)) => format!("{name} is secret and `{place}` is not: {reason}"),
            None => format!("a secret would be in `{place}`, which is not secret: {reason}"),
        };
        let place = secret_part(value, span);
        let mut report = Diagnostic::new(codes::E0601, place, message).label("the secret would be seen here");
        for (span, text) in &path {
            report = report.secondary(*span, format!("{text}, on its way"));
        }
        self.report(report.help(
            "use it only in an attribute or setting that the driver declares secret, or let the application fetch it",
        ));
    }

    /// What a secret passes, the nearest first, ending at the `secret(…)` call or the secret parameter.
    fn secret_path(&self, expr: &Expr, frame: &Frame, path: &mut Vec<(Span, String)>, depth: u32) -> bool {
        if depth > 64 {
            return false;
        }
        let mut walk = |expr: &Expr| self.secret_path(expr, frame, path, depth + 1);
        match expr.kind.as_ref() {
            ExprKind::Call { callee, args } => {
                let ExprKind::Name(name) = callee.kind.as_ref() else { return false };
                if name == "secret" {
                    path.push((expr.span, self.sources.borrow().snippet(expr.span).to_string()));
                    return true;
                }
                if args.iter().any(|argument| walk(&argument.value)) {
                    return true;
                }
                self.path_in_function(name, frame, path, depth)
            }
            ExprKind::Name(name) if frame.locals.iter().all(|(local, _)| local != name) => {
                self.path_behind_name(name, None, frame, path, depth)
            }
            ExprKind::Text(text) => text.parts.iter().any(|part| match part {
                TextPart::Interpolation(expr) => walk(expr),
                TextPart::Chars(_) => false,
            }),
            ExprKind::Record(entries) => entries.iter().any(|entry| match entry {
                RecordEntry::Field { value, .. } | RecordEntry::Spread(value) => walk(value),
                RecordEntry::Error { .. } => false,
            }),
            ExprKind::List(elements) => elements.iter().any(|element| match element {
                Element::Value(value) | Element::Spread(value) => walk(value),
            }),
            ExprKind::Field { base, name, .. } => {
                if self.path_in_group(base, &name.text, frame, path, depth) {
                    return true;
                }
                if let ExprKind::Name(base) = base.kind.as_ref()
                    && frame.locals.iter().all(|(local, _)| local != base)
                {
                    return self.path_behind_name(base, Some(&name.text), frame, path, depth);
                }
                self.secret_path(base, frame, path, depth + 1)
            }
            ExprKind::Unary { operand: base, .. } => walk(base),
            ExprKind::Index { base, index } => walk(base) || walk(index),
            ExprKind::Binary { left, right, .. } => walk(left) || walk(right),
            ExprKind::Chain { operands, .. } => operands.iter().any(walk),
            ExprKind::If { branches, otherwise } => {
                branches.iter().any(|(condition, value)| walk(condition) || walk(value)) || walk(otherwise)
            }
            ExprKind::ListFor { generator, value } => walk(value) || walk(&generator.source),
            ExprKind::MapFor { generator, key, value } => walk(key) || walk(value) || walk(&generator.source),
            ExprKind::Name(_)
            | ExprKind::Error
            | ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Scope(_) => false,
        }
    }

    /// Through a name, to what is behind the `let` (of a record, the field) or `param`; in a group, to what the group was
    /// given.
    fn path_behind_name(
        &self,
        name: &str,
        field: Option<&str>,
        frame: &Frame,
        path: &mut Vec<(Span, String)>,
        depth: u32,
    ) -> bool {
        let Some(named) = self.names.get(frame.module, name) else { return false };
        let Definition::Value(module, item) = named.definition else { return false };
        let group = frame.group.filter(|group| self.is_of_module(*group, module));
        let inner = Frame { group, here: frame.here, ..Frame::new(module) };
        let (span, found) = match &self.item(module, item).kind {
            ItemKind::Let(item) => {
                path.push((item.name.span, format!("`{name}`")));
                let value = field.map_or(&item.value, |field| value_expr(&item.value, field));
                (item.name.span, self.secret_path(value, &inner, path, depth + 1))
            }
            ItemKind::Param(param) => {
                path.push((param.name.span, format!("`{name}`")));
                let given = group.filter(|group| *group != GroupId::PROGRAM).map(|group| self.group(group));
                let given_body = given.as_ref().and_then(|given| Some((given.body?, &given.frame)));
                let is_given = given_body.is_some_and(|(body, frame)| {
                    self.secret_path(value_expr(body, name), frame, path, depth + 1)
                });
                let is_secret = || {
                    let ty = param.ty.as_ref().map(|ty| self.declared_type(ty, module));
                    ty.is_some_and(|ty| ty.holds_secret())
                };
                let is_found = is_given
                    || param
                        .default
                        .as_ref()
                        .is_some_and(|default| self.secret_path(default, &inner, path, depth + 1))
                    || is_secret();
                (param.name.span, is_found)
            }
            _ => return false,
        };
        if !found {
            path.retain(|(other, _)| *other != span);
        }
        found
    }

    /// Through a function of the program, whose body names the secret.
    fn path_in_function(
        &self,
        name: &str,
        frame: &Frame,
        path: &mut Vec<(Span, String)>,
        depth: u32,
    ) -> bool {
        let Some(named) = self.names.get(frame.module, name) else { return false };
        let Definition::Function(module, item) = named.definition else { return false };
        let ItemKind::Function(function) = &self.item(module, item).kind else { return false };
        let mut inner = Frame::new(module);
        for param in &function.params {
            inner.locals.push((param.name.text.clone(), Value::Null));
        }
        path.push((function.name.span, format!("`{name}(…)`")));
        let found = self.secret_path(&function.body, &inner, path, depth + 1);
        if !found {
            path.retain(|(other, _)| *other != function.name.span);
        }
        found
    }

    /// Through an output of a group: `lab.password`.
    fn path_in_group(
        &self,
        base: &Expr,
        field: &str,
        frame: &Frame,
        path: &mut Vec<(Span, String)>,
        depth: u32,
    ) -> bool {
        let ExprKind::Name(name) = base.kind.as_ref() else { return false };
        let Some(Definition::Resource(module, item)) =
            self.names.get(frame.module, name).map(|named| named.definition.clone())
        else {
            return false;
        };
        let Some(parent) = frame.group.filter(|group| self.is_of_module(*group, module)) else {
            return false;
        };
        let Value::Group(id) = self.declared_value(parent, item, base.span) else { return false };
        let inner = Frame { group: Some(id), ..Frame::new(self.group(id).module) };
        let items = &self.modules.get(inner.module).tree.items;
        let output = items.iter().find_map(|item| match &item.kind {
            ItemKind::Output(output) if output.name.text == field => Some(output),
            _ => None,
        });
        let Some(output) = output else { return false };
        path.push((output.name.span, format!("`{name}.{field}`")));
        self.secret_path(&output.value, &inner, path, depth + 1)
    }
}
