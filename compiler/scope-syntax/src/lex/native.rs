//! Native commands: words, quotes, `${}`, and the scope behind a scope flag.
//!
//! `x --scope '{"a": "b"}' --long` is the word `x`, a flag with a scope in the language proper, the word `--long`.

use super::modes::InNative;
use super::{Brackets, Frame, Lexer, TextFrame};
use crate::token::Kind;
use logos::Logos;
use scope_diagnostics::{Diagnostic, codes};

const SCOPE_FLAGS: &[&str] = &["--scope", "--os-scope", "--oid-scope"];

/// If a scope flag with a scope starts here: the lengths of the flag and of all before `{`, and the quote.
pub(super) fn scope_flag(rest: &str) -> Option<(usize, usize, Option<char>)> {
    let flag = SCOPE_FLAGS.iter().find(|flag| rest.starts_with(**flag))?;
    let after = &rest[flag.len()..];
    let separated = after.starts_with(['=', ' ', '\t']);
    let value = after.strip_prefix('=').unwrap_or(after).trim_start_matches([' ', '\t']);
    let quote = value.chars().next().filter(|character| matches!(character, '\'' | '"'));
    let scope = quote.map_or(value, |_| value[1..].trim_start_matches([' ', '\t']));
    (separated && scope.starts_with('{')).then(|| (flag.len(), rest.len() - scope.len(), quote))
}

/// The text of a command for these words; see [`crate::argv_text`].
pub(crate) fn argv_text(words: &[String]) -> String {
    let mut parts: Vec<String> = vec![];
    let mut last: Option<String> = None;
    let mut index = 0;
    while let Some(word) = words.get(index) {
        index += 1;
        let (flag, joined) = match word.split_once('=') {
            Some((flag, scope)) => (flag, Some(scope)),
            None => (word.as_str(), None),
        };
        let is_flag = SCOPE_FLAGS.contains(&flag);
        let scope = joined.or(words.get(index).map(String::as_str)).map(str::trim);
        if let (true, Some(scope)) = (is_flag, scope)
            && scope.starts_with('{')
        {
            index += usize::from(joined.is_none());
            let part = format!("{flag} {scope}");
            // One that is not closed would take the words after it.
            if is_balanced(scope) {
                parts.push(part)
            } else {
                last = Some(part)
            }
            continue;
        }
        parts.push(quoted(word));
    }
    parts.extend(last);
    parts.join(" ")
}

fn is_balanced(scope: &str) -> bool {
    let count = |character: char| scope.chars().filter(|other| *other == character).count();
    let pairs = [('{', '}'), ('(', ')'), ('[', ']')];
    pairs.iter().all(|(open, close)| count(*open) == count(*close))
        && count('"') % 2 == 0
        && !scope.contains('\n')
}

/// Whether a word starts so that what follows could be read as its scope; `before_brace` says that a `{` follows it.
pub(crate) fn starts_scope_flag(word: &str, before_brace: bool) -> bool {
    SCOPE_FLAGS.iter().any(|flag| {
        word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() && before_brace || rest.starts_with('='))
    })
}

/// Whether a whole word means something to a shell only.
pub(crate) fn is_shell_word(word: &str) -> bool {
    let words = ["|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>", "|&", ";;"];
    words.contains(&word) || word.starts_with("<<") || word.starts_with("$(")
}

/// A word as it must be written to be read back as it is.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_./:=,@%+{}[]~^".contains(character);
    let is_shell = is_shell_word(word) || word.starts_with("//");
    let flag_like = SCOPE_FLAGS.iter().any(|flag| word.starts_with(flag));
    if !word.is_empty() && word.chars().all(is_plain) && !is_shell && !flag_like && word != "}" {
        return word.to_owned();
    }
    if !word.contains(['\'', '\n']) {
        return format!("'{word}'");
    }
    let mut out = String::from("\"");
    crate::escape::escape_into(&mut out, word);
    out.push('"');
    out
}

impl<'s> Lexer<'s> {
    /// Starts a command: after the `$` at this place, or here.
    pub(super) fn open_native(&mut self, dollar: Option<usize>) {
        let closable = match dollar {
            Some(start) => {
                let line = self.line;
                self.push(Kind::NativeOpen, start, &self.text[start..start + 1]);
                self.brackets().braces_since(line).min(64)
            }
            None => {
                self.push_empty(Kind::NativeOpen, self.position);
                0
            }
        };
        self.frames.push(Frame::Native { in_word: false, closable });
    }

    /// One token of a command.
    pub(super) fn in_native(&mut self, in_word: bool, closable: usize) {
        let start = self.position;
        let rest = &self.text[start..];
        if !in_word {
            if rest.starts_with("//") {
                let length = rest.find('\n').unwrap_or(rest.len());
                self.position = start + length;
                return self.comment(start, &rest[..length]);
            }
            if let Some((flag, skipped, quote)) = scope_flag(rest) {
                self.push(Kind::ScopeFlag, start, &rest[..flag]);
                self.position = start + skipped;
                self.frames.push(Frame::Scope { brackets: Brackets::default(), quote });
                return;
            }
            if closable > 0 && rest.starts_with('}') && self.line_closes(closable) {
                self.pop_frame();
                return;
            }
        }
        let mut lexer = InNative::lexer(self.text);
        lexer.bump(start);
        let Some(Ok(token)) = lexer.next() else {
            self.position = self.text.len();
            return;
        };
        let range = lexer.span();
        let slice = lexer.slice();
        match token {
            InNative::Newline => return self.end_line(),
            InNative::Blank | InNative::Continuation => {
                self.set_in_word(false);
                self.position = range.end;
                return;
            }
            _ => self.set_in_word(true),
        }
        self.position = range.end;
        match token {
            InNative::Chars => self.push(Kind::Chars, range.start, slice),
            InNative::Escape => self.push(Kind::Escape, range.start, slice),
            InNative::Single => {
                if slice.len() < 2 || !slice.ends_with('\'') {
                    let span = self.span(range.start, range.end);
                    self.lexed.diagnostics.push(
                        Diagnostic::new(codes::E0004, span, "text is not closed")
                            .label("opened here")
                            .help("a text between `'` ends on its line: add `'`"),
                    );
                }
                self.push(Kind::Single, range.start, slice);
            }
            InNative::Quote => self.push_text(TextFrame::Line, range.start, slice, true),
            InNative::InterpolationOpen => self.open_interpolation(range.start, slice),
            InNative::Blank | InNative::Continuation | InNative::Newline => {}
        }
    }

    pub(super) fn set_in_word(&mut self, now: bool) {
        if let Some(Frame::Native { in_word, .. }) = self.frames.last_mut()
            && *in_word != now
        {
            *in_word = now;
            self.push_empty(if now { Kind::WordOpen } else { Kind::WordClose }, self.position);
        }
    }

    /// After a scope: its closing quote, if it has one.
    pub(super) fn end_scope(&mut self, quote: Option<char>) {
        let Some(quote) = quote else { return };
        let rest = &self.text[self.position..];
        let trimmed = rest.trim_start_matches([' ', '\t']);
        if trimmed.starts_with(quote) {
            let start = self.position + rest.len() - trimmed.len();
            self.push(Kind::ScopeQuote, start, &trimmed[..1]);
            self.position = start + 1;
            return;
        }
        let span = self.span(self.position, self.position);
        self.lexed.diagnostics.push(
            Diagnostic::new(codes::E0004, span, format!("expected `{quote}` after the scope"))
                .help(format!("the scope was opened with `{quote}`: close it the same way")),
        );
    }

    /// Whether only closing braces, at most so many, are left on the line.
    fn line_closes(&self, closable: usize) -> bool {
        let line = self.text[self.position..].split('\n').next().unwrap_or_default();
        let line = line.split("//").next().unwrap_or_default();
        let mut closing = 0;
        line.chars().all(|character| {
            closing += usize::from(character == '}');
            closing <= closable && "} \t\r,".contains(character)
        })
    }
}
