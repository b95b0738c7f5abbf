//! Characters that nobody sees, written as they are in a text or a comment: a reader takes the line for another one.
//!
//! `name: "web<U+200B>"` → "write `\u{200b}`".

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::is_unseen;

use super::{Input, reports::Reports};

/// A blank in a comment that is not broken there is no other blank to a reader.
const NO_BREAK: char = '\u{a0}';

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        let Some(file) = input.sources.try_get(module.file) else { continue };
        let text = file.text();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            // One of a line: where there is one, all of it is to be looked at.
            let is_mark = |at: usize, character: char| start + at == 0 && character == '\u{feff}';
            let mut unseen = line.char_indices().filter(|(at, character)| {
                is_unseen(*character)
                    && !is_mark(*at, *character)
                    && (*character != NO_BREAK || is_in_text(line, *at))
            });
            if let Some((at, character)) = unseen.next() {
                let from = (start + at) as u32;
                reports.push(of(
                    character,
                    Span::new(module.file, from, from + character.len_utf8() as u32),
                    line,
                    at,
                ));
            }
            start += line.len();
        }
    }
}

/// Whether a place of a line is in a text that has escapes, as far as its line tells.
fn is_in_text(line: &str, at: usize) -> bool {
    let before = &line[..at];
    let is_raw = before.contains("r\"") || before.contains("#\"");
    before.matches('"').count() % 2 == 1 && !before.trim_start().starts_with("//") && !is_raw
}

fn of(character: char, span: Span, line: &str, at: usize) -> Diagnostic {
    let code = character as u32;
    let report = Diagnostic::new(codes::W0348, span, format!("U+{code:04X} is not seen where it stands"))
        .label("there is a character here");
    match is_in_text(line, at) {
        true => {
            let written = format!("\\u{{{code:x}}}");
            report
                .help(format!("if it is meant, write `{written}`"))
                .fix(format!("write `{written}`"), vec![Edit::new(span, written)])
        }
        false => report.help("remove it"),
    }
}
