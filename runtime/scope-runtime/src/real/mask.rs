//! Hides what is secret in any text on its way out.
//!
//! In: every secret that was resolved and every session token. Out: `"bad password hunter22"` → `"bad password ***"`.
//! A secret is also found as it is quoted in URLs, JSON, HTML and other texts, and in base64 (as a part of a longer
//! encoded text too), because that is how sites say requests back.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use super::encode::base64_parts;
use super::quoted;

/// What stands where a secret stood.
pub const MASKED: &str = "***";

/// Shorter secrets are only hidden where they stand as a whole word: hiding every `a` would leave no text.
const WHOLE_WORD_BELOW: usize = 4;
/// Encoded forms of shorter secrets are too common to look for.
const BASE64_FROM: usize = 6;
/// Lines of a secret of several lines are hidden one by one, from this length on.
const LINE_FROM: usize = 8;

/// All known secrets; a clone is another handle on the same ones.
#[derive(Clone, Default)]
pub struct Mask {
    needles: Arc<Mutex<Vec<Zeroizing<String>>>>,
}

impl Mask {
    /// A mask that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, `secret` is hidden in every text. An empty one is ignored.
    pub fn learn(&self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let mut needles = self.needles.lock().expect("no holder of the mask panics");
        if needles.iter().any(|needle| needle.as_str() == secret) {
            return;
        }
        for form in forms(secret) {
            if !needles.contains(&form) {
                needles.push(form);
            }
        }
        // A secret that holds another one goes first, else its rest would stay readable.
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }

    /// `text` with every known secret, in every form, replaced by [`MASKED`].
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let needles = self.needles.lock().expect("no holder of the mask panics");
        let mut hidden = Cow::Borrowed(text);
        for needle in needles.iter() {
            if let Some(first) = find(&hidden, needle, 0) {
                hidden = Cow::Owned(replace_from(&hidden, needle, first));
            }
        }
        hidden
    }

    /// Whether a known secret stands in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        let needles = self.needles.lock().expect("no holder of the mask panics");
        needles.iter().any(|needle| find(text, needle, 0).is_some())
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Mask(***)")
    }
}

/// What is looked for to find a secret: itself, what is constant of its base64, and its lines.
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![Zeroizing::new(secret.to_owned())];
    let mut add = |form: String| {
        let form = Zeroizing::new(form);
        if !form.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    };
    if secret.len() >= BASE64_FROM {
        for part in base64_parts(secret.as_bytes()) {
            add(part.replace('+', "-").replace('/', "_"));
            add(part);
        }
    }
    if secret.contains('\n') {
        for line in secret.lines().map(str::trim).filter(|line| line.len() >= LINE_FROM) {
            add(line.to_owned());
        }
    }
    forms
}

/// Where `needle` stands in `text`, at `from` or later: its start and its end.
fn find(text: &str, needle: &str, from: usize) -> Option<(usize, usize)> {
    let is_long = needle.chars().count() >= WHOLE_WORD_BELOW;
    let mut from = from;
    loop {
        let (start, end) = quoted::find(text, needle, from)?;
        if is_long || is_whole_word(text, start, end) {
            return Some((start, end));
        }
        from = start + 1;
    }
}

fn is_whole_word(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

fn replace_from(text: &str, needle: &str, first: (usize, usize)) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    let mut next = Some(first);
    while let Some((start, end)) = next {
        replaced.push_str(&text[copied..start]);
        replaced.push_str(MASKED);
        copied = end;
        next = find(text, needle, copied);
    }
    replaced.push_str(&text[copied..]);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_hidden() {
        let mask = Mask::new();
        mask.learn("pa ss/\"w€rd");
        for text in
            ["pa ss/\"w€rd", "pa%20ss%2F%22w%E2%82%ACrd", "pa+ss%2f%22w%e2%82%acrd", r#"pa ss/\"w€rd"#]
        {
            assert_eq!(mask.hide(&format!("x={text};")), format!("x={MASKED};"), "{text}");
            assert!(mask.is_in(text));
        }
        assert_eq!(mask.hide("nothing here"), "nothing here");
    }

    #[test]
    fn base64_is_hidden_wherever_the_secret_stands_in_the_encoded_text() {
        let mask = Mask::new();
        mask.learn("hunter22-hunter22");
        // `demo:hunter22-hunter22`, `a:…`, `me:…`: the three alignments.
        for text in [
            "ZGVtbzpodW50ZXIyMi1odW50ZXIyMg==",
            "YTpodW50ZXIyMi1odW50ZXIyMg==",
            "bWU6aHVudGVyMjItaHVudGVyMjI=",
        ] {
            let hidden = mask.hide(text);
            assert!(hidden.contains(MASKED) && hidden.len() < 14, "{hidden}");
        }
    }

    #[test]
    fn a_short_secret_is_hidden_as_a_word_only() {
        let mask = Mask::new();
        mask.learn("a1");
        assert_eq!(mask.hide("a1 b a12 (a1)"), "*** b a12 (***)");
    }

    #[test]
    fn a_longer_secret_that_holds_another_goes_first() {
        let mask = Mask::new();
        mask.learn("secret");
        mask.learn("my secret thing");
        assert_eq!(mask.hide("my secret thing, secret"), "***, ***");
    }

    #[test]
    fn lines_of_a_key_are_hidden_one_by_one() {
        let mask = Mask::new();
        mask.learn("-----BEGIN KEY-----\nMIIBVgIBADANBg\n-----END KEY-----\n");
        assert_eq!(mask.hide("near MIIBVgIBADANBg here"), "near *** here");
    }
}
