//! Where a secret may go: only into attributes and settings that the driver declares secret.
//!
//! `user_data: "mysql -p${db_password}"` → E0601 with the path the secret took: `secret("DB")` → `db_password` → here.
//! The path is found in the text, by following names to the `let`s and `param`s behind them.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Element, Expr, ExprKind, ItemKind, RecordEntry, TextPart};

use crate::context::Context;
use crate::hir::{Deferred, Type, Value};
use crate::modules::ModuleId;
use crate::names::Definition;

/// Whether a secret is anywhere in a value.
pub(crate) fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(slots) => slots.iter().any(|slot| holds_secret(&slot.value)),
        Value::Record(fields) => fields.values().any(|slot| holds_secret(&slot.value)),
        Value::Deferred(deferred) => match deferred.as_ref() {
            Deferred::Output { .. } => false,
            Deferred::Concat(parts) | Deferred::Call(_, parts) => parts.iter().any(holds_secret),
            Deferred::Binary(_, a, b) | Deferred::Index(a, b) => holds_secret(a) || holds_secret(b),
            Deferred::Unary(_, a) | Deferred::Field(a, _) => holds_secret(a),
            Deferred::If(a, b, c) => holds_secret(a) || holds_secret(b) || holds_secret(c),
        },
        _ => false,
    }
}

impl Context<'_> {
    /// Reports a secret that flows into a place that is not declared secret. `written` is the expression there, if
    /// there is one, for the path.
    pub fn check_secret_flow(
        &self,
        value: &Value,
        place: &str,
        reason: &str,
        span: Span,
        written: Option<(&Expr, ModuleId)>,
    ) {
        if !holds_secret(value) {
            return;
        }
        let mut path = Vec::new();
        if let Some((expr, module)) = written {
            self.secret_path(expr, module, &mut path, 0);
        }
        path.reverse();
        let source = path.first().map(|(_, text)| text.clone()).unwrap_or_else(|| "a secret".into());
        let name = path.last().filter(|_| path.len() > 1).map_or(source, |(_, text)| text.clone());
        let mut report =
            Diagnostic::new(codes::E0601, span, format!("{name} is secret and `{place}` is not: {reason}"))
                .label("the secret would be seen here");
        for (span, text) in &path {
            report = report.secondary(*span, format!("{text}, on its way"));
        }
        self.report(report.help(
            "use it only in an attribute or setting that the driver declares secret, or let the application fetch it",
        ));
    }

    /// The names a secret passes, the nearest first, ending at the `secret(…)` call or the secret parameter.
    fn secret_path(&self, expr: &Expr, module: ModuleId, path: &mut Vec<(Span, String)>, depth: u32) -> bool {
        if depth > 64 {
            return false;
        }
        let mut walk = |expr: &Expr| self.secret_path(expr, module, path, depth + 1);
        match expr.kind.as_ref() {
            ExprKind::Call { callee, args } => {
                if matches!(callee.kind.as_ref(), ExprKind::Name(name) if name == "secret") {
                    path.push((expr.span, self.sources.borrow().snippet(expr.span).to_string()));
                    return true;
                }
                args.iter().any(|argument| walk(&argument.value))
            }
            ExprKind::Name(name) => {
                let Some(named) = self.names.get(module, name) else { return false };
                let Definition::Value(module, item) = named.definition else { return false };
                match &self.item(module, item).kind {
                    ItemKind::Let(item) => {
                        path.push((item.name.span, format!("`{name}`")));
                        let found = self.secret_path(&item.value, module, path, depth + 1);
                        if !found {
                            path.pop();
                        }
                        found
                    }
                    ItemKind::Param(param) => {
                        let is_secret = param
                            .ty
                            .as_ref()
                            .is_some_and(|ty| matches!(self.declared_type(ty, module), Type::Secret(_)));
                        path.push((param.name.span, format!("`{name}`")));
                        let found = is_secret
                            || param
                                .default
                                .as_ref()
                                .is_some_and(|default| self.secret_path(default, module, path, depth + 1));
                        if !found {
                            path.pop();
                        }
                        found
                    }
                    _ => false,
                }
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
            ExprKind::Field { base, .. } | ExprKind::Unary { operand: base, .. } => walk(base),
            ExprKind::Index { base, index } => walk(base) || walk(index),
            ExprKind::Binary { left, right, .. } => walk(left) || walk(right),
            ExprKind::Chain { operands, .. } => operands.iter().any(walk),
            ExprKind::If { branches, otherwise } => {
                branches.iter().any(|(condition, value)| walk(condition) || walk(value)) || walk(otherwise)
            }
            ExprKind::ListFor { value, .. } => walk(value),
            ExprKind::MapFor { key, value, .. } => walk(key) || walk(value),
            ExprKind::Error
            | ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Scope(_) => false,
        }
    }
}
