//! What an answer means: the first matching rule of the operation, then of its service.
//!
//! `404` with the rules `200 -> found(body)`, `404 -> not_found` → `NotFound`, in the site's own words. No rule: a good status
//! is `Malformed`, the rest is told by its class.

use scope_plan::driver::{self, Meaning};
use scope_plan::eval::{EvalError, eval};
use scope_plan::expr::Expr;
use serde_json::Value;

use super::environment::{Answered, SiteEnvironment};
use super::failure::{configuration, error, is_of_the_answer, malformed};
use super::mask::Mask;
use super::words;
use crate::site::{Answer, SiteError, SiteErrorKind};

/// What an answer means.
pub(super) enum Verdict {
    /// A good answer.
    Good(Answer),
    /// The body is the content.
    Content,
    /// The session is over; the site's words.
    Reauthenticate(String),
    /// A bad one.
    Bad(SiteError),
}

/// The rules in force, in order.
pub(super) struct Rules<'a> {
    pub of_operation: &'a [driver::Answer],
    pub of_service: &'a [driver::Answer],
    /// The request must not be repeated: an error of a server (5xx, but for 503, which is "not handled") says nothing of
    /// whether it was carried out, unless the operation's own rule says so.
    pub is_at_most_once: bool,
}

impl<'a> Rules<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a driver::Answer> {
        self.of_operation.iter().chain(self.of_service)
    }

    /// Whether a rule names this very code.
    pub(super) fn name(&self, code: u16) -> bool {
        self.iter().any(|rule| rule.codes.iter().any(|(first, last)| (*first..=*last).contains(&code)))
    }

    /// Whether an answer with this head is content, known before its body is read: the first rule that fits says so,
    /// and no rule before it needs the body.
    pub(super) fn head_is_content(&self, environment: SiteEnvironment<'_>, head: &Answered) -> bool {
        let environment = environment.with_answer(head);
        for rule in self.iter().filter(|rule| has_code(rule, head.code())) {
            match &rule.condition {
                None => return matches!(rule.meaning, Meaning::Content),
                Some(condition) if needs_body(condition) => return false,
                Some(condition) => {
                    if matches!(eval(condition, &environment), Ok(Value::Bool(true))) {
                        return matches!(rule.meaning, Meaning::Content);
                    }
                }
            }
        }
        false
    }

    /// What is not known where a request must not be sent twice.
    fn doubted(&self, verdict: Verdict, answered: &Answered) -> Verdict {
        match (verdict, answered) {
            (Verdict::Bad(bad), Answered::Http { status, .. })
                if self.is_at_most_once
                    && (500..=599).contains(status)
                    && *status != 503
                    && bad.kind == SiteErrorKind::Unavailable =>
            {
                Verdict::Bad(SiteError { kind: SiteErrorKind::Malformed, ..bad })
            }
            (verdict, _) => verdict,
        }
    }

    /// Whether any answer may be content.
    pub(super) fn may_be_content(&self) -> bool {
        self.iter().any(|rule| matches!(rule.meaning, Meaning::Content))
    }
}

/// What the answer means.
pub(super) fn judged(
    rules: &Rules<'_>,
    environment: SiteEnvironment<'_>,
    answered: &Answered,
    mask: &Mask,
) -> Verdict {
    let environment = environment.with_answer(answered);
    let is_own = |rule: &driver::Answer| rules.of_operation.iter().any(|own| std::ptr::eq(own, rule));
    for rule in rules.iter().filter(|rule| has_code(rule, answered.code())) {
        let holds = match &rule.condition {
            None => true,
            Some(condition) => match eval(condition, &environment) {
                Ok(value) => value == Value::Bool(true),
                // `body.error.code` of an answer without a body: the rule is about another answer.
                Err(error) if is_of_the_answer(&error) => false,
                Err(error) => return Verdict::Bad(driver_fault(condition, &error)),
            },
        };
        if holds {
            let verdict = meaning(&rule.meaning, &environment, answered, mask).unwrap_or_else(Verdict::Bad);
            return if is_own(rule) { verdict } else { rules.doubted(verdict, answered) };
        }
    }
    rules.doubted(Verdict::Bad(without_rule(answered, mask)), answered)
}

/// The site's own words in this answer, masked.
pub(super) fn words_of(answered: &Answered, mask: &Mask) -> String {
    let hide = |text: &str| mask.hide(text).into_owned();
    match answered {
        Answered::Http { bytes, body, .. } => {
            // Words are looked for in the start only.
            let start = &bytes[..bytes.len().min(64 * 1024)];
            words::from_answer(
                &String::from_utf8_lossy(start),
                Some(body).filter(|body| !body.is_null()),
                &hide,
            )
        }
        Answered::Exec { out, err, .. } => {
            let said = if err.trim().is_empty() { out } else { err };
            words::from_answer(said, None, &hide)
        }
    }
}

fn meaning(
    meaning: &Meaning,
    environment: &SiteEnvironment<'_>,
    answered: &Answered,
    mask: &Mask,
) -> Result<Verdict, SiteError> {
    let value = |expr: &Expr| {
        eval(expr, environment).map_err(|error| {
            if is_of_the_answer(&error) {
                malformed(format!("the answer has another form than its driver expects: {error}"))
            } else {
                driver_fault(expr, &error)
            }
        })
    };
    // A page where a document should be is not the answer that there is nothing.
    let read = |expr: &Expr| {
        if expr.names_used().into_iter().any(|name| name == "body") && is_no_document(answered) {
            let said = words_of(answered, mask);
            return Err(malformed(format!("the answer is not JSON: {}", words::shortened(&said, 200))));
        }
        value(expr)
    };
    let optional = |expr: &Option<Expr>| expr.as_ref().map(read).transpose();
    let bad = |kind: SiteErrorKind, said: &Option<Expr>| {
        // The rule's own words, if the answer has them.
        let said = said.as_ref().and_then(|expr| eval(expr, environment).ok());
        let said = match said {
            Some(Value::String(text)) if !text.trim().is_empty() => {
                words::from_answer(&text, None, &|text| mask.hide(text).into_owned())
            }
            _ => words_of(answered, mask),
        };
        Verdict::Bad(error(kind, or_status(said, answered)))
    };
    Ok(match meaning {
        Meaning::Found(expr) => Verdict::Good(Answer::Found(record(read(expr)?)?)),
        Meaning::List(expr) => match read(expr)? {
            Value::Array(items) => {
                Verdict::Good(Answer::List(items.into_iter().map(record).collect::<Result<_, _>>()?))
            }
            Value::Null => Verdict::Good(Answer::List(Vec::new())),
            other => return Err(malformed(format!("expected a list of resources, found {}", kind(&other)))),
        },
        Meaning::Done(expr) => Verdict::Good(Answer::Done(optional(expr)?.filter(|value| !value.is_null()))),
        Meaning::Exists(expr) => {
            Verdict::Good(Answer::Exists(optional(expr)?.filter(|value| !value.is_null())))
        }
        Meaning::Gone => Verdict::Good(Answer::Gone),
        Meaning::Content => Verdict::Content,
        Meaning::NotFound(which) => {
            let which = which.as_ref().and_then(|expr| attribute_name(expr, environment));
            let said = or_status(words_of(answered, mask), answered);
            Verdict::Bad(error(SiteErrorKind::NotFound(which), said))
        }
        Meaning::Refused(said) => bad(SiteErrorKind::Refused, said),
        Meaning::Unavailable(said) => bad(SiteErrorKind::Unavailable, said),
        Meaning::Unreachable(said) => bad(SiteErrorKind::Unreachable, said),
        Meaning::Lost(said) => bad(SiteErrorKind::Lost, said),
        Meaning::Denied(said) => bad(SiteErrorKind::Denied, said),
        Meaning::Invalid(said) => bad(SiteErrorKind::Invalid, said),
        Meaning::Busy(said) => bad(SiteErrorKind::Busy, said),
        Meaning::Reauthenticate => Verdict::Reauthenticate(or_status(words_of(answered, mask), answered)),
    })
}

/// Whether it has a body, which is no document.
fn is_no_document(answered: &Answered) -> bool {
    match answered {
        Answered::Http { bytes, body, .. } => {
            let start = bytes.trim_ascii();
            body.is_null() && !start.is_empty() && start != b"null"
        }
        Answered::Exec { .. } => false,
    }
}

/// `not_found(image)` names the attribute; it may also be given as text.
fn attribute_name(expr: &Expr, environment: &SiteEnvironment<'_>) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.clone()),
        expr => eval(expr, environment).ok()?.as_str().map(str::to_owned),
    }
}

fn without_rule(answered: &Answered, mask: &Mask) -> SiteError {
    let said = words_of(answered, mask);
    let code = answered.code();
    let kind = match answered {
        Answered::Exec { code: 0, .. } => SiteErrorKind::Malformed,
        Answered::Exec { .. } => SiteErrorKind::Invalid,
        Answered::Http { status: 401 | 403, .. } => SiteErrorKind::Denied,
        Answered::Http { status: 429, .. } => SiteErrorKind::Busy,
        Answered::Http { status: 400..=499, .. } => SiteErrorKind::Invalid,
        Answered::Http { status: 500.., .. } => SiteErrorKind::Unavailable,
        Answered::Http { .. } => SiteErrorKind::Malformed,
    };
    if kind == SiteErrorKind::Malformed {
        let shown =
            if said.is_empty() { String::new() } else { format!(": {}", words::shortened(&said, 200)) };
        return error(kind, format!("the driver has no rule for the answer {code}{shown}"));
    }
    error(kind, or_status(said, answered))
}

fn or_status(said: String, answered: &Answered) -> String {
    match answered {
        _ if !said.is_empty() => said,
        Answered::Http { status, .. } => {
            let reason =
                reqwest::StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
            format!("{status} {}", reason.unwrap_or("without words")).trim_end().to_owned()
        }
        Answered::Exec { code, .. } => format!("exit status {code}, without words"),
    }
}

fn record(value: Value) -> Result<Value, SiteError> {
    match value {
        Value::Object(_) => Ok(value),
        other => Err(malformed(format!("expected a resource's record, found {}", kind(&other)))),
    }
}

fn kind(value: &Value) -> &'static str {
    scope_plan::eval::value::kind(value)
}

fn driver_fault(expr: &Expr, error: &EvalError) -> SiteError {
    configuration(format!("the driver's rule `{expr}`: {error}"))
}

fn has_code(rule: &driver::Answer, code: u16) -> bool {
    rule.codes.is_empty() || rule.codes.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

fn needs_body(condition: &Expr) -> bool {
    condition.names_used().into_iter().any(|name| matches!(name, "body" | "text" | "out" | "err" | "code"))
}
