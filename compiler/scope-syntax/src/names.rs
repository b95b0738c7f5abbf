//! Names as a program writes them.
//!
//! `paris` → `paris`; `New York` → `"New York"`.

use std::borrow::Cow;

use crate::RESERVED_WORDS;

/// Whether something can be declared by this name without quotes.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && !name.ends_with('-')
        && !RESERVED_WORDS.contains(&name)
}

/// The name of a site as it stands in a program: in quotes where it is not one word.
#[must_use]
pub fn as_name(name: &str) -> Cow<'_, str> {
    if is_name(name) { Cow::Borrowed(name) } else { Cow::Owned(format!("{name:?}")) }
}

#[cfg(test)]
mod tests {
    use super::as_name;

    #[test]
    fn what_is_not_one_word_is_quoted() {
        let written = ["paris", "fr-par-1", "New York", "eu.west", "in", "1st"].map(as_name);
        assert_eq!(written, ["paris", "fr-par-1", "\"New York\"", "\"eu.west\"", "\"in\"", "\"1st\""]);
    }
}
