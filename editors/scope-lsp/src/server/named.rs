//! The requests about names: completion, references, renaming, the declarations of a file.
//!
//! Each is answered over all open programs that have the file, each place once.

use gen_lsp_types::TextDocumentPositionParams;
use lsp_server::ErrorCode;
use scope_compiler::{Compilation, renaming};
use scope_diagnostics::{Diagnostic, FileId, Span};
use serde_json::{Value, json};

use super::{Answer, Server, parsed, value_of};
use crate::documents::key_of;
use crate::publish::Translator;
use crate::world::Overlay;
use crate::{names, paths};

impl Server<'_> {
    pub(super) fn completion(&mut self, params: Value) -> Answer {
        let place: TextDocumentPositionParams = parsed(params)?;
        let encoding = self.encoding;
        let Some((compilation, file, offset)) = self.place_at(&place) else { return Ok(Value::Null) };
        Ok(names::completions(compilation, encoding, file, offset))
    }

    pub(super) fn references(&mut self, params: Value) -> Answer {
        let place: TextDocumentPositionParams = parsed(params)?;
        self.named(&place, |compilation, definition, translator| {
            names::locations(compilation, definition, translator)
        })
    }

    pub(super) fn highlights(&mut self, params: Value) -> Answer {
        let place: TextDocumentPositionParams = parsed(params)?;
        let key = key_of(place.text_document.uri.as_ref());
        self.named(&place, |compilation, definition, translator| {
            let uri = translator.uri(&key);
            let mut here = names::locations(compilation, definition, translator);
            here.retain(|location| location["uri"] == uri.as_str());
            here.into_iter().map(|location| json!({ "range": location["range"] })).collect()
        })
    }

    pub(super) fn can_rename(&mut self, params: Value) -> Answer {
        let place: TextDocumentPositionParams = parsed(params)?;
        let encoding = self.encoding;
        let Some((compilation, found)) = self.use_at(&place) else { return Ok(Value::Null) };
        if !names::is_of_program(compilation, found.definition) {
            return Ok(Value::Null);
        }
        value_of(encoding.range(&compilation.sources, found.span))
    }

    /// The name in every open program that has it.
    pub(super) fn rename(&mut self, params: Value) -> Answer {
        let name = params["newName"].as_str().unwrap_or_default().to_owned();
        let asked = params["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        let place: TextDocumentPositionParams = parsed(params)?;
        let wrong = |message: String| (ErrorCode::InvalidRequest, message);
        let Some((compilation, found)) = self.use_at(&place) else {
            return Err(wrong("there is no name here".to_owned()));
        };
        let file = compilation.sources.get(found.definition.file).path().to_owned();
        let (start, end) = (found.definition.start, found.definition.end);
        let programs = std::mem::take(&mut self.programs);
        let root = self.root.clone();
        let mut edits = names::Edits::default();
        let mut result = Ok(());
        for (key, program) in &programs {
            let Some(compilation) = &program.compilation else { continue };
            let same = |path: &str| paths::absolute(&root, path) == paths::absolute(&root, &file);
            let Some(source) = compilation.sources.iter().find(|source| same(source.path())) else {
                continue;
            };
            let definition = Span::new(source.id(), start, end);
            if compilation.uses.iter().all(|found| found.definition != definition) {
                continue;
            }
            let world = Overlay { root: &self.root, documents: &self.documents };
            let entry = paths::name_of(&self.root, key);
            let fix = renaming::renamed(&world, &entry, &super::options(), compilation, definition, &name);
            // Another program that is being written is no judge of what is right: it keeps its own mistakes.
            let is_asked = self.documents.get(key).is_some_and(|document| document.uri == asked);
            if fix.is_err() && !is_asked && compilation.diagnostics.iter().any(Diagnostic::is_error) {
                continue;
            }
            let addresses = self.documents.iter().map(|(key, document)| (key.clone(), document.uri.clone()));
            let addresses = addresses.collect();
            let mut translator = Translator {
                root: &self.root,
                encoding: self.encoding,
                addresses,
                library: &mut self.library,
            };
            result = fix.and_then(|fix| edits.add(compilation, &fix, &mut translator));
            if result.is_err() {
                break;
            }
        }
        self.programs = programs;
        result.map(|()| edits.value()).map_err(wrong)
    }

    pub(super) fn symbols(&mut self, params: &Value) -> Answer {
        let Some(uri) = params["textDocument"]["uri"].as_str() else {
            return Err((ErrorCode::InvalidParams, "a document is wanted".to_owned()));
        };
        let start = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } });
        let encoding = self.encoding;
        let Some((compilation, file, _)) = self.place_at(&parsed(start)?) else { return Ok(Value::Null) };
        Ok(names::symbols(compilation, encoding, file))
    }

    /// What is found for the name under the cursor, over all programs that have it, each once.
    fn named(
        &mut self,
        place: &TextDocumentPositionParams,
        find: impl Fn(&Compilation, Span, &mut Translator<'_>) -> Vec<Value>,
    ) -> Answer {
        let Some((compilation, found)) = self.use_at(place) else { return Ok(Value::Null) };
        let file = compilation.sources.get(found.definition.file).path().to_owned();
        let (start, end) = (found.definition.start, found.definition.end);
        let programs = std::mem::take(&mut self.programs);
        let root = self.root.clone();
        let mut all: Vec<Value> = Vec::new();
        let mut translator = self.translator();
        for compilation in programs.values().filter_map(|program| program.compilation.as_ref()) {
            let same = |path: &str| paths::absolute(&root, path) == paths::absolute(&root, &file);
            let Some(source) = compilation.sources.iter().find(|source| same(source.path())) else {
                continue;
            };
            let found = find(compilation, Span::new(source.id(), start, end), &mut translator);
            all.extend(found.into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
        }
        self.programs = programs;
        Ok(Value::Array(all))
    }

    /// A program that has the file, the file in it, and the byte of a place.
    fn place_at(&mut self, place: &TextDocumentPositionParams) -> Option<(&Compilation, FileId, u32)> {
        let key = key_of(place.text_document.uri.as_ref());
        self.compile_stale();
        let own = self.programs.get_key_value(&key).into_iter();
        let others = self.programs.iter().filter(|(other, _)| **other != key);
        let mut compilations = own.chain(others).filter_map(|(_, program)| program.compilation.as_ref());
        compilations.find_map(|compilation| {
            let is_it = |path: &str| path == key || paths::absolute(&self.root, path) == key;
            let mut files = compilation.sources.iter();
            let file = files.rfind(|file| is_it(file.path()))?;
            Some((compilation, file.id(), self.encoding.offset(file, place.position)))
        })
    }
}
