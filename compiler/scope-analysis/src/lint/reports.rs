//! What the rules report, each once a place.
//!
//! Comes in: reports, with the name of what each is about. Goes out: of the elements of a family, the resources of a group
//! or the sites of a family of which the same is to be said at the same words, the first; the others are named, or
//! counted where they are many.
//!
//! ```text
//! W0334 `agent["a"]` is tried once, … `agent["b"]` …, `agent["c"]` …   →   one report, "the same is so of `agent["b"]`, `agent["c"]`"
//! ```

use std::collections::BTreeMap;

use scope_diagnostics::{Code, Diagnostic, Span};

/// More than so many others are counted.
const MOST_NAMED: usize = 4;

/// See above.
#[derive(Default)]
pub(super) struct Reports {
    alone: Vec<Diagnostic>,
    of: BTreeMap<(Code, Span), BTreeMap<Natural, Diagnostic>>,
}

impl Reports {
    /// A report that is about a place of the text.
    pub fn push(&mut self, report: Diagnostic) {
        self.alone.push(report);
    }

    /// A report about something of this name; what comes of one place of the text may be several things.
    pub fn push_of(&mut self, name: impl Into<String>, report: Diagnostic) {
        let named = self.of.entry((report.code, report.primary.span)).or_default();
        named.entry(Natural::new(name.into())).or_insert(report);
    }

    /// Whether one of these rules reports a part of the text that holds this one.
    pub fn covers(&self, codes: &[Code], span: Span) -> bool {
        let of = self.of.values().flat_map(BTreeMap::values);
        self.alone.iter().chain(of).filter(|report| codes.contains(&report.code)).any(|report| {
            let around = report.primary.span;
            around.file == span.file && around.start <= span.start && span.end <= around.end
        })
    }

    /// What is said.
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut reports = self.alone;
        for named in self.of.into_values() {
            let mut named = named.into_iter();
            let Some((_, first)) = named.next() else { continue };
            let others: Vec<String> = named.map(|(name, _)| format!("`{}`", name.text)).collect();
            reports.push(match others.len() {
                0 => first,
                1..=MOST_NAMED => first.note(format!("the same is so of {}", others.join(", "))),
                many => {
                    let shown = others[..MOST_NAMED - 1].join(", ");
                    first.note(format!("the same is so of {many} others: {shown} and so on"))
                }
            });
        }
        reports
    }
}

/// A name, ordered as people count: `vm["2"]` before `vm["10"]`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Natural {
    /// Without digits at their places, then the numbers.
    key: Vec<(String, u64)>,
    text: String,
}

impl Natural {
    fn new(text: String) -> Natural {
        let mut key = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (word, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
            let (digits, tail) =
                tail.split_at(tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len()));
            key.push((word.to_string(), digits.parse().unwrap_or(0)));
            rest = tail;
        }
        Natural { key, text }
    }
}
