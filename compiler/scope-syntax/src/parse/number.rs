//! What a number word is: an integer, a decimal, a quantity, or nothing and why.
//!
//! `50ms` → the quantity 50 of `ms`; `2026-11-24` → "a date is a text".

use crate::{
    ast::{Number, NumberValue},
    token::Token,
    units,
};
use scope_diagnostics::{Diagnostic, Edit, codes, similar};

/// Reads a number word; a malformed one is a report.
pub(crate) fn read(token: &Token<'_>) -> Result<Number, Box<Diagnostic>> {
    let text = token.text;
    if let Some(value) = value(text) {
        return Ok(Number { text: text.to_owned(), value });
    }
    Err(Box::new(explain(token)))
}

fn value(text: &str) -> Option<NumberValue> {
    if is_digits(text) {
        return text.replace('_', "").parse().ok().map(NumberValue::Int);
    }
    let split =
        text.find(|character: char| !character.is_ascii_digit() && character != '_' && character != '.');
    let (number, rest) = text.split_at(split.unwrap_or(text.len()));
    if number.split('.').count() > 2 || !number.split('.').all(is_digits) {
        return None;
    }
    let parse = |text: &str| text.replace('_', "").parse::<f64>().ok().filter(|value| value.is_finite());
    if rest.is_empty() {
        return parse(number).map(NumberValue::Float);
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E'])
        && is_digits(exponent.strip_prefix('-').unwrap_or(exponent))
    {
        return parse(text).map(NumberValue::Float);
    }
    units::find(rest)?;
    parse(number).map(|value| NumberValue::Quantity(value, rest.to_owned()))
}

/// Digits, with `_` between them.
fn is_digits(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    text.starts_with(|first: char| first.is_ascii_digit())
        && !text.ends_with('_')
        && text.bytes().all(is_inner)
}

/// `1h30m` as a sum, `1h + 30min`.
fn sum(text: &str) -> Option<String> {
    let mut terms = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let end = rest[unit..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| unit + end);
        let (number, written) = (&rest[..unit], &rest[unit..end]);
        let term = format!("{number}{}", units::meant(written).unwrap_or(written));
        value(&term).filter(|value| matches!(value, NumberValue::Quantity(..)))?;
        terms.push(term);
        rest = &rest[end..];
    }
    (terms.len() > 1).then(|| terms.join(" + "))
}

fn explain(token: &Token<'_>) -> Diagnostic {
    let text = token.text;
    let span = token.span();
    let quote = |report: Diagnostic| {
        report
            .help(format!("if it is a text, quote it: `\"{text}\"`"))
            .fix(format!("write `\"{text}\"`"), vec![Edit::new(span, format!("\"{text}\""))])
    };
    let report = |message: String| Diagnostic::new(codes::E0005, span, message);
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        let limit = i64::MAX;
        return quote(
            report(format!("`{text}` is too large for a number")).help(format!("the largest is {limit}")),
        );
    }
    let split =
        text.find(|character: char| !character.is_ascii_digit() && character != '.' && character != '_');
    let (number, unit) = text.split_at(split.unwrap_or(text.len()));
    let is_number = number.parse::<f64>().is_ok();
    if is_number
        && !unit.is_empty()
        && unit.chars().all(|character| character.is_alphabetic() || character == '%')
    {
        let similar = units::meant(unit).or_else(|| similar::nearest(unit, units::names()));
        let report = report(format!("unknown unit `{unit}` in `{text}`"));
        return match similar {
            Some(meant) => {
                let report = report.help(format!("did you mean `{number}{meant}`?")).fix(
                    format!("write `{number}{meant}`"),
                    vec![Edit::new(span, format!("{number}{meant}"))],
                );
                match units::is_of_amounts(unit) {
                    true => {
                        report.help(format!("where a site writes amounts so, one is a text: `\"{text}\"`"))
                    }
                    false => report,
                }
            }
            None => quote(report.note(
                "units are ns us ms s min h d, B kB KiB MB MiB GB GiB TB TiB, bps kbps Mbps Gbps, and %",
            )),
        };
    }
    if let Some(sum) = sum(text) {
        return report(format!("`{text}` is several quantities in one word"))
            .label("a number has one unit")
            .help(format!("add them: `{sum}`"));
    }
    let parts: Vec<&str> = text.split('-').collect();
    if parts.len() == 2 && parts.iter().all(|part| value(part).is_some()) {
        let (left, right) = (parts[0], parts[1]);
        return quote(
            report(format!("`{text}` is neither a number nor a text"))
                .help(format!("for a difference put blanks around `-`: `{left} - {right}`")),
        );
    }
    let unknown = report(format!("`{text}` is neither a number nor a text"));
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        // What stands behind it may belong to it, so there is no fix.
        return unknown
            .help(format!("an address is written as text: `\"{text}\"`, a range of them `\"{text}/24\"`"));
    }
    quote(unknown)
}
