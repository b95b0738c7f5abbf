//! The value that a word of a command gives an attribute, by the attribute's type.
//!
//! Comes in: the word and the type. Goes out: an expression as a body would have it. `4` for an `int` → the number,
//! `role=db` for a `map<string>` → one more field of the record, a second `--tag x` for a `list<string>` → one more element.

use scope_diagnostics::Span;
use scope_syntax::ast::{
    Argument, Element, Expr, ExprKind, Number, NumberValue, RecordEntry, Text, TextPart, TextStyle,
};
use scope_syntax::units;

use crate::hir::Type;

/// Why a word does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The attribute takes one value and has it already.
    Twice,
    /// A map wants `key=value`.
    NoKey,
}

/// The value with one more word; `before` is what earlier words gave, `below` the path inside the attribute.
pub(super) fn filled(
    before: Option<Expr>,
    below: &[String],
    word: Text,
    is_file: bool,
    ty: &Type,
) -> Result<Expr, Problem> {
    let span = word.span;
    if let Some((field, below)) = below.split_first() {
        let inner = match ty.required() {
            Type::Map(inner) => inner,
            Type::Record(fields) => Type::field(fields, field).map_or(&Type::Any, |field| &field.ty),
            _ => &Type::Any,
        };
        let value = filled(None, below, word, is_file, inner)?;
        return Ok(with_field(before, field.clone(), span, value));
    }
    match ty.required() {
        Type::List(inner) => {
            let element = Element::Value(one(word, is_file, inner));
            match before {
                Some(Expr { kind, span }) => match *kind {
                    ExprKind::List(mut elements) => {
                        elements.push(element);
                        Ok(Expr { kind: Box::new(ExprKind::List(elements)), span })
                    }
                    _ => Err(Problem::Twice),
                },
                None => Ok(Expr { kind: Box::new(ExprKind::List(vec![element])), span }),
            }
        }
        Type::Map(inner) if !is_file => {
            let (key, value) = split_key(word).ok_or(Problem::NoKey)?;
            Ok(with_field(before, key, span, one(value, false, inner)))
        }
        _ if before.is_some() => Err(Problem::Twice),
        ty => Ok(one(word, is_file, ty)),
    }
}

/// A record with one more field; one of the same name is replaced.
fn with_field(before: Option<Expr>, key: String, span: Span, value: Expr) -> Expr {
    let text = Text { parts: vec![TextPart::Chars(key.clone())], style: TextStyle::Word, span };
    let field = RecordEntry::Field { key: text, value };
    let is_same = |entry: &RecordEntry| matches!(entry, RecordEntry::Field { key: other, .. } if other.literal().as_deref() == Some(&key));
    match before.map(|before| (*before.kind, before.span)) {
        Some((ExprKind::Record(mut entries), span)) => {
            entries.retain(|entry| !is_same(entry));
            entries.push(field);
            Expr { kind: Box::new(ExprKind::Record(entries)), span }
        }
        _ => Expr { kind: Box::new(ExprKind::Record(vec![field])), span },
    }
}

/// `role=${r}` → `role` and `${r}`.
fn split_key(mut word: Text) -> Option<(String, Text)> {
    let TextPart::Chars(head) = word.parts.first()? else { return None };
    let (key, rest) = head.split_once('=')?;
    let (key, rest) = (key.to_owned(), rest.to_owned());
    if key.is_empty() {
        return None;
    }
    if rest.is_empty() {
        word.parts.remove(0);
    } else {
        word.parts[0] = TextPart::Chars(rest);
    }
    Some((key, word))
}

/// One value: a number, an amount or a truth value where the type wants one and the word is one, `file("…")`, else the text.
fn one(word: Text, is_file: bool, ty: &Type) -> Expr {
    let span = word.span;
    let literal = word.literal();
    let mut ty = ty.required();
    loop {
        ty = match ty {
            Type::InRange(inner, ..) => inner.required(),
            Type::Named(named) => named.meaning().required(),
            _ => break,
        };
    }
    let kind = match (ty, literal.as_deref()) {
        _ if is_file => {
            let callee = Expr { kind: Box::new(ExprKind::Name("file".to_owned())), span };
            let path = Expr { kind: Box::new(ExprKind::Text(word)), span };
            ExprKind::Call { callee, args: vec![Argument { name: None, value: path }] }
        }
        (Type::Bool, Some("true" | "True")) => ExprKind::Bool(true),
        (Type::Bool, Some("false" | "False")) => ExprKind::Bool(false),
        (Type::Int | Type::Float, Some(text)) => match number(text) {
            Some(value) => ExprKind::Number(Number { text: text.to_owned(), value }),
            None => ExprKind::Text(word),
        },
        (Type::Duration | Type::Size | Type::Rate | Type::Percent, Some(text)) => match amount(text, ty) {
            Some(value) => ExprKind::Number(Number { text: text.to_owned(), value }),
            None => ExprKind::Text(word),
        },
        // A hole that is the whole word keeps the kind of value it has.
        _ => match word.parts.as_slice() {
            [TextPart::Interpolation(expr)] => return expr.clone(),
            _ => ExprKind::Text(word),
        },
    };
    Expr { kind: Box::new(kind), span }
}

fn number(text: &str) -> Option<NumberValue> {
    let float = || text.parse::<f64>().ok().filter(|value| value.is_finite()).map(NumberValue::Float);
    text.parse::<i64>().ok().map(NumberValue::Int).or_else(float)
}

/// `3TiB` where a size is wanted.
fn amount(text: &str, ty: &Type) -> Option<NumberValue> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(digits);
    let (dimension, _) = units::find(unit)?;
    let number = number.parse::<f64>().ok()?;
    (ty.to_string() == dimension.type_name()).then(|| NumberValue::Quantity(number, unit.to_owned()))
}
