//! Whatever comes is answered, and an end is an end.

use lsp_server::{Message, Request, RequestId};
use serde_json::{Value, json};

use crate::editor::{Editor, PROGRAM, answer};

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
