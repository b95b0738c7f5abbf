//! Names by what they name, for an editor's colours: what no grammar can know.
//!
//! `image: base` → `image` a property, `base` a variable that is declared elsewhere; keywords and texts are the grammar's.

use scope_compiler::{Compilation, NameKind};
use scope_diagnostics::{SourceFile, Span};
use serde_json::{Value, json};

use crate::positions::Encoding;

/// The protocol's names for the kinds, by their numbers.
const TYPES: [&str; 8] =
    ["namespace", "type", "class", "property", "method", "parameter", "variable", "function"];

/// What the server offers.
pub fn legend() -> Value {
    json!({ "legend": { "tokenTypes": TYPES, "tokenModifiers": ["declaration"] }, "full": true })
}

/// The names of a file, each after the one before: lines and units further, length, kind, modifiers.
pub fn tokens(compilation: &Compilation, file: &SourceFile, encoding: Encoding) -> Value {
    let mut names: Vec<(Span, NameKind, bool)> = Vec::new();
    for found in &compilation.uses {
        let is_here = found.span == found.definition;
        names.push((found.span, found.kind, is_here));
        if !is_here && !found.definition.is_dummy() && !found.definition.is_empty() {
            names.push((found.definition, found.kind, true));
        }
    }
    names.retain(|(span, ..)| span.file == file.id() && !span.is_empty());
    // The narrower of two at one place; a declaration before a use.
    names.sort_by_key(|(span, kind, is_here)| (span.start, span.end, !is_here, *kind));
    let (mut data, mut end) = (Vec::new(), 0);
    let mut last = encoding.position(file, 0);
    for (span, kind, is_here) in names {
        let (from, to) = (encoding.position(file, span.start), encoding.position(file, span.end));
        if span.start < end || from.line != to.line {
            continue;
        }
        end = span.end;
        let start = if from.line == last.line { last.character } else { 0 };
        data.extend([
            from.line - last.line,
            from.character - start,
            to.character - from.character,
            number(kind),
            u32::from(is_here),
        ]);
        last = from;
    }
    json!({ "data": data })
}

fn number(kind: NameKind) -> u32 {
    let name = match kind {
        NameKind::Site | NameKind::Driver | NameKind::Service => "namespace",
        NameKind::Type => "type",
        NameKind::Module => "class",
        NameKind::Attribute => "property",
        NameKind::Operation => "method",
        NameKind::Parameter => "parameter",
        NameKind::Value | NameKind::Resource => "variable",
        NameKind::Function => "function",
    };
    TYPES.iter().position(|known| *known == name).map_or(0, |index| index as u32)
}
