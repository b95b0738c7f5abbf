//! The texts that are open in the editor, and their changes.
//!
//! `{range: 0:4–0:5, text: "b"}` on `let a = 1` → `let b = 1`.

use std::collections::BTreeMap;

use gen_lsp_types::TextDocumentContentChangeEvent;
use scope_diagnostics::SourceMap;

use crate::paths;
use crate::positions::Encoding;

/// One open text.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its address, exactly as the editor writes it.
    pub uri: String,
    /// The editor's number for this state of it.
    pub version: i32,
    /// All of it.
    pub text: String,
}

/// All open texts, by their absolute path (or address, where they have no path).
#[derive(Clone, Debug, Default)]
pub struct Documents {
    open: BTreeMap<String, Document>,
}

impl Documents {
    /// Opens one, or takes its text anew.
    pub fn open(&mut self, uri: &str, version: i32, text: String) -> String {
        let key = key_of(uri);
        self.open.insert(key.clone(), Document { uri: uri.to_owned(), version, text });
        key
    }

    /// Changes one that is open; `None` where it is not.
    pub fn change(
        &mut self,
        uri: &str,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<String> {
        let key = key_of(uri);
        let document = self.open.get_mut(&key)?;
        document.version = version;
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    document.text = whole.text;
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let mut sources = SourceMap::new();
                    let id = sources.add("", document.text.as_str());
                    let file = sources.get(id);
                    let start = encoding.offset(file, part.range.start);
                    // A range that runs backwards is empty.
                    let end = encoding.offset(file, part.range.end).max(start);
                    document.text.replace_range(start as usize..end as usize, &part.text);
                }
            }
        }
        Some(key)
    }

    /// Closes one.
    pub fn close(&mut self, uri: &str) -> Option<String> {
        let key = key_of(uri);
        self.open.remove(&key).map(|_| key)
    }

    /// An open one.
    pub fn get(&self, key: &str) -> Option<&Document> {
        self.open.get(key)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Document)> {
        self.open.iter()
    }
}

/// The key of an address.
pub fn key_of(uri: &str) -> String {
    match paths::path_of(uri) {
        Some(path) => paths::absolute("", &path),
        None => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn changes(changes: Value) -> Vec<TextDocumentContentChangeEvent> {
        serde_json::from_value(changes).expect("they are changes")
    }

    #[test]
    fn changes_apply_one_after_the_other() {
        let mut documents = Documents::default();
        let key = documents.open("file:///w/a.scope", 1, "let é = 1\nb".to_owned());
        assert_eq!(key, "/w/a.scope");
        let edits = json!([
            { "range": { "start": { "line": 0, "character": 4 }, "end": { "line": 0, "character": 5 } }, "text": "x€" },
            { "range": { "start": { "line": 0, "character": 6 }, "end": { "line": 1, "character": 0 } }, "text": "\n" },
        ]);
        documents.change("file:///w/a.scope", 2, changes(edits), Encoding::Utf16).expect("it is open");
        let document = documents.get(&key).expect("it is open");
        assert_eq!((document.text.as_str(), document.version), ("let x€\nb", 2));
        let whole = json!([{ "text": "new" }]);
        documents.change("file:///w/a.scope", 3, changes(whole), Encoding::Utf16).expect("it is open");
        assert_eq!(documents.get(&key).expect("it is open").text, "new");
        // Nonsense does no harm.
        let backwards = json!([{ "range": { "start": { "line": 9, "character": 9 }, "end": { "line": 0, "character": 1 } }, "text": "!" }]);
        documents.change("file:///w/a.scope", 4, changes(backwards), Encoding::Utf8).expect("it is open");
        assert_eq!(documents.get(&key).expect("it is open").text, "new!");
        assert!(documents.change("file:///other", 1, Vec::new(), Encoding::Utf8).is_none());
        assert_eq!(documents.close("file:///w/a.scope").as_deref(), Some("/w/a.scope"));
        assert!(documents.get(&key).is_none());
    }
}
