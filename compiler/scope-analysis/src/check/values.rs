//! Values against types: `replicas: 0` where `int in 1..100` is wanted is an error that labels the value.
//!
//! Gives the value in the type's own form (an `int` where a `float` is wanted becomes one); a misfit gives a hole.

use indexmap::IndexSet;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::ExprKind;

use super::bounds::{HTTP, beginning, length_in_words, open_ends, pattern_in_words, range_in_words};
use crate::comparison::{base, is_known_as, is_place};
use crate::context::Context;
use crate::eval::{Frame, describe, family_key, has_hole};
use crate::hir::{Deferred, Slot, Type, Value, amount_text};
use crate::modules::Modules;

impl Context<'_> {
    /// Checks a value; `what` names it in messages (`replicas`).
    pub fn check_value(&self, value: Value, ty: &Type, span: Span, what: &str) -> Value {
        match (ty, value) {
            (_, Value::Error) | (Type::Error, _) => Value::Error,
            (Type::Any, value) => value,
            (Type::Optional(_), Value::Null) => Value::Null,
            (Type::Optional(inner), value) => self.check_value(value, inner, span, what),
            (Type::Secret(inner), value) => {
                let value = self.secret_value(value, inner, span, what);
                self.check_value(value, inner, span, what)
            }
            (Type::Named(named), value) => {
                self.check_declared(value, named.meaning(), span, what, (named.name.as_str(), named.declared))
            }
            (Type::OneOf(_), value) => self.check_branches(value, ty, span, what),
            // A secret is a text whose content is not known; where it may go is checked for itself.
            (
                Type::String | Type::Matching(..) | Type::Enum(_) | Type::Bytes | Type::NameOf(_),
                value @ Value::Secret(_),
            ) => self.bounded(value, ty, span, what),
            (_, Value::Deferred(deferred)) => self.check_deferred(*deferred, ty, span, what),
            (Type::String | Type::Matching(..) | Type::Cidr | Type::Ip, Value::Text(text)) => {
                self.check_text(text, ty, span, what)
            }
            (Type::Quantity, Value::Text(text)) => self.check_quantity(text, span, what),
            // Services that take texts and whole numbers for amounts take no `0.5`.
            (Type::Quantity, value @ Value::Float(_)) => {
                Value::Text(self.as_text(&value).unwrap_or_default())
            }
            (Type::Quantity, value @ (Value::Int(_) | Value::Size(_) | Value::Secret(_))) => value,
            (Type::Int, value @ Value::Int(_)) | (Type::Bool, value @ Value::Bool(_)) => value,
            (Type::Float, Value::Int(number)) => Value::Float(number as f64),
            (Type::Float, value @ Value::Float(_)) => value,
            (Type::Duration, value @ Value::Duration(_))
            | (Type::Size, value @ Value::Size(_))
            | (Type::Rate, value @ Value::Rate(_))
            | (Type::Percent, value @ Value::Percent(_))
            | (Type::Bytes | Type::String, value @ Value::File { .. })
            | (Type::Site, value @ Value::Site(_))
            | (Type::Location, value @ (Value::Site(_) | Value::Location(_))) => value,
            // A site is the set of it, and goes wherever a set does.
            (Type::SiteSet, Value::Site(site)) => self.site_list(std::iter::once(site), span),
            (Type::SiteSet, value) if self.sites_of(&value).is_some() => value,
            (Type::Site | Type::Location | Type::SiteSet, value @ (Value::Text(_) | Value::List(_)))
                if self.is_given_as_data(&value, ty, span) =>
            {
                self.sites_in_data(value, ty, span, what)
            }
            (Type::By(inner, _), value) => self.check_value(value, inner, span, what),
            (Type::InRange(inner, low, high), value) => {
                let value = self.check_value(value, inner, span, what);
                self.check_range(value, inner, (*low, *high), span, what)
            }
            (Type::Enum(values), Value::Text(text)) => self.check_enum(values, text, span, what),
            (Type::List(inner), Value::List(slots)) => {
                Value::List(slots.into_iter().map(|slot| self.check_slot(slot, inner, what)).collect())
            }
            (Type::Map(inner), Value::Record(fields)) => Value::Record(
                fields
                    .into_iter()
                    .map(|(key, slot)| {
                        let checked = self.check_slot(slot, inner, &key);
                        (key, checked)
                    })
                    .collect(),
            ),
            (Type::Record(fields), Value::Record(record)) => {
                Value::Record(self.check_record(record, fields, span, what))
            }
            (Type::Reference(_) | Type::NameOf(_), value @ (Value::Text(_) | Value::Resource(_))) => value,
            (Type::Duration | Type::Size | Type::Rate | Type::Percent, value @ Value::Text(_)) => {
                match self.amount_in_data(&value, span) {
                    Some(amount) => self.check_value(amount, ty, span, what),
                    None => {
                        self.report(self.of_another_type(&value, ty, span, what));
                        Value::Error
                    }
                }
            }
            (Type::Duration, value @ (Value::Int(_) | Value::Float(_))) => {
                self.wrong_unit(what, "a duration such as `30s`", &value, span)
            }
            (Type::Size, value @ (Value::Int(_) | Value::Float(_))) => {
                self.wrong_unit(what, "a size such as `2GiB`", &value, span)
            }
            (Type::String, value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_))) => {
                self.report(self.no_text(&value, span, what));
                Value::Error
            }
            (_, value) if has_hole(&value) => Value::Error,
            (ty, value) => {
                self.report(self.of_another_type(&value, ty, span, what));
                Value::Error
            }
        }
    }

    fn check_range(&self, value: Value, ty: &Type, (low, high): (f64, f64), span: Span, what: &str) -> Value {
        let Some(amount) = amount_of(&value) else { return value };
        let (is_open_below, is_open_above) = open_ends(ty, low, high);
        if (amount >= low || is_open_below) && (amount <= high || is_open_above) {
            return value;
        }
        let (expected, choice) = range_in_words(ty, low, high);
        let found = amount_text(ty, amount);
        self.report(
            Diagnostic::new(codes::E0201, span, format!("expected `{what}` {expected}, found {found}"))
                .label("outside of the range")
                .help(format!("choose {choice}")),
        );
        Value::Error
    }

    /// Whether a value stands in a data file, which has no words of this language.
    pub(crate) fn is_in_data(&self, span: Span) -> bool {
        let sources = self.sources.borrow();
        let is_file = sources.try_get(span.file).is_some_and(|file| !file.path().starts_with("--"));
        is_file && !self.modules.modules.iter().any(|module| module.file == span.file)
    }

    /// Data files have no amounts, so a text that is written as one is one there: `keep: 30s`.
    fn amount_in_data(&self, value: &Value, span: Span) -> Option<Value> {
        let Value::Text(text) = value else { return None };
        if !self.is_in_data(span) {
            return None;
        }
        let (expr, reports) = scope_syntax::parse_expr(span.file, text);
        let expr = expr.filter(|expr| reports.is_empty() && matches!(*expr.kind, ExprKind::Number(_)))?;
        let amount = self.quietly(|| self.eval(&expr, &Frame::new(Modules::ROOT)))?;
        (!matches!(amount, Value::Int(_) | Value::Float(_))).then_some(amount)
    }

    /// Whether names of sites are meant by texts of a data file.
    fn is_given_as_data(&self, value: &Value, ty: &Type, span: Span) -> bool {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        let is_named = match value {
            Value::List(slots) => *ty == Type::SiteSet && slots.iter().all(|slot| is_text(&slot.value)),
            value => is_text(value),
        };
        is_named && self.is_in_data(span)
    }

    /// Data files have no sites, so a text that names one is one there, and where a place is wanted what is written as one:
    /// `who: [nantes, paris]`, `where: nantes | paris`.
    fn sites_in_data(&self, value: Value, ty: &Type, span: Span, what: &str) -> Value {
        let named = |text: &str, span: Span| match self.names.sites.get(text) {
            Some((site, _)) => Value::Site(*site),
            None => {
                self.report_undeclared(self.unknown_site(text, span));
                Value::Error
            }
        };
        match value {
            Value::List(mut slots) => {
                for slot in &mut slots {
                    if let Value::Text(text) = &slot.value {
                        slot.value = named(text, slot.span);
                    }
                }
                Value::List(slots)
            }
            Value::Text(text) if *ty == Type::Site || self.names.sites.contains_key(&text) => {
                named(&text, span)
            }
            Value::Text(text) => {
                let (expr, reports) = scope_syntax::parse_expr(span.file, &text);
                let place = expr.filter(|_| reports.is_empty());
                let place =
                    place.and_then(|expr| self.quietly(|| self.eval(&expr, &Frame::new(Modules::ROOT))));
                match place {
                    Some(place @ (Value::Site(_) | Value::Location(_) | Value::List(_))) => {
                        self.check_value(place, ty, span, what)
                    }
                    _ => named(&text, span),
                }
            }
            value => value,
        }
    }

    /// The report for a number or a truth value where a text is wanted.
    fn no_text(&self, value: &Value, span: Span, what: &str) -> Diagnostic {
        let text = self.as_text(value).unwrap_or_default();
        let written = self.sources.borrow().snippet(span).to_string();
        // A name stays a name: its value may change.
        let text = match written == text || self.is_in_data(span) {
            true => format!("\"{written}\""),
            false => format!("\"${{{written}}}\""),
        };
        let words = format!("expected `{what}` to be a text, found {}", describe(value));
        let report =
            Diagnostic::new(codes::E0201, span, words).label("not a text").help(format!("write {text}"));
        match written.contains(['"', '\n', '{']) {
            true => report,
            false => report.fix("put it in quotes", vec![Edit::new(span, text)]),
        }
    }

    /// The report for a value of another type.
    fn of_another_type(&self, value: &Value, ty: &Type, span: Span, what: &str) -> Diagnostic {
        let written = self.sources.borrow().snippet(span).to_owned();
        // A record of resources that is written here is none: `nics: [{ network: net }]`.
        let is_written_out = written.starts_with('{');
        let found = if is_written_out { "a record".to_owned() } else { describe(value) };
        let words = format!("expected `{what}` to be {}, found {found}", in_words(ty));
        if let Some(key) = family_key(value).filter(|_| !is_written_out) {
            let family = written;
            let report = Diagnostic::new(codes::E0201, span, words);
            return match base(ty) {
                Type::String => {
                    let text = format!("\"{family}\"");
                    report
                        .label("resources, which are no text")
                        .help(format!("a word of its own is text: `{text}`"))
                        .fix("put it in quotes", vec![Edit::new(span, text)])
                }
                _ => report.label("which of them?").help(match self.names.sites.contains_key(key) {
                    true => format!(
                        "write `{family}[here]` for that of the same site, or `{family}[{key:?}]` for one of them"
                    ),
                    false => format!("write `{family}[{key:?}]` for one of them"),
                }),
            };
        }
        if let Some((label, help)) = self.one_of_copies(value, span) {
            return Diagnostic::new(codes::E0201, span, words).label(label).help(help);
        }
        let report = Diagnostic::new(codes::E0201, span, words).label(format!("this is {found}"));
        match self.nearly(ty, value, span) {
            Some(meant) => report
                .help(format!("write `{meant}`: its type is `{ty}`"))
                .fix(format!("write `{meant}`"), vec![Edit::new(span, meant)]),
            None => report.help(format!("its type is `{ty}`")),
        }
    }

    /// What was meant, where a value is of a type but for its brackets or quotes: `["front"]`, `80`.
    fn nearly(&self, ty: &Type, value: &Value, span: Span) -> Option<String> {
        let written = self.sources.borrow().snippet(span).to_string();
        let is_plain = written.len() <= 60 && !written.contains('\n');
        match (ty, value) {
            (Type::List(inner), value) if is_plain && !matches!(value, Value::List(_)) => {
                let fits = self.quietly(|| self.check_value(value.clone(), inner, span, "")).is_some();
                fits.then(|| format!("[{written}]"))
            }
            (Type::Bytes, Value::Text(text)) if is_plain && written == format!("\"{text}\"") => {
                Some(format!("file({written})"))
            }
            (Type::Int, Value::Text(text)) => text.parse::<i64>().ok().and_then(|_| unquoted(&written)),
            (Type::Bool, Value::Text(text)) => {
                matches!(text.as_str(), "true" | "false").then(|| unquoted(&written)).flatten()
            }
            (Type::Duration | Type::Size | Type::Rate | Type::Percent, Value::Text(text)) => {
                is_known_as(text, ty).then(|| unquoted(&written)).flatten()
            }
            _ => None,
        }
    }

    fn check_slot(&self, slot: Slot, ty: &Type, what: &str) -> Slot {
        Slot { value: self.check_value(slot.value, ty, slot.span, what), ..slot }
    }

    fn wrong_unit(&self, what: &str, expected: &str, value: &Value, span: Span) -> Value {
        self.report(
            Diagnostic::new(
                codes::E0211,
                span,
                format!("expected `{what}` to be {expected}, found {}", describe(value)),
            )
            .label("a number without a unit")
            .help("write the unit right behind the number"),
        );
        Value::Error
    }

    fn check_text(&self, text: String, ty: &Type, span: Span, what: &str) -> Value {
        let fits = match ty {
            Type::Ip => text.parse::<std::net::IpAddr>().is_ok(),
            Type::Cidr => is_cidr(&text),
            Type::Matching(inner, pattern) => {
                // Each of several patterns: `string matching r"^[a-z]" matching r"^.{3,20}$"`.
                let is_one = !matches!(**inner, Type::Matching(..));
                if !is_one && self.check_text(text.clone(), inner, span, what) == Value::Error {
                    return Value::Error;
                }
                let is_match = self.options.matches.and_then(|matches| matches(&text, pattern));
                if is_match == Some(false) {
                    self.report(self.no_match(&text, pattern, span, what));
                    return Value::Error;
                }
                true
            }
            _ => true,
        };
        if !fits {
            let example = if *ty == Type::Ip { "10.0.0.7" } else { "10.0.0.0/24" };
            let help = match (ty, text.split_once('/')) {
                (Type::Cidr, None) if text.parse::<std::net::IpAddr>().is_ok() => {
                    format!("say how long the network's part is: \"{text}/24\"")
                }
                (Type::Cidr, Some((address, _))) if address.parse::<std::net::Ipv4Addr>().is_ok() => {
                    format!("the length behind `/` is 0 to 32, for example \"{address}/24\"")
                }
                (Type::Ip, Some((address, _))) if address.parse::<std::net::IpAddr>().is_ok() => {
                    format!("an address has no length: \"{address}\"")
                }
                _ => format!("for example \"{example}\""),
            };
            self.report(
                Diagnostic::new(
                    codes::E0201,
                    span,
                    format!("expected `{what}` to be {}, found \"{text}\"", in_words(ty)),
                )
                .label("not of this form")
                .help(help),
            );
            return Value::Error;
        }
        Value::Text(text)
    }

    fn no_match(&self, text: &str, pattern: &str, span: Span, what: &str) -> Diagnostic {
        let expected = pattern_in_words(pattern);
        let report = |found: String| {
            Diagnostic::new(codes::E0201, span, format!("expected `{what}` {expected}, found {found}"))
        };
        if let Some((_, help)) = length_in_words(pattern) {
            let n = text.chars().count();
            return report(n.to_string())
                .label(if n == 0 { "empty" } else { "of another length" })
                .help(help);
        }
        let report = report(format!("\"{text}\""));
        if pattern == HTTP {
            return report
                .label("begins otherwise")
                .help(format!("write \"https://{}\"", text.trim_start_matches("//")));
        }
        let Some(beginning) = beginning(pattern) else {
            return report
                .label("does not match")
                .help("the pattern is searched for; `^` and `$` stand for the ends of the text");
        };
        let meant = format!("\"{beginning}{text}\"");
        let report = report.label("begins otherwise").help(format!("write {meant}"));
        match self.sources.borrow().snippet(span) == format!("\"{text}\"") {
            true => report.fix("put it in front", vec![Edit::new(span, meant)]),
            false => report,
        }
    }

    pub(super) fn check_enum(&self, values: &[String], text: String, span: Span, what: &str) -> Value {
        if values.contains(&text) {
            return Value::Text(text);
        }
        self.report(no_such_word(values, &text, span, what));
        Value::Error
    }

    fn check_deferred(&self, deferred: Deferred, ty: &Type, span: Span, what: &str) -> Value {
        if let Some(found) = self.deferred_type(&deferred)
            && !fits(&found, ty)
        {
            let is_quotient = base(ty) == &Type::Int && matches!(&deferred, Deferred::Binary("divide", ..));
            self.report(
                Diagnostic::new(
                    codes::E0201,
                    span,
                    format!("expected `{what}` to be {}, found {}", in_words(ty), in_words(&found)),
                )
                .label(format!("this will be {}", in_words(&found)))
                .help(match is_quotient {
                    true => "write `div(a, b)` for the whole part of `a / b`".to_owned(),
                    false => format!("its type is `{ty}`"),
                }),
            );
            return Value::Error;
        }
        let value = Value::Deferred(Box::new(deferred));
        if ty.holds_secret() && self.is_open(&value) {
            return self.told_openly(ty, span, what);
        }
        self.bounded(value, ty, span, what)
    }
}

/// The type of a field of what is of a type, as far as it is known.
pub(crate) fn below(ty: &Type, field: &str) -> Option<Type> {
    match base(ty) {
        Type::Record(fields) => Some(Type::field(fields, field)?.ty.clone()),
        Type::Map(inner) => Some((**inner).clone()),
        Type::Any => Some(Type::Any),
        _ => None,
    }
}

/// The report for a text that is none of the words of an enumeration.
pub(crate) fn no_such_word(values: &[String], text: &str, span: Span, what: &str) -> Diagnostic {
    let listed: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    let report = Diagnostic::new(
        codes::E0205,
        span,
        format!("`{what}` is one of {}, not \"{text}\"", listed.join(", ")),
    )
    .label("none of them");
    match similar::nearest(text, values.iter().map(String::as_str)) {
        Some(nearest) => report
            .help(format!("did you mean \"{nearest}\"?"))
            .fix(format!("write \"{nearest}\""), vec![Edit::new(span, format!("\"{nearest}\""))]),
        None => report.help(format!("write {}", listed.join(" or "))),
    }
}

/// A text without its quotes: `"80"` is `80`, `"${port}"` is `port`.
fn unquoted(written: &str) -> Option<String> {
    let inside = written.strip_prefix('"')?.strip_suffix('"')?;
    let inside = inside.strip_prefix("${").and_then(|inside| inside.strip_suffix('}')).unwrap_or(inside);
    let is_plain = !inside.is_empty() && !inside.contains(['"', '$', '{', '}', '\\']);
    is_plain.then(|| inside.trim().to_owned())
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    match (address.parse::<std::net::IpAddr>(), length.parse::<u8>()) {
        (Ok(std::net::IpAddr::V4(_)), Ok(length)) => length <= 32,
        (Ok(std::net::IpAddr::V6(_)), Ok(length)) => length <= 128,
        _ => false,
    }
}

/// Whether what will be of one type may stand where another is wanted; where in doubt, yes: the site checks too.
pub(crate) fn fits(found: &Type, wanted: &Type) -> bool {
    // The content of a secret is a text, which may go where a file's does.
    if matches!(found.required(), Type::Secret(_)) && matches!(base(wanted), Type::Bytes) {
        return true;
    }
    let (found, wanted) = (base(found), base(wanted));
    match (found, wanted) {
        (Type::OneOf(_), wanted) => found.alternatives().types.iter().any(|branch| fits(branch, wanted)),
        (found, Type::OneOf(_)) => wanted.alternatives().types.iter().any(|branch| fits(found, branch)),
        (Type::Any | Type::Error, _) | (_, Type::Any | Type::Error) => true,
        (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) => fits(a, b),
        (Type::Record(_), Type::Map(_)) | (Type::Map(_), Type::Record(_)) => true,
        (Type::String | Type::Enum(_), Type::Reference(_) | Type::Ip | Type::Cidr) => true,
        (Type::Reference(a), Type::Reference(b) | Type::NameOf(b)) => a == b,
        (Type::Bytes, Type::String) => true,
        (found, wanted) if is_place(found) && is_place(wanted) => true,
        (Type::Int, Type::Float) => true,
        (Type::Int | Type::Float | Type::Size | Type::String, Type::Quantity)
        | (Type::Quantity, Type::String) => true,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) || (is_text(a) && is_text(b)),
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Enum(_) | Type::Ip | Type::Cidr | Type::NameOf(_))
}

/// How much a value is, in what values of its type count.
pub(super) fn amount_of(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) | Value::Duration(number) => Some(*number as f64),
        Value::Float(number) | Value::Percent(number) => Some(*number),
        Value::Size(amount) | Value::Rate(amount) => Some(*amount as f64),
        _ => None,
    }
}

/// Several types in words, each kind once.
pub(super) fn words_of(types: Vec<&Type>, words: impl Fn(&Type) -> String) -> String {
    let words: IndexSet<String> = types.into_iter().map(words).collect();
    words.into_iter().collect::<Vec<_>>().join(" or ")
}

/// A type in the user's words.
pub(crate) fn in_words(ty: &Type) -> String {
    match ty {
        Type::String | Type::Matching(..) => "a text".into(),
        Type::Int => "a whole number".into(),
        Type::Float => "a number".into(),
        Type::Bool => "true or false".into(),
        Type::Bytes => "content such as `file(\"…\")`".into(),
        Type::Duration => "a duration such as `30s`".into(),
        Type::Size => "a size such as `2GiB`".into(),
        Type::Rate => "a rate such as `1Gbps`".into(),
        Type::Percent => "a percentage such as `25%`".into(),
        Type::Quantity => "an amount such as \"500m\" or \"1Gi\"".into(),
        Type::Cidr => "a network such as \"10.0.0.0/24\"".into(),
        Type::Ip => "an address such as \"10.0.0.7\"".into(),
        Type::Site => "a site".into(),
        Type::Location => "a location".into(),
        Type::SiteSet => "sites".into(),
        Type::List(_) => "a list".into(),
        Type::Map(_) | Type::Record(_) => "a record".into(),
        Type::Optional(inner) | Type::Secret(inner) | Type::InRange(inner, ..) | Type::By(inner, _) => {
            in_words(inner)
        }
        Type::Reference(name) => format!("a reference to `{name}`"),
        Type::NameOf(name) => format!("a text or a reference to `{name}`"),
        Type::Named(named) => in_words(named.meaning()),
        Type::OneOf(_) => words_of(ty.alternatives().types, in_words),
        other => format!("`{other}`"),
    }
}
