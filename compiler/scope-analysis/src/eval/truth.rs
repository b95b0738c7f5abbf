//! `all([…])` and `any([…])` of truths: what a `require` states of many things.
//!
//! `all([for r in resources => r.sites within edge])` → true where each element is.

use scope_diagnostics::Span;
use scope_syntax::ast::{Argument, ChainOp, Expr, ExprKind, UnaryOp};

use super::Frame;
use crate::context::Context;
use crate::hir::{Deferred, Value};

impl Context<'_> {
    /// Whether `any(…)` asks about truths, not about sites: its argument is a list of something else than sites.
    pub(super) fn is_of_truths(&self, args: &[Argument], frame: &Frame) -> bool {
        let [Argument { name: None, value }] = args else { return false };
        if !is_list(value) {
            return false;
        }
        match self.eval(value, frame) {
            Value::List(slots) if slots.is_empty() => makes_truths(value),
            Value::List(slots) => slots
                .iter()
                .all(|slot| matches!(slot.value, Value::Bool(_) | Value::Deferred(_) | Value::Error)),
            _ => false,
        }
    }

    /// `all` (and) and `any` (or) over a list. Of nothing, `all` is true and `any` is false.
    pub(super) fn every(&self, name: &str, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(argument) = self.argument(name, args, span) else { return Value::Error };
        let slots = match self.eval(argument, frame) {
            Value::List(slots) => slots,
            Value::Error => return Value::Error,
            other => {
                self.mismatch("a list of true or false", &other, argument.span);
                return Value::Error;
            }
        };
        let stops = name == "any";
        let op = if stops { "or" } else { "and" };
        let mut waiting: Option<Value> = None;
        for slot in slots {
            match slot.value {
                Value::Bool(value) if value == stops => return Value::Bool(stops),
                Value::Bool(_) => {}
                Value::Error => return Value::Error,
                value @ Value::Deferred(_) => {
                    waiting = Some(match waiting {
                        Some(left) => Value::Deferred(Box::new(Deferred::Binary(op, left, value))),
                        None => value,
                    });
                }
                other @ Value::Site(_) => {
                    let help = "of sites, `each(…)` is all of them and `any(…)` the first that can";
                    self.mismatch_with("true or false", &other, argument.span, help);
                    return Value::Error;
                }
                other => {
                    self.mismatch("true or false", &other, slot.span);
                    return Value::Error;
                }
            }
        }
        waiting.unwrap_or(Value::Bool(!stops))
    }
}

/// Whether the elements of a comprehension are truths, as far as its text says.
fn makes_truths(expr: &Expr) -> bool {
    let ExprKind::ListFor { value, .. } = expr.kind.as_ref() else { return false };
    match value.kind.as_ref() {
        ExprKind::Binary { op, .. } => {
            use scope_syntax::ast::BinaryOp::{Default, Divide, Except, Multiply, Range, Subtract, Where};
            !matches!(op, Default | Divide | Except | Multiply | Range | Subtract | Where)
        }
        ExprKind::Chain { op, .. } => matches!(op, ChainOp::LogicalAnd | ChainOp::LogicalOr),
        ExprKind::Unary { op, .. } => *op == UnaryOp::Not,
        ExprKind::Bool(_) => true,
        _ => false,
    }
}

/// Whether an expression is written as a list: a set of sites is named, or filtered with `where`.
fn is_list(expr: &Expr) -> bool {
    matches!(expr.kind.as_ref(), ExprKind::List(_) | ExprKind::ListFor { .. })
}
