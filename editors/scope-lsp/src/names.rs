//! Names for the editor: what may be written, where a name stands, what renaming it changes, what a file declares.
//!
//! In comes a compilation, out goes what the protocol wants: `[{ "label": "flavor", "kind": 10, "detail": "string" }]`.

use std::collections::BTreeMap;

use scope_compiler::completing::{self, CandidateKind};
use scope_compiler::{Compilation, renaming};
use scope_diagnostics::{FileId, Fix, Span};
use serde_json::{Value, json};

use crate::positions::Encoding;
use crate::publish::Translator;

/// What may be written at a byte of a file. The editor leaves out what does not begin as what was typed.
pub fn completions(compilation: &Compilation, encoding: Encoding, file: FileId, offset: u32) -> Value {
    let library: Vec<String> = scope_stdlib::modules().map(str::to_owned).collect();
    let candidates = completing::complete(compilation, &library, file, offset);
    let range = typed(compilation, file, offset).map(|span| encoding.range(&compilation.sources, span));
    let items = candidates.into_iter().enumerate().map(|(index, candidate)| {
        let mut item = json!({
            "label": candidate.label,
            "kind": kind(candidate.kind),
            // As they come: what fits best first.
            "sortText": format!("{index:05}"),
        });
        if !candidate.detail.is_empty() {
            item["detail"] = candidate.detail.into();
        }
        if !candidate.docs.is_empty() {
            item["documentation"] = json!({ "kind": "markdown", "value": candidate.docs });
        }
        if let Some(range) = range {
            item["textEdit"] = json!({ "range": range, "newText": item["label"] });
        }
        item
    });
    json!({ "isIncomplete": false, "items": items.collect::<Vec<_>>() })
}

/// The part of a word that was typed: names hold dashes, which editors take for the end of one.
fn typed(compilation: &Compilation, file: FileId, offset: u32) -> Option<Span> {
    let before = compilation.sources.try_get(file)?.text().get(..offset as usize)?;
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let start = before.trim_end_matches(is_of_name).len();
    let is_after_dot = before[..start].ends_with('.');
    // A type is written with its driver, `openstack.server`, and completed as a whole.
    let whole = before.trim_end_matches(|c| is_of_name(c) || c == '.').len();
    let is_type = is_after_dot && before[..whole].trim_end().ends_with(':') && !before[..whole].contains('{');
    Some(Span::new(file, if is_type { whole } else { start } as u32, offset))
}

fn kind(kind: CandidateKind) -> u32 {
    match kind {
        CandidateKind::Key => 10,
        CandidateKind::Resource => 6,
        CandidateKind::Site => 21,
        CandidateKind::Service => 9,
        CandidateKind::Type => 7,
        CandidateKind::Text => 12,
        CandidateKind::Name => 6,
        CandidateKind::Function => 3,
        CandidateKind::Module => 9,
        CandidateKind::Word => 14,
    }
}

/// Every place of a name.
pub fn locations(compilation: &Compilation, definition: Span, translator: &mut Translator<'_>) -> Vec<Value> {
    let places = renaming::places(compilation, definition).into_iter();
    places
        .filter_map(|place| serde_json::to_value(translator.location(&compilation.sources, place)?).ok())
        .collect()
}

/// Whether something is declared in a file that a person wrote.
pub fn is_of_program(compilation: &Compilation, definition: Span) -> bool {
    let file = compilation.sources.try_get(definition.file);
    file.is_some_and(|file| file.path().ends_with(".scope") && !file.path().starts_with("std:"))
}

/// Edits of several programs, each once.
#[derive(Default)]
pub struct Edits(BTreeMap<String, Vec<Value>>);

impl Edits {
    /// Adds what a change edits.
    pub fn add(
        &mut self,
        compilation: &Compilation,
        fix: &Fix,
        translator: &mut Translator<'_>,
    ) -> Result<(), String> {
        for edit in &fix.edits {
            let location = translator.location(&compilation.sources, edit.span).and_then(|it| {
                let it = serde_json::to_value(it).ok()?;
                Some((it["uri"].as_str()?.to_owned(), it["range"].clone()))
            });
            let Some((uri, range)) = location else { return Err("a file of it cannot be opened".into()) };
            let edit = json!({ "range": range, "newText": edit.replacement });
            let edits = self.0.entry(uri).or_default();
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
        Ok(())
    }

    /// As the protocol wants it.
    pub fn value(self) -> Value {
        json!({ "changes": self.0 })
    }
}

/// What a file declares.
pub fn symbols(compilation: &Compilation, encoding: Encoding, file: FileId) -> Value {
    let declared = renaming::outline(compilation, file).into_iter().map(|declared| {
        let kind = match declared.word {
            "site" => 3,
            "fn" | "operator" | "sequence" | "test" => 12,
            "driver" => 2,
            "type" => 5,
            "param" | "let" => 13,
            "output" => 7,
            _ => 19,
        };
        json!({
            "name": declared.name,
            "detail": declared.word,
            "kind": kind,
            "range": encoding.range(&compilation.sources, declared.item),
            "selectionRange": encoding.range(&compilation.sources, declared.place),
        })
    });
    Value::Array(declared.collect())
}
