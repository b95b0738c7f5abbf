//! A written type to its meaning: `list<string>?` → `Optional(List(String))`.
//!
//! Comes in: a type's syntax and a function that knows what names of other types mean. Goes out: a [`Type`], and
//! diagnostics; a part that is wrong is [`Type::Error`]. Parameters, functions and drivers all read types here.
//! `"raw" | "qcow2"` → `Enum(["raw", "qcow2"])`.

use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{self, BinaryOp, ExprKind, NumberValue, TypeKind, UnaryOp};

use crate::hir::{Field, Type};

/// The types that every program knows, without those that take arguments.
pub const BUILT_IN: &[&str] = &[
    "any", "string", "int", "float", "bool", "bytes", "duration", "size", "rate", "percent", "cidr", "ip",
    "site", "loc", "list", "map", "set", "secret",
];

/// What a written type means. `resolve` is asked for every name that is not built in, and says itself what is wrong
/// with one that it does not know; see [`unknown_type`].
pub fn type_of(
    written: &ast::TypeExpr,
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    match &*written.kind {
        TypeKind::Error => Type::Error,
        TypeKind::Literal(value) => Type::Enum(vec![value.clone()]),
        TypeKind::Optional(inner) => match type_of(inner, resolve, diagnostics) {
            Type::Optional(inner) => Type::Optional(inner),
            inner => Type::Optional(Box::new(inner)),
        },
        TypeKind::Union(members) => union(members, diagnostics),
        TypeKind::Record(fields) => Type::Record(
            fields
                .iter()
                .map(|field| {
                    let ty = type_of(&field.ty, resolve, diagnostics);
                    let is_optional = field.default.is_some() || matches!(ty, Type::Optional(_));
                    Field { name: field.name.text.clone(), ty, is_optional }
                })
                .collect(),
        ),
        TypeKind::In(inner, range) => {
            let inner = type_of(inner, resolve, diagnostics);
            match (bounds(range), &inner) {
                (Some((low, high)), Type::Int | Type::Float) => Type::InRange(Box::new(inner), low, high),
                (_, Type::Error) => Type::Error,
                (None, _) => {
                    diagnostics.push(
                        Diagnostic::new(
                            codes::E0201,
                            range.span,
                            "expected a range of numbers such as `1..100`",
                        )
                        .label("not a range"),
                    );
                    Type::Error
                }
                (Some(_), _) => {
                    diagnostics.push(
                        Diagnostic::new(
                            codes::E0201,
                            range.span,
                            format!("a range bounds numbers, not `{inner}`"),
                        )
                        .label("bounds no number"),
                    );
                    inner
                }
            }
        }
        TypeKind::Matching(inner, pattern) => {
            let inner = type_of(inner, resolve, diagnostics);
            match (pattern.literal(), &inner) {
                (Some(pattern), Type::String) => Type::Matching(Box::new(inner), pattern),
                (_, Type::Error) => Type::Error,
                (None, _) => {
                    diagnostics.push(Diagnostic::new(
                        codes::E0201,
                        pattern.span,
                        "expected a plain text, a pattern has no `${}`",
                    ));
                    inner
                }
                (Some(_), _) => {
                    diagnostics.push(Diagnostic::new(
                        codes::E0201,
                        pattern.span,
                        format!("a pattern is for `string`, not `{inner}`"),
                    ));
                    inner
                }
            }
        }
        TypeKind::Named { path, args } => named(path, args, written.span, resolve, diagnostics),
    }
}

/// The report for a name that is no type, with the nearest of `known`.
pub fn unknown_type<'a>(path: &ast::Path, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let name = path_text(path);
    let report =
        Diagnostic::new(codes::E0207, path.span, format!("no type is called `{name}`")).label("not a type");
    match similar::nearest(&name, known.into_iter().chain(BUILT_IN.iter().copied())) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![scope_diagnostics::Edit::new(path.span, near)]),
        None => report,
    }
}

/// `a.b.c`
pub fn path_text(path: &ast::Path) -> String {
    path.names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}

fn named(
    path: &ast::Path,
    args: &[ast::TypeExpr],
    span: Span,
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    let name = match path.names.as_slice() {
        [name] => name.text.as_str(),
        _ => "",
    };
    let arity = usize::from(matches!(name, "list" | "map" | "secret" | "set"));
    let plain = match name {
        "any" => Some(Type::Any),
        "string" => Some(Type::String),
        "int" => Some(Type::Int),
        "float" => Some(Type::Float),
        "bool" => Some(Type::Bool),
        "bytes" => Some(Type::Bytes),
        "duration" => Some(Type::Duration),
        "size" => Some(Type::Size),
        "rate" => Some(Type::Rate),
        "percent" => Some(Type::Percent),
        "cidr" => Some(Type::Cidr),
        "ip" => Some(Type::Ip),
        "site" => Some(Type::Site),
        "loc" => Some(Type::Location),
        _ => None,
    };
    if args.len() != arity {
        let expected = match arity {
            0 => format!("`{}` takes no type in `<…>`", path_text(path)),
            _ => format!("`{name}` takes one type: `{name}<string>`"),
        };
        diagnostics.push(Diagnostic::new(codes::E0207, span, expected));
        return plain.unwrap_or(Type::Error);
    }
    if let Some(plain) = plain {
        return plain;
    }
    let Some(argument) = args.first() else {
        return resolve(path).unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            Type::Error
        });
    };
    let inner = type_of(argument, resolve, diagnostics);
    match name {
        "list" => Type::List(Box::new(inner)),
        "map" => Type::Map(Box::new(inner)),
        "secret" => Type::Secret(Box::new(inner)),
        _ => match inner {
            Type::Site => Type::SiteSet,
            Type::Error => Type::Error,
            other => {
                diagnostics.push(Diagnostic::new(
                    codes::E0207,
                    argument.span,
                    format!("a set is one of sites, `set<site>`, not of `{other}`"),
                ));
                Type::Error
            }
        },
    }
}

/// A union is an enumeration of texts; one optional member makes the whole optional.
fn union(members: &[ast::TypeExpr], diagnostics: &mut Vec<Diagnostic>) -> Type {
    let mut values: Vec<String> = Vec::new();
    let mut is_optional = false;
    for member in members {
        let mut literal = &member.kind;
        if let TypeKind::Optional(inner) = &**literal {
            is_optional = true;
            literal = &inner.kind;
        }
        match &**literal {
            TypeKind::Literal(value) if values.contains(value) => diagnostics.push(Diagnostic::new(
                codes::E0103,
                member.span,
                format!("the value `\"{value}\"` is listed twice"),
            )),
            TypeKind::Literal(value) => values.push(value.clone()),
            TypeKind::Error => return Type::Error,
            _ => {
                diagnostics.push(
                    Diagnostic::new(
                        codes::E0201,
                        member.span,
                        "alternatives of a type are texts: `\"a\" | \"b\"`",
                    )
                    .label("not a text"),
                );
                return Type::Error;
            }
        }
    }
    let values = Type::Enum(values);
    if is_optional { Type::Optional(Box::new(values)) } else { values }
}

fn bounds(range: &ast::Expr) -> Option<(f64, f64)> {
    let ExprKind::Binary { op: BinaryOp::Range, left, right } = &*range.kind else { return None };
    Some((number(left)?, number(right)?))
}

fn number(expr: &ast::Expr) -> Option<f64> {
    match &*expr.kind {
        ExprKind::Number(number) => match &number.value {
            NumberValue::Int(value) => Some(*value as f64),
            NumberValue::Float(value) => Some(*value),
            NumberValue::Quantity(..) => None,
        },
        ExprKind::Unary { op: UnaryOp::Negate, operand } => number(operand).map(|value| -value),
        _ => None,
    }
}
