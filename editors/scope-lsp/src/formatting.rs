//! A text in the one style of the language, as the smallest change of whole lines.
//!
//! `let a=1` between two lines that are well → the one line replaced by `let a = 1`; a text that cannot be read as a whole
//! stays as it is.

use gen_lsp_types::{Range, TextEdit};
use scope_diagnostics::{SourceMap, Span};

use crate::positions::Encoding;

/// The edits that bring a text into its style: none where it has it, `None` where a mistake is in the way.
pub fn edits(text: &str, encoding: Encoding) -> Option<Vec<TextEdit>> {
    let formatted = scope_compiler::format(text)?;
    if formatted == text {
        return Some(Vec::new());
    }
    let old: Vec<&str> = text.split_inclusive('\n').collect();
    let new: Vec<&str> = formatted.split_inclusive('\n').collect();
    let n_before = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[n_before..], &new[n_before..]);
    let n_after =
        old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let start: usize = old[..n_before].iter().map(|line| line.len()).sum();
    let changed: usize = old_rest[..old_rest.len() - n_after].iter().map(|line| line.len()).sum();
    let new_text = new_rest[..new_rest.len() - n_after].concat();
    Some(vec![TextEdit { range: range(text, start, start + changed, encoding), new_text }])
}

fn range(text: &str, start: usize, end: usize, encoding: Encoding) -> Range {
    let mut sources = SourceMap::new();
    let file = sources.add("", text);
    encoding.range(&sources, Span::new(file, start as u32, end as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str) -> Option<String> {
        let mut sources = SourceMap::new();
        let id = sources.add("", text);
        let file = sources.get(id);
        let mut result = text.to_owned();
        for edit in edits(text, Encoding::Utf16)? {
            let start = Encoding::Utf16.offset(file, edit.range.start) as usize;
            let end = Encoding::Utf16.offset(file, edit.range.end) as usize;
            result.replace_range(start..end, &edit.new_text);
        }
        Some(result)
    }

    #[test]
    fn what_is_applied_is_the_formatted_text() {
        for text in [
            "let a=1\n",
            "let a = \"é😀\"\nlet  b=2\nlet c = 3\n",
            "let a = 1\n\n\n\nlet b = 2",
            "let a = 1\r\nlet b = 2\r\n",
            "let a = 1\nlet b = 2\n\n\n",
            "",
        ] {
            assert_eq!(applied(text), scope_compiler::format(text), "{text:?}");
        }
    }

    #[test]
    fn only_lines_that_differ_are_touched() {
        let changes = edits("let a = 1\nlet  é=2\nlet c = 3\n", Encoding::Utf16).expect("it can be read");
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].range.start.line, changes[0].range.end.line), (1, 2));
        assert_eq!(changes[0].new_text, "let é = 2\n");
        assert_eq!(edits("let a = 1\n", Encoding::Utf16).map(|changes| changes.len()), Some(0));
    }

    #[test]
    fn a_text_with_a_mistake_is_left_alone() {
        assert_eq!(edits("let = (\nlet  b=2\n", Encoding::Utf16), None);
    }
}
