//! Texts quoted for the two languages of the script.
//!
//! `it's` → `'it'\''s'` for the shell, `"it's"` for awk; both take any text without NUL.

/// One word of the shell.
pub fn shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    shell_always(text)
}

/// The same, quoted even where it need not be.
pub fn shell_always(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text of awk. Long ones are given in pieces, as old engines bound the length of a literal.
pub fn awk(text: &str) -> String {
    const PIECE: usize = 1000;
    let mut pieces = vec![String::new()];
    for character in text.chars() {
        let piece = pieces.last_mut().expect("there is always one");
        match character {
            '"' | '\\' => piece.extend(['\\', character]),
            '\n' => piece.push_str("\\n"),
            '\t' => piece.push_str("\\t"),
            '\r' => piece.push_str("\\r"),
            other if (other as u32) < 0x20 || other as u32 == 0x7f => {
                piece.push_str(&format!("\\{:03o}", other as u32));
            }
            other => piece.push(other),
        }
        if piece.len() > PIECE {
            pieces.push(String::new());
        }
    }
    if pieces.len() > 1 && pieces.last().is_some_and(String::is_empty) {
        pieces.pop();
    }
    let quoted: Vec<String> = pieces.iter().map(|piece| format!("\"{piece}\"")).collect();
    if quoted.len() == 1 {
        quoted.into_iter().next().unwrap_or_default()
    } else {
        format!("({})", quoted.join(" "))
    }
}

/// A text in a comment: on one line.
pub fn comment(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell("$HOME `x`"), "'$HOME `x`'");
        assert_eq!((shell(""), shell("a/b-1")), ("''".to_owned(), "a/b-1".to_owned()));
        assert_eq!(awk("a\"\\\n\u{1b}é"), "\"a\\\"\\\\\\n\\033é\"");
        assert!(awk(&"x".repeat(2500)).starts_with("(\"xxx"));
        assert_eq!(comment("a\nb"), "a b");
    }
}
