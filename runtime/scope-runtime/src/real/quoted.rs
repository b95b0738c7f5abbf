//! Finds a text however it is quoted: percent-encoded, escaped as JSON or another language does it, as HTML, or several of
//! these, character by character.
//!
//! `pa/ß` is found in `x=pa%2F%c3%9F`, in `"pa\/\u00df"` and in `pa&#x2f;&#223;`.

/// Texts are quoted within texts at most so often.
const DEEPEST: usize = 8;

/// Where `wanted`, which is not empty, stands in `whole` first, from `from` on: its start and its end.
pub(super) fn find(whole: &str, wanted: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = whole.as_bytes();
    let begins = |byte: u8| wanted.as_bytes().first() == Some(&byte) || b"%\\&+".contains(&byte);
    (from..bytes.len())
        .filter(|at| begins(bytes[*at]) && whole.is_char_boundary(*at))
        .find_map(|at| Some((at, end_of(whole, wanted, at)?)))
}

/// Where it ends, if it begins here.
fn end_of(whole: &str, wanted: &str, at: usize) -> Option<usize> {
    if whole[at..].starts_with(wanted) {
        return Some(at + wanted.len());
    }
    let mut ends = vec![at];
    for one in wanted.chars() {
        let mut next = Vec::new();
        ends.iter().for_each(|end| written(one, &whole[*end..], |length| next.push(end + length)));
        next.sort_unstable();
        next.dedup();
        ends = next;
        if ends.is_empty() {
            return None;
        }
    }
    ends.last().copied()
}

/// The lengths of what may stand for a character at the start of `rest`: mostly none, or one.
fn written(one: char, rest: &str, mut is: impl FnMut(usize)) {
    if rest.starts_with(one) {
        is(one.len_utf8());
    }
    match rest.as_bytes().first() {
        Some(b'%') => percent(one, rest, is),
        Some(b'+') if one == ' ' => is(1),
        Some(b'&') => entity(one, rest, is),
        Some(b'\\') => escaped(one, rest, is),
        _ => {}
    }
}

/// `%2F`, `%2f`, `%252F`.
fn percent(one: char, rest: &str, mut is: impl FnMut(usize)) {
    let mut bytes = [0; 4];
    let bytes = one.encode_utf8(&mut bytes).as_bytes();
    let code = |at: usize, byte: &u8| {
        let mut digits = rest.get(at..)?.strip_prefix('%')?;
        for _ in 1..DEEPEST {
            digits = digits.strip_prefix("25").filter(|_| *byte != b'%').unwrap_or(digits);
        }
        is_hex(digits, u32::from(*byte), 2).then(|| rest.len() - digits.len() + 2)
    };
    if let Some(end) = bytes.iter().try_fold(0, code) {
        is(end);
        if one == '%' {
            let further =
                rest.as_bytes()[end..].chunks(2).take(DEEPEST).take_while(|two| *two == b"25").count();
            (1..=further).for_each(|n| is(end + 2 * n));
        }
    }
}

/// `&lt;`, `&#60;`, `&#x3c;`, `&amp;lt;`: the names that the syntax of HTML needs, and every number.
fn entity(one: char, rest: &str, mut is: impl FnMut(usize)) {
    let mut name = &rest[1..];
    for _ in 0..DEEPEST {
        let Some(further) = name.strip_prefix("amp;") else { break };
        name = further;
        if one == '&' {
            is(rest.len() - name.len());
        }
    }
    let Some(end) = name.bytes().take(12).position(|byte| byte == b';') else { return };
    let is_it = match &name[..end] {
        "lt" => one == '<',
        "gt" => one == '>',
        "quot" => one == '"',
        "apos" => one == '\'',
        other => other.strip_prefix('#').is_some_and(|number| {
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            code == Some(u32::from(one))
        }),
    };
    if is_it {
        is(rest.len() - name.len() + end + 1);
    }
}

/// `\"`, `\/`, `\n`, `\u00df`, `\xdf`, and with as many more backslashes as texts within texts have.
fn escaped(one: char, rest: &str, mut is: impl FnMut(usize)) {
    let n_backslashes = backslashes(rest);
    let after = &rest[n_backslashes..];
    match one {
        // Each of a run of them may be the last of this one.
        '\\' => (2..=n_backslashes).for_each(&mut is),
        '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => {
            let letter = match one {
                '\n' => 'n',
                '\r' => 'r',
                '\t' => 't',
                '\u{8}' => 'b',
                _ => 'f',
            };
            if after.starts_with(letter) {
                is(n_backslashes + 1);
            }
        }
        // A letter that is escaped is another one.
        other if !other.is_alphanumeric() && after.starts_with(other) => is(n_backslashes + other.len_utf8()),
        _ => {}
    }
    let mut numbered = |mark: char, n_digits: usize, codes: &[u32]| {
        let end = codes.iter().try_fold(0, |at, code| {
            let part = &rest[at..];
            let n_backslashes = backslashes(part);
            let digits = part[n_backslashes..].strip_prefix(mark).filter(|_| n_backslashes > 0)?;
            is_hex(digits, *code, n_digits).then(|| rest.len() - digits.len() + n_digits)
        });
        end.into_iter().for_each(&mut is);
    };
    let (mut units, mut bytes) = ([0; 2], [0; 4]);
    let units: Vec<u32> = one.encode_utf16(&mut units).iter().map(|unit| u32::from(*unit)).collect();
    let bytes: Vec<u32> = one.encode_utf8(&mut bytes).bytes().map(u32::from).collect();
    numbered('u', 4, &units);
    numbered('x', 2, &[u32::from(one)]);
    numbered('x', 2, &bytes);
}

fn backslashes(text: &str) -> usize {
    text.bytes().take(1 << 3).take_while(|byte| *byte == b'\\').count()
}

/// Whether a text begins with a number in so many hexadecimal digits.
fn is_hex(text: &str, number: u32, n_digits: usize) -> bool {
    let digits = text.get(..n_digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digits.is_some_and(|digits| u32::from_str_radix(digits, 16) == Ok(number))
}

#[cfg(test)]
mod tests {
    use super::find;

    /// The whole of each text is it.
    #[test]
    fn a_text_is_found_however_it_is_quoted() {
        let forms: [(&str, &[&str]); 8] = [
            (
                "a&b",
                &["a&b", "a%26b", "a&amp;b", "a&#38;b", "a&#x26;b", "a&amp;amp;b", "a\\u0026b", "a%2526b"],
            ),
            (
                "<\"'>",
                &["&lt;&quot;&apos;&gt;", "&#60;&#34;&#39;&#62;", "<\\\"'>", "<\\\\\\\"\\'>", "%3C%22%27%3e"],
            ),
            (
                "wörd",
                &[
                    "w\\u00f6rd",
                    "w\\u00F6rd",
                    "w\\xf6rd",
                    "w\\xc3\\xb6rd",
                    "w%C3%b6rd",
                    "w&#246;rd",
                    "w\\\\u00f6rd",
                ],
            ),
            ("a/b+", &["a/b%2B", "a%2Fb+", "a\\/b+", "a&#47;b&#43;"]),
            ("a b", &["a+b", "a%20b", "a%2520b", "a&#32;b"]),
            ("a\\b", &["a\\b", "a\\\\b", "a\\\\\\\\b", "a%5Cb"]),
            ("l\nm", &["l\\nm", "l\\\\nm", "l%0Am", "l&#10;m", "l\\u000am"]),
            ("50%😀", &["50%25😀", "50%2525\\ud83d\\ude00", "50%\\uD83D\\uDE00"]),
        ];
        for (wanted, texts) in forms {
            for text in texts {
                assert_eq!(find(text, wanted, 0), Some((0, text.len())), "{wanted} in {text}");
                let within = format!("é{text};");
                assert_eq!(find(&within, wanted, 0), Some((2, 2 + text.len())), "{wanted} in {within}");
            }
        }
    }

    #[test]
    fn another_text_is_not_found() {
        for (whole, wanted) in [
            ("a%27b", "a&b"),
            ("\\new", "new line"),
            ("a\\tb", "atb"),
            ("a&amp", "a&b"),
            ("%C3%", "ö"),
            ("\\u00f", "ö"),
        ] {
            assert_eq!(find(whole, wanted, 0), None, "{wanted} in {whole}");
        }
        assert_eq!(find("a&amp", "a&", 0), Some((0, 2)));
    }

    /// Hostile texts take no longer than others: each place is left after a few characters.
    #[test]
    fn what_looks_like_much_is_left_soon() {
        for part in ["\\", "%25", "&amp;", "&", "a"] {
            let text = part.repeat(200_000);
            assert_eq!(find(&text, "a&\\%aZ", 0), None);
        }
    }
}
