//! Colours of a line, written where they change instead of around every character.
//!
//! Comes in: a line with escape sequences as ariadne writes them, two a character. Goes out: the same characters in the
//! same colours, blanks at its end removed: `␛[31ma␛[0m␛[31mb␛[0m ` → `␛[31mab␛[0m`.

const ESCAPE: char = '\u{1b}';

/// A text in a style (the numbers of an escape sequence).
pub(super) fn paint(text: &str, style: &str) -> String {
    format!("{ESCAPE}[{style}m{text}{ESCAPE}[0m")
}

/// The line with each run of one colour in one pair of sequences, without blanks at its end.
pub(super) fn merge(line: &str) -> String {
    if !line.contains(ESCAPE) {
        return line.trim_end().to_owned();
    }
    let mut merged = String::with_capacity(line.len());
    let mut written = "";
    let mut wanted = "";
    // Blanks look the same in every colour, so they wait for the next character.
    let mut blanks = 0;
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        if let Some((style, after)) = rest.strip_prefix("\u{1b}[").and_then(|after| after.split_once('m')) {
            wanted = if style == "0" { "" } else { style };
            rest = after;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        if character == ' ' {
            blanks += 1;
            continue;
        }
        if wanted != written {
            if !written.is_empty() {
                merged.push_str("\u{1b}[0m");
            }
            merged.extend(std::iter::repeat_n(' ', std::mem::take(&mut blanks)));
            if !wanted.is_empty() {
                merged.extend(["\u{1b}[", wanted, "m"]);
            }
            written = wanted;
        }
        merged.extend(std::iter::repeat_n(' ', std::mem::take(&mut blanks)));
        merged.push(character);
    }
    if !written.is_empty() {
        merged.push_str("\u{1b}[0m");
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_colour_where_it_changes() {
        let line =
            format!("{}{} {}{}   ", paint("a", "31"), paint("b ", "31"), paint("c", "31"), paint("d", "34"));
        assert_eq!(merge(&line), "\u{1b}[31mab  c\u{1b}[0m\u{1b}[34md\u{1b}[0m");
        assert_eq!(merge("plain  "), "plain");
        assert_eq!(merge(&format!("{}  x", paint("a", "1"))), "\u{1b}[1ma\u{1b}[0m  x");
    }
}
