//! Names: gone to, renamed, coloured.

use serde_json::{Value, json};

use crate::editor::{Editor, PROGRAM, SITES, offered, two};

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
