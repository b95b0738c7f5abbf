//! What is said of a value that a function of the language does not take: `mod(1, 0)`, `int("many")`, `min([])`.

use scope_diagnostics::Span;

use super::arithmetic::is_zero;
use super::waiting::takes;
use crate::context::Context;
use crate::functions::Function;
use crate::hir::{SiteId, Value};

impl Context<'_> {
    /// Reports the first of some known values that is not what the function takes there.
    pub(super) fn refused(
        &self,
        function: &Function,
        values: &[Value],
        spans: &[Span],
        here: Option<SiteId>,
    ) -> Value {
        if let ("div" | "mod", [Value::Int(_), divisor]) = (function.name, values)
            && is_zero(divisor)
        {
            return self.division_by_zero(spans[1]);
        }
        let of_another_kind = values.iter().enumerate().find_map(|(position, value)| {
            let (kinds, expected) = takes(function.name, position)?;
            (!kinds.contains(&self.kind(value, here))).then_some((position, expected))
        });
        let (position, expected) = of_another_kind.unwrap_or_else(|| among(function.name, values));
        let help = match (function.name, &values[position]) {
            ("json", Value::Text(text)) => comma_too_many(text),
            _ => None,
        };
        let help = help.unwrap_or_else(|| format!("`{}`: {}", function.written, function.words));
        self.mismatch_with(expected, &values[position], spans[position], &help);
        Value::Error
    }
}

/// What to do about JSON that has a comma behind its last entry, as many languages do.
fn comma_too_many(text: &str) -> Option<String> {
    let error = serde_json::from_str::<serde_json::Value>(text).err()?;
    error.to_string().starts_with("trailing comma").then(|| {
        let (line, column) = (error.line(), error.column());
        format!("remove the comma before line {line}, column {column}: JSON has none behind the last entry")
    })
}

/// Where all are of the right kinds: which of them is refused, and what would be taken of its kind.
fn among(function: &str, values: &[Value]) -> (usize, &'static str) {
    match (function, values) {
        ("split" | "replace", _) => (1, "a text that is not empty"),
        ("int", _) => (0, "a whole number, or a text that is one"),
        ("json", _) => (0, "a text that is JSON"),
        ("range", _) => (0, "a whole number from 0 to 1000000"),
        ("min" | "max", [Value::List(list)]) if list.is_empty() => (0, "a list that is not empty"),
        ("min" | "max" | "sum", _) => (0, "a list of numbers, or of amounts of one kind"),
        ("sort", _) => (0, "a list of numbers, of amounts of one kind, or of texts"),
        ("join", _) => (0, "a list of what can stand in a text"),
        ("to_json", _) => (0, "what can be written as JSON"),
        _ => (0, "what can be written as text"),
    }
}
