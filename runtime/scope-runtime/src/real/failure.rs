//! Bad answers made: the few ways in which a [`SiteError`] comes to be, worded alike.
//!
//! `evaluation(UnknownName("x"), "path of `read`")` → `Configuration`: "path of `read`: nothing is called `x` here".

use scope_plan::eval::EvalError;
use serde_json::Value;

use super::mask::Mask;
use super::words;
use crate::site::{SiteError, SiteErrorKind};

/// An error of this kind, about nothing that was sent.
pub(super) fn error(kind: SiteErrorKind, words: impl Into<String>) -> SiteError {
    SiteError { kind, words: words.into(), request: None, status: None }
}

/// Something of ours is missing or wrong.
pub(super) fn configuration(words: impl Into<String>) -> SiteError {
    error(SiteErrorKind::Configuration, words)
}

/// The answer is not what it must be.
pub(super) fn malformed(words: impl Into<String>) -> SiteError {
    error(SiteErrorKind::Malformed, words)
}

/// An expression of a request or a setting has no value: the driver's, the site file's or the program's fault.
pub(super) fn evaluation(error_: &EvalError, what: &str) -> SiteError {
    let kind = match error_ {
        // The program's or the resource's values do not fit the request.
        EvalError::Null(_)
        | EvalError::WrongType { .. }
        | EvalError::BadCall { .. }
        | EvalError::BadAddress { .. } => SiteErrorKind::Invalid,
        _ => SiteErrorKind::Configuration,
    };
    error(kind, format!("{what}: {error_}"))
}

/// Whether an expression about an answer failed because of the answer, not because of the driver.
pub(super) fn is_of_the_answer(error: &EvalError) -> bool {
    !matches!(
        error,
        EvalError::UnknownName(_) | EvalError::NoOutput(_) | EvalError::NoSecret(_) | EvalError::NoFile(_)
    )
}

/// The error as it may leave: bounded, on one line, no secret in it.
pub(super) fn masked(mut error: SiteError, mask: &Mask) -> SiteError {
    // Masked before it is cut, else half a secret could stand at the end.
    error.words = words::plain(&mask.hide(&error.words));
    error.request = error.request.map(|request| words::shortened(&mask.hide(&request), 300));
    error
}

/// Every text in `value` is a secret from now on.
pub(super) fn learn(mask: &Mask, value: &Value) {
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        match value {
            Value::String(text) => mask.learn(text),
            Value::Number(number) => mask.learn(&number.to_string()),
            Value::Array(values) => pending.extend(values),
            Value::Object(fields) => pending.extend(fields.values()),
            Value::Null | Value::Bool(_) => {}
        }
    }
}
