//! JSON for reviews: what fits into a line of 100 columns stands in one, all else is broken with two blanks of indentation.
//!
//! `{"a":[1,2],"b":"x"}` → `{ "a": [1, 2], "b": "x" }`. In comes compact JSON of any depth: no bracket is a call.

const WIDTH: usize = 100;

/// Compact JSON laid out, without a newline at its end. What is at the outside is always broken.
pub(super) fn laid_out(compact: &str) -> String {
    let tokens = tokens(compact);
    let spans = spans(&tokens);
    let mut text = String::with_capacity(compact.len() * 5 / 4);
    // Whether each open bracket is broken.
    let mut open: Vec<bool> = Vec::new();
    let mut column = 0;
    for (index, token) in tokens.iter().enumerate() {
        let line_start = |depth: usize, text: &mut String| {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', 2 * depth));
            2 * depth
        };
        let is_broken = open.last() == Some(&true);
        match *token {
            "{" | "[" => {
                let Span { length, is_empty } = spans[index];
                // The comma behind it.
                let breaks = !is_empty && (open.is_empty() || column + length + 1 > WIDTH);
                text.push_str(token);
                open.push(breaks);
                column += 1;
                if breaks {
                    column = line_start(open.len(), &mut text);
                } else if *token == "{" && !is_empty {
                    text.push(' ');
                    column += 1;
                }
            }
            "}" | "]" => {
                open.pop();
                let was_empty = matches!(tokens[index - 1], "{" | "[");
                if is_broken {
                    column = line_start(open.len(), &mut text);
                } else if *token == "}" && !was_empty {
                    text.push(' ');
                    column += 1;
                }
                text.push_str(token);
                column += 1;
            }
            "," => {
                text.push(',');
                if is_broken {
                    column = line_start(open.len(), &mut text);
                } else {
                    text.push(' ');
                    column += 2;
                }
            }
            ":" => {
                text.push_str(": ");
                column += 2;
            }
            leaf => {
                text.push_str(leaf);
                column += leaf.len();
            }
        }
    }
    text
}

/// Of an opening bracket: how long all is up to its partner, in one line.
#[derive(Clone, Copy, Default)]
struct Span {
    length: usize,
    is_empty: bool,
}

fn spans(tokens: &[&str]) -> Vec<Span> {
    let mut spans = vec![Span::default(); tokens.len()];
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut length = 0;
    for (index, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "[" => open.push((index, length)),
            "}" | "]" => {
                if let Some((start, before)) = open.pop() {
                    let is_empty = start + 1 == index;
                    length += if *token == "}" && !is_empty { 2 } else { 0 };
                    spans[start] = Span { length: length + 1 - before, is_empty };
                }
            }
            _ => {}
        }
        length += token.len() + usize::from(matches!(*token, "," | ":"));
    }
    spans
}

/// Brackets, commas, colons; texts, numbers and words as a whole.
fn tokens(compact: &str) -> Vec<&str> {
    let bytes = compact.as_bytes();
    let is_mark = |byte: u8| b"{}[],:".contains(&byte);
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let mut end = start + 1;
        if bytes[start] == b'"' {
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            end += 1;
        } else if !is_mark(bytes[start]) {
            while end < bytes.len() && !is_mark(bytes[end]) {
                end += 1;
            }
        }
        tokens.push(&compact[start..end.min(bytes.len())]);
        start = end;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn short_things_stand_in_a_line() {
        let value = json!({
            "a": [1, 2.5, true, null],
            "b": { "c": "x \\ \" {,}", "d": {}, "e": [], "f": { "é": [{}] } },
            "long": ["y".repeat(60), "z".repeat(60)],
        });
        let (y, z) = ("y".repeat(60), "z".repeat(60));
        let expected = format!(
            "{{\n  \"a\": [1, 2.5, true, null],\n  \"b\": {{ \"c\": \"x \\\\ \\\" {{,}}\", \"d\": {{}}, \"e\": [], \"f\": {{ \"é\": [{{}}] }} }},\n  \"long\": [\n    \"{y}\",\n    \"{z}\"\n  ]\n}}"
        );
        assert_eq!(laid_out(&value.to_string()), expected);
        assert_eq!(serde_json::from_str::<Value>(&expected).expect("JSON"), value);
        assert_eq!(laid_out("{}"), "{}");
    }

    #[test]
    fn no_line_that_could_be_broken_is_long() {
        let row: Vec<Value> =
            (0..40).map(|n| json!({ "n": n, "of": [n, { "x": "y".repeat(n % 7) }] })).collect();
        for count in 1..row.len() {
            let text = laid_out(&json!({ "a": { "rows": row[..count] } }).to_string());
            assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["a"]["rows"], json!(row[..count]));
        }
    }
}
