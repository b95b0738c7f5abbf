//! Values in one column: what stands behind the keys of entries on lines next to each other.
//!
//! Comes in: the printed text, and where values start in it. Goes out: the text with blanks before them.
//!
//! ```text
//! name: "vm"                name:   "vm"
//! flavor: "m1.tiny"    →    flavor: "m1.tiny"
//! spec: {                   spec: {
//! ```
//!
//! A blank line, another indentation, a value of several lines and a value of another kind end a column; comments do
//! not. A line that would need very wide blanks, or get longer than lines may be, keeps one blank.

use super::doc::WIDTH;

/// What a mark stands before: only values of one kind share a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The value of an entry, the type of an attribute.
    Value,
    /// The arrow of a rule.
    Arrow,
    /// The equals sign of a driver's command line.
    Equals,
}

/// The most blanks that are put into a line.
const WIDEST: usize = 28;

/// The text with its marked places (byte offsets, ascending) aligned.
pub(super) fn aligned(text: &str, marks: &[(usize, Mark)]) -> String {
    if marks.is_empty() {
        return text.to_owned();
    }
    let mut out = Aligned { text, paddings: Vec::new() };
    let mut column: Vec<Row> = Vec::new();
    let mut marks = marks.iter().peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let mark = marks.peek().filter(|(place, _)| *place < end).copied();
        while marks.next_if(|(place, _)| *place < end).is_some() {}
        let trimmed = line.trim();
        let indentation = line.len() - line.trim_start().len();
        let is_one_line = !trimmed.ends_with(['{', '[', '(']) && !trimmed.ends_with("\"\"\"");
        match mark {
            Some((place, kind)) if is_one_line => {
                let row = Row {
                    place: *place,
                    kind: *kind,
                    indentation,
                    before: text[start..*place].chars().count(),
                    width: line.trim_end().chars().count(),
                };
                if column.last().is_some_and(|last| !last.shares_column(&row)) {
                    out.column(&std::mem::take(&mut column));
                }
                column.push(row);
            }
            None if trimmed.starts_with("//")
                && column.last().is_some_and(|last| last.indentation == indentation) => {}
            _ => out.column(&std::mem::take(&mut column)),
        }
        start = end;
    }
    out.column(&column);
    out.finish()
}

/// A line with a mark.
struct Row {
    place: usize,
    kind: Mark,
    indentation: usize,
    /// Characters before the mark.
    before: usize,
    /// Characters of the whole line.
    width: usize,
}

impl Row {
    fn shares_column(&self, other: &Row) -> bool {
        self.kind == other.kind && self.indentation == other.indentation
    }
}

struct Aligned<'t> {
    text: &'t str,
    /// Where how many blanks are put, ascending.
    paddings: Vec<(usize, usize)>,
}

impl Aligned<'_> {
    /// One much wider than the narrowest stands alone, and parts those around it.
    fn column(&mut self, rows: &[Row]) {
        let Some(narrowest) = rows.iter().map(|row| row.before).min() else { return };
        for rows in rows.split(|row| row.before > narrowest + WIDEST) {
            let Some(widest) = rows.iter().map(|row| row.before).max() else { continue };
            let padded = rows.iter().filter(|row| row.width + widest - row.before <= WIDTH);
            self.paddings.extend(padded.map(|row| (row.place, widest - row.before)));
        }
    }

    fn finish(self) -> String {
        let mut out = String::with_capacity(self.text.len() + self.paddings.len() * 4);
        let mut copied = 0;
        for (place, padding) in self.paddings {
            out.push_str(&self.text[copied..place]);
            out.extend(std::iter::repeat_n(' ', padding));
            copied = place;
        }
        out.push_str(&self.text[copied..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `^` is a mark.
    fn shown(text: &str) -> String {
        let mut plain = String::new();
        let mut marks = Vec::new();
        for letter in text.chars() {
            match letter {
                '^' => marks.push((plain.len(), Mark::Value)),
                letter => plain.push(letter),
            }
        }
        aligned(&plain, &marks)
    }

    #[test]
    fn neighbours_share_a_column_and_others_do_not() {
        assert_eq!(shown("a: ^1\n// c\nbcd: ^2\n"), "a:   1\n// c\nbcd: 2\n");
        assert_eq!(shown("a: ^1\n\nbcd: ^2\n"), "a: 1\n\nbcd: 2\n");
        assert_eq!(
            shown("a: ^1\nbcd: ^{\n    é: ^1\n    fg: ^2\n}\n"),
            "a: 1\nbcd: {\n    é:  1\n    fg: 2\n}\n"
        );
        let long = "x".repeat(40);
        assert_eq!(shown(&format!("a: ^1\n{long}: ^2\n")), format!("a: 1\n{long}: 2\n"));
    }
}
