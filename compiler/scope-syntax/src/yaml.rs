//! Pasted YAML: is it some, and what is it as entries of a record?
//!
//! Comes in: what stands between two braces. Goes out: whether every line looks like YAML, and the same as entries where
//! all of it is plain (mappings, sequences, scalars; no anchors, tags or block texts).
//!
//! `ports:⏎  - name: web⏎    port: 80` → `ports: [{ name: "web", port: 80 }]`, over several lines.

use crate::escape::{escape_into, unescape};
use scope_diagnostics::{Diagnostic, Edit, Span, codes};

/// Deeper nesting is left to the user.
const MAX_NESTING: usize = 48;

/// YAML that was recognised.
pub(crate) struct Found {
    lines: usize,
    /// Whether it holds more than one level.
    pub is_nested: bool,
    root: Option<Node>,
}

enum Node {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// As it is written in the language.
    Scalar(String),
}

/// Whether every line of this text could be YAML and it has at least two.
pub(crate) fn recognise(text: &str) -> Option<Found> {
    let lines: Vec<Line<'_>> = text.lines().filter_map(Line::read).collect();
    if lines.len() < 2 || !lines.iter().all(Line::looks_like_yaml) {
        return None;
    }
    let mut reader = Reader { lines: &lines, position: 0 };
    let root = reader.block(lines[0].indentation, 0).filter(|_| reader.position == lines.len());
    let is_nested = lines.iter().any(|line| line.content.ends_with(':') || line.content.starts_with('-'));
    Some(Found { lines: lines.len(), is_nested, root: root.filter(|root| matches!(root, Node::Map(_))) })
}

impl Found {
    /// One report for all of it. `place` is what stands between the braces in `text`.
    pub fn report(&self, place: Span, text: &str) -> Diagnostic {
        let inner = &text[place.range()];
        let leading = inner.len() - inner.trim_start().len();
        let shown = inner.trim();
        let start = place.start + leading as u32;
        let span = Span::new(place.file, start, start + shown.len() as u32);
        let report = Diagnostic::new(codes::E0011, span, "this looks like YAML")
            .label("expected entries `key: value`, where a text stands between `\"`")
            .help(
                "save it as a file, for example `web.yaml`, and write `= yaml(\"web.yaml\")` for the `{ … }`",
            );
        let Some(Node::Map(entries)) = &self.root else { return report };
        let line_start = text[..place.start as usize].rfind('\n').map_or(0, |index| index + 1);
        let line = &text[line_start..];
        let base = line.len() - line.trim_start_matches([' ', '\t']).len();
        let mut converted = String::from("\n");
        for (key, value) in entries {
            write_entry(&mut converted, key, value, base + 4);
        }
        converted.push_str(&" ".repeat(base));
        let title = format!("convert the {} lines to entries", self.lines);
        report.help("or apply the fix: it converts them").fix(title, vec![Edit::new(place, converted)])
    }
}

#[derive(Clone, Copy)]
struct Line<'s> {
    indentation: usize,
    content: &'s str,
}

impl<'s> Line<'s> {
    /// The line without its comment; nothing for a blank one.
    fn read(line: &'s str) -> Option<Line<'s>> {
        let content = line.trim_start_matches(' ');
        let indentation = line.len() - content.len();
        let content = if content.starts_with('#') { "" } else { content };
        let content = content.split(" #").next().unwrap_or_default().trim_end();
        (!content.is_empty() && content != "---").then_some(Line { indentation, content })
    }

    fn looks_like_yaml(&self) -> bool {
        let mut rest = self.content;
        let is_item = rest == "-" || rest.starts_with("- ");
        while let Some(inner) = rest.strip_prefix("- ") {
            rest = inner.trim_start();
        }
        let ends_plainly =
            !self.content.ends_with([',', '{', '&', '|', '(']) || is_item && self.content.ends_with('|');
        ends_plainly && (is_item || split_key(rest).is_some())
    }
}

/// `key: rest` or `key:`.
fn split_key(content: &str) -> Option<(String, &str)> {
    let (key, rest) = match content.strip_prefix(['"', '\'']) {
        Some(quoted) => {
            let end = quoted.find(content.chars().next()?)?;
            (&quoted[..end], quoted[end + 1..].strip_prefix(':')?)
        }
        None => {
            let end = content.find(": ").or_else(|| content.ends_with(':').then(|| content.len() - 1))?;
            (&content[..end], &content[end + 1..])
        }
    };
    let is_key = |character: char| character.is_alphanumeric() || "_-./$ ".contains(character);
    (!key.is_empty() && key.chars().all(is_key)).then(|| (key.to_owned(), rest.trim()))
}

struct Reader<'l, 's> {
    lines: &'l [Line<'s>],
    position: usize,
}

impl Reader<'_, '_> {
    fn block(&mut self, indentation: usize, nesting: usize) -> Option<Node> {
        if nesting > MAX_NESTING {
            return None;
        }
        let first = self.lines.get(self.position)?;
        if first.content == "-" || first.content.starts_with("- ") {
            return self.list(indentation, nesting);
        }
        self.map(indentation, None, nesting)
    }

    fn list(&mut self, indentation: usize, nesting: usize) -> Option<Node> {
        let mut items = vec![];
        while let Some(line) = self.lines.get(self.position).copied()
            && line.indentation == indentation
            && (line.content == "-" || line.content.starts_with("- "))
        {
            let rest = line.content[1..].trim_start();
            let inner = indentation + line.content.len() - rest.len();
            self.position += 1;
            items.push(match rest {
                "" => self.deeper(indentation, nesting)?,
                _ if split_key(rest).is_some() => self.map(inner, Some(rest), nesting + 1)?,
                _ if rest.starts_with("- ") => return None,
                _ => scalar(rest)?,
            });
        }
        Some(Node::List(items))
    }

    /// A mapping whose first entry may stand behind a `-`.
    fn map(&mut self, indentation: usize, first: Option<&str>, nesting: usize) -> Option<Node> {
        if nesting > MAX_NESTING {
            return None;
        }
        let mut entries = vec![];
        if let Some(first) = first {
            let (key, rest) = split_key(first)?;
            entries.push((key, self.value(rest, indentation, nesting)?));
        }
        while let Some(line) = self.lines.get(self.position).copied()
            && line.indentation == indentation
            && let Some((key, rest)) = split_key(line.content)
            && !line.content.starts_with("- ")
        {
            self.position += 1;
            entries.push((key, self.value(rest, indentation, nesting)?));
        }
        (!entries.is_empty()).then_some(Node::Map(entries))
    }

    fn value(&mut self, rest: &str, indentation: usize, nesting: usize) -> Option<Node> {
        if !rest.is_empty() {
            return scalar(rest);
        }
        match self.lines.get(self.position) {
            Some(next) if next.indentation > indentation => self.deeper(indentation, nesting),
            Some(next) if next.indentation == indentation && next.content.starts_with('-') => {
                self.list(indentation, nesting + 1)
            }
            _ => Some(Node::Scalar("null".to_owned())),
        }
    }

    fn deeper(&mut self, indentation: usize, nesting: usize) -> Option<Node> {
        let next = self.lines.get(self.position).filter(|next| next.indentation > indentation)?;
        self.block(next.indentation, nesting + 1)
    }
}

/// A scalar, or a flat `[a, b]`.
fn scalar(text: &str) -> Option<Node> {
    if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        if inner.contains(['[', '{', '\'']) || inner.contains("\\\"") {
            return None;
        }
        let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
        return parts.map(scalar).collect::<Option<Vec<_>>>().map(Node::List);
    }
    if text == "{}" {
        return Some(Node::Map(vec![]));
    }
    if text.starts_with(['{', '|', '>', '&', '*', '!', '@', '`', '%', '?']) {
        return None;
    }
    if matches!(text, "true" | "false") {
        return Some(Node::Scalar(text.to_owned()));
    }
    if matches!(text, "null" | "~") {
        return Some(Node::Scalar("null".to_owned()));
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit())
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && unsigned.matches('.').count() <= 1
        && !unsigned.ends_with('.')
        && (unsigned.len() == 1 || !unsigned.starts_with('0') || unsigned.starts_with("0."));
    if is_number && unsigned.len() < 16 {
        return Some(Node::Scalar(text.to_owned()));
    }
    quoted(text).map(Node::Scalar)
}

/// A YAML text as a text of the language.
fn quoted(text: &str) -> Option<String> {
    let mut chars = String::new();
    if let Some(inner) = text.strip_prefix('\'') {
        chars.push_str(&inner.strip_suffix('\'')?.replace("''", "'"));
    } else if let Some(inner) = text.strip_prefix('"') {
        let mut rest = inner.strip_suffix('"')?;
        while let Some(index) = rest.find('\\') {
            chars.push_str(&rest[..index]);
            let length = 1 + rest[index + 1..].chars().next()?.len_utf8();
            chars.push(unescape(&rest[index..index + length])?);
            rest = &rest[index + length..];
        }
        chars.push_str(rest);
    } else {
        chars.push_str(text);
    }
    let mut out = String::from("\"");
    escape_into(&mut out, &chars);
    out.push('"');
    Some(out)
}

fn write_entry(out: &mut String, key: &str, value: &Node, indentation: usize) {
    let is_word = key.starts_with(char::is_alphabetic)
        && key.chars().all(|character| character.is_alphanumeric() || character == '_');
    let key = if is_word { key.to_owned() } else { format!("\"{key}\"") };
    out.push_str(&format!("{}{key}: ", " ".repeat(indentation)));
    write_node(out, value, indentation);
    out.push('\n');
}

fn write_node(out: &mut String, node: &Node, indentation: usize) {
    match node {
        Node::Scalar(text) => out.push_str(text),
        Node::Map(entries) if entries.is_empty() => out.push_str("{}"),
        Node::Map(entries) => {
            out.push_str("{\n");
            for (key, value) in entries {
                write_entry(out, key, value, indentation + 4);
            }
            out.push_str(&format!("{}}}", " ".repeat(indentation)));
        }
        Node::List(items) if items.iter().all(|item| matches!(item, Node::Scalar(_))) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_node(out, item, indentation);
            }
            out.push(']');
        }
        Node::List(items) => {
            out.push_str("[\n");
            for item in items {
                out.push_str(&" ".repeat(indentation + 4));
                write_node(out, item, indentation + 4);
                out.push_str(",\n");
            }
            out.push_str(&format!("{}]", " ".repeat(indentation)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scope_diagnostics::FileId;

    fn converted(text: &str) -> Option<String> {
        let program = format!("x {{{text}}}");
        let place = Span::new(FileId(0), 3, 3 + text.len() as u32);
        let report = recognise(text)?.report(place, &program);
        Some(report.fix.map_or("no fix".to_owned(), |fix| fix.edits[0].replacement.clone()))
    }

    #[test]
    fn plain_yaml_is_converted() {
        let yaml = "\nkind: Pod\nspec:\n  containers:\n  - name: web # first\n    image: nginx:1.14\n    args: [\"-c\", 5]\n  - name: b\n  on: true\n";
        let expected = "\n    kind: \"Pod\"\n    spec: {\n        containers: [\n            {\n                name: \"web\"\n                image: \"nginx:1.14\"\n                args: [\"-c\", 5]\n            },\n            {\n                name: \"b\"\n            },\n        ]\n        on: true\n    }\n";
        assert_eq!(converted(yaml).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_not_plain_is_recognised_without_a_fix() {
        assert_eq!(converted("\na: |\n  x: y\nb: &c\n").as_deref(), None);
        assert_eq!(converted("\na:\n  - *b\n").as_deref(), Some("no fix"));
        assert_eq!(converted("\na: 1,\nb: 2\n"), None);
    }
}
