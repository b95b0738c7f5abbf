//! The site's own words, taken from whatever it answered.
//!
//! In: `<html><h1>404 Not Found</h1>No image</html>` or `{"itemNotFound": {"code": 404, "message": "No image"}}`.
//! Out: `404 Not Found No image` or `No image`: plain text on one line, of bounded length, without control characters (what
//! a site says must not steer a terminal). No application's format is known here: of a JSON answer the longest text under
//! a key that looks like a message is taken.

use serde_json::Value;

/// The longest text shown, in bytes.
pub const LONGEST: usize = 2048;
/// At most so many values of a JSON answer are looked at.
const MOST_VALUES: usize = 10_000;
/// Fields under which applications put words for people.
const MESSAGE_KEYS: &[&str] = &[
    "message",
    "msg",
    "detail",
    "details",
    "reason",
    "explanation",
    "description",
    "error_description",
    "error",
    "errors",
    "fault",
    "faultstring",
    "title",
    "cause",
    "info",
];

/// Words of an answer: its text, and its value if it is JSON. `hide` masks secrets: it sees the words before they are
/// cut, because half a secret would not be recognised.
pub fn from_answer(text: &str, body: Option<&Value>, hide: &dyn Fn(&str) -> String) -> String {
    let words = body.and_then(longest_message).unwrap_or(text);
    let words = shown_part(words);
    if looks_like_html(words) { plain(&hide(&without_tags(words))) } else { plain(&hide(words)) }
}

/// One line of plain text, bounded: no control characters, blanks collapsed.
pub fn plain(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|character: char| character.is_whitespace() || character.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST {
            return shortened(&line, LONGEST);
        }
    }
    line
}

/// The first `longest` bytes at most, with `…` where something was left out.
pub fn shortened(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let mut end = longest.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// The longest text under a key that looks like a message.
fn longest_message(value: &Value) -> Option<&str> {
    let mut longest: Option<&str> = None;
    // The flag: the value stands (directly or in a list) under a message key.
    let mut pending = vec![(value, matches!(value, Value::String(_)))];
    let mut n_seen = 0;
    while let Some((value, is_message)) = pending.pop() {
        n_seen += 1;
        if n_seen > MOST_VALUES {
            break;
        }
        match value {
            Value::String(text) if is_message && longest.is_none_or(|longest| text.len() > longest.len()) => {
                longest = Some(text);
            }
            Value::Array(values) => pending.extend(values.iter().rev().map(|value| (value, is_message))),
            Value::Object(fields) => pending.extend(
                fields
                    .iter()
                    .rev()
                    .map(|(key, value)| (value, MESSAGE_KEYS.contains(&key.to_ascii_lowercase().as_str()))),
            ),
            _ => {}
        }
    }
    longest.filter(|words| !words.trim().is_empty())
}

/// Texts are looked at only so far, because finding the end of a page's element looks ahead.
fn shown_part(text: &str) -> &str {
    let mut end = text.len().min(32 * LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn looks_like_html(text: &str) -> bool {
    let start = text.trim_start();
    let start: String = start.chars().take(1024).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || start.contains("<body")
        || start.contains("<br")
        || start.contains("<p>")
        || start.contains("<h1")
}

/// The text between tags; scripts and styles are left out, the common entities are decoded.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len().min(4 * LONGEST));
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        push_decoded(&mut text, &rest[..start]);
        if text.len() > 2 * LONGEST {
            return text;
        }
        text.push(' ');
        rest = &rest[start..];
        let skipped = ["script", "style", "head", "!--"].iter().find_map(|name| end_of_element(rest, name));
        let end = skipped.or_else(|| rest.find('>').map(|end| end + 1)).unwrap_or(rest.len());
        rest = &rest[end..];
    }
    push_decoded(&mut text, rest);
    text
}

/// Where the element that starts here ends, if it is called `name`.
fn end_of_element(html: &str, name: &str) -> Option<usize> {
    let is_called = html.get(1..=name.len())?.eq_ignore_ascii_case(name);
    let is_whole =
        name == "!--" || !html[1 + name.len()..].starts_with(|character: char| character.is_alphanumeric());
    if !is_called || !is_whole {
        return None;
    }
    if name == "!--" {
        return html.find("-->").map(|end| end + 3);
    }
    let lowered = html.to_ascii_lowercase();
    let end = lowered.find(&format!("</{name}"))?;
    lowered[end..].find('>').map(|offset| end + offset + 1)
}

fn push_decoded(text: &mut String, encoded: &str) {
    let mut rest = encoded;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let entities = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&#x27;", "'"),
            ("&apos;", "'"),
            ("&nbsp;", " "),
            ("&amp;", "&"),
        ];
        let (read, written) =
            entities.into_iter().find(|(entity, _)| rest.starts_with(entity)).unwrap_or(("&", "&"));
        text.push_str(written);
        rest = &rest[read.len()..];
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        from_answer(text, serde_json::from_str(text).ok().as_ref(), &str::to_owned)
    }

    #[test]
    fn a_message_is_dug_out_of_json() {
        assert_eq!(
            words(r#"{"forbidden":{"code":403,"message":"Quota exceeded for instances"}}"#),
            "Quota exceeded for instances"
        );
        assert_eq!(
            words(r#"{"error":{"code":401,"message":"The request you have made","title":"Unauthorized"}}"#),
            "The request you have made"
        );
        assert_eq!(
            words(
                r#"{"NeutronError":{"type":"OverQuota","message":"Quota exceeded for network","detail":""}}"#
            ),
            "Quota exceeded for network"
        );
        assert_eq!(words(r#"{"errors":["one","a longer one"]}"#), "a longer one");
        assert_eq!(words(r#"{"code":7}"#), r#"{"code":7}"#);
        assert_eq!(words(r#""just text""#), "just text");
    }

    #[test]
    fn html_becomes_text() {
        let page = "<html>\n <head>\n  <title>404 Not Found</title><style>p{}</style>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  No image found with ID x &lt;y&gt;<br /><br />\n <script>alert(1)</script></body>\n</html>";
        assert_eq!(words(page), "404 Not Found No image found with ID x <y>");
    }

    #[test]
    fn nothing_steers_a_terminal_and_nothing_is_long() {
        assert_eq!(words("a\u{1b}[31mred\u{7}\nb"), "a [31mred b");
        let long = words(&"wörd ".repeat(5000));
        assert!(long.len() <= LONGEST && long.ends_with('…'), "{}", long.len());
        assert!(words(&"<p>".repeat(100_000)).len() <= LONGEST);
    }
}
