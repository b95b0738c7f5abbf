//! What stands for a value that is left out: the defaults of attributes, settings, inputs and of the fields of records.
//!
//! Comes in: a default as it is written and the type it is of. Goes out: a report if it is none of that type; with [`filled`], the
//! default with what its own fields leave out. `{ port: 22 }` of `{ port: int, proto: string = "tcp" }` → `{ port: 22, proto: "tcp" }`.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, Element, Expr, ExprKind, RecordEntry};

use super::ranges::amount;
use crate::check::no_such_word;
use crate::comparison::{base, misfit as apart, words};
use crate::hir::{OPEN, Type};

/// The default of a record's field. A type may be used in a driver, a program and a module, which know other names: what it
/// holds is written out.
pub(super) fn of_field(
    name: &str,
    ty: &Type,
    default: Option<&Expr>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let default = default?;
    if !is_written_out(default) {
        diagnostics.push(
            Diagnostic::new(codes::E0421, default.span, format!("the default of the field `{name}` is not written out"))
                .label("needs something to be looked up")
                .help("write a value that names nothing, such as `\"tcp\"` or `30s`; or leave the default out, and give the field where the record is made"),
        );
        return None;
    }
    if let Some(report) = misfit(name, ty, default) {
        diagnostics.push(report);
        return None;
    }
    Some(filled(default.clone(), ty))
}

/// A default with the defaults of the fields that it leaves out.
pub(super) fn filled(mut default: Expr, ty: &Type) -> Expr {
    match (base(ty), default.kind.as_mut()) {
        (Type::Record(fields), ExprKind::Record(entries)) => {
            let is_spread = entries.iter().any(|entry| !matches!(entry, RecordEntry::Field { .. }));
            for field in fields.iter().filter(|field| field.name != OPEN) {
                let written = entries.iter_mut().find_map(|entry| match entry {
                    RecordEntry::Field { key, value } if key.literal().as_ref() == Some(&field.name) => {
                        Some(value)
                    }
                    _ => None,
                });
                match (written, &field.default) {
                    (Some(value), _) => *value = filled(value.clone(), &field.ty),
                    (None, Some(value)) if !is_spread => entries.push(RecordEntry::Field {
                        key: plain(&field.name, value.span),
                        value: value.clone(),
                    }),
                    (None, _) => {}
                }
            }
        }
        (Type::List(inner), ExprKind::List(elements)) => {
            for element in elements {
                if let Element::Value(value) = element {
                    *value = filled(value.clone(), inner);
                }
            }
        }
        _ => {}
    }
    default
}

fn plain(text: &str, span: Span) -> ast::Text {
    ast::Text { parts: vec![ast::TextPart::Chars(text.to_owned())], style: ast::TextStyle::Quoted, span }
}

/// Whether a value is known from what is written alone.
fn is_written_out(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Error | ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) => true,
        ExprKind::Text(text) => text.literal().is_some(),
        ExprKind::Unary { operand, .. } => is_written_out(operand),
        ExprKind::Binary { left, right, .. } => is_written_out(left) && is_written_out(right),
        ExprKind::Chain { operands, .. } => operands.iter().all(is_written_out),
        ExprKind::List(elements) => elements.iter().all(|element| match element {
            Element::Value(value) => is_written_out(value),
            Element::Spread(_) => false,
        }),
        ExprKind::Record(entries) => entries.iter().all(|entry| match entry {
            RecordEntry::Field { key, value } => key.literal().is_some() && is_written_out(value),
            RecordEntry::Spread(_) => false,
            RecordEntry::Error { .. } => true,
        }),
        ExprKind::Call { callee, args } => {
            let is_secret = matches!(&*callee.kind, ExprKind::Name(name) if name == "secret");
            is_secret && args.iter().all(|argument| is_written_out(&argument.value))
        }
        _ => false,
    }
}

/// The report for a default that is written out, and is no value of its attribute's type.
pub(super) fn misfit(name: &str, ty: &Type, default: &ast::Expr) -> Option<Diagnostic> {
    let report = |found: &str| {
        Diagnostic::new(
            codes::E0201,
            default.span,
            format!("expected the default of `{name}` to be `{ty}`, found {found}"),
        )
    };
    if let ExprKind::Null = &*default.kind {
        let is_wrong = !ty.is_optional();
        return is_wrong.then(|| {
            report("null").label("no value").help(format!("its type is `{ty}?` where it may be null"))
        });
    }
    if let Some((found, amount)) = amount(default) {
        if apart(&found, ty).is_some() {
            return Some(
                report(&format!("`{found}`")).label("of another type").help("write one of its type"),
            );
        }
        let (low, high) = bounds(ty)?;
        let is_inside = (low..=high).contains(&amount);
        return (!is_inside)
            .then(|| report("one outside of it").label("out of its bounds").help("choose one within them"));
    }
    let found = type_of_default(default);
    if apart(&found, ty).is_some() {
        return Some(report(&format!("`{found}`")).label("of another type").help("write one of its type"));
    }
    let ExprKind::Text(text) = &*default.kind else { return None };
    let (text, words) = (text.literal()?, words(ty)?);
    (!words.contains(&text)).then(|| no_such_word(&words, &text, default.span, name))
}

/// Between what values of a type lie, if that is said.
fn bounds(ty: &Type) -> Option<(f64, f64)> {
    match ty {
        Type::InRange(_, low, high) => Some((*low, *high)),
        Type::Optional(inner) | Type::By(inner, _) => bounds(inner),
        Type::Named(named) => bounds(named.meaning()),
        _ => None,
    }
}

/// What a type is, told from a default: `input: { by: 1 }`.
pub(super) fn type_of_default(default: &ast::Expr) -> Type {
    match &*default.kind {
        ExprKind::Bool(_) => Type::Bool,
        ExprKind::Text(_) => Type::String,
        ExprKind::Number(number) => match number.value {
            ast::NumberValue::Int(_) => Type::Int,
            ast::NumberValue::Float(_) => Type::Float,
            ast::NumberValue::Quantity(..) => Type::Any,
        },
        _ => Type::Any,
    }
}
