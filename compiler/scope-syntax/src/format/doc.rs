//! A document that knows where it may be broken, and the printer that breaks it only where a line would be too long.
//!
//! `group(a line b)` is `a b` if that fits on the line, else `a` and `b` on two lines. After Wadler's "A prettier
//! printer", with the stack of Oppen: one pass, no backtracking further than a line.

use super::align::{Mark, aligned};

/// How long a line may be.
pub(super) const WIDTH: usize = 120;

/// How far an inner line is indented.
const INDENTATION: usize = 4;

/// A document.
#[derive(Clone, Debug)]
pub(super) struct Doc {
    node: Node,
    /// Whether it holds a line end that is always taken, so that no group around it can be flat.
    hard: bool,
}

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    /// A text whose lines are kept as they are.
    Verbatim(String),
    /// A blank, or a line end in a broken group.
    Line,
    /// Nothing, or a line end in a broken group.
    SoftLine,
    HardLine,
    /// A text that stands only in a flat group.
    Flat(&'static str),
    /// A text that stands only in a broken group.
    Broken(&'static str),
    /// In a broken group: what follows may be moved to the column of its neighbours.
    Mark(Mark),
    Nest(Box<Doc>),
    Group(Box<Doc>),
    Concat(Vec<Doc>),
}

pub(super) fn text(text: impl Into<String>) -> Doc {
    Doc { node: Node::Text(text.into()), hard: false }
}

pub(super) fn verbatim(text: impl Into<String>) -> Doc {
    let text = text.into();
    let hard = text.contains('\n');
    Doc { node: Node::Verbatim(text), hard }
}

pub(super) fn nil() -> Doc {
    Doc { node: Node::Concat(vec![]), hard: false }
}

pub(super) fn line() -> Doc {
    Doc { node: Node::Line, hard: false }
}

pub(super) fn soft_line() -> Doc {
    Doc { node: Node::SoftLine, hard: false }
}

pub(super) fn hard_line() -> Doc {
    Doc { node: Node::HardLine, hard: true }
}

pub(super) fn flat_only(text: &'static str) -> Doc {
    Doc { node: Node::Flat(text), hard: false }
}

pub(super) fn broken_only(text: &'static str) -> Doc {
    Doc { node: Node::Broken(text), hard: false }
}

pub(super) fn mark(mark: Mark) -> Doc {
    Doc { node: Node::Mark(mark), hard: false }
}

/// Nothing, but no group around it can be flat.
pub(super) fn break_around() -> Doc {
    Doc { node: Node::Concat(vec![]), hard: true }
}

pub(super) fn nest(doc: Doc) -> Doc {
    Doc { hard: doc.hard, node: Node::Nest(Box::new(doc)) }
}

pub(super) fn group(doc: Doc) -> Doc {
    Doc { hard: doc.hard, node: Node::Group(Box::new(doc)) }
}

pub(super) fn concat(docs: impl IntoIterator<Item = Doc>) -> Doc {
    let docs: Vec<Doc> = docs.into_iter().collect();
    Doc { hard: docs.iter().any(|doc| doc.hard), node: Node::Concat(docs) }
}

pub(super) fn join(docs: impl IntoIterator<Item = Doc>, separator: &Doc) -> Doc {
    let mut joined = vec![];
    for doc in docs {
        if !joined.is_empty() {
            joined.push(separator.clone());
        }
        joined.push(doc);
    }
    concat(joined)
}

impl Doc {
    pub fn is_hard(&self) -> bool {
        self.hard
    }

    /// The same, always broken.
    pub fn broken(self) -> Doc {
        match self.node {
            Node::Group(inner) => group(concat([break_around(), *inner])),
            node => Doc { node, hard: true },
        }
    }

    /// The document on one line, however long.
    pub fn print_flat(&self) -> String {
        let mut out = String::new();
        let mut stack = vec![self];
        while let Some(doc) = stack.pop() {
            match &doc.node {
                Node::Text(text) | Node::Verbatim(text) => out.push_str(text),
                Node::Flat(text) => out.push_str(text),
                Node::Line | Node::HardLine => out.push(' '),
                Node::SoftLine | Node::Broken(_) | Node::Mark(_) => {}
                Node::Nest(inner) | Node::Group(inner) => stack.push(inner),
                Node::Concat(docs) => stack.extend(docs.iter().rev()),
            }
        }
        out
    }

    /// The width of the document on one line, as far as that is below `limit`.
    pub fn flat_width(&self, limit: usize) -> usize {
        let mut width = 0;
        let mut stack = vec![self];
        while let Some(doc) = stack.pop() {
            match &doc.node {
                Node::Text(text) | Node::Verbatim(text) => width += text.chars().count(),
                Node::Line => width += 1,
                Node::Flat(text) => width += text.len(),
                Node::SoftLine | Node::HardLine | Node::Broken(_) | Node::Mark(_) => {}
                Node::Nest(inner) | Node::Group(inner) => stack.push(inner),
                Node::Concat(docs) => stack.extend(docs.iter().rev()),
            }
            if width >= limit {
                return limit;
            }
        }
        width
    }

    /// Prints it.
    pub fn print(&self) -> String {
        let mut printer = Printer { out: String::new(), marks: Vec::new(), column: 0, indentation: 0 };
        let mut stack: Vec<(usize, bool, &Doc)> = vec![(0, false, self)];
        while let Some((indentation, is_flat, doc)) = stack.pop() {
            match &doc.node {
                Node::Text(text) => printer.text(text),
                Node::Verbatim(text) => printer.verbatim(text),
                Node::Line if is_flat => printer.text(" "),
                Node::Flat(text) if is_flat => printer.text(text),
                Node::Broken(text) if !is_flat => printer.text(text),
                Node::Mark(mark) if !is_flat => printer.marks.push((printer.out.len(), *mark)),
                Node::Flat(_) | Node::Broken(_) | Node::Mark(_) => {}
                Node::SoftLine if is_flat => {}
                Node::Line | Node::SoftLine | Node::HardLine => printer.end_line(indentation),
                Node::Nest(inner) => stack.push((indentation + INDENTATION, is_flat, inner)),
                Node::Group(inner) => {
                    let flat = is_flat || !inner.hard && fits(printer.column(), inner, &stack);
                    stack.push((indentation, flat, inner));
                }
                Node::Concat(docs) => stack.extend(docs.iter().rev().map(|doc| (indentation, is_flat, doc))),
            }
        }
        aligned(&printer.out, &printer.marks)
    }
}

/// Whether `doc`, flat, and what follows it up to the next line end fit from this column on.
fn fits(column: usize, doc: &Doc, rest: &[(usize, bool, &Doc)]) -> bool {
    let mut column = column;
    let mut stack = vec![(true, doc)];
    let mut rest = rest.iter().rev();
    loop {
        let Some((is_flat, doc)) = stack.pop().or_else(|| rest.next().map(|(_, flat, doc)| (*flat, *doc)))
        else {
            return true;
        };
        match &doc.node {
            Node::Text(text) => column += text.chars().count(),
            Node::Verbatim(text) => match text.split_once('\n') {
                Some((first, _)) => return column + first.chars().count() <= WIDTH,
                None => column += text.chars().count(),
            },
            Node::Line if is_flat => column += 1,
            Node::Flat(text) => column += if is_flat { text.len() } else { 0 },
            Node::Broken(text) => column += if is_flat { 0 } else { text.len() },
            Node::Mark(_) => {}
            Node::SoftLine if is_flat => {}
            Node::Line | Node::SoftLine | Node::HardLine => return true,
            // A group of what follows may be broken.
            Node::Nest(inner) => stack.push((is_flat, inner)),
            Node::Group(inner) => stack.push((is_flat && !inner.hard, inner)),
            Node::Concat(docs) => stack.extend(docs.iter().rev().map(|doc| (is_flat, doc))),
        }
        if column > WIDTH {
            return false;
        }
    }
}

struct Printer {
    out: String,
    /// Where values start that may share a column.
    marks: Vec<(usize, Mark)>,
    /// Characters on the current line, its indentation not counted while nothing else stands on it.
    column: usize,
    /// The indentation that is written before the next text.
    indentation: usize,
}

impl Printer {
    fn column(&self) -> usize {
        if self.column == 0 { self.indentation } else { self.column }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.column == 0 {
            self.out.extend(std::iter::repeat_n(' ', self.indentation));
            self.column = self.indentation;
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn verbatim(&mut self, text: &str) {
        match text.rsplit_once('\n') {
            None => self.text(text),
            Some((lines, last)) => {
                let first = lines.split('\n').next().unwrap_or_default();
                self.text(first);
                self.out.push_str(&lines[first.len()..]);
                self.out.push('\n');
                self.out.push_str(last);
                self.column = last.chars().count().max(1);
            }
        }
    }

    fn end_line(&mut self, indentation: usize) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push('\n');
        self.column = 0;
        self.indentation = indentation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_only_what_does_not_fit() {
        let list = |count: usize| {
            let items = (0..count).map(|_| text("0123456789"));
            let inner = join(items, &concat([text(","), line()]));
            group(concat([text("["), nest(concat([soft_line(), inner])), soft_line(), text("]")]))
        };
        assert_eq!(list(2).print(), "[0123456789, 0123456789]");
        assert_eq!(list(11).print().lines().count(), 13);
        assert_eq!(list(11).print().lines().nth(1), Some("    0123456789,"));
    }
}
