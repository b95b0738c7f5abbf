//! Characters that start nothing, and texts and comments as other languages write them.
//!
//! `“a”` is read as `"a"`, with one report and a fix.

use super::Lexer;
use crate::token::Kind;
use scope_diagnostics::{Diagnostic, Edit, codes};

impl<'s> Lexer<'s> {
    pub(super) fn unknown(&mut self, start: usize, slice: &'s str) {
        if let Some(last) = self.lexed.tokens.last_mut()
            && last.kind == Kind::Bad
            && last.end() as usize == start
        {
            last.text = &self.text[last.start as usize..start + slice.len()];
            return;
        }
        let span = self.span(start, start + slice.len());
        let character = slice.chars().next().unwrap_or('\u{FFFD}');
        let report = match character {
            '“' | '”' | '„' | '«' | '»' => {
                Diagnostic::new(codes::E0006, span, format!("`{character}` is no quote of the language"))
                    .help("write `\"`")
                    .fix("write `\"`", vec![Edit::new(span, "\"")])
            }
            '‘' | '’' | '`' => {
                Diagnostic::new(codes::E0006, span, format!("'{character}' starts nothing"))
                    .help("texts stand between `\"`")
            }
            '#' => Diagnostic::new(codes::E0006, span, "`#` starts nothing").help("comments start with `//`"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => {
                let code = character as u32;
                Diagnostic::new(
                    codes::E0006,
                    span,
                    format!("the invisible character U+{code:04X} starts nothing"),
                )
                .help("remove it")
                .fix("remove it", vec![Edit::new(span, "")])
            }
            _ => Diagnostic::new(codes::E0006, span, format!("`{character}` starts nothing"))
                .help("if it belongs to a text, put the text between `\"`"),
        };
        self.lexed.diagnostics.push(report);
        self.push(Kind::Bad, start, slice);
    }

    /// `/* … */`: left out, and one report.
    pub(super) fn foreign_comment(&mut self, start: usize, slice: &'s str) {
        let end = start + slice.len();
        let report = Diagnostic::new(codes::E0006, self.span(start, start + 2), "`/*` starts nothing")
            .help("comments start with `//`, and end with their line");
        let before = self.text[..start].rsplit('\n').next().unwrap_or_default();
        let after = self.text[end..].split('\n').next().unwrap_or_default();
        let is_alone = before.trim().is_empty() && after.trim().is_empty();
        let lines = slice.trim_start_matches("/*").trim_end_matches("*/").lines();
        let lines =
            lines.map(|line| line.trim().trim_start_matches('*').trim()).filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.map(|line| format!("{before}// {line}")).collect();
        self.lexed.diagnostics.push(match is_alone && !lines.is_empty() {
            true => {
                let lines = lines.join("\n").trim_start().to_owned();
                report.fix("write `//`", vec![Edit::new(self.span(start, end), lines)])
            }
            false => report,
        });
    }

    /// `'…'`, `“…”` or `` `…` `` on one line: a text, and one report.
    pub(super) fn foreign_text(&mut self, start: usize, slice: &'s str) {
        let quote = slice.chars().next().unwrap_or('\'');
        let closing = if quote == '“' { '”' } else { quote };
        let inner = &slice[quote.len_utf8()..slice.len() - closing.len_utf8()];
        let span = self.span(start, start + slice.len());
        let shown = if quote == '`' { "a backtick" } else { &format!("`{quote}`") };
        let report = Diagnostic::new(codes::E0006, span, format!("a text stands between `\"`, not {shown}"));
        let report = if inner.contains(['"', '\\', '$']) {
            report.help("write `\"`, with `\\` before each `\"` inside")
        } else {
            let title = format!("write `\"{inner}\"`");
            report.help(title.clone()).fix(title, vec![Edit::new(span, format!("\"{inner}\""))])
        };
        self.lexed.diagnostics.push(report);
        self.push(Kind::Raw, start, slice);
    }
}
