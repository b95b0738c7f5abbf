//! The values of parameters: from `--set`, the group that uses the module, `--params`, or their default.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{self, ExprKind, ItemKind};

use crate::context::Context;
use crate::eval::{Frame, describe};
use crate::hir::{GroupId, Slot, Type, Value};
use crate::modules::Modules;

impl Context<'_> {
    pub(crate) fn param_value(&self, param: &ast::Param, frame: &Frame) -> Value {
        let module = frame.module;
        let ty = param.ty.as_ref().map(|ty| self.declared_type(ty, module));
        let given = self.options.params.iter().rev().find(|(name, _)| *name == param.name.text);
        let inside = frame.group.filter(|group| *group != GroupId::PROGRAM);
        let attribute = inside.and_then(|group| self.given_to(group, &param.name.text, frame.here));
        let is_program = module == Modules::ROOT;
        let is_secret = matches!(ty.as_ref().map(Type::required), Some(Type::Secret(_)));
        let (in_file, is_any_unread) = match is_program {
            true => self.param_in_files(&param.name.text),
            false => (None, false),
        };
        let (value, span) = match (given, &param.default) {
            _ if attribute.is_some() => {
                attribute.map_or((Value::Null, param.name.span), |slot| (slot.value, slot.span))
            }
            (Some((name, text)), _) if is_program && is_secret => {
                let file = self.sources.borrow_mut().add("--set", name.as_str());
                let span = Span::new(file, 0, u32::try_from(name.len()).unwrap_or(u32::MAX));
                (self.secret_given(name, text, span), span)
            }
            (Some((name, text)), _) if module == Modules::ROOT => {
                let Some((value, span)) = self.given_value(name, text, ty.as_ref(), param.default.as_ref())
                else {
                    return Value::Error;
                };
                (value, span)
            }
            _ if in_file.is_some() => {
                in_file.map_or((Value::Null, param.name.span), |slot| (slot.value, slot.span))
            }
            (_, Some(default)) => (self.eval(default, frame), default.span),
            (_, None) if ty.as_ref().is_some_and(may_be_null) => return Value::Null,
            (_, None) if inside.is_some() => {
                if let Some(group) = inside {
                    self.report_all(self.missing_parameter(group, param));
                }
                return Value::Error;
            }
            // The file that could not be read may have it.
            (_, None) if is_any_unread => return Value::Error,
            (_, None) => {
                self.report(
                    Diagnostic::new(
                        codes::E0111,
                        param.name.span,
                        format!("parameter `{}` has no value", param.name.text),
                    )
                    .label("no default")
                    .help(match is_secret {
                        true => format!(
                            "give it one: --set {0}=env:VARIABLE or --set {0}=file:PATH, or a default here",
                            param.name.text
                        ),
                        false => format!("give it one: --set {}=…, or a default here", param.name.text),
                    }),
                );
                return Value::Error;
            }
        };
        match (&ty, &param.default) {
            (Some(ty), default) => {
                // Beside its default the type stands anyway.
                let is_usual = default.as_ref().is_some_and(|default| default.span == span);
                let declared = if is_usual { Span::DUMMY } else { param.name.span };
                let name = param.name.text.as_str();
                self.check_declared(value, ty, span, name, (name, declared))
            }
            (None, Some(default)) if span != default.span => {
                let usual = self.eval(default, frame);
                if !is_alike(&usual, &value) {
                    let (name, usual) = (&param.name.text, describe(&usual));
                    let help = format!("without a type, `{name}` is of what its default is");
                    self.mismatch_with(
                        &format!("`{name}` to be as its default, {usual}"),
                        &value,
                        span,
                        &help,
                    );
                    return Value::Error;
                }
                value
            }
            (None, _) => value,
        }
    }

    /// A value given with `--set`: an expression, or where the parameter is a text, the words as they are.
    /// One without a type is of what its default is.
    fn given_value(
        &self,
        name: &str,
        text: &str,
        ty: Option<&Type>,
        default: Option<&ast::Expr>,
    ) -> Option<(Value, Span)> {
        let file = self.sources.borrow_mut().add(format!("--set {name}"), text);
        let whole = Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
        let wants_text = match ty.map(|ty| match ty {
            Type::Secret(inner) => inner.required(),
            other => other.required(),
        }) {
            Some(ty) => {
                matches!(ty, Type::String | Type::Enum(_) | Type::Matching(..) | Type::Ip | Type::Cidr)
            }
            None => default.is_none_or(|default| matches!(default.kind.as_ref(), ExprKind::Text(_))),
        };
        // A text of these four letters is written with quotes.
        if text == "null" && ty.is_some_and(may_be_null) {
            return Some((Value::Null, whole));
        }
        let is_quoted = text.starts_with('"');
        if wants_text && !is_quoted && (ty.is_some() || text.parse::<f64>().is_err()) {
            return Some((Value::Text(text.to_string()), whole));
        }
        let (expr, diagnostics) = scope_syntax::parse_expr(file, text);
        self.report_all(diagnostics);
        let expr = expr?;
        Some((self.eval(&expr, &Frame::new(Modules::ROOT)), whole))
    }

    /// The value that the last of the `--params` files which names a parameter gives it, and whether one of them could not be
    /// read.
    fn param_in_files(&self, name: &str) -> (Option<Slot>, bool) {
        let mut files: Vec<_> = self.options.param_files.iter().map(|path| self.param_file(path)).collect();
        let is_any_unread = files.iter().any(Option::is_none);
        (files.iter_mut().rev().flatten().find_map(|fields| fields.shift_remove(name)), is_any_unread)
    }

    /// The fields of a `--params` file; what is no record is reported, once.
    fn param_file(&self, path: &str) -> Option<IndexMap<String, Slot>> {
        let known = self.data_files.borrow().get(path).cloned();
        let value = known.unwrap_or_else(|| {
            let file = self.sources.borrow_mut().add("--params", path);
            let span = Span::new(file, 0, u32::try_from(path.len()).unwrap_or(0));
            let mut value =
                self.read_data(path, span, "a path of `--params` is relative to the folder of the command");
            if !matches!(value, Value::Record(_) | Value::Error) {
                let help = "it holds a record: `name: value` for each parameter";
                self.mismatch_with("a record of parameters in the file", &value, span, help);
                value = Value::Error;
            }
            self.data_files.borrow_mut().insert(path.to_string(), value.clone());
            value
        });
        match value {
            Value::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// Reports `--set` and `--params` of what is no parameter.
    pub fn check_given_params(&self) {
        let items = &self.modules.get(Modules::ROOT).tree.items;
        let params: Vec<&str> = items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Param(param) => Some(param.name.text.as_str()),
                _ => None,
            })
            .collect();
        for path in &self.options.param_files {
            for (name, slot) in self.param_file(path).unwrap_or_default() {
                if !params.contains(&name.as_str()) {
                    self.report(no_parameter(&name, slot.key, &params));
                }
            }
        }
        for (name, text) in &self.options.params {
            if !params.contains(&name.as_str()) {
                let file = self.sources.borrow_mut().add(format!("--set {name}"), format!("{name}={text}"));
                let span = Span::new(file, 0, name.len() as u32);
                self.report(no_parameter(name, span, &params));
            }
        }
    }
}

/// Whether a value can stand for the default of a parameter that has no type.
fn is_alike(usual: &Value, given: &Value) -> bool {
    match usual {
        Value::List(_) => matches!(given, Value::List(_) | Value::Location(_) | Value::Error),
        Value::Record(_) => matches!(given, Value::Record(_) | Value::Error),
        Value::Bool(_) => matches!(given, Value::Bool(_) | Value::Error),
        Value::Int(_) | Value::Float(_) => matches!(given, Value::Int(_) | Value::Float(_) | Value::Error),
        _ => true,
    }
}

/// Whether a type is declared to go without a value: `string?`.
fn may_be_null(ty: &Type) -> bool {
    ty.is_optional() && !matches!(ty, Type::Any | Type::Error)
}

/// The report for a value of what is none of the program's parameters.
fn no_parameter(name: &str, span: Span, params: &[&str]) -> Diagnostic {
    let report = Diagnostic::new(codes::E0110, span, format!("the program has no parameter `{name}`"))
        .label("set here");
    match similar::nearest(name, params.iter().copied()) {
        Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
        None if params.is_empty() => report.help(format!("declare it: `param {name}: string`")),
        None => report.help(format!("it has {}", params.join(", "))),
    }
}
