//! Expressions as text for people, in the language's own words; used in messages and in the plan's text form.
//!
//! `Field(Name("image"), "id")` → `image.id`; a step's output → `#3.id`; a secret → `secret("NANTES_PASSWORD")`.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::{BinaryOp, Builtin, Expr, Generator, SecretSource, UnaryOp};
use crate::plan::StepId;

/// Text is cut after about so many characters, and depth after so many levels.
const LONGEST: usize = 400;
const DEEPEST: usize = 24;

impl Display for Expr {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_text(&|step| format!("#{}", step.0)))
    }
}

impl Expr {
    /// The text, with a step named by `step_name`; cut with `…` where it gets long.
    pub fn to_text(&self, step_name: &dyn Fn(StepId) -> String) -> String {
        let mut writer = Writer { text: String::new(), step_name };
        writer.expr(self, 0);
        writer.text
    }
}

struct Writer<'a> {
    text: String,
    step_name: &'a dyn Fn(StepId) -> String,
}

impl Writer<'_> {
    fn expr(&mut self, expr: &Expr, depth: usize) {
        if self.text.len() > LONGEST || depth > DEEPEST {
            if !self.text.ends_with('…') {
                self.text.push('…');
            }
            return;
        }
        let next = depth + 1;
        match expr {
            Expr::Value(value) => self.value(value),
            Expr::Name(name) => self.text.push_str(name),
            Expr::Step { step, path } => {
                let name = (self.step_name)(*step);
                self.text.push_str(&name);
                path.iter().for_each(|field| self.field(field));
            }
            Expr::Secret(source) => self.text.push_str(&source.to_string()),
            Expr::File(file) => {
                self.text.push_str("file(");
                self.value(&Value::String(file.path.clone()));
                self.text.push(')');
            }
            Expr::Concat(parts) => {
                self.text.push('"');
                for part in parts {
                    if let Expr::Value(Value::String(text)) = part {
                        self.escaped(text);
                    } else {
                        self.text.push_str("${");
                        self.expr(part, next);
                        self.text.push('}');
                    }
                }
                self.text.push('"');
            }
            Expr::Record(fields) => {
                self.text.push('{');
                for (position, (key, value)) in fields.iter().enumerate() {
                    self.text.push_str(if position == 0 { " " } else { ", " });
                    self.key(key);
                    self.text.push_str(": ");
                    self.expr(value, next);
                }
                self.text.push_str(if fields.is_empty() { "}" } else { " }" });
            }
            Expr::List(items) => {
                self.text.push('[');
                self.list(items, next);
                self.text.push(']');
            }
            Expr::Field(base, field) => {
                self.operand(base, next);
                self.field(field);
            }
            Expr::Index(base, index) => {
                self.operand(base, next);
                self.text.push('[');
                self.expr(index, next);
                self.text.push(']');
            }
            Expr::Call(builtin, arguments) => {
                self.text.push_str(builtin.name());
                self.text.push('(');
                self.list(arguments, next);
                self.text.push(')');
            }
            Expr::Unary(op, operand) => {
                self.text.push_str(match op {
                    UnaryOp::Negate => "-",
                    UnaryOp::Not => "not ",
                });
                self.operand(operand, next);
            }
            Expr::Binary(op, left, right) => {
                self.operand(left, next);
                self.text.push(' ');
                self.text.push_str(op.symbol());
                self.text.push(' ');
                self.operand(right, next);
            }
            Expr::If(condition, then, otherwise) => {
                self.text.push_str("if ");
                self.expr(condition, next);
                self.text.push_str(" then ");
                self.expr(then, next);
                self.text.push_str(" else ");
                self.expr(otherwise, next);
            }
            Expr::ListFor(generator, value) => {
                self.text.push('[');
                self.generator(generator, next);
                self.expr(value, next);
                self.text.push(']');
            }
            // It is what it is held to be.
            Expr::Bounded(bounded) => self.expr(&bounded.value, depth),
            Expr::MapFor(generator, key, value) => {
                self.text.push_str("{ ");
                self.generator(generator, next);
                self.expr(key, next);
                self.text.push_str(": ");
                self.expr(value, next);
                self.text.push_str(" }");
            }
        }
    }

    fn generator(&mut self, generator: &Generator, depth: usize) {
        self.text.push_str("for ");
        self.text.push_str(&generator.name);
        if let Some(second) = &generator.second {
            self.text.push_str(", ");
            self.text.push_str(second);
        }
        self.text.push_str(" in ");
        self.expr(&generator.source, depth);
        if let Some(condition) = &generator.condition {
            self.text.push_str(" if ");
            self.expr(condition, depth);
        }
        self.text.push_str(" => ");
    }

    fn operand(&mut self, expr: &Expr, depth: usize) {
        let is_compound = matches!(expr, Expr::Binary(..) | Expr::Unary(..) | Expr::If(..));
        if is_compound {
            self.text.push('(');
        }
        self.expr(expr, depth);
        if is_compound {
            self.text.push(')');
        }
    }

    fn list(&mut self, items: &[Expr], depth: usize) {
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.text.push_str(", ");
            }
            self.expr(item, depth);
        }
    }

    fn field(&mut self, field: &str) {
        self.text.push('.');
        self.key(field);
    }

    fn key(&mut self, key: &str) {
        if is_word(key) { self.text.push_str(key) } else { self.value(&Value::String(key.to_owned())) }
    }

    fn value(&mut self, value: &Value) {
        let text = value.to_string();
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => {
                self.text.push_str(&text[..end]);
                self.text.push('…');
            }
            None => self.text.push_str(&text),
        }
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars().take(LONGEST) {
            match character {
                '"' | '\\' => self.text.extend(['\\', character]),
                '\n' => self.text.push_str("\\n"),
                '\t' => self.text.push_str("\\t"),
                other if other.is_control() => self.text.extend(other.escape_unicode()),
                other => self.text.push(other),
            }
        }
    }
}

fn is_word(key: &str) -> bool {
    key.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && key.chars().all(|character| character.is_alphanumeric() || character == '_' || character == '-')
}

impl Display for SecretSource {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(variable) => write!(formatter, "secret({variable:?})"),
            // Which step it is of is another matter of another plan.
            SecretSource::File(path) | SecretSource::Kept { file: path, .. } => {
                write!(formatter, "secret(file: {path:?})")
            }
            SecretSource::Command(words) => write!(formatter, "secret(command: {words:?})"),
            SecretSource::Config { file, keys } => {
                write!(formatter, "secret({:?} of {file:?})", keys.join("."))
            }
        }
    }
}

impl Builtin {
    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Builtin::Json => "json",
            Builtin::ToJson => "to_json",
            Builtin::First => "first",
            Builtin::Length => "length",
            Builtin::Lower => "lower",
            Builtin::Upper => "upper",
            Builtin::Trim => "trim",
            Builtin::Join => "join",
            Builtin::Split => "split",
            Builtin::Keys => "keys",
            Builtin::Values => "values",
            Builtin::Has => "has",
            Builtin::Text => "text",
            Builtin::Int => "int",
            Builtin::Base64 => "base64",
            Builtin::Url => "url",
            Builtin::Merge => "merge",
            Builtin::Without => "without",
            Builtin::ConcatLists => "concat",
            Builtin::Distinct => "distinct",
            Builtin::Sort => "sort",
            Builtin::Range => "range",
            Builtin::Sum => "sum",
            Builtin::Min => "min",
            Builtin::Max => "max",
            Builtin::Div => "div",
            Builtin::Mod => "mod",
            Builtin::Size => "size",
            Builtin::Rate => "rate",
            Builtin::Duration => "duration",
            Builtin::Round => "round",
            Builtin::DurationText => "duration_text",
            Builtin::SizeText => "size_text",
            Builtin::RateText => "rate_text",
            Builtin::Replace => "replace",
            Builtin::Capture => "capture",
        }
    }

    /// Every one.
    pub const ALL: [Builtin; 36] = [
        Builtin::Json,
        Builtin::ToJson,
        Builtin::First,
        Builtin::Length,
        Builtin::Lower,
        Builtin::Upper,
        Builtin::Trim,
        Builtin::Join,
        Builtin::Split,
        Builtin::Keys,
        Builtin::Values,
        Builtin::Has,
        Builtin::Text,
        Builtin::Int,
        Builtin::Base64,
        Builtin::Url,
        Builtin::Merge,
        Builtin::Without,
        Builtin::ConcatLists,
        Builtin::Distinct,
        Builtin::Sort,
        Builtin::Range,
        Builtin::Sum,
        Builtin::Min,
        Builtin::Max,
        Builtin::Div,
        Builtin::Mod,
        Builtin::Size,
        Builtin::Rate,
        Builtin::Duration,
        Builtin::Round,
        Builtin::DurationText,
        Builtin::SizeText,
        Builtin::RateText,
        Builtin::Replace,
        Builtin::Capture,
    ];

    /// How many arguments it takes: from, to (both included); `None`: any number more.
    pub fn arity(self) -> (usize, Option<usize>) {
        match self {
            Builtin::Json
            | Builtin::ToJson
            | Builtin::First
            | Builtin::Length
            | Builtin::Lower
            | Builtin::Upper
            | Builtin::Trim
            | Builtin::Keys
            | Builtin::Values
            | Builtin::Text
            | Builtin::Int
            | Builtin::Base64
            | Builtin::Url
            | Builtin::Distinct
            | Builtin::Sort
            | Builtin::Range
            | Builtin::Sum
            | Builtin::Min
            | Builtin::Max
            | Builtin::Size
            | Builtin::Rate
            | Builtin::Duration
            | Builtin::Round
            | Builtin::DurationText
            | Builtin::SizeText
            | Builtin::RateText => (1, Some(1)),
            Builtin::Join
            | Builtin::Split
            | Builtin::Has
            | Builtin::Merge
            | Builtin::Without
            | Builtin::Div
            | Builtin::Mod
            | Builtin::Capture => (2, Some(2)),
            Builtin::Replace => (3, Some(3)),
            Builtin::ConcatLists => (0, None),
        }
    }
}

impl BinaryOp {
    /// Whether it compares: its result is true or false.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::{Equal, Greater, GreaterEqual, In, Less, LessEqual, Matching, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In | Matching)
    }

    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Concat => "++",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::Default => "??",
            BinaryOp::In => "in",
            BinaryOp::Matching => "matching",
        }
    }
}
