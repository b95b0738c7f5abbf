//! Makes any text safe to print.
//!
//! Comes in: text of a program or of a site's answer. Goes out: the same number of characters, none of which can move
//! the cursor, colour the terminal, reverse the writing direction or end a line: `a\u{1b}[2J` → `a�[2J`.

use std::borrow::Cow;

/// What stands for a character that must not reach a terminal.
const REPLACEMENT: char = '\u{FFFD}';

/// One character, replaced by another where a terminal would obey it rather than show it. A tab stays.
pub(super) fn character(character: char) -> char {
    match character {
        '\t' => '\t',
        '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        // Marks that reorder what a reader sees ("Trojan source").
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{61C}' => {
            REPLACEMENT
        }
        other if other.is_control() => REPLACEMENT,
        other => other,
    }
}

/// Any text, as it may be shown: its lines, each without what a terminal would obey.
///
/// ```
/// assert_eq!(scope_diagnostics::render::plain("a\u{1b}[2J\nb"), "a\u{fffd}[2J\nb");
/// ```
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|one| one != '\n' && is_obeyed(one)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|one| if one == '\n' { one } else { character(one) }).collect())
}

/// Whether a terminal would obey a character rather than show it.
#[must_use]
pub fn is_obeyed(one: char) -> bool {
    character(one) != one
}

/// A text of one line.
pub(super) fn line(text: &str) -> String {
    text.trim_end().chars().map(character).collect()
}

/// A text of several lines: its lines.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.trim_end().lines().map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_is_left() {
        assert_eq!(line("a\u{1b}[2J\r\nb\u{202e}c\té 😀\n"), "a\u{fffd}[2J  b\u{fffd}c\té 😀");
        assert_eq!(lines("a\nb\u{7}\n").collect::<Vec<_>>(), ["a", "b\u{fffd}"]);
    }
}
