//! Calls: the functions of the language, and those that programs declare.
//!
//! `file("x.raw")`, `env("HOME")`, `secret("PW")`, `yaml("x.yaml")`, `lower("A")`, … A function whose arguments wait
//! for the run is deferred under the same name, which the plan's evaluator knows.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Argument, Expr, ExprKind, ItemKind};

use super::{Frame, MAX_CALLS, merge_slot};
use crate::context::Context;
use crate::data;
use crate::hir::{Deferred, Location, LocationKind, SecretSource, Slot, Value};
use crate::names::Definition;
use crate::world::ReadError;

/// Functions that may be deferred to the run, with the least and greatest number of arguments.
const PURE: [(&str, usize, usize); 23] = [
    ("json", 1, 1),
    ("to_json", 1, 1),
    ("first", 1, 1),
    ("length", 1, 1),
    ("lower", 1, 1),
    ("upper", 1, 1),
    ("trim", 1, 1),
    ("join", 2, 2),
    ("split", 2, 2),
    ("keys", 1, 1),
    ("values", 1, 1),
    ("has", 2, 2),
    ("text", 1, 1),
    ("int", 1, 1),
    ("base64", 1, 1),
    ("url", 1, 1),
    ("merge", 2, 2),
    ("without", 2, 2),
    ("distinct", 1, 1),
    ("sort", 1, 1),
    ("range", 1, 1),
    ("mod", 2, 2),
    ("replace", 3, 3),
];

/// Functions that read something, or make locations.
const SPECIAL: [&str; 9] = ["file", "env", "secret", "yaml", "json", "each", "any", "around", "cross"];

/// Placement words of the next release.
const LATER: [&str; 7] = ["around", "cross", "pick", "spread", "near", "apart", "prime"];

impl Context<'_> {
    pub(super) fn call(&self, callee: &Expr, args: &[Argument], span: Span, frame: &Frame) -> Value {
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
            self.record_use(callee.span, named.span, self.hover(name, &named.definition));
            let ItemKind::Function(function) = &self.item(module, item).kind else { return Value::Error };
            return self.call_declared(function, module, args, span, frame);
        }
        match name.as_str() {
            "file" => self.file(args, span, frame),
            "env" => self.env(args, span, frame),
            "secret" => self.secret(args, span, frame),
            "yaml" => self.data_file(args, span, frame),
            "json" if matches!(args, [Argument { value, .. }] if is_literal_path(value)) => {
                self.data_file(args, span, frame)
            }
            "each" | "any" => self.fold_sites(name, args, span, frame),
            later if LATER.contains(&later) => {
                self.unavailable(span, &format!("`{later}(…)`"));
                Value::Error
            }
            _ => self.pure(name, callee.span, args, span, frame),
        }
    }

    fn call_declared(
        &self,
        function: &ast::Function,
        module: crate::modules::ModuleId,
        args: &[Argument],
        span: Span,
        frame: &Frame,
    ) -> Value {
        if frame.calls >= MAX_CALLS {
            self.report(
                Diagnostic::new(codes::E0112, span, format!("`{}` calls itself", function.name.text))
                    .label("called again here")
                    .secondary(function.name.span, "declared here")
                    .help("functions do not recurse: write it over a list"),
            );
            return Value::Error;
        }
        let mut inner = Frame { module, here: frame.here, locals: Vec::new(), calls: frame.calls + 1 };
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
                    self.report(
                        Diagnostic::new(
                            codes::E0210,
                            argument.value.span,
                            format!("`{}` takes {} arguments", function.name.text, function.params.len()),
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
            let value = match &param.ty {
                Some(ty) => {
                    let ty = self.declared_type(ty, module);
                    self.check_value(value, &ty, value_span, &param.name.text)
                }
                None => value,
            };
            inner.locals.push((param.name.text.clone(), value));
        }
        let value = self.eval(&function.body, &inner);
        match &function.result {
            Some(result) => {
                let ty = self.declared_type(result, module);
                self.check_value(value, &ty, function.body.span, "the result")
            }
            None => value,
        }
    }

    fn argument<'e>(&self, function: &str, args: &'e [Argument], span: Span) -> Option<&'e Expr> {
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

    fn text_argument(&self, function: &str, args: &[Argument], span: Span, frame: &Frame) -> Option<String> {
        let argument = self.argument(function, args, span)?;
        match self.eval(argument, frame) {
            Value::Text(text) => Some(text),
            other => {
                self.mismatch("a text", &other, argument.span);
                None
            }
        }
    }

    /// A path as written, relative to the file that writes it.
    pub fn path_from(&self, written: &str, module: crate::modules::ModuleId) -> String {
        join_path(&self.modules.get(module).path, written)
    }

    fn file(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(written) = self.text_argument("file", args, span, frame) else { return Value::Error };
        let path = self.path_from(&written, frame.module);
        match self.world.digest(&path) {
            Ok(digest) => Value::File { path, size: digest.size, sha256: digest.sha256 },
            Err(error) => {
                self.report(cannot_read(&path, &error, span));
                Value::Error
            }
        }
    }

    fn env(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(name) = self.text_argument("env", args, span, frame) else { return Value::Error };
        match self.world.env(&name) {
            Some(value) => Value::Text(value),
            None => {
                self.report(
                    Diagnostic::new(codes::E0602, span, format!("environment variable `{name}` is not set"))
                        .label("read here, when compiling")
                        .help(format!("set it (`export {name}=…`), or use a `param` with a default")),
                );
                Value::Error
            }
        }
    }

    /// The value of `env("X")`, `null` where it is not set; `None` for any other expression.
    pub(super) fn optional_env(&self, expr: &Expr, frame: &Frame) -> Option<Value> {
        let ExprKind::Call { callee, args } = expr.kind.as_ref() else { return None };
        if !matches!(callee.kind.as_ref(), ExprKind::Name(name) if name == "env") {
            return None;
        }
        let name = self.text_argument("env", args, expr.span, frame)?;
        Some(self.world.env(&name).map_or(Value::Null, Value::Text))
    }

    fn secret(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let [argument] = args else {
            self.report(
                Diagnostic::new(codes::E0210, span, "`secret` takes one argument")
                    .label(format!("{} given", args.len()))
                    .help("write `secret(\"VARIABLE\")`, `secret(file: \"…\")` or `secret(command: […])`"),
            );
            return Value::Error;
        };
        let value = self.eval(&argument.value, frame);
        let source = match (argument.name.as_ref().map(|name| name.text.as_str()), value) {
            (_, Value::Error) => return Value::Error,
            (None | Some("env"), Value::Text(name)) => SecretSource::Env(name),
            (Some("file"), Value::Text(path)) => SecretSource::File(self.path_from(&path, frame.module)),
            (Some("command"), Value::List(words)) => {
                let words: Option<Vec<String>> = words
                    .iter()
                    .map(|slot| match &slot.value {
                        Value::Text(word) => Some(word.clone()),
                        _ => None,
                    })
                    .collect();
                match words {
                    Some(words) if !words.is_empty() => SecretSource::Command(words),
                    _ => {
                        self.mismatch("a list of texts", &Value::List(Vec::new()), argument.value.span);
                        return Value::Error;
                    }
                }
            }
            (_, other) => {
                self.mismatch("the name of an environment variable", &other, argument.value.span);
                return Value::Error;
            }
        };
        Value::Secret(source)
    }

    fn data_file(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(written) = self.text_argument("yaml", args, span, frame) else { return Value::Error };
        let path = self.path_from(&written, frame.module);
        match self.world.read(&path) {
            Ok(bytes) => match data::parse(&bytes) {
                Ok(value) => data::to_value(&value, span),
                Err(error) => {
                    self.report(
                        Diagnostic::new(codes::E0603, span, format!("`{path}` cannot be read as data"))
                            .label("read here")
                            .note(error)
                            .help("it must be one YAML or JSON document"),
                    );
                    Value::Error
                }
            },
            Err(error) => {
                self.report(cannot_read(&path, &error, span));
                Value::Error
            }
        }
    }

    fn fold_sites(&self, name: &str, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(argument) = self.argument(name, args, span) else { return Value::Error };
        let value = self.eval(argument, frame);
        let Some(sites) = self.sites_of(&value) else {
            self.mismatch("sites", &value, argument.span);
            return Value::Error;
        };
        if sites.is_empty() {
            self.report(
                Diagnostic::new(codes::E0108, argument.span, "this is no site at all")
                    .label("an empty set of sites")
                    .help("a request needs a place: name one, or change the condition"),
            );
            return Value::Error;
        }
        let parts = sites.into_iter().map(|site| Location { kind: LocationKind::Site(site), span }).collect();
        let kind = if name == "each" { LocationKind::And(parts) } else { LocationKind::Or(parts) };
        Value::Location(Location { kind, span })
    }

    fn pure(&self, name: &str, name_span: Span, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(&(function, least, most)) = PURE.iter().find(|(function, ..)| *function == name) else {
            self.report(self.unknown_function(name, name_span, frame));
            return Value::Error;
        };
        if args.len() < least || args.len() > most || args.iter().any(|argument| argument.name.is_some()) {
            self.report(
                Diagnostic::new(
                    codes::E0210,
                    span,
                    format!("`{name}` takes {least} arguments without names"),
                )
                .label(format!("{} given", args.len()))
                .help(format!("see `{name}` in the language reference")),
            );
            return Value::Error;
        }
        let values: Vec<Value> = args.iter().map(|argument| self.eval(&argument.value, frame)).collect();
        if values.contains(&Value::Error) {
            return Value::Error;
        }
        if values.iter().any(|value| matches!(value, Value::Deferred(_) | Value::Secret(_))) {
            return Value::Deferred(Box::new(Deferred::Call(function, values)));
        }
        match self.known_call(function, &values, span) {
            Some(value) => value,
            None => {
                if let (Some(value), Some(argument)) = (values.first(), args.first()) {
                    self.mismatch(&format!("what `{name}` takes"), value, argument.value.span);
                }
                Value::Error
            }
        }
    }

    fn unknown_function(&self, name: &str, span: Span, frame: &Frame) -> Diagnostic {
        if let Some(named) = self.names.get(frame.module, name) {
            return Diagnostic::new(codes::E0210, span, format!("`{name}` is not a function"))
                .label("cannot be called")
                .secondary(named.span, "declared here")
                .help("leave the parentheses out");
        }
        let report = Diagnostic::new(codes::E0210, span, format!("there is no function `{name}`"))
            .label("not declared");
        let declared = self
            .names
            .all(frame.module)
            .filter(|(_, named)| matches!(named.definition, Definition::Function(..)))
            .map(|(name, _)| name);
        let builtin = PURE.iter().map(|(name, ..)| *name).chain(SPECIAL);
        match similar::nearest(name, declared.chain(builtin)) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None => report.help("declare it: `fn f(x: string): string = …`"),
        }
    }

    /// A function of known values; `None` when they are not what it takes.
    fn known_call(&self, function: &str, values: &[Value], span: Span) -> Option<Value> {
        let texts = |items: Vec<String>| {
            Value::List(
                items.into_iter().map(|item| Slot { value: Value::Text(item), key: span, span }).collect(),
            )
        };
        Some(match (function, values) {
            ("length", [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
            ("length", [Value::List(list)]) => Value::Int(list.len() as i64),
            ("length", [Value::Record(fields)]) => Value::Int(fields.len() as i64),
            ("length", [Value::Location(location)]) => Value::Int(location.sites().len() as i64),
            ("lower", [Value::Text(text)]) => Value::Text(text.to_lowercase()),
            ("upper", [Value::Text(text)]) => Value::Text(text.to_uppercase()),
            ("trim", [Value::Text(text)]) => Value::Text(text.trim().to_string()),
            ("split", [Value::Text(text), Value::Text(separator)]) if !separator.is_empty() => {
                texts(text.split(separator.as_str()).map(str::to_string).collect())
            }
            ("join", [Value::List(list), Value::Text(separator)]) => {
                let parts: Option<Vec<String>> = list.iter().map(|slot| self.as_text(&slot.value)).collect();
                Value::Text(parts?.join(separator))
            }
            ("keys", [Value::Record(fields)]) => texts(fields.keys().cloned().collect()),
            ("values", [Value::Record(fields)]) => Value::List(fields.values().cloned().collect()),
            ("has", [Value::Record(fields), Value::Text(key)]) => Value::Bool(fields.contains_key(key)),
            ("text", [value]) => Value::Text(self.as_text(value)?),
            ("int", [Value::Text(text)]) => Value::Int(text.trim().parse().ok()?),
            ("int", [Value::Float(number)]) => Value::Int(*number as i64),
            ("int", [Value::Int(number)]) => Value::Int(*number),
            ("first", [Value::List(list)]) => list.first().map_or(Value::Null, |slot| slot.value.clone()),
            ("merge", [Value::Record(a), Value::Record(b)]) => {
                let mut merged = a.clone();
                for (key, slot) in b {
                    merge_slot(&mut merged, key.clone(), slot.clone());
                }
                Value::Record(merged)
            }
            ("without", [Value::Record(fields), Value::List(keys)]) => {
                let mut kept: IndexMap<String, Slot> = fields.clone();
                for key in keys {
                    if let Value::Text(key) = &key.value {
                        kept.shift_remove(key);
                    }
                }
                Value::Record(kept)
            }
            ("distinct", [Value::List(list)]) => {
                let mut kept: Vec<Slot> = Vec::new();
                for slot in list {
                    if !kept.iter().any(|other| other.value == slot.value) {
                        kept.push(slot.clone());
                    }
                }
                Value::List(kept)
            }
            ("sort", [Value::List(list)]) => {
                let mut parts: Vec<String> =
                    list.iter().map(|slot| self.as_text(&slot.value)).collect::<Option<_>>()?;
                parts.sort();
                texts(parts)
            }
            ("range", [Value::Int(count)]) if (0..=1_000_000).contains(count) => Value::List(
                (0..*count).map(|number| Slot { value: Value::Int(number), key: span, span }).collect(),
            ),
            ("mod", [Value::Int(a), Value::Int(b)]) if *b != 0 => Value::Int(a.rem_euclid(*b)),
            ("replace", [Value::Text(text), Value::Text(from), Value::Text(to)]) if !from.is_empty() => {
                Value::Text(text.replace(from.as_str(), to))
            }
            ("json", [Value::Text(text)]) => data::to_value(&data::parse(text.as_bytes()).ok()?, span),
            ("to_json", [value]) => Value::Text(data::to_json(self, value)?.to_string()),
            // Encodings are written in one place, the plan's evaluator.
            ("base64" | "url", [Value::Text(_)]) => {
                let name = if function == "url" { "url" } else { "base64" };
                Value::Deferred(Box::new(Deferred::Call(name, values.to_vec())))
            }
            _ => return None,
        })
    }
}

fn is_literal_path(expr: &Expr) -> bool {
    matches!(expr.kind.as_ref(), ExprKind::Text(text)
        if text.literal().is_some_and(|text| text.ends_with(".json") || text.ends_with(".yaml") || text.ends_with(".yml")))
}

/// The report for a file that cannot be read.
pub(crate) fn cannot_read(path: &str, error: &ReadError, span: Span) -> Diagnostic {
    match error {
        ReadError::NotFound => Diagnostic::new(codes::E0603, span, format!("there is no file `{path}`"))
            .label("named here")
            .help("paths are relative to the file that names them"),
        ReadError::Other(words) => Diagnostic::new(codes::E0603, span, format!("`{path}` cannot be read"))
            .label("named here")
            .note(words.clone())
            .help("make it readable, or name another file"),
    }
}

/// `written`, relative to the folder of the file `from`; absolute paths and `~/` stay. `..` folds with what is before it.
pub fn join_path(from: &str, written: &str) -> String {
    if written.starts_with('/') || written.starts_with("~/") || written.starts_with("std:") {
        return written.to_string();
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = if folder.is_empty() { Vec::new() } else { folder.split('/').collect() };
    for part in written.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "" | ".")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if from.starts_with('/') && !joined.starts_with('/') { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::join_path;

    #[test]
    fn paths_are_relative_to_the_file_that_writes_them() {
        assert_eq!(join_path("examples/a.scope", "images/x.raw"), "examples/images/x.raw");
        assert_eq!(join_path("examples/a.scope", "../x"), "x");
        assert_eq!(join_path("a.scope", "./sites.scope"), "sites.scope");
        assert_eq!(join_path("/p/a.scope", "../x"), "/x");
        assert_eq!(join_path("a.scope", "../x"), "../x");
        assert_eq!(join_path("a.scope", "/etc/x"), "/etc/x");
    }
}
