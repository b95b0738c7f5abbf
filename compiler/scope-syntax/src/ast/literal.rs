//! Numbers with their units and texts with their holes: `50ms`, `"server ${name}"`.

use scope_diagnostics::Span;
use serde::Serialize;

use super::Expr;

/// A number word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Number {
    /// As written.
    pub text: String,
    /// What it is.
    pub value: NumberValue,
}

/// The value of a number word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum NumberValue {
    /// `12`
    Int(i64),
    /// `1.5`, `1e-5`
    Float(f64),
    /// `50ms`, `2GiB`, `1Gbps`, `25%`: the number and the unit as written (`%` for a percentage). The parser accepts
    /// only the units of [`crate::units`].
    Quantity(f64, String),
}

/// A text: quoted, in a block, raw, or a native word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Text {
    /// Its parts in order; an empty text has none.
    pub parts: Vec<TextPart>,
    /// How it was written.
    pub style: TextStyle,
    /// Its place, quotes included.
    pub span: Span,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum TextPart {
    /// Characters, escapes resolved.
    Chars(String),
    /// `${expr}`
    Interpolation(Expr),
}

/// How a text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TextStyle {
    /// A bare word (a key, a name, a native word).
    Word,
    /// `"…"`
    Quoted,
    /// `'…'` (native words only)
    Single,
    /// `"""…"""`
    Block,
    /// `r"…"`, `r#"…"#`
    Raw,
}

impl Text {
    /// The characters, when no part is an interpolation.
    pub fn literal(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                TextPart::Chars(chars) => text.push_str(chars),
                TextPart::Interpolation(_) => return None,
            }
        }
        Some(text)
    }
}
