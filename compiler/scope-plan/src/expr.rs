//! The one small expression tree of a plan: what a step's inputs and a driver's requests and answers are made of.
//!
//! Everything that was known when compiling is folded into [`Expr::Value`]; what is left waits for other steps
//! ([`Expr::Step`]), for a secret, for a file's content, or for the names an operation is evaluated with
//! ([`Expr::Name`]: attributes, `site`, `session`, `body`, `status`, `text`, `header`, `changes`, `mark`, …).
//! `"/v2/images/${id}"` → `{"concat": [{"value": "/v2/images/"}, {"name": "id"}]}`.

mod display;
mod uses;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bound::Bounded;
use crate::plan::StepId;

pub use uses::MAXIMUM_DEPTH;

/// An expression. Pure and total but for errors; evaluated by [`crate::eval`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A constant.
    Value(Value),
    /// A name of the operation's environment.
    Name(String),
    /// The output of another step (`[]`: all of it), or a part of it: `["id"]`.
    Step {
        /// Whose output.
        step: StepId,
        /// The fields, outermost first.
        path: Vec<String>,
    },
    /// A secret, by its source; resolved at the site's rim and never written.
    Secret(SecretSource),
    /// The bytes of a file beside the program.
    File(FileRef),
    /// Parts written one after the other as one text.
    Concat(Vec<Expr>),
    /// A record, in order. A field whose value is `null` because an optional attribute was not set is left out when
    /// the record becomes a request body.
    Record(Vec<(String, Expr)>),
    /// A list.
    List(Vec<Expr>),
    /// `base.name`; `null` where the base has no such field or is `null`.
    Field(Box<Expr>, String),
    /// `base[index]`, for lists (integer) and records (text); `null` where there is none.
    Index(Box<Expr>, Box<Expr>),
    /// A pure built-in function.
    Call(Builtin, Vec<Expr>),
    /// `not x`, `-x`
    Unary(UnaryOp, Box<Expr>),
    /// Two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `[for name, second in source if condition => value]`; over a record, `name` is the key and `second` the value.
    ListFor(Box<Generator>, Box<Expr>),
    /// `{ for … => key: value }`
    MapFor(Box<Generator>, Box<Expr>, Box<Expr>),
    /// A value that has to be as a rule says: what is not is no value.
    Bounded(Box<Bounded>),
}

/// The iteration of a comprehension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Generator {
    /// The element, or the key where `second` is given or the source is a record.
    pub name: String,
    /// The value of an entry.
    pub second: Option<String>,
    /// A list or a record.
    pub source: Expr,
    /// Elements for which this is false are left out.
    pub condition: Option<Expr>,
}

/// Where a secret comes from. Only this, never its content, stands in a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// The content of a file, the final newline removed.
    File(String),
    /// The standard output of a command, the final newline removed.
    Command(Vec<String>),
    /// A value in a client's YAML or JSON configuration file, by its keys.
    Config {
        /// The file, as found when compiling.
        file: String,
        /// The keys from the top.
        keys: Vec<String>,
    },
    /// The content of a file in which a step keeps a secret that its site makes: there is none before.
    Kept {
        /// The step.
        step: StepId,
        /// The file.
        file: String,
    },
}

/// A file whose bytes are an input, relative to the program's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRef {
    /// The path as the runner opens it.
    pub path: String,
    /// SHA-256 of the content when compiled, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
}

/// The built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// `json(text)`: the parsed value.
    Json,
    /// `to_json(value)`: compact text.
    ToJson,
    /// `first(list)`: the first element or `null`.
    First,
    /// `length(list | record | text)`.
    Length,
    /// `lower(text)`.
    Lower,
    /// `upper(text)`.
    Upper,
    /// `trim(text)`.
    Trim,
    /// `join(list, separator)`.
    Join,
    /// `split(text, separator)`.
    Split,
    /// `keys(record)`.
    Keys,
    /// `values(record)`.
    Values,
    /// `has(record, key)`.
    Has,
    /// `text(value)`: as it stands in a template.
    Text,
    /// `int(text)`.
    Int,
    /// `base64(text or bytes)`.
    Base64,
    /// `url(text)`: percent-encoded as one path segment or query value.
    Url,
    /// `merge(a, b)`: records merged deeply, `b` wins.
    Merge,
    /// `without(record, [keys])`.
    Without,
    /// `concat(list, list, …)`: lists one after the other.
    ConcatLists,
    /// `distinct(list)`.
    Distinct,
    /// `sort(list)`.
    Sort,
    /// `range(n)`: 0 to n-1.
    Range,
    /// `sum(list)`: of numbers; 0 of none.
    Sum,
    /// `min(list)`: of numbers, one at least.
    Min,
    /// `max(list)`: of numbers, one at least.
    Max,
    /// `div(a, b)`: how many whole times `b` is in `a`; `mod(a, b)` is left.
    Div,
    /// `mod(a, b)`.
    Mod,
    /// `size(number)`: bytes, whole and not below 0.
    Size,
    /// `rate(number)`: bits per second, whole and not below 0.
    Rate,
    /// `duration(number)`: seconds, to the nanosecond.
    Duration,
    /// `round(number)`: the nearest whole number; of two the one farther from 0.
    Round,
    /// `duration_text(number)`: seconds as a person writes them: `90s`, `2min`.
    DurationText,
    /// `size_text(number)`: bytes as a person writes them: `10GiB`, `1536MB`.
    SizeText,
    /// `rate_text(number)`: bits per second as a person writes them: `1Gbps`.
    RateText,
    /// `replace(text, from, to)`: every occurrence.
    Replace,
    /// `capture(text, regex)`: the first group (or the whole match) of the first match, or `null`.
    Capture,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOp {
    /// `-x`
    Negate,
    /// `not x`
    Not,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `++`: texts or lists joined
    Concat,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `and`, the right side only if needed
    And,
    /// `or`, the right side only if needed
    Or,
    /// `??`: the right side where the left is `null`
    Default,
    /// `in`: an element of a list, a key of a record, a part of a text
    In,
    /// `matching`: the regular expression on the right is found somewhere in the text on the left
    Matching,
}
