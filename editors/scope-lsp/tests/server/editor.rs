//! An editor with a workspace folder: what it sends, and what it waits for.

use std::time::Duration;

use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

/// What a request was answered.
pub(crate) struct Answer {
    pub(crate) id: RequestId,
    pub(crate) result: Option<Value>,
    /// The code.
    pub(crate) error: Option<i64>,
    pub(crate) message: String,
}

pub(crate) fn answer(response: lsp_server::Response) -> Answer {
    let id = response.id.clone();
    let mut value = serde_json::to_value(response).expect("it is JSON");
    let message = value["error"]["message"].as_str().unwrap_or_default().to_owned();
    Answer {
        id,
        error: value["error"]["code"].as_i64(),
        message,
        result: value.get_mut("result").map(Value::take),
    }
}

/// An editor with a workspace folder.
pub(crate) struct Editor {
    pub(crate) connection: Connection,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) served: Option<std::thread::JoinHandle<Result<(), scope_lsp::ServeError>>>,
    pub(crate) next: i32,
    pub(crate) published: Vec<Value>,
}

impl Editor {
    pub(crate) fn start(encodings: &[&str]) -> (Editor, Value) {
        let folder = tempfile::tempdir().expect("a folder");
        let (connection, theirs) = Connection::memory();
        let served = Some(std::thread::spawn(move || scope_lsp::serve_connection(theirs)));
        let mut editor = Editor { connection, folder, served, next: 0, published: Vec::new() };
        let params = json!({
            "processId": null,
            "initializationOptions": { "cache": editor.folder.path().join("cache") },
            "rootUri": format!("file://{}", editor.folder.path().display()),
            "capabilities": { "general": { "positionEncodings": encodings } },
        });
        let result = editor.ask("initialize", params).result.expect("it says what it can do");
        editor.tell("initialized", json!({}));
        (editor, result)
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    pub(crate) fn tell(&self, method: &str, params: Value) {
        self.connection.sender.send(Notification::new(method.to_owned(), params).into()).expect("it listens");
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Answer {
        self.next += 1;
        let id = RequestId::from(self.next);
        self.connection
            .sender
            .send(Request::new(id.clone(), method.to_owned(), params).into())
            .expect("it listens");
        loop {
            match self.receive() {
                Message::Response(response) if response.id == id => return answer(response),
                Message::Response(response) => panic!("an answer to nothing: {response:?}"),
                _ => {}
            }
        }
    }

    pub(crate) fn receive(&mut self) -> Message {
        let message = self.connection.receiver.recv_timeout(Duration::from_secs(60)).expect("it answers");
        if let Message::Notification(notification) = &message
            && notification.method == "textDocument/publishDiagnostics"
        {
            self.published.push(notification.params.clone());
        }
        message
    }

    pub(crate) fn open(&self, name: &str, text: &str) {
        let document = json!({ "uri": self.uri(name), "languageId": "scope", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub(crate) fn change(&self, name: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The next reports of a file.
    pub(crate) fn reports(&mut self, name: &str) -> Vec<Value> {
        let uri = self.uri(name);
        loop {
            if let Some(place) = self.published.iter().position(|params| params["uri"] == uri) {
                let mut params = self.published.remove(place);
                let Value::Array(reports) = params["diagnostics"].take() else { panic!("a list") };
                return reports;
            }
            self.receive();
        }
    }

    pub(crate) fn at(&mut self, method: &str, name: &str, line: u32, character: u32) -> Answer {
        let params = json!({
            "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character }
        });
        self.ask(method, params)
    }

    pub(crate) fn end(mut self) {
        assert!(self.ask("shutdown", Value::Null).error.is_none());
        let refused = self.ask("textDocument/hover", json!({}));
        assert_eq!(refused.error, Some(-32600));
        self.tell("exit", Value::Null);
        let served = self.served.take().expect("it was started").join().expect("it does not panic");
        assert!(served.is_ok(), "{served:?}");
    }
}

pub(crate) const PROGRAM: &str = "import openstack\nimport \"./sites.scope\"\nentry nantes\n\nresource vm: openstack.server {\n    name: \"é😀\", flavour: \"m1.tiny\"\n    flavor: \"m1.tiny\", image: \"debian-12\"\n}\n";

pub(crate) const SITES: &str = "import openstack\nsite nantes {\n    openstack: { auth_url: \"http://127.0.0.1:1/v3\", user: \"a\", password: secret(\"P\"), project: \"a\" }\n}\n";

/// A second site beside the first.
pub(crate) fn two() -> String {
    let paris = SITES.replace("nantes", "paris").replace("import openstack\n", "");
    format!("{SITES}{paris}")
}

pub(crate) fn range(reports: &[Value], code: &str) -> Value {
    let report = reports.iter().find(|report| report["code"] == code);
    report.unwrap_or_else(|| panic!("no {code} in {reports:#?}"))["range"].clone()
}

pub(crate) fn codes(reports: &[Value]) -> Vec<&str> {
    reports.iter().filter_map(|report| report["code"].as_str()).collect()
}

/// The labels that are offered at a place, where `|` stands.
pub(crate) fn offered(editor: &mut Editor, text: &str) -> Vec<String> {
    let at = text.find('|').expect("a place");
    let (line, character) =
        (text[..at].matches('\n').count(), at - text[..at].rfind('\n').map_or(0, |end| end + 1));
    editor.open("typed.scope", &text.replacen('|', "", 1));
    let answer = editor
        .at("textDocument/completion", "typed.scope", line as u32, character as u32)
        .result
        .expect("an answer");
    let items = answer["items"].as_array().unwrap_or_else(|| panic!("no items: {answer}"));
    items.iter().map(|item| item["label"].as_str().expect("a label").to_owned()).collect()
}
