//! Credentials that are known by their form: the tokens of well-known services, private keys.
//!
//! Comes in: any text. Goes out: where such a one stands, and what it is: `ghp_` and 36 letters is a token of GitHub. Reports
//! never show one, whatever they are about.

use std::borrow::Cow;
use std::ops::Range;

/// What stands for each character of a credential where a line is shown.
const MASK: char = '•';

/// A credential in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is, with its article: `a token of GitHub`.
    pub kind: &'static str,
}

/// How a kind of credential starts, and the least number of characters behind that.
const FORMS: [(&str, usize, &str); 21] = [
    ("ghp_", 30, "a token of GitHub"),
    ("gho_", 30, "a token of GitHub"),
    ("ghu_", 30, "a token of GitHub"),
    ("ghs_", 30, "a token of GitHub"),
    ("ghr_", 30, "a token of GitHub"),
    ("github_pat_", 22, "a token of GitHub"),
    ("glpat-", 20, "a token of GitLab"),
    ("AKIA", 16, "an access key of AWS"),
    ("ASIA", 16, "an access key of AWS"),
    ("AIza", 35, "a key of Google"),
    ("xoxb-", 10, "a token of Slack"),
    ("xoxa-", 10, "a token of Slack"),
    ("xoxp-", 10, "a token of Slack"),
    ("xoxr-", 10, "a token of Slack"),
    ("xoxs-", 10, "a token of Slack"),
    ("npm_", 36, "a token of npm"),
    ("sk-ant-", 20, "a key of an API"),
    ("sk-proj-", 20, "a key of an API"),
    ("sk-", 32, "a key of an API"),
    ("sk_live_", 20, "a key of Stripe"),
    ("eyJ", 20, "a signed token (JWT)"),
];

/// Before the name of a kind of private key.
const BEGIN: &str = "-----BEGIN ";

/// Before that name again, below the key.
const END: &str = "-----END ";

const PRIVATE_KEY: &str = "a private key";

/// A private key is shorter than this, in bytes: of 16,384 bits, with its headers, indented.
const LONGEST_KEY: usize = 32 << 10;

/// Every credential in a text, from its start.
///
/// ```
/// use scope_diagnostics::credentials::find;
///
/// let text = format!("token: ghp_{}", "a1".repeat(18));
/// assert_eq!(find(&text)[0].kind, "a token of GitHub");
/// assert!(find("see ghp_ in the manual").is_empty());
/// ```
#[must_use]
pub fn find(text: &str) -> Vec<Credential> {
    let mut found: Vec<Credential> = Vec::new();
    for (start, least, kind) in FORMS {
        for (at, _) in text.match_indices(start) {
            let is_inside = text[..at].chars().next_back().is_some_and(is_of_token);
            let body = &text[at + start.len()..];
            let length = body.find(|one| !is_of_body(one, start)).unwrap_or(body.len());
            if !is_inside && length >= least && is_random(&body[..length], start) {
                found.push(Credential { range: at..at + start.len() + length, kind });
            }
        }
    }
    for (at, _) in text.match_indices(BEGIN) {
        let head = text[at..].lines().next().unwrap_or_default();
        if is_private(head) {
            found.push(Credential { range: at..at + head.trim_end().len(), kind: PRIVATE_KEY });
        }
    }
    found.sort_by_key(|credential| (credential.range.start, std::cmp::Reverse(credential.range.end)));
    found.dedup_by(|second, first| second.range.start < first.range.end);
    found
}

/// A text with as many characters, of which none is one of a credential's.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = 0;
    for Credential { range, kind } in found {
        // A second one within a private key.
        if range.start < rest {
            continue;
        }
        let end = if kind == PRIVATE_KEY { end_of_key(text, range.end) } else { range.end };
        shown.push_str(&text[rest..range.start]);
        shown.extend(text[range.start..end].chars().map(|one| if one == '\n' { one } else { MASK }));
        rest = end;
    }
    shown.push_str(&text[rest..]);
    Cow::Owned(shown)
}

/// The part of a text, masked as [`masked`] does it of the whole: a line of a private key's body has no form of its own.
///
/// # Panics
///
/// Where `part` is no range of the text, or ends inside a character.
#[must_use]
pub fn masked_part(text: &str, part: Range<usize>) -> Cow<'_, str> {
    let before = &text[text.floor_char_boundary(part.start.saturating_sub(LONGEST_KEY))..part.start];
    let open = before.rfind(BEGIN).filter(|at| is_private(&before[*at..]));
    let is_in_key = open.is_some_and(|at| !before[at..].contains(END));
    let part = &text[part];
    if !is_in_key {
        return masked(part);
    }
    let end = end_of_key(part, 0);
    let mut shown: String = part[..end].chars().map(|one| if one == '\n' { one } else { MASK }).collect();
    shown.push_str(&masked(&part[end..]));
    Cow::Owned(shown)
}

/// Whether what begins here says that it is a private key.
fn is_private(text: &str) -> bool {
    text.lines().next().is_some_and(|head| head.contains("PRIVATE KEY-----"))
}

/// Where the secret of a private key ends whose body starts at `from`: before the line that ends it, else with the text.
fn end_of_key(text: &str, from: usize) -> usize {
    text[from..].find(END).map_or(text.len(), |at| from + at)
}

fn is_of_token(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '-')
}

fn is_of_body(one: char, start: &str) -> bool {
    match start {
        "AKIA" | "ASIA" => one.is_ascii_uppercase() || one.is_ascii_digit(),
        "eyJ" => is_of_token(one) || one == '.',
        _ => is_of_token(one),
    }
}

/// Whether it is made by a machine, and no words of a person: `sk-…` may begin the name of a thing.
fn is_random(body: &str, start: &str) -> bool {
    match start {
        "eyJ" => body.split('.').filter(|part| part.len() >= 8).count() == 3,
        "AKIA" | "ASIA" => body.len() == 16,
        _ => {
            body.bytes().any(|byte| byte.is_ascii_digit())
                && body.bytes().any(|byte| byte.is_ascii_alphabetic())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_private_key_no_line_is_shown() {
        let key = "key: |\n  -----BEGIN PRIVATE KEY-----\n  MIIEvQ\n  -----END PRIVATE KEY-----\nport: 80\n";
        let shown = masked(key);
        assert!(!shown.contains("MIIEvQ") && shown.ends_with("PRIVATE KEY-----\nport: 80\n"), "{shown}");
        assert_eq!((shown.lines().count(), shown.chars().count()), (5, key.chars().count()));
    }

    #[test]
    fn each_line_of_a_private_key_is_known_by_what_stands_above_it() {
        let key =
            "a: 1\n-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ é\n-----END RSA PRIVATE KEY-----\nport: 80\n";
        let whole = masked(key);
        let mut at = 0;
        for (line, shown) in key.split_inclusive('\n').zip(whole.split_inclusive('\n')) {
            assert_eq!(masked_part(key, at..at + line.len()), shown);
            at += line.len();
        }
        assert!(!whole.contains("MIIEvQ") && whole.ends_with("PRIVATE KEY-----\nport: 80\n"), "{whole}");
    }

    #[test]
    fn a_private_key_without_its_end_is_one_to_the_end_of_the_text() {
        assert_eq!(masked("-----BEGIN PRIVATE KEY-----\nMIIE"), format!("{}\n••••", "•".repeat(27)));
    }

    #[test]
    fn each_form_is_known_and_no_name_is_one() {
        let many = "a1B2c3D4".repeat(6);
        for (start, _, kind) in FORMS {
            let body = match start {
                "AKIA" | "ASIA" => "ABCDEFGH12345678".to_owned(),
                "eyJ" => format!("{many}.{many}.{many}"),
                _ => many.clone(),
            };
            let text = format!("x: \"{start}{body}\"");
            let found = find(&text);
            assert_eq!(found.len(), 1, "{start}");
            assert_eq!(found[0].kind, kind, "{start}");
            assert_eq!(masked(&text), format!("x: \"{}\"", "•".repeat(start.len() + body.len())));
        }
        assert_eq!(find("-----BEGIN RSA PRIVATE KEY-----\nx")[0].kind, "a private key");
        for text in [
            "-----BEGIN PUBLIC KEY-----",
            "AKIA",
            "task-sk-",
            "sk-the-name-of-a-thing-that-is-very-long",
            "eyJ.a.b",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }
}
