//! Texts and native words, written so that they are read back as they are.

use super::{
    Formatter,
    doc::{
        Doc, WIDTH, break_around, broken_only, concat, group, hard_line, join, line, nest, text, verbatim,
    },
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
        for (place, part) in value.parts.iter().enumerate() {
            let is_last = place + 1 == value.parts.len();
            match part {
                TextPart::Interpolation(expr) => {
                    let shown = self.interpolated(expr);
                    lines.last_mut().expect("there is a line").push_str(&shown);
                }
                TextPart::Chars(chars) => {
                    let mut pieces = chars.split('\n').peekable();
                    while let Some(piece) = pieces.next() {
                        let is_end = is_last && pieces.peek().is_none();
                        escape_block_line(lines.last_mut().expect("there is a line"), piece, is_end);
                        if pieces.peek().is_some() {
                            lines.push(String::new());
                        }
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

    /// `$ word … --scope { … }`; too long for a line, or written so, with each option on a line of its own.
    pub(super) fn native(&mut self, native: &Native) -> Doc {
        let mut first = vec![text("$")];
        let mut options: Vec<Vec<Doc>> = vec![];
        for (index, word) in native.words.iter().enumerate() {
            let before_brace = native.words.get(index + 1).is_some_and(|next| {
                matches!(next.parts.first(), Some(TextPart::Chars(chars)) if chars.trim_start().starts_with('{'))
            });
            let doc = self.native_word(word, before_brace);
            match options.last_mut() {
                _ if is_option(word) => options.push(vec![doc]),
                Some(option) => option.push(doc),
                None => first.push(doc),
            }
        }
        if let Some(scope) = &native.scope {
            options.push(vec![text("--scope"), self.scope(scope)]);
        }
        let blank = text(" ");
        let first = join(first, &blank);
        let options: Vec<Doc> = options.into_iter().map(|words| join(words, &blank)).collect();
        let words_end = native.scope.as_ref().map_or(native.span.end, |scope| scope.span.start);
        let is_broken = self.is_continued((native.span.start, words_end));
        // A scope over several lines breaks nothing before it, as long as its first line has room.
        let is_open = options.last().is_some_and(Doc::is_hard);
        if is_open && !is_broken {
            let width = |docs: &[Doc]| docs.iter().map(|doc| doc.flat_width(WIDTH) + 1).sum::<usize>();
            let shown = first.flat_width(WIDTH) + width(&options[..options.len() - 1]) + " --scope {".len();
            if shown <= WIDTH {
                return concat([first, blank.clone(), join(options, &blank)]);
            }
        }
        let options = options.into_iter().map(|option| concat([broken_only(" \\"), line(), option]));
        let options = nest(concat(options));
        group(concat([first, options].into_iter().chain(is_broken.then(break_around))))
    }

    /// Whether a line of a command goes on behind a `\` there.
    fn is_continued(&self, (start, end): (u32, u32)) -> bool {
        let written = self.source.get(start as usize..end as usize).unwrap_or_default();
        !self.is_flat && written.lines().rev().skip(1).any(|line| line.ends_with('\\'))
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

/// A piece of a line of a block: `${`, `\` and what is invisible are escaped, and quotes that would end the text: three in a
/// row, or the last ones of all (`is_end`).
fn escape_block_line(out: &mut String, chars: &str, is_end: bool) {
    let mut rest = chars;
    while let Some(quote) = rest.find('"') {
        escape_plain(out, &rest[..quote]);
        let behind = rest[quote..].trim_start_matches('"');
        let n_quotes = rest.len() - quote - behind.len();
        let n_before = out.len() - out.trim_end_matches('"').len();
        let is_escaped = n_before + n_quotes > 2 || is_end && behind.is_empty();
        out.push_str(&(if is_escaped { "\\\"" } else { "\"" }).repeat(n_quotes));
        rest = behind;
    }
    escape_plain(out, rest);
}

/// The same for what has no quote in it.
fn escape_plain(out: &mut String, chars: &str) {
    for (index, part) in chars.split('\t').enumerate() {
        out.push_str(if index > 0 { "\t" } else { "" });
        escape_into(out, part);
    }
}

/// `--flavor`, `-f`: with its value it may stand on a line of its own.
fn is_option(word: &Text) -> bool {
    let first = word.parts.first();
    word.style == TextStyle::Word && matches!(first, Some(TextPart::Chars(chars)) if chars.starts_with('-'))
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
