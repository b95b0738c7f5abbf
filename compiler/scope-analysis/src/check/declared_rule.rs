//! A value that a rule refuses, told at the value and at the rule: of `port: 0` the `0`, and where `port: int in 1..65535` is
//! declared.

use scope_diagnostics::{Span, codes};

use crate::context::Context;
use crate::hir::{Bounded, Deferred, Type, Value};

impl Context<'_> {
    /// [`Context::check_value`], where the rule that its type is stands at a place: `named` is declared there.
    pub(crate) fn check_declared(
        &self,
        value: Value,
        ty: &Type,
        span: Span,
        what: &str,
        (named, declared): (&str, Span),
    ) -> Value {
        if !is_rule(ty) || declared.is_dummy() {
            return self.check_value(value, ty, span, what);
        }
        let (value, reports) = self.overheard(|| self.check_value(value, ty, span, what));
        self.report_all(reports.into_iter().map(|report| {
            let is_of_it = report.primary.span == span && matches!(report.code, codes::E0201 | codes::E0205);
            match is_of_it {
                true => report.secondary(declared, format!("`{named}` is declared here")),
                false => report,
            }
        }));
        match value {
            Value::Deferred(deferred) => match *deferred {
                Deferred::Bounded(bounded) if bounded.rule.is_none() => {
                    let rule = Some((named.to_owned(), declared));
                    Value::Deferred(Box::new(Deferred::Bounded(Box::new(Bounded { rule, ..*bounded }))))
                }
                other => Value::Deferred(Box::new(other)),
            },
            value => value,
        }
    }
}

/// Whether a type refuses some values of a kind: a range, a pattern, an enumeration. What a declared type does is told at it.
fn is_rule(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) | Type::Secret(inner) | Type::By(inner, _) => is_rule(inner),
        Type::InRange(..) | Type::Matching(..) | Type::Enum(_) => true,
        _ => false,
    }
}
