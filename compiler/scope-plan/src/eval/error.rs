//! Why an expression has no value. No message holds a value: values may be secret, or a site's own.

use thiserror::Error;

use crate::expr::SecretSource;
use crate::plan::StepId;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvalError {
    /// The environment does not know the name: the driver or the lowering is wrong, not the site.
    #[error("nothing is called `{0}` here")]
    UnknownName(String),
    /// A step whose output is needed has none.
    #[error("step {} has no output yet", .0.0)]
    NoOutput(StepId),
    /// A secret is not to be had.
    #[error("{0} is not set or cannot be read")]
    NoSecret(SecretSource),
    /// A file's bytes are not to be had.
    #[error("the file `{0}` cannot be read")]
    NoFile(String),
    /// A file used as text is not UTF-8.
    #[error("the file `{0}` is not text: `base64(…)` makes text of it")]
    NotText(String),
    /// A value that must be there is `null`.
    #[error("`{0}` is null where a value is needed")]
    Null(String),
    /// A value of another type.
    #[error("`{what}`: expected {expected}, found {found}")]
    WrongType {
        /// The expression.
        what: String,
        /// `a list`
        expected: &'static str,
        /// `a text`
        found: &'static str,
    },
    /// A call that cannot be made: `split` by an empty text.
    #[error("`{what}`: {why}")]
    BadCall {
        /// The expression.
        what: String,
        /// Why.
        why: String,
    },
    /// A part of an address that would lead to another one: empty, `.` or `..`.
    #[error("`{what}` is {found} and would change the address it stands in")]
    BadAddress {
        /// The expression.
        what: String,
        /// `empty`
        found: &'static str,
    },
    /// Deeper than [`crate::expr::MAXIMUM_DEPTH`].
    #[error("the expression or value is nested too deep")]
    TooDeep,
    /// More work than [`super::MAXIMUM_STEPS`].
    #[error("evaluating takes too long: stopped after {} steps", super::MAXIMUM_STEPS)]
    TooLong,
    /// A greater value than [`super::MAXIMUM_SIZE`].
    #[error("the value gets too big: at most {} MiB", super::MAXIMUM_SIZE >> 20)]
    TooBig,
}
