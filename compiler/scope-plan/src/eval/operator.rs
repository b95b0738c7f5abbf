//! Operators: arithmetic that never wraps, comparison by value, tests that stop early.
//!
//! `7 / 2` → `3.5`, `8 / 2` → `4`; `1 == 1.0`; `null matching r"x"` → `false`.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::value::{compare_numbers, equal, from_integer, integer, weight};
use super::{EvalError, Evaluator, MAXIMUM_SIZE, Outcome, pattern, text_of, wrong};
use crate::expr::{BinaryOp, Expr, UnaryOp};

impl<'e> Evaluator<'e> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &'e Expr) -> Outcome<'e> {
        match op {
            UnaryOp::Not => Ok(Cow::Owned(Value::Bool(!self.truth(operand)?))),
            UnaryOp::Negate => {
                let value = self.eval(operand)?;
                let Value::Number(number) = &*value else {
                    return Err(wrong(operand, "a number", &value));
                };
                let negated = match integer(number) {
                    Some(integer) => from_integer(-integer),
                    None => number.as_f64().and_then(|float| Number::from_f64(-float)),
                };
                negated
                    .map(|number| Cow::Owned(Value::Number(number)))
                    .ok_or_else(|| bad(operand, "the number is out of range"))
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        whole: &Expr,
        op: BinaryOp,
        left: &'e Expr,
        right: &'e Expr,
    ) -> Outcome<'e> {
        match op {
            BinaryOp::And => truth(self.truth(left)? && self.truth(right)?),
            BinaryOp::Or => truth(self.truth(left)? || self.truth(right)?),
            BinaryOp::Default => {
                let value = self.eval(left)?;
                if value.is_null() { self.eval(right) } else { Ok(value) }
            }
            BinaryOp::Equal => truth(self.are_equal(left, right)?),
            BinaryOp::NotEqual => truth(!self.are_equal(left, right)?),
            BinaryOp::Less => truth(self.order(left, right)? == Ordering::Less),
            BinaryOp::LessEqual => truth(self.order(left, right)? != Ordering::Greater),
            BinaryOp::Greater => truth(self.order(left, right)? == Ordering::Greater),
            BinaryOp::GreaterEqual => truth(self.order(left, right)? != Ordering::Less),
            BinaryOp::In => self.is_in(left, right),
            BinaryOp::Matching => self.matching(left, right),
            BinaryOp::Concat => self.joined(left, right),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                self.arithmetic(whole, op, left, right)
            }
        }
    }

    fn are_equal(&mut self, left: &'e Expr, right: &'e Expr) -> Result<bool, EvalError> {
        let left = self.eval(left)?;
        let right = self.eval(right)?;
        self.pay_for_comparing(&left, &right)?;
        Ok(equal(&left, &right))
    }

    /// Comparing takes as long as the smaller of the two is.
    fn pay_for_comparing(&mut self, left: &Value, right: &Value) -> Result<(), EvalError> {
        if std::mem::discriminant(left) != std::mem::discriminant(right) {
            return Ok(());
        }
        let size = match (left, right) {
            (Value::String(left), Value::String(right)) => left.len().min(right.len()),
            (Value::Array(_) | Value::Object(_), _) => {
                let limit = weight(left, MAXIMUM_SIZE);
                limit.min(weight(right, limit))
            }
            _ => 0,
        };
        self.spend(size as u64 / 16)
    }

    fn order(&mut self, left: &'e Expr, right: &'e Expr) -> Result<Ordering, EvalError> {
        let left_value = self.eval(left)?;
        let right_value = self.eval(right)?;
        match (&*left_value, &*right_value) {
            (Value::Number(left_number), Value::Number(right_number)) => {
                compare_numbers(left_number, right_number)
                    .ok_or_else(|| bad(left, "the number is out of range"))
            }
            (Value::String(left_text), Value::String(right_text)) => {
                self.spend(left_text.len().min(right_text.len()) as u64 / 16)?;
                Ok(left_text.cmp(right_text))
            }
            (Value::Number(_), other) => Err(wrong(right, "a number", other)),
            (Value::String(_), other) => Err(wrong(right, "a text", other)),
            (other, _) => Err(wrong(left, "a number or a text", other)),
        }
    }

    fn is_in(&mut self, left: &'e Expr, right: &'e Expr) -> Outcome<'e> {
        let element = self.eval(left)?;
        let whole = self.eval(right)?;
        match &*whole {
            Value::Null => truth(false),
            Value::Array(items) => {
                for item in items {
                    self.spend(1)?;
                    self.pay_for_comparing(&element, item)?;
                    if equal(&element, item) {
                        return truth(true);
                    }
                }
                truth(false)
            }
            Value::Object(fields) => truth(element.as_str().is_some_and(|key| fields.contains_key(key))),
            Value::String(text) => match &*element {
                Value::String(part) => {
                    self.spend(text.len() as u64 / 16)?;
                    truth(text.contains(part.as_str()))
                }
                other => Err(wrong(left, "a text", other)),
            },
            other => Err(wrong(right, "a list, a record or a text", other)),
        }
    }

    /// What is no text is not found anywhere in it: a site's answer may have anything in the field.
    fn matching(&mut self, left: &'e Expr, right: &'e Expr) -> Outcome<'e> {
        let value = self.eval(left)?;
        let regex = self.regex(right)?;
        match text_of(left, &value) {
            Ok(text) => {
                self.spend(text.len() as u64 / 8)?;
                truth(regex.is_match(&text))
            }
            Err(_) => truth(false),
        }
    }

    pub(super) fn regex(&mut self, expr: &'e Expr) -> Result<regex::Regex, EvalError> {
        let value = self.eval(expr)?;
        let Value::String(text) = &*value else {
            return Err(wrong(expr, "a regular expression", &value));
        };
        pattern::compiled(text).map_err(|why| EvalError::BadCall { what: expr.to_string(), why })
    }

    fn joined(&mut self, left: &'e Expr, right: &'e Expr) -> Outcome<'e> {
        let left_value = self.eval(left)?;
        let right_value = self.eval(right)?;
        match (&*left_value, &*right_value) {
            (Value::String(left_text), Value::String(right_text)) => {
                self.produce(left_text.len() + right_text.len())?;
                Ok(Cow::Owned(Value::String(format!("{left_text}{right_text}"))))
            }
            (Value::Array(_), Value::Array(_)) => self.appended(left_value, right_value),
            (Value::Object(_), Value::Object(_)) => self.merge(left, right),
            (Value::String(_), other) => Err(wrong(right, "a text", other)),
            (Value::Array(_), other) => Err(wrong(right, "a list", other)),
            (Value::Object(_), other) => Err(wrong(right, "a record", other)),
            (other, _) => Err(wrong(left, "a text, a list or a record", other)),
        }
    }

    /// Two lists, one after the other.
    pub(super) fn appended(&mut self, left: Cow<'e, Value>, right: Cow<'e, Value>) -> Outcome<'e> {
        let (Value::Array(mut list), Value::Array(rest)) = (self.owned(left)?, self.owned(right)?) else {
            unreachable!("both were seen to be lists");
        };
        list.extend(rest);
        Ok(Cow::Owned(Value::Array(list)))
    }

    fn arithmetic(&mut self, whole: &Expr, op: BinaryOp, left: &'e Expr, right: &'e Expr) -> Outcome<'e> {
        let left_value = self.eval(left)?;
        let Value::Number(left_number) = &*left_value else {
            return Err(wrong(left, "a number", &left_value));
        };
        let right_value = self.eval(right)?;
        let Value::Number(right_number) = &*right_value else {
            return Err(wrong(right, "a number", &right_value));
        };
        if let (BinaryOp::Divide, Some(0.0)) = (op, right_number.as_f64()) {
            return Err(bad(whole, "division by zero"));
        }
        let exact = match (integer(left_number), integer(right_number)) {
            (Some(left), Some(right)) => match op {
                BinaryOp::Add => left.checked_add(right),
                BinaryOp::Subtract => left.checked_sub(right),
                BinaryOp::Multiply => left.checked_mul(right),
                BinaryOp::Divide if left % right == 0 => Some(left / right),
                _ => None,
            },
            _ => None,
        };
        if let Some(integer) = exact {
            return from_integer(integer)
                .map(|number| Cow::Owned(Value::Number(number)))
                .ok_or_else(|| bad(whole, "the number is out of range"));
        }
        let (left, right) =
            (left_number.as_f64().unwrap_or(f64::NAN), right_number.as_f64().unwrap_or(f64::NAN));
        let float = match op {
            BinaryOp::Add => left + right,
            BinaryOp::Subtract => left - right,
            BinaryOp::Multiply => left * right,
            _ => left / right,
        };
        Number::from_f64(float)
            .map(|number| Cow::Owned(Value::Number(number)))
            .ok_or_else(|| bad(whole, "the number is out of range"))
    }
}

fn truth<'e>(truth: bool) -> Outcome<'e> {
    Ok(Cow::Owned(Value::Bool(truth)))
}

fn bad(expr: &Expr, why: &str) -> EvalError {
    EvalError::BadCall { what: expr.to_string(), why: why.to_owned() }
}
