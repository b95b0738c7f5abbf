//! Why an expression has no value. No message holds a value: values may be secret, or a site's own. One that is out of its
//! bounds is kept beside the message, for those who know what is secret.

use std::collections::BTreeSet;

use serde_json::Value;
use thiserror::Error;

use crate::bound::{Bounded, Misfit};
use crate::expr::SecretSource;
use crate::plan::{Origin, StepId};
use crate::quantity::Unit;

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
    /// A value that is not as a rule says.
    #[error("expected {} {}", .0.name, .0.expected)]
    OutOfBounds(Box<OutOfBounds>),
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

/// A value that is not as a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    /// What takes it, and the part that does not fit: `` `ports[2]` ``.
    pub name: String,
    /// `in 1..65535`
    pub expected: String,
    /// What is there; `None`: it is secret.
    pub found: Option<Value>,
    /// What it counts, where it is a number.
    pub unit: Option<Unit>,
    /// What it is computed from, as [`crate::expr::Expr::to_text`] has it: `#3.port`.
    pub from: String,
    /// The steps that it is computed from.
    pub steps: BTreeSet<StepId>,
    /// Where it is written.
    pub origin: Origin,
    /// What declares the rule, and where.
    pub rule: Option<(String, Origin)>,
}

impl OutOfBounds {
    pub(super) fn new(bounded: &Bounded, misfit: Misfit<'_>) -> Self {
        Self {
            name: format!("`{}{}`", bounded.name, misfit.place),
            expected: misfit.expected.to_owned(),
            unit: misfit.unit,
            found: (!bounded.is_secret).then(|| misfit.found.clone()),
            from: bounded.value.to_string(),
            steps: bounded.value.steps_used(),
            origin: bounded.origin.clone(),
            rule: bounded.rule.clone(),
        }
    }
}
