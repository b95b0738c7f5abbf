//! A word of a command line that is printed to be typed.
//!
//! `web` → `web`; `boot["x y"]@nantes` → `'boot["x y"]@nantes'`

/// A word as a shell takes it.
pub fn word(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/' | '=' | '@' | ',' | '+' | '…')
    };
    let is_plain = !word.is_empty() && word.chars().all(is_plain);
    if is_plain { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
