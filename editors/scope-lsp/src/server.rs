//! The loop: a message in, its answer out; when nothing came for a moment, what changed is compiled and published.
//!
//! `didChange` marks the programs that have the file as stale; `hover` and `definition` compile a stale program before they
//! answer, and so do quick fixes. A request that the editor has cancelled meanwhile is answered as cancelled. Whatever comes, every request gets
//! an answer and nothing panics: a failure inside the compiler is the answer's error, and the server goes on.

mod named;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gen_lsp_types::{
    Contents, Definition, DefinitionParams, DefinitionProvider, Diagnostic, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DocumentFormattingParams,
    DocumentFormattingProvider, Hover, HoverParams, HoverProvider, InitializeResult, MarkupContent,
    MarkupKind, PublishDiagnosticsParams, Save, ServerCapabilities, ServerInfo, TextDocumentPositionParams,
    TextDocumentSync, TextDocumentSyncKind, TextDocumentSyncOptions,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use scope_compiler::{Compilation, Extent, Options, Use, compile};
use scope_diagnostics::Span;
use serde_json::{Value, json};

use crate::ServeError;
use crate::actions;
use crate::documents::{Documents, key_of};
use crate::formatting;
use crate::library::Library;
use crate::paths;
use crate::positions::Encoding;
use crate::publish::Translator;
use crate::tokens;
use crate::world::Overlay;

/// How long nothing must come before what changed is compiled: as long as a pause between two keys.
const QUIET: Duration = Duration::from_millis(120);

/// Serves until `exit`.
pub fn run(connection: &Connection) -> Result<(), ServeError> {
    let (id, params) =
        connection.initialize_start().map_err(|error| ServeError::Protocol(error.to_string()))?;
    let mut server = Server::new(connection, &params);
    server.answer(id, Ok(server.capabilities()));
    if params.pointer("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration")
        == Some(&json!(true))
    {
        server.watch_files();
    }
    server.serve()
}

struct Server<'c> {
    connection: &'c Connection,
    root: String,
    encoding: Encoding,
    documents: Documents,
    library: Library,
    /// By the key of the open program.
    programs: BTreeMap<String, Program>,
    /// What was last told: key → version and reports.
    published: BTreeMap<String, (Option<i32>, Vec<Diagnostic>)>,
    /// Received, not yet handled.
    queue: VecDeque<Message>,
    is_stale: bool,
    is_shut_down: bool,
}

/// An open text as the entry of a program.
struct Program {
    compilation: Option<Compilation>,
    is_stale: bool,
}

type Answer = Result<Value, (ErrorCode, String)>;

impl<'c> Server<'c> {
    fn new(connection: &'c Connection, params: &Value) -> Server<'c> {
        let offered = params.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
        let offered: Vec<&str> = offered.into_iter().flatten().filter_map(Value::as_str).collect();
        let folder = params.pointer("/workspaceFolders/0/uri").or_else(|| params.get("rootUri"));
        let root = folder.and_then(Value::as_str).and_then(paths::path_of);
        let root = root.or_else(|| params.get("rootPath").and_then(Value::as_str).map(str::to_owned));
        Server {
            connection,
            root: paths::absolute("", &root.unwrap_or_default()).trim_end_matches('/').to_owned(),
            encoding: Encoding::agreed(&offered),
            documents: Documents::default(),
            library: match params.pointer("/initializationOptions/cache").and_then(Value::as_str) {
                Some(folder) => Library::at(Some(folder.into())),
                None => Library::of_user(),
            },
            programs: BTreeMap::new(),
            published: BTreeMap::new(),
            queue: VecDeque::new(),
            is_stale: false,
            is_shut_down: false,
        }
    }

    fn capabilities(&self) -> Value {
        let result = InitializeResult {
            capabilities: ServerCapabilities {
                position_encoding: Some(self.encoding.kind()),
                text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
                    open_close: Some(true),
                    change: Some(TextDocumentSyncKind::Incremental),
                    save: Some(Save::Bool(true)),
                    ..TextDocumentSyncOptions::default()
                })),
                hover_provider: Some(HoverProvider::Bool(true)),
                definition_provider: Some(DefinitionProvider::Bool(true)),
                document_formatting_provider: Some(DocumentFormattingProvider::Bool(true)),
                ..ServerCapabilities::default()
            },
            server_info: Some(ServerInfo {
                name: "scope".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        };
        let mut result = serde_json::to_value(result).unwrap_or(Value::Null);
        if let Some(capabilities) = result.get_mut("capabilities") {
            capabilities["codeActionProvider"] = json!({ "codeActionKinds": ["quickfix"] });
            capabilities["completionProvider"] = json!({ "triggerCharacters": [".", ":", "{", " "] });
            capabilities["referencesProvider"] = json!(true);
            capabilities["documentHighlightProvider"] = json!(true);
            capabilities["renameProvider"] = json!({ "prepareProvider": true });
            capabilities["documentSymbolProvider"] = json!(true);
            capabilities["semanticTokensProvider"] = tokens::legend();
        }
        result
    }

    /// Files that are changed outside of the editor are told to us.
    fn watch_files(&self) {
        let options = json!({ "watchers": [{ "globPattern": "**/*.scope" }] });
        let registration = json!({ "registrations": [{
            "id": "watch", "method": "workspace/didChangeWatchedFiles", "registerOptions": options
        }] });
        let request = Request::new(
            RequestId::from("watch".to_owned()),
            "client/registerCapability".to_owned(),
            registration,
        );
        self.send(request.into());
    }

    fn serve(&mut self) -> Result<(), ServeError> {
        loop {
            let message = match self.queue.pop_front() {
                Some(message) => message,
                None if self.is_stale => match self.connection.receiver.recv_timeout(QUIET) {
                    Ok(message) => message,
                    Err(error) if error.is_timeout() => {
                        self.publish();
                        continue;
                    }
                    Err(_) => return Err(ServeError::Gone),
                },
                None => self.connection.receiver.recv().map_err(|_| ServeError::Gone)?,
            };
            // All that is there: a cancellation may overtake what it cancels.
            self.queue.extend(self.connection.receiver.try_iter());
            match message {
                Message::Request(request) => self.request(request),
                Message::Notification(notification) if notification.method == "exit" => {
                    return if self.is_shut_down { Ok(()) } else { Err(ServeError::Gone) };
                }
                Message::Notification(notification) => self.notification(notification),
                Message::Response(_) => {}
            }
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = if self.is_shut_down {
            Err((ErrorCode::InvalidRequest, "the server is shut down".to_owned()))
        } else if self.is_cancelled(&id) {
            Err((ErrorCode::RequestCanceled, "cancelled".to_owned()))
        } else {
            // A fault of ours must not take the editor's server away.
            catch_unwind(AssertUnwindSafe(|| match method.as_str() {
                "textDocument/hover" => self.hover(params),
                "textDocument/definition" => self.definition(params),
                "textDocument/completion" => self.completion(params),
                "textDocument/references" => self.references(params),
                "textDocument/documentHighlight" => self.highlights(params),
                "textDocument/prepareRename" => self.can_rename(params),
                "textDocument/rename" => self.rename(params),
                "textDocument/documentSymbol" => self.symbols(&params),
                "textDocument/semanticTokens/full" => self.semantic_tokens(&params),
                "textDocument/formatting" => self.formatting(params),
                "textDocument/codeAction" => self.code_actions(&params),
                "shutdown" => {
                    self.is_shut_down = true;
                    Ok(Value::Null)
                }
                _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not offered"))),
            }))
            .unwrap_or_else(|_| Err((ErrorCode::InternalError, format!("`{method}` failed inside"))))
        };
        self.answer(id, answer);
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "textDocument/didOpen" => {
                let Ok(params) = serde_json::from_value::<DidOpenTextDocumentParams>(params) else { return };
                let document = params.text_document;
                let key = self.documents.open(document.uri.as_ref(), document.version, document.text);
                self.programs.insert(key.clone(), Program { compilation: None, is_stale: true });
                // It is to be told what is known of it, also if that is as before.
                self.published.remove(&key);
                self.mark_stale(&key);
            }
            "textDocument/didChange" => {
                let Ok(params) = serde_json::from_value::<DidChangeTextDocumentParams>(params) else {
                    return;
                };
                let (document, changes) = (params.text_document, params.content_changes);
                let uri = &document.text_document_identifier.uri;
                if let Some(key) =
                    self.documents.change(uri.as_ref(), document.version, changes, self.encoding)
                {
                    self.mark_stale(&key);
                }
            }
            "textDocument/didClose" => {
                let Ok(params) = serde_json::from_value::<DidCloseTextDocumentParams>(params) else { return };
                if let Some(key) = self.documents.close(params.text_document.uri.as_ref()) {
                    self.programs.remove(&key);
                    self.mark_stale(&key);
                }
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                // A file that is read (content, YAML) may be another one now.
                self.programs.values_mut().for_each(|program| program.is_stale = true);
                self.is_stale = true;
            }
            // `initialized`, `$/cancelRequest` (seen when its request was taken), and what we do not know.
            _ => {}
        }
    }

    /// Programs that have this file, or miss one, are compiled anew.
    fn mark_stale(&mut self, key: &str) {
        self.is_stale = true;
        for (own, program) in &mut self.programs {
            let has_it = match &program.compilation {
                Some(compilation) => {
                    let has = |name: &str| name == key || paths::absolute(&self.root, name) == key;
                    own == key
                        || compilation.sources.iter().any(|file| has(file.path()))
                        || compilation.diagnostics.iter().any(|report| report.code.as_str() == "E0104")
                }
                None => true,
            };
            program.is_stale |= has_it;
        }
    }

    fn is_cancelled(&self, id: &RequestId) -> bool {
        self.queue.iter().any(|message| {
            let Message::Notification(notification) = message else { return false };
            let cancelled = notification.params.get("id").cloned();
            notification.method == "$/cancelRequest"
                && cancelled.and_then(|id| serde_json::from_value::<RequestId>(id).ok()).as_ref() == Some(id)
        })
    }

    fn hover(&mut self, params: Value) -> Answer {
        let params: HoverParams = parsed(params)?;
        let encoding = self.encoding;
        let Some((compilation, found)) = self.use_at(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        if found.hover.is_empty() {
            return Ok(Value::Null);
        }
        let hover = Hover {
            contents: Contents::MarkupContent(MarkupContent {
                kind: MarkupKind::Markdown,
                value: found.hover.clone(),
            }),
            range: Some(encoding.range(&compilation.sources, found.span)),
        };
        value_of(hover)
    }

    fn definition(&mut self, params: Value) -> Answer {
        let params: DefinitionParams = parsed(params)?;
        let Some((compilation, found)) = self.use_at(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        let (sources, definition) = (compilation.sources.clone(), found.definition);
        match self.translator().location(&sources, definition) {
            Some(location) => value_of(Definition::Location(location)),
            None => Ok(Value::Null),
        }
    }

    fn semantic_tokens(&mut self, params: &Value) -> Answer {
        let Some(uri) = params["textDocument"]["uri"].as_str() else {
            return Err((ErrorCode::InvalidParams, "a document is wanted".to_owned()));
        };
        let key = key_of(uri);
        self.compile_stale();
        let own = self.programs.get_key_value(&key).into_iter();
        let others = self.programs.iter().filter(|(other, _)| **other != key);
        for compilation in own.chain(others).filter_map(|(_, program)| program.compilation.as_ref()) {
            let mut files = compilation.sources.iter();
            let is_meant = |path: &str| path == key || paths::absolute(&self.root, path) == key;
            if let Some(file) = files.rfind(|file| is_meant(file.path())) {
                return Ok(tokens::tokens(compilation, file, self.encoding));
            }
        }
        Ok(Value::Null)
    }

    fn formatting(&self, params: Value) -> Answer {
        let params: DocumentFormattingParams = parsed(params)?;
        let document = self.documents.get(&key_of(params.text_document.uri.as_ref()));
        value_of(document.and_then(|document| formatting::edits(&document.text, self.encoding)))
    }

    /// The quick fixes for a part of a file, each once, however many programs have the file.
    fn code_actions(&mut self, params: &Value) -> Answer {
        let place = |end: &str| serde_json::from_value(params["range"][end].clone());
        let (Some(uri), Ok(start), Ok(end)) =
            (params["textDocument"]["uri"].as_str(), place("start"), place("end"))
        else {
            return Err((ErrorCode::InvalidParams, "a document and a range are wanted".to_owned()));
        };
        let key = key_of(uri);
        self.compile_stale();
        let programs = std::mem::take(&mut self.programs);
        let (root, encoding) = (self.root.clone(), self.encoding);
        let mut found: Vec<Value> = Vec::new();
        let mut translator = self.translator();
        for compilation in programs.values().filter_map(|program| program.compilation.as_ref()) {
            let mut files = compilation.sources.iter();
            let file = files.rfind(|file| file.path() == key || paths::absolute(&root, file.path()) == key);
            let Some(file) = file else { continue };
            let place = Span::new(file.id(), encoding.offset(file, start), encoding.offset(file, end));
            for action in actions::actions(compilation, &mut translator, place) {
                if !found.contains(&action) {
                    found.push(action);
                }
            }
        }
        self.programs = programs;
        Ok(Value::Array(found))
    }

    /// The name under the cursor, in a program that has the file: its own, or one that imports it.
    fn use_at(&mut self, place: &TextDocumentPositionParams) -> Option<(&Compilation, &Use)> {
        let key = key_of(place.text_document.uri.as_ref());
        self.compile_stale();
        let own = self.programs.get_key_value(&key).into_iter();
        let others = self.programs.iter().filter(|(other, _)| **other != key);
        for (_, program) in own.chain(others) {
            let Some(compilation) = &program.compilation else { continue };
            let mut file = compilation
                .sources
                .iter()
                .filter(|file| file.path() == key || paths::absolute(&self.root, file.path()) == key);
            let Some(file) = file.next_back() else { continue };
            let offset = self.encoding.offset(file, place.position);
            if let Some(found) = use_at(&compilation.uses, file.id(), offset) {
                return Some((compilation, found));
            }
        }
        None
    }

    fn compile_stale(&mut self) {
        let world = Overlay { root: &self.root, documents: &self.documents };
        for (key, program) in &mut self.programs {
            if !program.is_stale {
                continue;
            }
            let name = paths::name_of(&self.root, key);
            let compiled = catch_unwind(AssertUnwindSafe(|| compile(&world, &name, &options())));
            // A fault of ours: what was known stays, and the next change tries again.
            if let Ok(compilation) = compiled {
                program.compilation = Some(compilation);
            }
            program.is_stale = false;
        }
    }

    /// Compiles what changed and tells the editor what is new, for every file.
    fn publish(&mut self) {
        self.compile_stale();
        self.is_stale = false;
        let mut files: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
        let programs = std::mem::take(&mut self.programs);
        let mut translator = self.translator();
        for (key, program) in &programs {
            files.entry(key.clone()).or_default();
            if let Some(compilation) = &program.compilation {
                translator.add(compilation, key, &mut files);
            }
        }
        let keys: BTreeSet<String> = files.keys().chain(self.published.keys()).cloned().collect();
        self.programs = programs;
        for key in keys {
            let reports = files.remove(&key).unwrap_or_default();
            let version = self.documents.get(&key).map(|document| document.version);
            let now = (version, reports);
            if self.published.get(&key) == Some(&now) {
                continue;
            }
            let uri =
                self.documents.get(&key).map_or_else(|| paths::uri_of(&key), |document| document.uri.clone());
            let params = PublishDiagnosticsParams { uri: uri.into(), version, diagnostics: now.1.clone() };
            self.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params).into());
            if version.is_none() && now.1.is_empty() {
                self.published.remove(&key);
            } else {
                self.published.insert(key, now);
            }
        }
    }

    fn translator(&mut self) -> Translator<'_> {
        let addresses =
            self.documents.iter().map(|(key, document)| (key.clone(), document.uri.clone())).collect();
        Translator { root: &self.root, encoding: self.encoding, addresses, library: &mut self.library }
    }

    fn answer(&self, id: RequestId, answer: Answer) {
        let response = match answer {
            Ok(value) => Response::new_ok(id, value),
            Err((code, message)) => Response::new_err(id, code as i32, message),
        };
        self.send(response.into());
    }

    fn send(&self, message: Message) {
        // An editor that went away is noticed when its next message does not come.
        let _ = self.connection.sender.send(message);
    }
}

/// The smallest use that holds the byte, its end included; they are sorted by place.
fn use_at(uses: &[Use], file: scope_diagnostics::FileId, offset: u32) -> Option<&Use> {
    let end = uses.partition_point(|found| (found.span.file, found.span.start) <= (file, offset));
    let holds = uses[..end].iter().rev().take_while(|found| found.span.file == file);
    holds.filter(|found| found.span.touches(offset)).min_by_key(|found| found.span.len())
}

fn parsed<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn value_of(value: impl serde::Serialize) -> Answer {
    serde_json::to_value(value).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}

/// How what is open is compiled: it may be a module that is not run by itself.
fn options() -> Options {
    Options { extent: Extent::Module, ..Options::default() }
}
