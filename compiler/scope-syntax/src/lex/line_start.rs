//! What a line is by its first characters, when they stand in column 0.
//!
//! Comes in: the text from the start of a line. Goes out: an item (which closes all that is open), a native command
//! without `$`, or anything else.
//!
//! `resource vm: …` is an item, `test: 1` is not; `kubectl apply -f a.yml` is a command, `lett x: 3` is not.

use super::modes::Plain;
use crate::token::{CLAUSE_WORDS, ITEM_WORDS, RESERVED_WORDS};
use logos::Logos;

/// What a line starts.
#[derive(Debug, PartialEq)]
pub(super) enum LineStart {
    /// An item word followed by a name or a text, or `$`.
    Item,
    /// A command; after so many bytes its first word stands.
    Native { command: usize },
    /// An entry, a bracket, a continuation, nothing.
    Other,
}

/// Classifies the line at the start of `rest`.
pub(super) fn classify(rest: &str) -> LineStart {
    if rest.starts_with('$') && !rest.starts_with("${") {
        return LineStart::Item;
    }
    if !rest.starts_with(|character: char| character.is_alphabetic() || character == '_') {
        return LineStart::Other;
    }
    let line = rest.split('\n').next().unwrap_or_default();
    let mut lexer = Plain::lexer(line);
    let Some(Ok(Plain::Word)) = lexer.next() else { return LineStart::Other };
    let first = lexer.slice();
    let second = lexer.next();
    if ITEM_WORDS.contains(&first) {
        return match second {
            Some(Ok(Plain::Word | Plain::TextOpen)) => LineStart::Item,
            // `entry "x"` and `import r"…"`; `require (…)` and `require -1 < x` begin with what an entry cannot.
            Some(Ok(Plain::RawOpen | Plain::BlockOpen)) => LineStart::Item,
            Some(Ok(Plain::ParenOpen | Plain::Number)) if first == "require" => LineStart::Item,
            _ => LineStart::Other,
        };
    }
    if RESERVED_WORDS.contains(&first) || CLAUSE_WORDS.contains(&first) {
        return LineStart::Other;
    }
    native_start(line).map_or(LineStart::Other, |command| LineStart::Native { command })
}

/// Where the command starts, if the line is one.
fn native_start(line: &str) -> Option<usize> {
    let (first, after_first) = blank_word(line)?;
    let is_word = super::is_word;
    let is_path = |word: &str| word.split('.').all(is_word);
    if !is_path(first) {
        return None;
    }
    let (second, after_second) =
        blank_word(&line[after_first..]).map(|(word, end)| (word, after_first + end))?;
    let starts_word = |character: char| character.is_alphanumeric() || "_-/.\"'~@+\\$%".contains(character);
    if !second.starts_with(starts_word)
        || matches!(second, "-" | "--" | "->" | "+" | "++" | "." | ".." | "%" | "/")
    {
        return None;
    }
    let third = line[after_second..].trim_start();
    if is_word(second) && third.starts_with('=') && !third.starts_with("==") && !third.starts_with("=>") {
        let after_equals = line.len() - third.len() + 1;
        let command = line[after_equals..].trim_start();
        let command_start = line.len() - command.len();
        let is_command =
            command.starts_with(|character: char| character.is_alphanumeric() || "_./".contains(character));
        return (is_command && brackets_balance(command)).then_some(command_start);
    }
    let plain_second = second.trim_end_matches(':');
    let is_item_shape = (is_word(plain_second) && second.ends_with(':'))
        || (is_word(second)
            && (third.starts_with(['{', '('])
                || third == ":"
                || third.starts_with(": ")
                || third == "--"
                || third.starts_with("-- ")))
        || second.contains(['{', '(']) && is_word(second.split(['{', '(']).next().unwrap_or_default());
    (!is_item_shape && brackets_balance(line)).then_some(0)
}

/// The next run of non-blanks and where it ends.
fn blank_word(line: &str) -> Option<(&str, usize)> {
    let trimmed = line.trim_start_matches([' ', '\t']);
    let start = line.len() - trimmed.len();
    let length = trimmed.find([' ', '\t', '\r']).unwrap_or(trimmed.len());
    (length > 0).then(|| (&trimmed[..length], start + length))
}

/// Whether brackets balance up to a scope flag's `{`, or in the whole line; quoted ones do not count.
fn brackets_balance(line: &str) -> bool {
    let mut open: Vec<char> = vec![];
    let mut quote: Option<char> = None;
    let mut previous = ' ';
    for (index, character) in line.char_indices() {
        if previous == '\\' {
            previous = ' ';
            continue;
        }
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '-') if previous == ' ' && super::native::scope_flag(&line[index..]).is_some() => {
                return true;
            }
            (None, '(' | '[' | '{') => open.push(character),
            (None, ')' | ']' | '}') => {
                let expected = if character == ')' {
                    '('
                } else if character == ']' {
                    '['
                } else {
                    '{'
                };
                if open.pop() != Some(expected) {
                    return false;
                }
            }
            _ => {}
        }
        previous = if character == '\t' { ' ' } else { character };
    }
    open.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_items_commands_and_the_rest_apart() {
        let native = |command| LineStart::Native { command };
        for (line, expected) in [
            ("resource vm: t {", LineStart::Item),
            ("test \"a\" {", LineStart::Item),
            ("test: 1", LineStart::Other),
            ("\"type\": 1", LineStart::Other),
            ("$ a b", LineStart::Item),
            ("kubectl apply -f nginx.yml --scope {Berlin & Paris}", native(0)),
            ("server a = openstack server create my-vm --image debian", native(11)),
            ("aws wafv2 list --scope REGIONAL", native(0)),
            ("curl http://a//b -d {\"x\":1} // c", native(0)),
            ("openstack server create --scope {", native(0)),
            ("lett x = 3", native(9)),
            ("resorce vm: t {", LineStart::Other),
            ("resorce vm : t", LineStart::Other),
            ("ouput y = {", LineStart::Other),
            ("then b", LineStart::Other),
            ("drivr x {", LineStart::Other),
            ("fnn f(a: int) = 1", LineStart::Other),
            ("lnk a -- b { rtt: 1ms }", LineStart::Other),
            ("cheops exec --id x", native(0)),
            ("with careful", LineStart::Other),
            ("a - b", LineStart::Other),
            ("name: 1", LineStart::Other),
        ] {
            assert_eq!(classify(line), expected, "{line}");
        }
    }
}
