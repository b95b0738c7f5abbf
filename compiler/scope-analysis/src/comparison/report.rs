//! The report of a comparison that never holds: what the two sides are, and what was meant.
//!
//! `r.type == "Deployment"` → "a record and a text cannot be compared", "write `r.type.name`, which is a text".

use indexmap::IndexSet;
use scope_diagnostics::{Diagnostic, Edit, codes};
use scope_syntax::ast::{BinaryOp, Expr, ExprKind, NumberValue};
use scope_syntax::units;

use super::{Side, base, is_number, is_place, is_text, literal, misfit};
use crate::eval::describe;
use crate::hir::{OPEN, Type, Value};

/// A type as part of a label is at most so long.
const LONGEST: usize = 72;

/// What helps, and the edits that do it.
type Help = (String, Vec<Edit>);

/// `a == b` of types that are never the same.
pub(crate) fn cannot_be_compared(op: BinaryOp, left: Side<'_>, right: Side<'_>) -> Diagnostic {
    let (left, right) = (at_one_site(left), at_one_site(right));
    let words = format!("{} and {} cannot be compared", side_in_words(left), side_in_words(right));
    let report = sides(Diagnostic::new(codes::E0339, left.expr.span, words), left, right);
    let meant = an_element(op, left, right)
        .or_else(|| meant(left, right))
        .or_else(|| meant(right, left))
        .or_else(|| ratio(left, right))
        .or_else(|| ratio(right, left));
    helped(report, meant, "compare values of one type")
}

/// `a in b` where no element of `b` is of the type of `a`.
pub(crate) fn is_never_in(element: Side<'_>, list: Side<'_>) -> Diagnostic {
    let element = at_one_site(element);
    let words = format!("{} is never in {}", side_in_words(element), in_words(list.ty));
    let report = sides(Diagnostic::new(codes::E0339, element.expr.span, words), element, list);
    let inner = match base(list.ty) {
        Type::List(inner) => inner,
        _ => &Type::Site,
    };
    // Only the element can be written otherwise in one place.
    let of_list = Side { expr: list.expr, ty: inner, value: None };
    helped(report, meant(element, of_list), "look for a value of the type that the elements have")
}

/// `host in net` of a network, which is a text and no list of addresses: it would be looked for in the letters.
pub(crate) fn in_letters_of_network(element: Side<'_>, network: Side<'_>) -> Diagnostic {
    let words = "a network is searched as a text: what is in it is another question";
    let report = sides(Diagnostic::new(codes::E0339, element.expr.span, words), element, network);
    let help = match (path(element.expr), path(network.expr)) {
        (Some(inner), Some(whole)) => format!("write `in_network({inner}, {whole})`"),
        _ => "`in_network(address, network)` says whether an address or a network is in it".into(),
    };
    report.help(help)
}

/// `a in b` of a record or a text, in which only texts are looked for.
pub(crate) fn not_a_key(element: Side<'_>, whole: Side<'_>) -> Diagnostic {
    let (found, expected) = match base(whole.ty) {
        Type::Record(_) | Type::Map(_) => ("a record", "by its keys, which are texts"),
        _ => ("a text", "for a part of it, which is a text"),
    };
    let words = format!("{found} is searched {expected}, not for {}", side_in_words(element));
    let report = sides(Diagnostic::new(codes::E0339, element.expr.span, words), element, whole);
    let text = Side { expr: whole.expr, ty: &Type::String, value: None };
    let help = match base(whole.ty) {
        Type::Record(_) | Type::Map(_) => match path(whole.expr) {
            Some(path) => format!("its values are `values({path})`"),
            None => "`values(record)` are its values".into(),
        },
        _ => "look for a text".into(),
    };
    helped(report, meant(element, text), &help)
}

/// `a < b` of what has no order.
pub(crate) fn without_order(left: Side<'_>, right: Side<'_>) -> Diagnostic {
    let side = if super::has_order(left.ty) && !is_null(left) { right } else { left };
    let words = match is_null(side) {
        true => "null is neither less nor greater than anything".to_owned(),
        false => format!("{} is neither less nor greater than another", side_in_words(side)),
    };
    let report = sides(Diagnostic::new(codes::E0339, left.expr.span, words), left, right);
    let help = match (is_null(side), path(side.expr)) {
        (true, Some(path)) => format!("say what counts instead: `({path} ?? 0)`"),
        (true, None) => "say what counts instead, with `??`".into(),
        (false, Some(path)) if matches!(base(side.ty), Type::List(_)) => {
            format!("`length({path})` is how many it has")
        }
        (false, _) => "numbers, texts and amounts have an order".into(),
    };
    report.help(help)
}

/// What is at several sites is told as what it is at one of them.
fn at_one_site(side: Side<'_>) -> Side<'_> {
    match side.ty {
        Type::OneOf(branches) => match branches.as_slice() {
            [one, Type::Map(by_site)] if **by_site == *one => Side { ty: one, ..side },
            _ => side,
        },
        _ => side,
    }
}

fn is_null(side: Side<'_>) -> bool {
    matches!(side.value, Some(Value::Null))
}

fn sides(report: Diagnostic, left: Side<'_>, right: Side<'_>) -> Diagnostic {
    report.label(label(left)).secondary(right.expr.span, label(right))
}

fn label(side: Side<'_>) -> String {
    if matches!(side.value, Some(Value::Null | Value::Resource(_) | Value::Group(_) | Value::Scope(_))) {
        return format!("this is {}", side_in_words(side));
    }
    let ty = side.ty.to_string();
    let is_told = matches!(
        base(side.ty),
        Type::Record(_) | Type::Map(_) | Type::List(_) | Type::Enum(_) | Type::Reference(_)
    );
    match base(side.ty) {
        Type::Record(fields) if ty.len() > LONGEST && !fields.is_empty() => {
            let names: Vec<String> = fields.iter().take(6).map(|field| format!("`{}`", field.name)).collect();
            let more = if fields.len() > 6 { ", …" } else { "" };
            format!("this is a record with {}{more}", names.join(", "))
        }
        _ if is_told && ty.len() <= LONGEST && !ty.contains('?') => {
            format!("this is {}: `{ty}`", in_words(side.ty))
        }
        _ => format!("this is {}", in_words(side.ty)),
    }
}

fn helped(report: Diagnostic, meant: Option<Help>, otherwise: &str) -> Diagnostic {
    match meant {
        None => report.help(otherwise),
        Some((help, edits)) if edits.is_empty() => report.help(help),
        Some((help, edits)) => {
            let title = help.split(", which").next().unwrap_or(&help).to_owned();
            report.help(help).fix(title, edits)
        }
    }
}

/// `xs == "a"`, of a list of texts: whether it is one of them.
fn an_element(op: BinaryOp, left: Side<'_>, right: Side<'_>) -> Option<Help> {
    let word = match op {
        BinaryOp::Equal => "in",
        BinaryOp::NotEqual => "not in",
        _ => return None,
    };
    for (list, element) in [(left, right), (right, left)] {
        let Type::List(inner) = base(list.ty) else { continue };
        if misfit(inner, element.ty).is_none() && !matches!(base(element.ty), Type::List(_)) {
            let (list_text, element_text) = (written(list.expr)?, written(element.expr)?);
            let text = format!("{element_text} {word} {list_text}");
            let whole = left.expr.span.to(right.expr.span);
            return Some((
                format!("write `{text}`, which is true of one of several"),
                vec![Edit::new(whole, text)],
            ));
        }
    }
    None
}

/// A percentage beside a number that is one of 1: `0.3 <= 50%`.
fn ratio(percent: Side<'_>, number: Side<'_>) -> Option<Help> {
    if *base(percent.ty) != Type::Percent || !is_number(base(number.ty)) {
        return None;
    }
    let text = match percent.expr.kind.as_ref() {
        ExprKind::Number(number) => number.text.clone(),
        _ => path(percent.expr)?,
    };
    let text = format!("{text} * 1");
    Some((
        format!("write `{text}`, which is a number: 50% of 1 is 0.5"),
        vec![Edit::new(percent.expr.span, text)],
    ))
}

/// How `side` would be written so that it goes with `other`.
fn meant(side: Side<'_>, other: Side<'_>) -> Option<Help> {
    let (ty, wanted) = (base(side.ty), base(other.ty));
    match ty {
        Type::Record(_) => return field_of(side, other),
        Type::Map(inner) if misfit(inner, wanted).is_none() => {
            let path = path(side.expr)?;
            return Some((format!("write which of them: `{path}[\"…\"]`"), Vec::new()));
        }
        Type::Site if is_text(wanted) => return Some(with_field(side.expr, "name", wanted)),
        _ => {}
    }
    if let Some(text) = literal(side.expr) {
        return unquoted(side.expr, &text, wanted);
    }
    if let ExprKind::Number(number) = side.expr.kind.as_ref() {
        let is_bare = !matches!(number.value, NumberValue::Quantity(..));
        return match wanted {
            Type::Duration if is_bare => unit(&number.text, "s", "second"),
            Type::Size if is_bare => unit(&number.text, "GiB", "GiB"),
            Type::Rate if is_bare => unit(&number.text, "Gbps", "Gbit/s"),
            Type::Percent if is_bare => unit(&number.text, "%", "hundredth"),
            wanted if is_text(wanted) && literal(other.expr).is_none() => {
                let text = format!("\"{}\"", number.text);
                Some((format!("write `{text}`, which is a text"), vec![Edit::new(side.expr.span, text)]))
            }
            _ => None,
        };
    }
    if let ExprKind::Bool(value) = side.expr.kind.as_ref() {
        return (is_text(wanted) && literal(other.expr).is_none()).then(|| {
            let text = format!("\"{value}\"");
            (format!("write `{text}`, which is a text"), vec![Edit::new(side.expr.span, text)])
        });
    }
    // Neither is written out: the number as a text.
    let is_of_number = is_number(ty) || *ty == Type::Bool;
    if is_of_number && is_text(wanted) && literal(other.expr).is_none_or(|text| !is_known_as(&text, ty)) {
        let text = format!("text({})", path(side.expr)?);
        return Some((format!("write `{text}`, which is a text"), vec![Edit::new(side.expr.span, text)]));
    }
    None
}

/// The field of a record that goes with the other side: the one that is the same, else `name` or `id`, else the only one.
fn field_of(side: Side<'_>, other: Side<'_>) -> Option<Help> {
    let Type::Record(fields) = base(side.ty) else { return None };
    let fits: Vec<&str> = fields
        .iter()
        .filter(|field| field.name != OPEN && misfit(&field.ty, other.ty).is_none())
        .map(|field| field.name.as_str())
        .collect();
    let same = match (side.value, other.value) {
        (Some(Value::Record(values)), Some(wanted)) => {
            fits.iter().find(|name| values.get(**name).is_some_and(|slot| slot.value == *wanted))
        }
        _ => None,
    };
    let named = || ["name", "id"].iter().find_map(|usual| fits.iter().find(|name| *name == usual));
    let only = || if fits.len() == 1 { fits.first() } else { None };
    match same.or_else(named).or_else(only) {
        Some(field) => Some(with_field(side.expr, field, base(other.ty))),
        None if fits.is_empty() => None,
        None => {
            let listed: Vec<String> = fits.iter().take(6).map(|field| format!("`{field}`")).collect();
            Some((format!("compare one of its fields: {}", listed.join(", ")), Vec::new()))
        }
    }
}

fn with_field(expr: &Expr, field: &str, wanted: &Type) -> Help {
    let is_word = field.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let Some(path) = path(expr).filter(|_| is_word) else {
        return (format!("compare its field `{field}`"), Vec::new());
    };
    let help = format!("write `{path}.{field}`, which is {}", in_words(wanted));
    (help, vec![Edit::new(expr.span.after(), format!(".{field}"))])
}

/// `"80"` where a number is wanted, `"true"`, `"30s"`.
fn unquoted(expr: &Expr, text: &str, wanted: &Type) -> Option<Help> {
    is_known_as(text, wanted)
        .then(|| (format!("write `{text}`, which is {}", in_words(wanted)), vec![Edit::new(expr.span, text)]))
}

/// Whether a text, without its quotes, is a value of a type.
pub(crate) fn is_known_as(text: &str, ty: &Type) -> bool {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let dimension = units::find(unit).map(|(dimension, _)| dimension.type_name());
    match ty {
        Type::Int => text.parse::<i64>().is_ok(),
        Type::Float => unit.is_empty() && text.parse::<f64>().is_ok(),
        Type::Bool => matches!(text, "true" | "false"),
        Type::Duration | Type::Size | Type::Rate | Type::Percent => {
            number.parse::<f64>().is_ok() && dimension == Some(ty.to_string().as_str())
        }
        _ => false,
    }
}

fn unit(number: &str, unit: &str, one: &str) -> Option<Help> {
    Some((
        format!("write the unit right behind the number: `{number}{unit}`, if it counts in {one}"),
        Vec::new(),
    ))
}

/// A path as it is written: `r.type`, `xs[0]`, `here`.
pub(crate) fn path(expr: &Expr) -> Option<String> {
    match expr.kind.as_ref() {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field { base, name, optional } => {
            let dot = if *optional { "?." } else { "." };
            Some(format!("{}{dot}{}", path(base)?, name.text))
        }
        ExprKind::Index { base, index } => Some(format!("{}[{}]", path(base)?, written(index)?)),
        _ => None,
    }
}

/// A path, or a literal.
fn written(expr: &Expr) -> Option<String> {
    match expr.kind.as_ref() {
        ExprKind::Number(number) => Some(number.text.clone()),
        ExprKind::Text(_) => literal(expr)
            .filter(|text| !text.contains(['"', '\\', '\n', '$']))
            .map(|text| format!("\"{text}\"")),
        ExprKind::Bool(value) => Some(value.to_string()),
        _ => path(expr),
    }
}

fn side_in_words(side: Side<'_>) -> String {
    match side.value {
        Some(value @ (Value::Null | Value::Resource(_) | Value::Group(_) | Value::Scope(_))) => {
            describe(value)
        }
        _ => in_words(side.ty),
    }
}

/// A type in the user's words.
fn in_words(ty: &Type) -> String {
    match base(ty) {
        ty if is_text(ty) && *ty != Type::Bytes => "a text".into(),
        ty if is_number(ty) => "a number".into(),
        Type::Site => "a site".into(),
        Type::List(inner) if matches!(base(inner), Type::Error) => "a list".into(),
        ty if is_place(ty) => "sites".into(),
        Type::Bytes => "a file's content".into(),
        Type::Bool => "a truth value".into(),
        Type::Duration => "a duration".into(),
        Type::Size => "a size".into(),
        Type::Rate => "a rate".into(),
        Type::Percent => "a percentage".into(),
        Type::Quantity => "an amount".into(),
        Type::List(inner) => match base(inner) {
            ty if is_text(ty) => "a list of texts".into(),
            ty if is_number(ty) => "a list of numbers".into(),
            _ => "a list".into(),
        },
        Type::Map(_) | Type::Record(_) => "a record".into(),
        Type::Reference(_) => "a resource".into(),
        several @ Type::OneOf(_) => {
            let words: IndexSet<String> = several.alternatives().types.into_iter().map(in_words).collect();
            words.into_iter().collect::<Vec<_>>().join(" or ")
        }
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_as_what_it_would_be_without_quotes() {
        assert!(is_known_as("80", &Type::Int) && is_known_as("1.5", &Type::Float));
        assert!(is_known_as("30s", &Type::Duration) && is_known_as("2GiB", &Type::Size));
        assert!(!is_known_as("30s", &Type::Size) && !is_known_as("http", &Type::Int));
        assert!(is_known_as("true", &Type::Bool) && !is_known_as("yes", &Type::Bool));
    }
}
