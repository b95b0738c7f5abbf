//! Reports of one cause, told once: a driver that is not imported, a name that is misspelt in several places or where it is
//! declared.
//!
//! Comes in: reports in their order. Goes out: of those that say the same of one file, and of those whose fix writes the same
//! word for the same word, one, with the places of the others and the edits of all.
//!
//! ```text
//! E0207 no driver is called `openstack`, at lines 4, 5 and 9  →  one report with three places
//! E0102 nothing is called `films`, did you mean `filsm`?, twice  →  one report whose fix mends both
//! ```

use std::collections::HashMap;

use crate::{Code, Diagnostic, FileId, Label, MAXIMUM_REPORTS, SourceMap, Span, codes};

/// Codes of names that something else has to declare, and of files that are not there.
const ELSEWHERE: [Code; 3] = [codes::E0101, codes::E0207, codes::E0603];

/// Codes of words that a file, or a driver, does not know.
const UNKNOWN: [Code; 5] = [codes::E0101, codes::E0102, codes::E0207, codes::E0216, codes::E0402];

/// What two reports have in common that are told as one.
#[derive(PartialEq, Eq, Hash)]
enum Cause {
    /// They say the same, of one file.
    Same { code: Code, file: FileId, words: (String, Vec<String>, Vec<String>) },
    /// They know no such word, of one file.
    Unknown { file: FileId, word: String },
    /// This word is meant to be that one.
    Word { written: String, meant: String },
}

/// See above.
pub(crate) fn told_once(reports: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut first_of: HashMap<Cause, usize> = HashMap::new();
    let mut told: Vec<Diagnostic> = Vec::with_capacity(reports.len());
    for report in reports {
        let Some(cause) = cause(&report, sources) else {
            told.push(report);
            continue;
        };
        match first_of.get(&cause) {
            None => {
                first_of.insert(cause, told.len());
                told.push(report);
            }
            Some(&first) => {
                let mut report = report;
                // Which of them tells it does not depend on where they stand: what a driver lacks before what its users write,
                // and that a site is not there before that a name is not.
                let rank = |code: Code| (code == codes::E0101, code);
                if rank(report.code) > rank(told[first].code) {
                    std::mem::swap(&mut report, &mut told[first]);
                }
                add(&mut told[first], report);
            }
        }
    }
    told
}

fn cause(report: &Diagnostic, sources: &SourceMap) -> Option<Cause> {
    let span = report.primary.span;
    if span.is_dummy() || !report.is_error() {
        return None;
    }
    match &report.fix {
        // What a site lacks is one for all that need it.
        None if report.code == codes::E0301 => {
            let site = report.secondary.first()?;
            let words = (format!("{:?}", site.span), vec![site.text.clone()], report.help.clone());
            Some(Cause::Same { code: report.code, file: span.file, words })
        }
        // What a site's version lacks is one for all that ask for it.
        None if report.code == codes::E0706 => {
            let words = (report.message.clone(), Vec::new(), report.help.clone());
            Some(Cause::Same { code: report.code, file: span.file, words })
        }
        // Where what starts is one for all that names no place.
        None if report.code == codes::E0105 => {
            let words = (String::new(), report.notes.clone(), report.help.clone());
            Some(Cause::Same { code: report.code, file: span.file, words })
        }
        None if UNKNOWN.contains(&report.code) && unknown(report).is_some() => unknown(report),
        None if ELSEWHERE.contains(&report.code) => {
            let words = (report.message.clone(), report.notes.clone(), report.help.clone());
            Some(Cause::Same { code: report.code, file: span.file, words })
        }
        Some(fix) => {
            let [edit] = &fix.edits[..] else {
                return UNKNOWN.contains(&report.code).then(|| unknown(report)).flatten();
            };
            let text = sources.try_get(edit.span.file)?.text();
            let written = text.get(edit.span.range())?;
            let is_word = |word: &str| {
                !word.is_empty()
                    && word.chars().all(|letter| letter.is_alphanumeric() || "_-\" ".contains(letter))
            };
            // What is wrong with the text itself is told where it stands.
            let is_of_name = !report.code.as_str().starts_with("E00");
            let is_of_word =
                is_of_name && is_word(written) && is_word(&edit.replacement) && span.contains(edit.span);
            // To quote a name that nothing declares is a guess of one of its places.
            let is_quoted = UNKNOWN.contains(&report.code) && edit.replacement.trim_matches('"') == written;
            match is_of_word && !is_quoted {
                true => Some(Cause::Word { written: written.into(), meant: edit.replacement.clone() }),
                false if UNKNOWN.contains(&report.code) => unknown(report),
                false => None,
            }
        }
        None => None,
    }
}

/// The word that a report says is not known.
fn unknown(report: &Diagnostic) -> Option<Cause> {
    let word = report.message.split('`').rev().nth(1)?;
    Some(Cause::Unknown { file: report.primary.span.file, word: word.into() })
}

/// Puts a report's place and edits to those of the first one; of very many only as many as there may be reports.
fn add(first: &mut Diagnostic, report: Diagnostic) {
    if first.secondary.len() >= MAXIMUM_REPORTS {
        return;
    }
    // What each of them asks for differs, and which of them is the first depends on their order.
    if report.code == codes::E0105 && report.message != first.message {
        first.message = "where do these start?".into();
    }
    let is_known =
        |span: Span| first.primary.span == span || first.secondary.iter().any(|label| label.span == span);
    if !is_known(report.primary.span) {
        let text = match report.code {
            // Who asks for it.
            codes::E0706 => report.primary.text.clone(),
            _ => first.primary.text.clone(),
        };
        first.secondary.push(Label { text, ..report.primary });
    }
    if let (Some(fix), Some(other)) = (&mut first.fix, report.fix)
        && fix.title == other.title
    {
        for edit in other.edits {
            if !fix.edits.contains(&edit) {
                fix.edits.push(edit);
            }
        }
    }
}
