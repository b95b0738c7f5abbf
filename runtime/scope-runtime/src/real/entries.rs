//! Named entries of a request (headers, query, environment, files), evaluated, with records spread in their place.
//!
//! `[("...", headers), ("Accept", "x")]` with `headers = { "X-A": 1 }` → `X-A: 1`, `Accept: x`. Later ones win.

use scope_plan::driver::SPREAD;
use scope_plan::eval::eval;
use scope_plan::expr::Expr;
use serde_json::Value;

use super::environment::SiteEnvironment;
use super::failure::{error, evaluation};
use crate::site::{SiteError, SiteErrorKind};

/// An entry: from an expression, or from a spread record.
pub(super) enum Entry<'a> {
    /// Not evaluated yet: it may stand for a content.
    Written(&'a Expr),
    /// A field of a record.
    Spread(Value),
}

/// The entries in order, spread records in their place. `what` is said in errors: `header`.
///
/// # Errors
/// A spread value that is neither a record nor `null`.
pub(super) fn spread<'a>(
    entries: impl IntoIterator<Item = &'a (String, Expr)>,
    environment: &SiteEnvironment<'_>,
    what: &str,
) -> Result<Vec<(String, Entry<'a>)>, SiteError> {
    let mut spread = Vec::new();
    for (name, expr) in entries {
        if name != SPREAD {
            spread.push((name.clone(), Entry::Written(expr)));
            continue;
        }
        match eval(expr, environment).map_err(|error| evaluation(&error, &format!("{what}s")))? {
            Value::Null => {}
            Value::Object(fields) => {
                spread.extend(fields.into_iter().map(|(name, value)| (name, Entry::Spread(value))));
            }
            _ => {
                return Err(error(
                    SiteErrorKind::Invalid,
                    format!("{what}s: expected a record, `{expr}` is none"),
                ));
            }
        }
    }
    Ok(spread)
}

/// The values of the entries.
///
/// # Errors
/// What cannot be evaluated.
pub(super) fn values<'a>(
    entries: impl IntoIterator<Item = &'a (String, Expr)>,
    environment: &SiteEnvironment<'_>,
    what: &str,
) -> Result<Vec<(String, Value)>, SiteError> {
    let value = |(name, entry): (String, Entry<'_>)| match entry {
        Entry::Spread(value) => Ok((name, value)),
        Entry::Written(expr) => match eval(expr, environment) {
            Ok(value) => Ok((name, value)),
            Err(error) => Err(evaluation(&error, &format!("{what} `{name}`"))),
        },
    };
    spread(entries, environment, what)?.into_iter().map(value).collect()
}

/// A value as text: `None` for `null`.
///
/// # Errors
/// A list or a record.
pub(super) fn text(value: &Value, what: &str) -> Result<Option<String>, SiteError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) => {
            Err(error(SiteErrorKind::Invalid, format!("{what}: expected a text")))
        }
    }
}
