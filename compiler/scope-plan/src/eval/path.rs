//! Addresses: in a request's path what is written stands as it is, and what is filled in is percent-encoded.
//!
//! `"/servers/${id}/action?by=${who}"` with `id = "a/b"`, `who = "x&y"` → `/servers/a%2Fb/action?by=x%26y`. A value that
//! would lead to another address is refused: an empty one, `.` and `..` in the path part. An address or path given whole at
//! the very beginning (`${next}` = `https://…`, `${path}` = `/counters/hits`) is taken as it is.

use serde_json::Value;

use super::{Environment, EvalError, Evaluator, MAXIMUM_SIZE, Nulls, fetched_names, text_of};
use crate::expr::{BinaryOp, Builtin, Expr};

/// The address that `expr` gives, see above.
///
/// # Errors
/// As [`super::eval`], and [`EvalError::BadAddress`].
pub fn eval_path(expr: &Expr, environment: &dyn Environment) -> Result<String, EvalError> {
    let names = fetched_names(expr, environment)?;
    let mut evaluator = Evaluator::new(&names, environment, Nulls::Kept);
    let mut path = String::new();
    evaluator.path(expr, &mut path)?;
    Ok(path)
}

impl<'e> Evaluator<'e> {
    fn path(&mut self, expr: &'e Expr, path: &mut String) -> Result<(), EvalError> {
        self.spend(1)?;
        match expr {
            Expr::Concat(parts) => parts.iter().try_for_each(|part| self.path(part, path)),
            Expr::Binary(BinaryOp::Concat, left, right) => {
                self.path(left, path)?;
                self.path(right, path)
            }
            Expr::If(condition, then, otherwise) => {
                if self.truth(condition)? {
                    self.path(then, path)
                } else {
                    self.path(otherwise, path)
                }
            }
            Expr::Binary(BinaryOp::Default, left, right) => {
                let value = self.eval(left)?;
                if value.is_null() { self.path(right, path) } else { self.filled_in(left, &value, path) }
            }
            Expr::Value(value) => {
                let text = text_of(expr, value)?;
                self.append(&text, path)
            }
            Expr::Call(Builtin::Url, _) => {
                let value = self.eval(expr)?;
                let text = text_of(expr, &value)?;
                refuse_dots(expr, &text, path)?;
                self.append(&text, path)
            }
            _ => {
                let value = self.eval(expr)?;
                self.filled_in(expr, &value, path)
            }
        }
    }

    fn filled_in(&mut self, expr: &Expr, value: &Value, path: &mut String) -> Result<(), EvalError> {
        let text = text_of(expr, value)?;
        // A path or an address given whole: `GET ${path}` with `path = "/counters/hits"`.
        let is_whole =
            text.is_empty() || ["/", "http://", "https://"].iter().any(|start| text.starts_with(start));
        if path.is_empty() && is_whole {
            return self.append(&text, path);
        }
        refuse_dots(expr, &text, path)?;
        let encoded = percent_encoded(&text);
        self.append(&encoded, path)
    }

    fn append(&mut self, text: &str, path: &mut String) -> Result<(), EvalError> {
        self.produce(text.len())?;
        if path.len() + text.len() > MAXIMUM_SIZE {
            return Err(EvalError::TooBig);
        }
        path.push_str(text);
        Ok(())
    }
}

/// `DELETE /images/` + `""` is another request, and so is `/images/..`, encoded or not.
fn refuse_dots(expr: &Expr, text: &str, path: &str) -> Result<(), EvalError> {
    if path.contains('?') {
        return Ok(());
    }
    let found = match text {
        "" => "empty",
        "." => "`.`",
        ".." => "`..`",
        _ => return Ok(()),
    };
    Err(EvalError::BadAddress { what: expr.to_string(), found })
}

/// Everything but letters, digits and `-._~`, as RFC 3986 has it.
pub(super) fn percent_encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}
