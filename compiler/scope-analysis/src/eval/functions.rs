//! Calls: the functions of the language, and those that programs declare.
//!
//! `file("x.raw")`, `env("HOME")`, `secret("PW")`, `yaml("x.yaml")`, `lower("A")`, … A function whose arguments wait
//! for the run is deferred under the same name, which the plan's evaluator knows.

use std::rc::Rc;

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Argument, Expr, ExprKind, ItemKind};

use super::known::{is_incomplete, waits_within};
use super::{Frame, supposed};
use crate::bounds::CALL;
use crate::check::holds_secret;
use crate::context::Context;
use crate::driver::types::BUILT_IN;
use crate::functions::{self, Place};
use crate::hir::{Location, LocationKind, Slot, Type, Value};
use crate::modules::{ModuleId, NameKind};
use crate::names::Definition;

/// Words of the standard library's `placement`, for whoever forgets to import them.
const PLACEMENT: [&str; 7] = ["pick", "spread", "near", "apart", "groups", "overflow", "weights_by"];

impl Context<'_> {
    pub(super) fn call(&self, callee: &Expr, args: &[Argument], span: Span, frame: &Frame) -> Value {
        if let Some((function, called)) = self.function_of_module(callee, frame) {
            return self.call_declared(function, called, args, span, frame);
        }
        let ExprKind::Name(name) = callee.kind.as_ref() else {
            self.report(
                Diagnostic::new(codes::E0210, callee.span, "expected the name of a function")
                    .label("cannot be called")
                    .help("call a function by its name: `lower(x)`"),
            );
            return Value::Error;
        };
        if let Some(named) = self.names.get(frame.module, name)
            && let Definition::Function(module, item) = named.definition
        {
            self.record_use(NameKind::Function, callee.span, named.span, self.hover(name, &named.definition));
            let ItemKind::Function(function) = &self.item(module, item).kind else { return Value::Error };
            return self.call_declared(function, (module, item), args, span, frame);
        }
        match name.as_str() {
            "file" => self.file(args, span, frame),
            "env" => self.env(args, span, frame),
            "secret" => self.secret(args, span, frame),
            "yaml" => self.data_file(args, span, frame),
            "json" if matches!(args, [Argument { value, .. }] if is_literal_path(value)) => {
                self.data_file(args, span, frame)
            }
            "around" => self.around(args, span, frame),
            "queue" if matches!(args, [Argument { name: Some(name), .. }] if name.text == "for") => {
                let value = self.eval(&args[0].value, frame);
                let slot = Slot { value, key: callee.span, span: args[0].value.span };
                Value::Record([("queue".to_owned(), slot)].into_iter().collect())
            }
            "all" => self.every(name, args, span, frame),
            "any" if self.is_of_truths(args, frame) => self.every(name, args, span, frame),
            "subnet" | "host" | "network" | "netmask" | "prefix" | "in_network" => {
                self.network(name, args, span, frame)
            }
            "each" | "any" | "cross" => self.fold_sites(name, args, span, frame),
            "take" | "sort_by" | "flatten" | "rtt" => self.arrange(name, args, span, frame),
            "fail" => self.fail(args, span, frame),
            _ => self.pure(name, callee.span, args, span, frame),
        }
    }

    /// `placement.pick`: a function of an imported file, under the file's name.
    fn function_of_module(
        &self,
        callee: &Expr,
        frame: &Frame,
    ) -> Option<(&ast::Function, (ModuleId, usize))> {
        let ExprKind::Field { base, name, .. } = callee.kind.as_ref() else { return None };
        let ExprKind::Name(written) = base.kind.as_ref() else { return None };
        let Definition::Module(module) = self.names.get(frame.module, written)?.definition else {
            return None;
        };
        let named = self.names.get(module, &name.text)?;
        let Definition::Function(module, item) = named.definition else { return None };
        self.record_use(NameKind::Function, name.span, named.span, self.hover(&name.text, &named.definition));
        match &self.item(module, item).kind {
            ItemKind::Function(function) => Some((function, (module, item))),
            _ => None,
        }
    }

    fn call_declared(
        &self,
        function: &ast::Function,
        called: (ModuleId, usize),
        args: &[Argument],
        span: Span,
        frame: &Frame,
    ) -> Value {
        let module = called.0;
        if let Some(start) = frame.calls.iter().position(|call| *call == called) {
            let open = frame.calls[start..].iter().chain([&called]);
            let path: Vec<String> = open.map(|(module, item)| self.function_name(*module, *item)).collect();
            self.report(
                Diagnostic::new(codes::E0112, span, format!("`{}` calls itself", function.name.text))
                    .label("called again here")
                    .secondary(function.name.span, "declared here")
                    .note(path.join(" → "))
                    .help("functions do not recurse: write it over a list"),
            );
            return Value::Error;
        }
        let mut calls = frame.calls.clone();
        calls.push(called);
        let group = frame.group.filter(|group| self.is_of_module(*group, module));
        let mut inner = Frame { group, here: frame.here, calls, ..Frame::new(module) };
        let mut given: Vec<Option<&Argument>> = vec![None; function.params.len()];
        let mut next = 0;
        for argument in args {
            let position = match &argument.name {
                Some(name) => function.params.iter().position(|param| param.name.text == name.text),
                None => {
                    next += 1;
                    Some(next - 1)
                }
            };
            match position.and_then(|position| given.get_mut(position)) {
                Some(slot @ None) => *slot = Some(argument),
                _ => {
                    if let Some(name) = argument.name.as_ref().filter(|_| position.is_none()) {
                        self.report(no_param(function, name));
                        return Value::Error;
                    }
                    self.report(
                        Diagnostic::new(
                            codes::E0210,
                            argument.value.span,
                            match function.params.len() {
                                1 => format!("`{}` takes 1 argument", function.name.text),
                                n => format!("`{}` takes {n} arguments", function.name.text),
                            },
                        )
                        .label("one too many")
                        .secondary(function.name.span, "declared here")
                        .help("leave it out"),
                    );
                    return Value::Error;
                }
            }
        }
        for (param, argument) in function.params.iter().zip(given) {
            let (value, value_span) = match (argument, &param.default) {
                (Some(argument), _) => (self.eval(&argument.value, frame), argument.value.span),
                (None, Some(default)) => (self.eval(default, &inner), default.span),
                (None, None) => {
                    self.report(
                        Diagnostic::new(
                            codes::E0210,
                            span,
                            format!("`{}` needs `{}`", function.name.text, param.name.text),
                        )
                        .label("an argument is missing")
                        .secondary(param.name.span, "declared here, without a default")
                        .help(format!("give it: `{}: …`", param.name.text)),
                    );
                    return Value::Error;
                }
            };
            let Some(ty) = &param.ty else {
                inner.locals.push((param.name.text.clone(), value));
                continue;
            };
            let ty = self.declared_type(ty, module);
            let name = param.name.text.as_str();
            let value = self.check_declared(value, &ty, value_span, name, (name, param.name.span));
            inner.locals.push((param.name.text.clone(), value));
            inner.declare(Rc::new(ty));
        }
        if self.is_supposing() {
            // What it does is read through for itself.
            let result = function.result.as_ref().map(|result| self.declared_type(result, module));
            return supposed::any_of(result.unwrap_or(Type::Any));
        }
        self.spend(CALL);
        self.calls.borrow_mut().push(span);
        let value = self.deeper(span, || self.eval(&function.body, &inner)).unwrap_or(Value::Error);
        self.calls.borrow_mut().pop();
        match &function.result {
            Some(result) => {
                let ty = self.declared_type(result, module);
                self.check_value(value, &ty, function.body.span, "the result")
            }
            None => value,
        }
    }

    fn function_name(&self, module: ModuleId, item: usize) -> String {
        match &self.item(module, item).kind {
            ItemKind::Function(function) => format!("`{}`", function.name.text),
            _ => String::new(),
        }
    }

    pub(super) fn argument<'e>(&self, function: &str, args: &'e [Argument], span: Span) -> Option<&'e Expr> {
        if let [Argument { name: None, value }] = args {
            return Some(value);
        }
        self.report(
            Diagnostic::new(codes::E0210, span, format!("`{function}` takes one argument"))
                .label(format!("{} given", args.len()))
                .help(format!("write `{function}(\"…\")`")),
        );
        None
    }

    pub(super) fn text_argument(
        &self,
        function: &str,
        args: &[Argument],
        span: Span,
        frame: &Frame,
    ) -> Option<String> {
        let argument = self.argument(function, args, span)?;
        match self.eval(argument, frame) {
            Value::Text(text) => Some(text),
            secret if holds_secret(&secret) => {
                let place = format!("{function}(…)");
                let reason = "what is named there stands in the plan";
                self.check_secret_flow(&secret, &place, reason, argument.span, Some((argument, frame)));
                None
            }
            other => {
                self.mismatch("a text", &other, argument.span);
                None
            }
        }
    }

    fn fold_sites(&self, name: &str, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(argument) = self.argument(name, args, span) else { return Value::Error };
        let value = self.eval(argument, frame);
        let Some(parts) = self.locations_of(&value, span) else {
            self.mismatch("sites", &value, argument.span);
            return Value::Error;
        };
        if parts.is_empty() {
            self.report(
                Diagnostic::new(codes::E0108, argument.span, "this is no site at all")
                    .label("an empty set of sites")
                    .help("a request needs a place: name one, or change the condition"),
            );
            return Value::Error;
        }
        let kind = match name {
            "each" => LocationKind::And(parts),
            "cross" => crate::location::cross(parts),
            _ => LocationKind::Or(parts),
        };
        Value::Location(Location { kind, span })
    }

    fn pure(&self, name: &str, name_span: Span, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(function) = functions::find(name).filter(|function| function.place == Place::Anywhere)
        else {
            self.report(self.unknown_function(name, name_span, args.len(), frame));
            return Value::Error;
        };
        let (least, most) = function.takes;
        if args.len() < least || args.len() > most || args.iter().any(|argument| argument.name.is_some()) {
            self.report(
                Diagnostic::new(
                    codes::E0210,
                    span,
                    format!(
                        "`{name}` takes {}",
                        if least == 1 { "one argument".to_owned() } else { format!("{least} arguments") }
                    ),
                )
                .label(if args.len() == least {
                    "given by name".to_owned()
                } else {
                    format!("{} given", args.len())
                })
                .help(format!("`{}`: {}", function.written, function.words)),
            );
            return Value::Error;
        }
        let mut values: Vec<Value> = args.iter().map(|argument| self.eval(&argument.value, frame)).collect();
        // What goes through a record by site means all of its copies, as `[for … => …]` does: wherever it stands.
        if let ("keys" | "values", [Value::Deferred(deferred)]) = (function.name, values.as_slice())
            && let Some(copies) = self.each_site_of(deferred)
        {
            let slot = |(site, value)| {
                Some((self.as_text(&site)?, Slot { value, key: span, span: args[0].value.span }))
            };
            values = vec![Value::Record(copies.into_iter().filter_map(slot).collect())];
        }
        if values.iter().any(is_incomplete) {
            return Value::Error;
        }
        let spans: Vec<Span> = args.iter().map(|argument| argument.value.span).collect();
        if values.iter().any(|value| matches!(value, Value::Deferred(_) | Value::Secret(_))) {
            return self.call_in_run(function.name, values, &spans, span, frame.here);
        }
        match self.known_call(function.name, &values, span) {
            Some(value) => value,
            None if values.iter().any(waits_within) => {
                self.call_in_run(function.name, values, &spans, span, frame.here)
            }
            None => self.refused(function, &values, &spans, frame.here),
        }
    }

    fn unknown_function(&self, name: &str, span: Span, given: usize, frame: &Frame) -> Diagnostic {
        if let Some(named) = self.names.get(frame.module, name) {
            return Diagnostic::new(codes::E0210, span, format!("`{name}` is not a function"))
                .label("cannot be called")
                .secondary(named.span, "declared here")
                .help("leave the parentheses out");
        }
        let report = Diagnostic::new(codes::E0210, span, format!("there is no function `{name}`"))
            .label("not declared");
        if PLACEMENT.contains(&name) {
            return report.help(format!("it is in the standard library: `import placement {{ {name} }}`"));
        }
        if BUILT_IN.contains(&name) {
            return report.label("a type, which makes nothing").help(format!(
                "write the value alone: where a `{name}` is expected, it is checked to be one"
            ));
        }
        let declared = self
            .names
            .all(frame.module)
            .filter(|(_, named)| matches!(named.definition, Definition::Function(..)))
            .map(|(name, _)| name);
        if let Some(function) = functions::find(name) {
            return report.note(format!("`{}` is a function of drivers", function.written));
        }
        let builtin = functions::of_programs().map(|function| function.name);
        // `len` is how others say `length`.
        let longer = |name: &str| {
            match name {
                "count" => return Some("length"),
                "unique" | "uniq" | "dedup" => return Some("distinct"),
                _ => {}
            }
            let mut longer =
                functions::of_programs().map(|function| function.name).filter(|own| own.starts_with(name));
            longer.next().filter(|_| name.len() >= 3 && longer.next().is_none())
        };
        match similar::nearest(name, declared.chain(builtin)).or_else(|| longer(name)) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None => {
                let params: Vec<String> =
                    ('a'..='z').take(given).map(|name| format!("{name}: any")).collect();
                report.help(format!("declare it: `fn {name}({}): any = …`", params.join(", ")))
            }
        }
    }
}

fn no_param(function: &ast::Function, name: &ast::Ident) -> Diagnostic {
    let words = format!("`{}` has no parameter `{}`", function.name.text, name.text);
    let report = Diagnostic::new(codes::E0210, name.span, words)
        .label("not a parameter")
        .secondary(function.name.span, "declared here");
    let params: Vec<&str> = function.params.iter().map(|param| param.name.text.as_str()).collect();
    match similar::nearest(&name.text, params.iter().copied()) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(name.span, near)]),
        None => report.help(format!("it has {}", params.join(", "))),
    }
}

pub(super) fn is_literal_path(expr: &Expr) -> bool {
    matches!(expr.kind.as_ref(), ExprKind::Text(text)
        if text.literal().is_some_and(|text| text.ends_with(".json") || text.ends_with(".yaml") || text.ends_with(".yml")))
}
