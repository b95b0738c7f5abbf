//! What is offered and told while a program is written.

use serde_json::{Value, json};

use crate::editor::{Editor, offered, two};

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
        ("output n = |", "sum", "capture"),
    ] {
        let labels = offered(&mut editor, &format!("{head}{rest}"));
        assert!(labels.iter().any(|label| label == wanted), "{rest}: {labels:?}");
        assert!(labels.iter().all(|label| label != unwanted), "{rest}: {labels:?}");
    }
    assert!(offered(&mut editor, &format!("{head}let a = \"fl|")).is_empty(), "nothing inside a text");
    editor.end();
}
