//! Mistakes: told where they are, taken back, put right.

use serde_json::{Value, json};

use crate::editor::{Editor, PROGRAM, SITES, codes, range};

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
