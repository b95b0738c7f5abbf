//! Texts: `"vm-${here.name}"` with what is known written in, and what waits for the run kept as a part.

use scope_diagnostics::{Diagnostic, Edit, codes};
use scope_syntax::ast::{self, Expr, ExprKind, TextPart};

use super::{Frame, describe, number};
use crate::context::Context;
use crate::hir::{Deferred, Type, Value, rate_text, size_text};

impl Context<'_> {
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
                    value @ (Value::Deferred(_) | Value::Secret(_)) => {
                        match self.text_in_run(value, expr.span, frame.here) {
                            Some(value) => value,
                            None => return Value::Error,
                        }
                    }
                    value => match self.as_text(&value) {
                        Some(text) => Value::Text(text),
                        None if value == Value::Null => {
                            self.report(self.null_in_text(expr, frame));
                            return Value::Error;
                        }
                        None => {
                            let (label, help) = self.one_of_copies(&value, expr.span).unwrap_or_else(|| {
                                let help = "name a field of it, or use `to_json(…)`";
                                ("cannot be written in a text".to_owned(), help.to_owned())
                            });
                            let words =
                                format!("expected something to write as text, found {}", describe(&value));
                            self.report(
                                Diagnostic::new(codes::E0201, expr.span, words).label(label).help(help),
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
        // A text that is only one text is that text.
        match &mut parts[..] {
            [Value::Deferred(only)] if self.deferred_type(only) == Some(Type::String) => parts.remove(0),
            _ => Value::Deferred(Box::new(Deferred::Concat(parts))),
        }
    }

    /// The report for nothing in a text: of which element, where it is read of one.
    fn null_in_text(&self, expr: &Expr, frame: &Frame) -> Diagnostic {
        let read = self.sources.borrow().snippet(expr.span).to_string();
        let label = match self.name_of_element(expr, frame) {
            Some(element) => format!("null for `{element}`"),
            None => "this is null".to_owned(),
        };
        Diagnostic::new(codes::E0201, expr.span, "expected something to write as text, found null")
            .label(label)
            .help(format!("`{read} ?? \"\"` writes nothing there"))
            .fix("write nothing where it is null", vec![Edit::new(expr.span.after(), " ?? \"\"")])
    }

    /// What the element is called that an expression reads something of: `y` of `row.note`.
    fn name_of_element(&self, expr: &Expr, frame: &Frame) -> Option<String> {
        match expr.kind.as_ref() {
            ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => self.name_of_element(base, frame),
            ExprKind::Name(name) => {
                let (_, element) = frame.locals.iter().rev().find(|(local, _)| local == name)?;
                match element {
                    Value::Record(fields) => self.as_text(&fields.get("name")?.value),
                    element => self.as_text(element),
                }
            }
            _ => None,
        }
    }

    /// How a known value stands in a text.
    pub fn as_text(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Percent(number) => format!("{number}%"),
            Value::Size(bytes) => size_text(*bytes),
            Value::Rate(bits) => rate_text(*bits),
            Value::Duration(nanoseconds) => number::duration_text(*nanoseconds),
            Value::Site(site) => self.site_name(*site),
            _ => return None,
        })
    }
}
