//! The server as an editor sees it, over a connection in memory.

use std::time::Duration;

use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

/// What a request was answered.
struct Answer {
    id: RequestId,
    result: Option<Value>,
    /// The code.
    error: Option<i64>,
    message: String,
}

fn answer(response: lsp_server::Response) -> Answer {
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
struct Editor {
    connection: Connection,
    folder: tempfile::TempDir,
    served: Option<std::thread::JoinHandle<Result<(), scope_lsp::ServeError>>>,
    next: i32,
    published: Vec<Value>,
}

impl Editor {
    fn start(encodings: &[&str]) -> (Editor, Value) {
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

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    fn tell(&self, method: &str, params: Value) {
        self.connection.sender.send(Notification::new(method.to_owned(), params).into()).expect("it listens");
    }

    fn ask(&mut self, method: &str, params: Value) -> Answer {
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

    fn receive(&mut self) -> Message {
        let message = self.connection.receiver.recv_timeout(Duration::from_secs(60)).expect("it answers");
        if let Message::Notification(notification) = &message
            && notification.method == "textDocument/publishDiagnostics"
        {
            self.published.push(notification.params.clone());
        }
        message
    }

    fn open(&self, name: &str, text: &str) {
        let document = json!({ "uri": self.uri(name), "languageId": "scope", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&self, name: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The next reports of a file.
    fn reports(&mut self, name: &str) -> Vec<Value> {
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

    fn at(&mut self, method: &str, name: &str, line: u32, character: u32) -> Answer {
        let params = json!({
            "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character }
        });
        self.ask(method, params)
    }

    fn end(mut self) {
        assert!(self.ask("shutdown", Value::Null).error.is_none());
        let refused = self.ask("textDocument/hover", json!({}));
        assert_eq!(refused.error, Some(-32600));
        self.tell("exit", Value::Null);
        let served = self.served.take().expect("it was started").join().expect("it does not panic");
        assert!(served.is_ok(), "{served:?}");
    }
}

const PROGRAM: &str = "import openstack\nimport \"./sites.scope\"\nentry nantes\n\nresource vm: openstack.server {\n    name: \"é😀\", flavour: \"m1.tiny\"\n    flavor: \"m1.tiny\", image: \"debian-12\"\n}\n";
const SITES: &str = "import openstack\nsite nantes {\n    openstack: { auth_url: \"http://127.0.0.1:1/v3\", user: \"a\", password: secret(\"P\"), project: \"a\" }\n}\n";

fn range(reports: &[Value], code: &str) -> Value {
    let report = reports.iter().find(|report| report["code"] == code);
    report.unwrap_or_else(|| panic!("no {code} in {reports:#?}"))["range"].clone()
}

fn codes(reports: &[Value]) -> Vec<&str> {
    reports.iter().filter_map(|report| report["code"].as_str()).collect()
}

#[test]
fn mistakes_are_told_where_they_are_and_taken_back() {
    for (encodings, kind, column) in [(&[][..], "utf-16", 17), (&["utf-8", "utf-16"][..], "utf-8", 20)] {
        let (mut editor, can) = Editor::start(encodings);
        assert_eq!(can["capabilities"]["positionEncoding"], kind);
        assert_eq!(can["serverInfo"]["name"], "scope");
        editor.write("sites.scope", SITES);
        editor.open("vm.scope", PROGRAM);
        let reports = editor.reports("vm.scope");
        let found = range(&reports, "E0203");
        assert_eq!(found["start"], json!({ "line": 5, "character": column }), "{kind}: {reports:#?}");
        assert_eq!(found["end"], json!({ "line": 5, "character": column + 7 }));
        let report = reports.iter().find(|report| report["code"] == "E0203").expect("it is there");
        assert_eq!((&report["severity"], &report["source"]), (&json!(1), &json!("scope")));
        let message = report["message"].as_str().expect("text");
        assert!(message.contains("`flavour`") && message.contains("help: "), "{message}");
        // One edit mends it: the unsaved text counts.
        let start = json!({ "line": 5, "character": column });
        let end = json!({ "line": 5, "character": column + 18 });
        editor.change("vm.scope", 2, json!([{ "range": { "start": start, "end": end }, "text": "" }]));
        let reports = editor.reports("vm.scope");
        assert!(!codes(&reports).contains(&"E0203"), "{reports:#?}");
        editor.end();
    }
}

#[test]
fn a_field_of_a_record_tells_its_type_and_its_words() {
    let (mut editor, _) = Editor::start(&[]);
    editor.open(
        "web.scope",
        "import kubernetes.apps.v1 as apps\nsite nantes { kubernetes: { context: \"n\" } }\nentry nantes\n\
         resource web: apps.Deployment {\n    metadata: { name: \"web\" }\n    \
         spec: { replicas: 2, selector: {}, template: {} }\n}\n",
    );
    let hover = editor.at("textDocument/hover", "web.scope", 5, 14).result.expect("an answer");
    let told = hover["contents"]["value"].as_str().expect("text");
    assert!(told.contains("`replicas`: `int") && told.contains("Number of desired pods."), "{told}");
    let answer = editor.at("textDocument/definition", "web.scope", 5, 14).result.expect("an answer");
    let uri = answer["uri"].as_str().unwrap_or_else(|| panic!("no place: {answer:#}"));
    assert!(uri.ends_with("types.scope"), "{uri}");
    editor.end();
}

#[test]
fn names_lead_to_their_declarations_in_other_files() {
    let (mut editor, _) = Editor::start(&[]);
    editor.write("sites.scope", SITES);
    editor.open("vm.scope", PROGRAM);
    let answer = editor.at("textDocument/definition", "vm.scope", 2, 8).result.expect("an answer");
    assert_eq!(answer["uri"], editor.uri("sites.scope"), "{answer:#}");
    assert_eq!(answer["range"]["start"], json!({ "line": 1, "character": 5 }));
    let hover = editor.at("textDocument/hover", "vm.scope", 2, 8).result.expect("an answer");
    assert_eq!(hover["contents"]["kind"], "markdown");
    assert!(hover["contents"]["value"].as_str().expect("text").contains("nantes"), "{hover:#}");
    assert_eq!(hover["range"]["start"], json!({ "line": 2, "character": 6 }));
    // A type of the standard library has a place in a file that can be opened.
    let answer = editor.at("textDocument/definition", "vm.scope", 4, 26).result.expect("an answer");
    let uri = answer["uri"].as_str().unwrap_or_else(|| panic!("no place: {answer:#}"));
    assert!(uri.ends_with("openstack.scope"), "{uri}");
    let text = std::fs::read_to_string(uri.strip_prefix("file://").expect("a file")).expect("it is there");
    let line = answer["range"]["start"]["line"].as_u64().expect("a number") as usize;
    assert!(text.lines().nth(line).expect("the line is there").contains("server"));
    // Nothing is at a blank.
    assert_eq!(editor.at("textDocument/hover", "vm.scope", 3, 0).result, Some(Value::Null));
    editor.end();
}

#[test]
fn a_mistake_in_an_imported_file_is_told_there_once_and_cleared() {
    let (mut editor, _) = Editor::start(&[]);
    editor.write("sites.scope", &SITES.replace("auth_url", "auth_ulr"));
    let good = PROGRAM.replace(", flavour: \"m1.tiny\"", "");
    editor.open("vm.scope", &good);
    editor.open("other.scope", &good.replace("vm", "other"));
    let reports = editor.reports("sites.scope");
    assert!(!reports.is_empty());
    let mut unique = reports.clone();
    unique.dedup();
    assert_eq!(unique.len(), reports.len(), "each once: {reports:#?}");
    // Opened and mended, but not saved.
    editor.open("sites.scope", SITES);
    loop {
        if editor.reports("sites.scope").is_empty() {
            break;
        }
    }
    // Closed without saving: the file counts again; with the last program closed, nothing is told any more.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": editor.uri("sites.scope") } }));
    assert!(!editor.reports("sites.scope").is_empty());
    for name in ["vm.scope", "other.scope"] {
        editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": editor.uri(name) } }));
    }
    assert!(editor.reports("sites.scope").is_empty());
    editor.end();
}

#[test]
fn a_file_that_appears_is_noticed() {
    let (mut editor, _) = Editor::start(&[]);
    editor.open("vm.scope", &PROGRAM.replace(", flavour: \"m1.tiny\"", ""));
    assert!(codes(&editor.reports("vm.scope")).contains(&"E0104"));
    editor.write("sites.scope", SITES);
    let change = json!({ "changes": [{ "uri": editor.uri("sites.scope"), "type": 1 }] });
    editor.tell("workspace/didChangeWatchedFiles", change);
    assert!(!codes(&editor.reports("vm.scope")).contains(&"E0104"));
    editor.end();
}

#[test]
fn an_unsaved_text_is_brought_into_its_style() {
    let (mut editor, can) = Editor::start(&[]);
    assert_eq!(can["capabilities"]["documentFormattingProvider"], true);
    let ask = |editor: &mut Editor, name: &str| {
        let options = json!({ "tabSize": 4, "insertSpaces": true });
        let params = json!({ "textDocument": { "uri": editor.uri(name) }, "options": options });
        editor.ask("textDocument/formatting", params).result.expect("an answer")
    };
    editor.open("a.scope", "let a = 1\nlet  é=2\nlet c = 3\n");
    let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 2, "character": 0 } });
    assert_eq!(ask(&mut editor, "a.scope"), json!([{ "range": range, "newText": "let é = 2\n" }]));
    editor.change("a.scope", 2, json!([{ "text": "let a = 1\n" }]));
    assert_eq!(ask(&mut editor, "a.scope"), json!([]));
    // Half written: left alone.
    editor.change("a.scope", 3, json!([{ "text": "let  a = (\n" }]));
    assert_eq!(ask(&mut editor, "a.scope"), Value::Null);
    assert_eq!(ask(&mut editor, "not-open.scope"), Value::Null);
    editor.end();
}

#[test]
fn deep_texts_and_names_beyond_ascii_do_no_harm() {
    let (mut editor, _) = Editor::start(&["utf-8"]);
    for open in ["(", "[", "{ a: ", "\"${", "not ", "secret<"] {
        let name = "tief%20%C3%A9%20%E2%82%AC.scope";
        editor.open(name, &format!("let a = {}", open.repeat(20_000)));
        assert!(!editor.reports(name).is_empty(), "{open}");
    }
    editor.end();
}

#[test]
fn whatever_comes_is_answered() {
    let (mut editor, _) = Editor::start(&[]);
    editor.open("vm.scope", "resource (((( \u{0}\u{feff}é ${\n\"");
    assert!(!editor.reports("vm.scope").is_empty());
    for (method, params, code) in [
        ("textDocument/hover", json!({}), -32602),
        ("textDocument/hover", json!([1, 2]), -32602),
        ("textDocument/definition", json!({ "textDocument": { "uri": 7 } }), -32602),
        ("no/such", Value::Null, -32601),
    ] {
        assert_eq!(editor.ask(method, params).error, Some(code));
    }
    for (line, character) in [(0, 0), (0, 4_000_000_000), (4_000_000_000, 0), (1, 1)] {
        assert!(editor.at("textDocument/hover", "vm.scope", line, character).error.is_none());
    }
    assert_eq!(editor.at("textDocument/definition", "not-open.scope", 0, 0).result, Some(Value::Null));
    for (method, params) in [
        ("textDocument/didOpen", json!({ "textDocument": 3 })),
        ("textDocument/didChange", Value::Null),
        ("textDocument/didClose", json!({ "textDocument": { "uri": "file:///never" } })),
        ("$/unknown", json!({})),
    ] {
        editor.tell(method, params);
    }
    // A text without a file.
    let document =
        json!({ "uri": "untitled:Untitled-1", "languageId": "scope", "version": 1, "text": "let a = b\n" });
    editor.tell("textDocument/didOpen", json!({ "textDocument": document }));
    loop {
        editor.receive();
        if let Some(params) = editor.published.iter().find(|params| params["uri"] == "untitled:Untitled-1") {
            assert!(!params["diagnostics"].as_array().expect("a list").is_empty());
            break;
        }
    }
    editor.end();
}

#[test]
fn a_cancelled_request_is_answered_as_cancelled() {
    let (mut editor, _) = Editor::start(&[]);
    editor.open("vm.scope", PROGRAM);
    // All three are sent before the first is handled, as the opened text is compiled first.
    let place = json!({ "textDocument": { "uri": editor.uri("vm.scope") }, "position": { "line": 0, "character": 0 } });
    for id in [101, 102] {
        let request = Request::new(RequestId::from(id), "textDocument/hover".to_owned(), place.clone());
        editor.connection.sender.send(request.into()).expect("it listens");
    }
    editor.tell("$/cancelRequest", json!({ "id": 102 }));
    let mut answers = Vec::new();
    while answers.len() < 2 {
        if let Message::Response(response) = editor.receive() {
            answers.push(answer(response));
        }
    }
    assert_eq!(answers[0].id, RequestId::from(101));
    assert!(answers[0].error.is_none());
    // It was cancelled, or done before that was heard.
    assert_eq!(answers[1].id, RequestId::from(102));
    assert!(answers[1].error.is_none_or(|code| code == -32800));
    editor.end();
}

#[test]
fn an_editor_that_goes_away_ends_the_server() {
    let (mut editor, _) = Editor::start(&[]);
    editor.open("vm.scope", PROGRAM);
    let served = editor.served.take().expect("it was started");
    drop(editor);
    assert!(matches!(served.join().expect("it does not panic"), Err(scope_lsp::ServeError::Gone)));
}

#[test]
fn what_a_machine_can_put_right_is_offered_where_it_is() {
    let (mut editor, can) = Editor::start(&[]);
    assert_eq!(can["capabilities"]["codeActionProvider"]["codeActionKinds"], json!(["quickfix"]));
    editor.write("sites.scope", SITES);
    editor.open("vm.scope", PROGRAM);
    let reports = editor.reports("vm.scope");
    let place = range(&reports, "E0203");
    let ask = |editor: &mut Editor, name: &str, range: Value| {
        let params = json!({
            "textDocument": { "uri": editor.uri(name) }, "range": range, "context": { "diagnostics": [] }
        });
        editor.ask("textDocument/codeAction", params).result.expect("an answer")
    };
    let offered = ask(&mut editor, "vm.scope", place.clone());
    let actions = offered.as_array().expect("a list");
    assert_eq!(actions.len(), 1, "{offered:#}");
    assert_eq!((&actions[0]["title"], &actions[0]["kind"]), (&json!("write `flavor`"), &json!("quickfix")));
    assert_eq!(actions[0]["diagnostics"][0]["code"], "E0203");
    let edits = &actions[0]["edit"]["changes"][editor.uri("vm.scope")];
    assert_eq!(edits, &json!([{ "range": place, "newText": "flavor" }]));

    // Elsewhere there is none; and of what is applied, nothing is left.
    let elsewhere = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 3 } });
    assert_eq!(ask(&mut editor, "vm.scope", elsewhere), json!([]));
    let edit = json!([{ "range": edits[0]["range"], "text": edits[0]["newText"] }]);
    editor.change("vm.scope", 2, edit);
    let after = ask(&mut editor, "vm.scope", place);
    assert!(!after.to_string().contains("write `flavor`"), "{after:#}");
    let wrong = editor.ask("textDocument/codeAction", json!({ "textDocument": {} }));
    assert_eq!(wrong.error, Some(-32602));
    editor.end();
}

/// A second site beside the first.
fn two() -> String {
    let paris = SITES.replace("nantes", "paris").replace("import openstack\n", "");
    format!("{SITES}{paris}")
}

const NAMED: &str = r#"import openstack
import "./sites.scope"
entry nantes
param size: string = "m1.tiny"
let both = scope { nantes & paris }
resource base: openstack.image { name: "base", disk_format: "raw" } scope both
resource vm for s in sites: openstack.server {
    name: "vm"
    flavor: size
    image: base
} scope { s }
sequence restart {
    call again: openstack.image.delete { id: base.id }
}
test "all is there" {
    run
    expect base at nantes
}
output where = base.name
"#;

/// The labels that are offered at a place, where `|` stands.
fn offered(editor: &mut Editor, text: &str) -> Vec<String> {
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

#[test]
fn what_may_stand_there_is_offered_while_the_line_is_written() {
    let (mut editor, _) = Editor::start(&[]);
    editor.write("sites.scope", &two());
    let head = "import openstack\nimport \"./sites.scope\"\nentry nantes\n";
    for (rest, wanted, unwanted) in [
        ("|", "resource", "flavor"),
        ("import open|", "openstack", "resource"),
        ("resource vm: |", "openstack.server", "nantes"),
        ("resource vm: openstack.server { name: \"a\", fl|", "flavor", "name"),
        (
            "resource base: openstack.image { name: \"base\" }\nresource vm: openstack.server {\n    image: |\n}",
            "base",
            "flavor",
        ),
        ("resource base: openstack.image { name: \"b\" }\noutput o = base.|", "checksum", "nantes"),
        ("resource vm: openstack.server { name: \"a\" } scope { |", "compute", "flavor"),
        ("resource vm: openstack.server { name: \"a\" } scope { compute: |", "paris", "compute"),
        ("resource vm: openstack.server { name: \"a\" } with { on_d|", "on_disconnect", "flavor"),
        ("resource vm: openstack.server { name: \"a\" } with { on_disconnect: |", "queue", "timeout"),
    ] {
        let labels = offered(&mut editor, &format!("{head}{rest}"));
        assert!(labels.iter().any(|label| label == wanted), "{rest}: {labels:?}");
        assert!(labels.iter().all(|label| label != unwanted), "{rest}: {labels:?}");
    }
    assert!(offered(&mut editor, &format!("{head}let a = \"fl|")).is_empty(), "nothing inside a text");
    editor.end();
}

#[test]
fn a_name_is_found_and_renamed_wherever_it_stands() {
    let (mut editor, _) = Editor::start(&[]);
    editor.write("sites.scope", &two());
    editor.open("named.scope", NAMED);
    let params = |name: &str, line: u32, character: u32, editor: &Editor| {
        json!({
            "textDocument": { "uri": editor.uri("named.scope") },
            "position": { "line": line, "character": character },
            "newName": name,
            "context": { "includeDeclaration": true },
        })
    };
    // `base`: declared, referred to, called with, expected, put out.
    let found = editor.ask("textDocument/references", params("", 5, 10, &editor)).result.expect("an answer");
    let lines: Vec<u64> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|place| place["range"]["start"]["line"].as_u64().expect("a line"))
        .collect();
    assert_eq!(lines, [5, 9, 12, 16, 18], "{found:#}");
    let renamed =
        editor.ask("textDocument/rename", params("image", 9, 12, &editor)).result.expect("an answer");
    let edits = renamed["changes"][editor.uri("named.scope")].as_array().expect("edits");
    assert_eq!(edits.len(), 5, "{renamed:#}");
    assert!(edits.iter().all(|edit| edit["newText"] == "image"));
    // What is taken, and what is no name, is refused; the library is not ours.
    for name in ["vm", "two words", "if", ""] {
        let refused = editor.ask("textDocument/rename", params(name, 5, 10, &editor));
        assert!(refused.error.is_some(), "{name}");
    }
    let library = editor.at("textDocument/prepareRename", "named.scope", 5, 28).result;
    assert_eq!(library, Some(Value::Null), "a type of the library");
    // A site is named in both files.
    let renamed = editor.ask("textDocument/rename", params("north", 2, 8, &editor));
    let renamed = renamed.result.unwrap_or_else(|| panic!("{}", renamed.message));
    let files = renamed["changes"].as_object().expect("files");
    assert!(
        files.contains_key(&editor.uri("sites.scope")) && files.contains_key(&editor.uri("named.scope")),
        "{renamed:#}"
    );
    let here = editor.at("textDocument/documentHighlight", "named.scope", 2, 8).result.expect("an answer");
    assert_eq!(here.as_array().map(Vec::len), Some(3), "{here:#}");
    let symbols =
        editor.ask("textDocument/documentSymbol", params("", 0, 0, &editor)).result.expect("an answer");
    let names: Vec<&str> =
        symbols.as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["size", "both", "base", "vm", "restart", "all is there", "where"]);
    editor.end();
}

const GROUP: &str = "import openstack\nparam title: string\nresource image: openstack.image { name: title }\noutput name = image.name\n";
const OF_GROUP: &str = "import openstack\nimport \"./sites.scope\"\nimport \"./group.scope\" as group\nentry nantes\nresource lab: group { title: \"a\" } scope { nantes }\noutput called = lab.name\n";

#[test]
fn a_module_is_gone_into_offered_and_renamed_over_its_files() {
    let (mut editor, _) = Editor::start(&[]);
    editor.write("sites.scope", SITES);
    editor.open("group.scope", GROUP);
    editor.open("main.scope", OF_GROUP);
    // The parameter that is given, and the output that is asked for, are declared in the module.
    for (line, character, declared) in
        [(4, 24, json!({ "line": 1, "character": 6 })), (5, 21, json!({ "line": 3, "character": 7 }))]
    {
        let answer =
            editor.at("textDocument/definition", "main.scope", line, character).result.expect("an answer");
        assert_eq!(answer["uri"], editor.uri("group.scope"), "{answer:#}");
        assert_eq!(answer["range"]["start"], declared, "{answer:#}");
    }
    let labels = offered(&mut editor, &format!("{OF_GROUP}output other = lab.|"));
    assert!(labels.iter().any(|label| label == "name"), "an output of the group: {labels:?}");
    let labels = offered(&mut editor, &OF_GROUP.replace("title: \"a\"", "ti|"));
    assert_eq!(labels, ["title"], "a parameter of the module");
    let params = json!({
        "textDocument": { "uri": editor.uri("main.scope") }, "position": { "line": 4, "character": 24 }, "newName": "label",
    });
    let renamed = editor.ask("textDocument/rename", params).result.expect("an answer");
    let count =
        |name: &str, editor: &Editor| renamed["changes"][editor.uri(name)].as_array().map_or(0, Vec::len);
    assert_eq!((count("main.scope", &editor), count("group.scope", &editor)), (1, 2), "{renamed:#}");
    editor.end();
}

#[test]
fn names_are_told_by_what_they_name() {
    let (mut editor, started) = Editor::start(&[]);
    editor.write("sites.scope", SITES);
    editor.write("group.scope", GROUP);
    editor.open("main.scope", OF_GROUP);
    let legend = &started["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"];
    let params = json!({ "textDocument": { "uri": editor.uri("main.scope") } });
    let answer = editor.ask("textDocument/semanticTokens/full", params).result.expect("an answer");
    let numbers: Vec<usize> = answer["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one.as_u64().expect("a number") as usize)
        .collect();
    let lines: Vec<&str> = OF_GROUP.lines().collect();
    let (mut line, mut start) = (0, 0);
    let mut told = Vec::new();
    for token in numbers.chunks(5) {
        start = if token[0] == 0 { start + token[1] } else { token[1] };
        line += token[0];
        let kind = legend[token[3]].as_str().expect("a kind");
        told.push(format!(
            "{} {kind}{}",
            &lines[line][start..start + token[2]],
            if token[4] == 1 { " declared" } else { "" }
        ));
    }
    assert_eq!(
        told,
        [
            "nantes namespace",
            "lab variable declared",
            "group class",
            "title parameter",
            "nantes namespace",
            "lab variable",
            "name property"
        ],
        "{answer}"
    );
    editor.end();
}
