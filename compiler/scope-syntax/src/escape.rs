//! Escapes of texts, both ways.
//!
//! `\n` is a line feed; a line feed is written `\n`.

/// The character an escape stands for, or nothing if there is no such escape.
pub(crate) fn unescape(escape: &str) -> Option<char> {
    let rest = escape.strip_prefix('\\')?;
    Some(match rest {
        "n" => '\n',
        "t" => '\t',
        "r" => '\r',
        "0" => '\0',
        "\\" => '\\',
        "\"" => '"',
        "'" => '\'',
        "$" => '$',
        "/" => '/',
        // As JSON writes them.
        "b" => '\u{8}',
        "f" => '\u{c}',
        _ => {
            let digits = rest.strip_prefix('u')?;
            let digits = digits.strip_prefix('{').map_or(Some(digits), |braced| braced.strip_suffix('}'))?;
            return char::from_u32(u32::from_str_radix(digits, 16).ok()?);
        }
    })
}

/// Adds `chars` to `out` as they stand between quotes. `$` is escaped only before `{`.
pub(crate) fn escape_into(out: &mut String, chars: &str) {
    let mut rest = chars.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '$' if rest.peek() == Some(&'{') => out.push_str("\\$"),
            _ if character.is_control() || is_unseen(character) => {
                out.push_str(&format!("\\u{{{:x}}}", character as u32))
            }
            _ => out.push(character),
        }
    }
}

/// Whether a character is not seen, or reorders what is: written as itself, a reader would take the text for another one.
/// Those that join letters and pictures are part of how some languages are written, and stay.
pub fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{a0}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape("\\u{e9}"), Some('é'));
        assert_eq!((unescape("\\q"), unescape("\\u{d800}")), (None, None));
        let mut out = String::new();
        escape_into(&mut out, "a\"\n${b} $5 \u{1}");
        assert_eq!(out, "a\\\"\\n\\${b} $5 \\u{1}");
        out.clear();
        escape_into(&mut out, "safe\u{202e}txt\u{feff} 👩\u{200d}💻");
        assert_eq!(out, "safe\\u{202e}txt\\u{feff} 👩\u{200d}💻");
    }
}
