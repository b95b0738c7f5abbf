//! The value of an expression: in comes an [`Expr`] and an [`Environment`], out a JSON value or an [`EvalError`].
//!
//! Sites answer what they like, so everything is bounded: depth, steps and size. Nothing is looked up but through the
//! environment, and `and`, `or`, `??` and `if` evaluate only the side they need.
//!
//! ```
//! use scope_plan::eval::{Bindings, eval};
//! use scope_plan::expr::Expr;
//! use serde_json::json;
//!
//! let path = Expr::Concat(vec![Expr::text("/v2/images/"), Expr::name("id")]);
//! assert_eq!(eval(&path, &Bindings::new().with("id", json!("45da")))?, json!("/v2/images/45da"));
//! # Ok::<(), scope_plan::eval::EvalError>(())
//! ```

mod builtin;
mod environment;
mod error;
mod operator;
mod path;
pub(crate) mod pattern;
mod rounding;
pub mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use environment::{Bindings, Environment};
pub use error::{EvalError, OutOfBounds};
pub use path::eval_path;

use crate::bound::Bounded;
use crate::expr::{Expr, FileRef, Generator, MAXIMUM_DEPTH, SecretSource};
use crate::plan::StepId;

/// The greatest value, in bytes.
pub const MAXIMUM_SIZE: usize = 16 << 20;
/// The most bytes made on the way to a value.
pub const MAXIMUM_PRODUCED: usize = 64 << 20;
/// The most steps of one evaluation.
pub const MAXIMUM_STEPS: u64 = 4_000_000;

/// The value of `expr`. A record keeps its `null` fields.
///
/// # Errors
/// What is missing, of the wrong type or beyond the bounds.
pub fn eval(expr: &Expr, environment: &dyn Environment) -> Result<Value, EvalError> {
    run(expr, environment, Nulls::Kept)
}

/// The value of `expr` as the body of a request: a field of a written record whose value *turns out* `null` is left
/// out, at every level; a `null` that is written (`{ "os-start": null }`) is sent, and so are those inside of given
/// values.
///
/// # Errors
/// As [`eval`].
pub fn eval_request_body(expr: &Expr, environment: &dyn Environment) -> Result<Value, EvalError> {
    run(expr, environment, Nulls::LeftOut)
}

fn run(expr: &Expr, environment: &dyn Environment, nulls: Nulls) -> Result<Value, EvalError> {
    if let Expr::Value(value) = expr {
        return checked(value.clone());
    }
    let names = fetched_names(expr, environment)?;
    let mut evaluator = Evaluator::new(&names, environment, nulls);
    let value = evaluator.eval(expr)?.into_owned();
    checked(value)
}

fn checked(value: Value) -> Result<Value, EvalError> {
    if value::weight(&value, MAXIMUM_SIZE) > MAXIMUM_SIZE {
        return Err(EvalError::TooBig);
    }
    Ok(value)
}

/// Every name is asked for once, before: so that `body` in a loop is not copied for each element.
type Names<'e> = BTreeMap<&'e str, Option<Value>>;

fn fetched_names<'e>(expr: &'e Expr, environment: &dyn Environment) -> Result<Names<'e>, EvalError> {
    if expr.depth() > MAXIMUM_DEPTH {
        return Err(EvalError::TooDeep);
    }
    Ok(expr.names_used().into_iter().map(|name| (name, environment.name(name))).collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Kept,
    LeftOut,
}

/// Values are borrowed from the expression or the environment wherever they can be.
type Outcome<'e> = Result<Cow<'e, Value>, EvalError>;

struct Evaluator<'e> {
    names: &'e Names<'e>,
    environment: &'e dyn Environment,
    nulls: Nulls,
    /// The names of the comprehensions being evaluated, innermost last.
    scopes: Vec<(&'e str, Cow<'e, Value>)>,
    steps: u64,
    produced: usize,
}

impl<'e> Evaluator<'e> {
    fn new(names: &'e Names<'e>, environment: &'e dyn Environment, nulls: Nulls) -> Self {
        Self { names, environment, nulls, scopes: Vec::new(), steps: 0, produced: 0 }
    }

    /// One function per kind of expression: the frame of this one stands 256 times on the stack.
    fn eval(&mut self, expr: &'e Expr) -> Outcome<'e> {
        self.spend(1)?;
        match expr {
            Expr::Value(value) => Ok(Cow::Borrowed(value)),
            Expr::Name(name) => self.name(name),
            Expr::Step { step, path } => self.step(*step, path),
            Expr::Secret(source) => self.secret(source),
            Expr::File(file) => self.file(file),
            Expr::Concat(parts) => self.concat(parts),
            Expr::Record(fields) => self.record(fields),
            Expr::List(items) => self.list(items),
            Expr::Field(base, field) => self.field(base, field),
            Expr::Index(base, index) => self.index(base, index),
            Expr::Call(builtin, arguments) => self.call(expr, *builtin, arguments),
            Expr::Unary(op, operand) => self.unary(*op, operand),
            Expr::Binary(op, left, right) => self.binary(expr, *op, left, right),
            Expr::If(condition, then, otherwise) => {
                if self.truth(condition)? {
                    self.eval(then)
                } else {
                    self.eval(otherwise)
                }
            }
            Expr::ListFor(generator, value) => self.list_for(generator, value),
            Expr::MapFor(generator, key, value) => self.map_for(generator, key, value),
            Expr::Bounded(bounded) => self.bounded(bounded),
        }
    }

    fn name(&mut self, name: &'e str) -> Outcome<'e> {
        if let Some((_, value)) = self.scopes.iter().rev().find(|(bound, _)| *bound == name) {
            let value = value.clone();
            if let Cow::Owned(value) = &value {
                self.produce(value::weight(value, MAXIMUM_SIZE))?;
            }
            return Ok(value);
        }
        match self.names.get(name) {
            Some(Some(value)) => Ok(Cow::Borrowed(value)),
            _ => Err(EvalError::UnknownName(name.to_owned())),
        }
    }

    fn step(&mut self, step: StepId, path: &'e [String]) -> Outcome<'e> {
        let mut value = self.environment.step(step).ok_or(EvalError::NoOutput(step))?;
        for field in path {
            value = value.get(field).unwrap_or(&Value::Null);
        }
        Ok(Cow::Borrowed(value))
    }

    fn secret(&mut self, source: &'e SecretSource) -> Outcome<'e> {
        let secret = self.environment.secret(source).ok_or_else(|| EvalError::NoSecret(source.clone()))?;
        self.text(secret)
    }

    fn file(&mut self, file: &'e FileRef) -> Outcome<'e> {
        let bytes = self.bytes(file)?;
        let text = String::from_utf8(bytes).map_err(|_| EvalError::NotText(file.path.clone()))?;
        self.text(text)
    }

    fn bytes(&mut self, file: &FileRef) -> Result<Vec<u8>, EvalError> {
        if file.size > MAXIMUM_SIZE as u64 {
            return Err(EvalError::TooBig);
        }
        let bytes = self.environment.file_bytes(file).ok_or_else(|| EvalError::NoFile(file.path.clone()))?;
        if bytes.len() > MAXIMUM_SIZE {
            return Err(EvalError::TooBig);
        }
        Ok(bytes)
    }

    fn concat(&mut self, parts: &'e [Expr]) -> Outcome<'e> {
        let mut text = String::new();
        for part in parts {
            let value = self.eval(part)?;
            let piece = text_of(part, &value)?;
            self.produce(piece.len())?;
            text.push_str(&piece);
            if text.len() > MAXIMUM_SIZE {
                return Err(EvalError::TooBig);
            }
        }
        Ok(Cow::Owned(Value::String(text)))
    }

    fn record(&mut self, fields: &'e [(String, Expr)]) -> Outcome<'e> {
        let mut record = Map::new();
        for (key, field) in fields {
            let value = self.eval(field)?;
            let is_written = matches!(field, Expr::Value(_));
            if self.nulls == Nulls::LeftOut && value.is_null() && !is_written {
                continue;
            }
            self.produce(32 + key.len())?;
            let value = self.owned(value)?;
            record.insert(key.clone(), value);
        }
        Ok(Cow::Owned(Value::Object(record)))
    }

    fn list(&mut self, items: &'e [Expr]) -> Outcome<'e> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let value = self.eval(item)?;
            list.push(self.owned(value)?);
        }
        Ok(Cow::Owned(Value::Array(list)))
    }

    fn field(&mut self, base: &'e Expr, field: &str) -> Outcome<'e> {
        Ok(match self.eval(base)? {
            Cow::Borrowed(base) => Cow::Borrowed(base.get(field).unwrap_or(&Value::Null)),
            Cow::Owned(Value::Object(mut fields)) => {
                Cow::Owned(fields.swap_remove(field).unwrap_or(Value::Null))
            }
            Cow::Owned(_) => Cow::Owned(Value::Null),
        })
    }

    fn index(&mut self, base: &'e Expr, index: &'e Expr) -> Outcome<'e> {
        let base = self.eval(base)?;
        let index_value = self.eval(index)?;
        let position = match &*index_value {
            Value::String(key) => return Ok(part(base, |base| base.get(key))),
            Value::Number(number) => value::integer(number).and_then(|number| usize::try_from(number).ok()),
            Value::Null => None,
            other => {
                return Err(EvalError::WrongType {
                    what: index.to_string(),
                    expected: "a text or a whole number",
                    found: value::kind(other),
                });
            }
        };
        Ok(part(base, |base| position.and_then(|position| base.get(position))))
    }

    fn bounded(&mut self, bounded: &'e Bounded) -> Outcome<'e> {
        let value = self.eval(&bounded.value)?;
        let is_itself = self.environment.has_secrets() || bounded.value.secrets_used().is_empty();
        if is_itself && let Some(misfit) = bounded.bound.misfit(&value) {
            return Err(EvalError::OutOfBounds(Box::new(OutOfBounds::new(bounded, misfit))));
        }
        Ok(value)
    }

    fn list_for(&mut self, generator: &'e Generator, value: &'e Expr) -> Outcome<'e> {
        let mut list = Vec::new();
        self.each(generator, &mut |evaluator| {
            let item = evaluator.eval(value)?;
            list.push(evaluator.owned(item)?);
            Ok(())
        })?;
        Ok(Cow::Owned(Value::Array(list)))
    }

    fn map_for(&mut self, generator: &'e Generator, key: &'e Expr, value: &'e Expr) -> Outcome<'e> {
        let mut record = Map::new();
        self.each(generator, &mut |evaluator| {
            let key_value = evaluator.eval(key)?;
            let text = text_of(key, &key_value)?.into_owned();
            let entry = evaluator.eval(value)?;
            evaluator.produce(32 + text.len())?;
            let entry = evaluator.owned(entry)?;
            record.insert(text, entry);
            Ok(())
        })?;
        Ok(Cow::Owned(Value::Object(record)))
    }

    /// Runs `body` once for each element of the source, its names in force.
    fn each(
        &mut self,
        generator: &'e Generator,
        body: &mut dyn FnMut(&mut Self) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let source = self.eval(&generator.source)?;
        match source {
            Cow::Borrowed(Value::Array(items)) => {
                for (position, item) in items.iter().enumerate() {
                    self.element(generator, Key::Position(position), Cow::Borrowed(item), body)?;
                }
            }
            Cow::Owned(Value::Array(items)) => {
                for (position, item) in items.into_iter().enumerate() {
                    self.element(generator, Key::Position(position), Cow::Owned(item), body)?;
                }
            }
            Cow::Borrowed(Value::Object(fields)) => {
                for (key, field) in fields {
                    self.element(generator, Key::Field(key.clone()), Cow::Borrowed(field), body)?;
                }
            }
            Cow::Owned(Value::Object(fields)) => {
                for (key, field) in fields {
                    self.element(generator, Key::Field(key), Cow::Owned(field), body)?;
                }
            }
            other => return Err(wrong(&generator.source, "a list or a record", &other)),
        }
        Ok(())
    }

    fn element(
        &mut self,
        generator: &'e Generator,
        key: Key,
        item: Cow<'e, Value>,
        body: &mut dyn FnMut(&mut Self) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        self.spend(1)?;
        let outer = self.scopes.len();
        let key = match key {
            Key::Position(position) => Value::from(position),
            Key::Field(key) => Value::String(key),
        };
        match &generator.second {
            Some(second) => {
                self.scopes.push((&generator.name, Cow::Owned(key)));
                self.scopes.push((second, item));
            }
            None if key.is_string() => self.scopes.push((&generator.name, Cow::Owned(key))),
            None => self.scopes.push((&generator.name, item)),
        }
        let is_wanted = match &generator.condition {
            Some(condition) => self.truth(condition)?,
            None => true,
        };
        if is_wanted {
            body(self)?;
        }
        self.scopes.truncate(outer);
        Ok(())
    }

    fn truth(&mut self, condition: &'e Expr) -> Result<bool, EvalError> {
        match &*self.eval(condition)? {
            Value::Bool(truth) => Ok(*truth),
            other => Err(wrong(condition, "true or false", other)),
        }
    }

    fn text(&mut self, text: String) -> Outcome<'e> {
        self.produce(text.len())?;
        Ok(Cow::Owned(Value::String(text)))
    }

    /// A value to keep: what was borrowed is copied, and paid for.
    fn owned(&mut self, value: Cow<'e, Value>) -> Result<Value, EvalError> {
        self.produce(16)?;
        match value {
            Cow::Borrowed(value) => {
                self.produce(value::weight(value, MAXIMUM_SIZE))?;
                Ok(value.clone())
            }
            Cow::Owned(value) => Ok(value),
        }
    }

    fn spend(&mut self, steps: u64) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAXIMUM_STEPS { Err(EvalError::TooLong) } else { Ok(()) }
    }

    fn produce(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.produced = self.produced.saturating_add(bytes);
        if self.produced > MAXIMUM_PRODUCED || bytes > MAXIMUM_SIZE { Err(EvalError::TooBig) } else { Ok(()) }
    }
}

enum Key {
    Position(usize),
    Field(String),
}

/// A part of a value, borrowed from where the whole was borrowed from; `null` where there is none.
fn part<'e>(base: Cow<'e, Value>, find: impl Fn(&Value) -> Option<&Value>) -> Cow<'e, Value> {
    match base {
        Cow::Borrowed(base) => Cow::Borrowed(find(base).unwrap_or(&Value::Null)),
        Cow::Owned(base) => Cow::Owned(find(&base).cloned().unwrap_or(Value::Null)),
    }
}

/// A value as it stands in a text: `7`, `1.5`, `true`.
fn text_of<'v>(expr: &Expr, value: &'v Value) -> Result<Cow<'v, str>, EvalError> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Bool(truth) => Ok(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Number(number) => Ok(Cow::Owned(match (value::integer(number), number.as_f64()) {
            // `2.0` is the number 2, and stands as that in a text.
            (None, Some(float)) => float.to_string(),
            _ => number.to_string(),
        })),
        other => Err(wrong(expr, "a text, a number or a truth value", other)),
    }
}

fn wrong(expr: &Expr, expected: &'static str, found: &Value) -> EvalError {
    if found.is_null() {
        return EvalError::Null(expr.to_string());
    }
    EvalError::WrongType { what: expr.to_string(), expected, found: value::kind(found) }
}
