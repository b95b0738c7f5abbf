//! Texts and native words, written so that they are read back as they are.

use super::{
    Formatter,
    doc::{Doc, concat, hard_line, join, text, verbatim},
};
use crate::{
    ast::{Native, Text, TextPart, TextStyle},
    escape::escape_into,
    lex::{is_shell_word, starts_scope_flag},
};

impl Formatter<'_> {
    /// A text in the place of a value or key.
    pub(super) fn text(&mut self, value: &Text) -> Doc {
        match value.style {
            TextStyle::Word => match value.literal() {
                Some(chars) if is_word(&chars) => text(chars),
                _ => self.quoted(value),
            },
            TextStyle::Raw => match value.literal() {
                Some(chars) => verbatim(raw(&chars)),
                None => self.quoted(value),
            },
            TextStyle::Block => self.block(value),
            TextStyle::Quoted | TextStyle::Single => self.quoted(value),
        }
    }

    /// `"…"`
    pub(super) fn quoted(&mut self, value: &Text) -> Doc {
        let mut out = String::from("\"");
        for part in &value.parts {
            match part {
                TextPart::Chars(chars) => escape_into(&mut out, chars),
                TextPart::Interpolation(expr) => out.push_str(&self.interpolated(expr)),
            }
        }
        out.push('"');
        text(out)
    }

    /// `${expr}`, always on one line.
    fn interpolated(&mut self, expr: &crate::ast::Expr) -> String {
        let was_flat = std::mem::replace(&mut self.is_flat, true);
        let inner = self.expr(expr).print_flat();
        self.is_flat = was_flat;
        format!("${{{inner}}}")
    }

    /// `"""…"""`: its lines at the indentation of the place, the closing quotes on a line of their own if the text ends
    /// with a line end.
    fn block(&mut self, value: &Text) -> Doc {
        let ends_line = matches!(value.parts.last(), Some(TextPart::Chars(chars)) if chars.ends_with('\n'));
        let is_empty = value.parts.is_empty();
        let mut lines: Vec<String> = vec![String::new()];
        for part in &value.parts {
            match part {
                TextPart::Interpolation(expr) => {
                    let shown = self.interpolated(expr);
                    lines.last_mut().expect("there is a line").push_str(&shown);
                }
                TextPart::Chars(chars) => {
                    for (index, chars) in chars.split('\n').enumerate() {
                        if index > 0 {
                            lines.push(String::new());
                        }
                        escape_block_line(lines.last_mut().expect("there is a line"), chars);
                    }
                }
            }
        }
        // Without a last line of its own nothing shows how far the text is indented.
        let keeps_indentation = ends_line || is_empty;
        for line in &mut lines {
            let blank = line.chars().next().filter(|first| matches!(first, ' ' | '\t'));
            // Blanks at the end of a line, and of a line of blanks, would be lost.
            if let Some(blank) = blank
                && (!keeps_indentation || line.trim().is_empty())
            {
                let escape = if blank == '\t' { "\\t" } else { "\\u{20}" };
                line.replace_range(..1, escape);
            }
            if line.ends_with(' ') {
                line.pop();
                line.push_str("\\u{20}");
            }
        }
        let lines = lines.into_iter().map(text);
        concat([text("\"\"\""), hard_line(), join(lines, &hard_line()), text("\"\"\"")])
    }

    /// `$ word … --scope { … }`
    pub(super) fn native(&mut self, native: &Native) -> Doc {
        let mut words = vec![text("$")];
        for (index, word) in native.words.iter().enumerate() {
            let before_brace = native.words.get(index + 1).is_some_and(|next| {
                matches!(next.parts.first(), Some(TextPart::Chars(chars)) if chars.trim_start().starts_with('{'))
            });
            words.push(self.native_word(word, before_brace));
        }
        if let Some(scope) = &native.scope {
            words.push(concat([text("--scope "), self.scope(scope)]));
        }
        join(words, &text(" "))
    }

    fn native_word(&mut self, word: &Text, before_brace: bool) -> Doc {
        match (word.style, word.literal()) {
            (TextStyle::Single, Some(chars)) if !chars.contains(['\'', '\n']) => text(format!("'{chars}'")),
            (TextStyle::Word, _) => self.bare_word(word, before_brace),
            _ => self.quoted(word),
        }
    }

    fn bare_word(&mut self, word: &Text, before_brace: bool) -> Doc {
        let literal = word.literal();
        let needs_quotes = literal.as_deref() == Some("")
            || word
                .parts
                .iter()
                .any(|part| matches!(part, TextPart::Chars(chars) if chars.contains(['\n', '\r', '\0'])));
        if needs_quotes {
            // Two quoted pieces are a bare word that happens to have quotes.
            return concat([self.quoted(word), text("''")]);
        }
        let mut out = String::new();
        let is_special = literal.as_deref().is_some_and(|chars| {
            is_shell_word(chars)
                || starts_scope_flag(chars, before_brace)
                || chars.starts_with("//")
                || chars.starts_with('}')
        });
        if is_special {
            out.push('\\');
        }
        for part in &word.parts {
            match part {
                TextPart::Interpolation(expr) => out.push_str(&self.interpolated(expr)),
                TextPart::Chars(chars) => {
                    let mut rest = chars.chars().peekable();
                    while let Some(character) = rest.next() {
                        let is_hole = character == '$' && rest.peek() == Some(&'{');
                        if matches!(character, ' ' | '\t' | '\u{c}' | '\'' | '"' | '\\') || is_hole {
                            out.push('\\');
                        }
                        out.push(character);
                    }
                }
            }
        }
        text(out)
    }
}

/// A line of a block: `"""`, `${` and `\` are escaped, and what is invisible.
fn escape_block_line(out: &mut String, chars: &str) {
    let mut escaped = String::new();
    let is_plain = !chars.contains("\"\"") && !chars.ends_with('"');
    for character in chars.chars() {
        match character {
            '"' if is_plain => escaped.push('"'),
            '\t' => escaped.push('\t'),
            _ => {
                let mut one = String::new();
                escape_into(&mut one, character.encode_utf8(&mut [0; 4]));
                escaped.push_str(&one);
            }
        }
    }
    out.push_str(&escaped.replace("${", "\\${"));
}

/// `r"…"`, with as many `#` as are needed.
fn raw(chars: &str) -> String {
    let mut hashes = String::new();
    if chars.contains('"') {
        hashes.push('#');
        while chars.contains(&format!("\"{hashes}")) {
            hashes.push('#');
        }
    }
    format!("r{hashes}\"{chars}\"{hashes}")
}

/// Whether this is one word of the language.
pub(super) fn is_word(chars: &str) -> bool {
    crate::lex::is_word(chars)
}
