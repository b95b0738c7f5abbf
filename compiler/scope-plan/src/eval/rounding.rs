//! Amounts as exact as the language has them: bytes and bits are whole and not below 0, durations whole nanoseconds.
//!
//! `size(10.5)` → 11, `duration(0.1 + 0.2)` → 0.3, `duration_text(90)` → `90s`.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::value::{from_integer, integer};
use super::{EvalError, Evaluator, Outcome, wrong};
use crate::expr::Expr;

pub(super) const NANOSECONDS: i128 = 1_000_000_000;

/// How 0 is written, and the units, the largest first: those of the language, which the plan does not know. That both write the
/// same is tested where both are seen, in the lowering of values.
type Units = (&'static str, &'static [(i128, &'static str)]);

pub(super) const DURATIONS: Units = (
    "0s",
    &[
        (86_400 * NANOSECONDS, "d"),
        (3_600 * NANOSECONDS, "h"),
        (60 * NANOSECONDS, "min"),
        (NANOSECONDS, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ],
);
pub(super) const SIZES: Units = (
    "0B",
    &[
        (1 << 40, "TiB"),
        (1_000_000_000_000, "TB"),
        (1 << 30, "GiB"),
        (1_000_000_000, "GB"),
        (1 << 20, "MiB"),
        (1_000_000, "MB"),
        (1 << 10, "KiB"),
        (1_000, "kB"),
        (1, "B"),
    ],
);
pub(super) const RATES: Units =
    ("0bps", &[(1_000_000_000, "Gbps"), (1_000_000, "Mbps"), (1_000, "kbps"), (1, "bps")]);

impl<'e> Evaluator<'e> {
    pub(super) fn amount(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let amount = self.scaled(whole, argument, 1)?;
        if amount < 0 {
            return Err(bad(whole, "an amount is not below 0"));
        }
        number(whole, from_integer(amount))
    }

    pub(super) fn round(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let rounded = self.scaled(whole, argument, 1)?;
        number(whole, from_integer(rounded))
    }

    pub(super) fn duration(&mut self, whole: &Expr, argument: &'e Expr) -> Outcome<'e> {
        let nanoseconds = self.scaled(whole, argument, NANOSECONDS)?;
        number(
            whole,
            match nanoseconds % NANOSECONDS {
                0 => from_integer(nanoseconds / NANOSECONDS),
                _ => Number::from_f64(nanoseconds as f64 / NANOSECONDS as f64),
            },
        )
    }

    /// A number times `factor` in the largest of these units of which it is a whole number; 0 in the `0` that they begin with.
    pub(super) fn amount_text(
        &mut self,
        whole: &Expr,
        argument: &'e Expr,
        factor: i128,
        (zero, units): Units,
    ) -> Outcome<'e> {
        let amount = self.scaled(whole, argument, factor)?;
        let unit = units.iter().find(|(factor, _)| amount != 0 && amount % factor == 0);
        self.text(match unit {
            Some((factor, unit)) => format!("{}{unit}", amount / factor),
            None => zero.to_owned(),
        })
    }

    /// A number times `factor`, as the nearest whole number.
    fn scaled(&mut self, whole: &Expr, argument: &'e Expr, factor: i128) -> Result<i128, EvalError> {
        let value = self.eval(argument)?;
        let Value::Number(number) = &*value else { return Err(wrong(argument, "a number", &value)) };
        let scaled = match integer(number) {
            Some(integer) => integer.checked_mul(factor),
            None => number.as_f64().map(|float| (float * factor as f64).round() as i128),
        };
        // Beyond, the text of a float is no longer the number it stands for.
        scaled.filter(|scaled| scaled.unsigned_abs() < 1 << 100).ok_or_else(|| out_of_range(whole))
    }
}

fn number<'e>(whole: &Expr, number: Option<Number>) -> Outcome<'e> {
    number.map(|number| Cow::Owned(Value::Number(number))).ok_or_else(|| out_of_range(whole))
}

fn out_of_range(expr: &Expr) -> EvalError {
    bad(expr, "the number is out of range")
}

fn bad(expr: &Expr, why: &str) -> EvalError {
    EvalError::BadCall { what: expr.to_string(), why: why.to_owned() }
}
