//! `--format json`: every command prints exactly one document and nothing else, whose first key is `format`; all of them are
//! as their published schemas say. A command that is added is refused here until it is among them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::durable::desk::{self, Desks};
use crate::support::{binary, root, schemas};

/// The schema of the documents that are the command's own.
const DOCUMENTS: &str = include_str!("../compiler/scope-cli/documents.schema.json");

/// Over two real sites, with something of everything.
const PROGRAM: &str = r#"
param loud: bool = false
resource welcome: desk.note { name: "welcome", text: if loud then "HELLO" else "hello" } scope { nantes & paris }
resource first: desk.card { title: "first" } scope { nantes & paris }
resource either: desk.card { title: "either" } scope { paris | nantes }
resource door: desk.bell { name: "door" } scope { nantes }
call once: desk.bell.ring { name: door.name } scope { nantes }
output who = welcome.text
/// Rings it.
sequence ring {
    call again: desk.bell.ring { name: "door" } scope { nantes }
}
test "both have a note" {
    run
    expect welcome at paris
}
"#;

/// By format, the validator of its documents.
fn validators() -> BTreeMap<String, Validator> {
    let mut schema: Value = serde_json::from_str(DOCUMENTS).expect("JSON");
    // A reader passes over fields that it does not know; here each must be described.
    close(&mut schema["$defs"]);
    let mut validators = BTreeMap::new();
    for (name, of) in schema["$defs"].as_object().expect("documents and their parts") {
        let Some(format) = of["properties"]["format"]["const"].as_str() else { continue };
        let mut one = schema.clone();
        one.as_object_mut().expect("a record").shift_remove("oneOf");
        one["$ref"] = json!(format!("#/$defs/{name}"));
        let listed = json!({ "$ref": format!("#/$defs/{name}") });
        assert!(schema["oneOf"].as_array().expect("a list").contains(&listed), "{name} is not in the list");
        let validator = jsonschema::draft202012::new(&one).expect("a JSON Schema");
        validators.insert(format.to_string(), validator);
    }
    let diagnostics = schemas::validator(scope_diagnostics::render::JSON_SCHEMA);
    validators.insert(scope_diagnostics::render::JSON_FORMAT.into(), diagnostics);
    let plan = jsonschema::draft202012::new(&scope_plan::json::schema()).expect("a JSON Schema");
    validators.insert("scope-plan/1".into(), plan);
    validators
}

/// Every record whose fields are listed has no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") && !fields.contains_key("oneOf") {
                fields.entry("additionalProperties").or_insert(false.into());
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn what_other_schemas_declare_is_said_in_the_same_words() {
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let documents = parse(DOCUMENTS);
    let mut n_same = 0;
    for other in [parse(scope_diagnostics::render::JSON_SCHEMA), parse(scope_runtime::events::SCHEMA)] {
        for (name, of) in other["$defs"].as_object().expect("its parts") {
            if let Some(ours) = documents["$defs"].get(name) {
                assert_eq!(ours, of, "{name}");
                n_same += 1;
            }
        }
    }
    assert!(n_same > 10, "{n_same}");
}

/// Whether a document is described field by field; reports and plans may have fields that a reader passes over.
fn is_own(format: &str) -> bool {
    !matches!(format, "scope-plan/1") && format != scope_diagnostics::render::JSON_FORMAT
}

/// What was seen: formats with a document of each, and the commands that gave them.
struct Seen {
    validators: BTreeMap<String, Validator>,
    formats: BTreeSet<String>,
    commands: BTreeSet<String>,
    /// What is not as it should be, all of it.
    wrong: String,
}

impl Seen {
    /// Runs a command; its document must be of this format.
    fn document(&mut self, folder: &Path, args: &[&str], code: i32, format: &str) -> Value {
        let mut all = vec!["--format", "json"];
        all.extend(args);
        let ran = binary::scope(folder, &all, &[]);
        if ran.code != code {
            self.wrong += &format!("{args:?}: not exit {code}: {}\n", ran.all());
        }
        let is_word = |word: &str| {
            !word.starts_with('-') && word.chars().all(|letter| letter.is_alphabetic() || letter == '-')
        };
        let words: Vec<&str> = args.iter().copied().take_while(|word| is_word(word)).collect();
        self.commands.insert(words.first().map_or(String::new(), |word| (*word).to_string()));
        self.commands.insert(words.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        self.taken(&ran.stdout, args, format)
    }

    fn taken(&mut self, text: &str, args: &[&str], format: &str) -> Value {
        let document: Value = match serde_json::from_str(text) {
            Ok(document) => document,
            Err(error) => {
                self.wrong += &format!("{args:?}: not one document: {error}\n{text}\n");
                return Value::Null;
            }
        };
        let first = document.as_object().and_then(|fields| fields.keys().next());
        if first.map(String::as_str) != Some("format") || document["format"] != format {
            self.wrong += &format!("{args:?}: not {format}: {text}\n");
            return document;
        }
        let Some(validator) = self.validators.get(format) else {
            self.wrong += &format!("{format} has no schema: {text}\n");
            return document;
        };
        for error in validator.iter_errors(&document) {
            self.wrong += &format!("{args:?}: {format}: {}: {error}\n", error.instance_path());
        }
        // One without its name, and one with a field of another name, are refused: the schema says something.
        for wrong in [None, Some("surprise")] {
            let mut other = document.clone();
            let fields = other.as_object_mut().expect("a record");
            match wrong {
                None => drop(fields.shift_remove("format")),
                Some(name) => drop(fields.insert(name.into(), 1.into())),
            }
            if validator.is_valid(&other) && (wrong.is_none() || is_own(format)) {
                self.wrong += &format!("{format}: the schema takes anything\n");
            }
        }
        self.formats.insert(format.to_string());
        document
    }
}

#[test]
fn every_command_prints_one_document() {
    let mut seen = Seen {
        validators: validators(),
        formats: BTreeSet::new(),
        commands: BTreeSet::new(),
        wrong: String::new(),
    };
    programs(&mut seen);
    drivers_and_files(&mut seen);
    runs(&mut seen);
    assert!(seen.wrong.is_empty(), "\n{}", seen.wrong);
    let missing: Vec<&String> =
        seen.validators.keys().filter(|format| !seen.formats.contains(*format)).collect();
    assert!(missing.is_empty(), "no command printed {missing:?}");
    // Every command that there is, but the language server and the help.
    for (of, left_out) in
        [("", &["lsp", "help"][..]), ("state", &["help"]), ("driver", &["help"]), ("sites", &["help"])]
    {
        let words: Vec<&str> = of.split_whitespace().chain(["--help"]).collect();
        let help = binary::scope(&root(), &words, &[]).stdout;
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in listed.take_while(|line| line.starts_with("  ")) {
            let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else { continue };
            let name = name.split_whitespace().next().unwrap_or_default();
            let whole = format!("{of} {name}").trim().to_string();
            assert!(
                left_out.contains(&name) || seen.commands.contains(&whole),
                "`scope {whole}` is not asked here"
            );
        }
    }
    println!("{} documents of {} commands", seen.formats.len(), seen.commands.len());
}

/// What is said of programs: no site is needed.
fn programs(seen: &mut Seen) {
    let desks = Desks::start();
    let folder = desks.place("json-programs", PROGRAM);
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("writable");
    write("wrong.scope", "import nothing\nresource a: openstack.image {}\n");
    let diagnostics = scope_diagnostics::render::JSON_FORMAT;
    seen.document(&folder, &["check", "main.scope"], 0, diagnostics);
    seen.document(&folder, &["lint", "main.scope"], 0, diagnostics);
    seen.document(&folder, &["lint", "--list"], 0, "scope-lints/1");
    seen.document(&folder, &["explain"], 0, "scope-explain/1");
    let page = seen.document(&folder, &["explain", "E0101"], 0, "scope-explain/1");
    assert!(page["codes"][0]["page"].as_str().is_some_and(|page| page.starts_with("# E0101")));
    // Whatever goes wrong is a document too, with its code: in the program, in the arguments, on this machine.
    for (args, code, named) in [
        (&["check", "wrong.scope"][..], 3, "E0104"),
        (&["graph", "wrong.scope"], 3, "E0104"),
        (&["run", "wrong.scope"], 3, "E0104"),
        (&["run", "main.scope", "--sett", "x"], 3, "E0980"),
        (&["run", "main.scope", "--set", "x"], 3, "E0980"),
        (&["explain", "E7777"], 3, "E0980"),
        (&["build", "main.scope", "--out", "no/such/folder"], 1, "E0981"),
        (&["status"], 3, "E0922"),
        (&["attach", "--program", "main.scope"], 3, "E0938"),
    ] {
        let told = seen.document(&folder, args, code, if code == 1 { "scope-build/1" } else { diagnostics });
        assert_eq!(told["diagnostics"][0]["code"], named, "{args:?}: {told}");
    }
    let plan = seen.document(&folder, &["build", "main.scope"], 0, "scope-plan/1");
    assert_eq!(plan["program"]["file"], "main.scope");
    seen.document(&folder, &["plan", "main.scope", "--steps"], 0, "scope-plan/1");
    seen.document(&folder, &["build", "main.scope", "--out", "plan.json"], 0, "scope-build/1");
    seen.document(&folder, &["build", "main.scope", "--target", "list"], 0, "scope-targets/1");
    let script = seen.document(&folder, &["build", "main.scope", "--target", "shell"], 0, "scope-build/1");
    assert!(script["files"][0]["text"].as_str().is_some_and(|text| text.starts_with("#!")), "{script}");
    seen.document(&folder, &["build", "main.scope", "--target", "shell", "--out", "out"], 0, "scope-build/1");
    let cuts = seen.document(&folder, &["plan", "main.scope", "--cuts"], 0, "scope-cuts/1");
    assert!(
        cuts["steps"].as_array().expect("a list").iter().any(|step| step["cut"]["paris"] == "waits"),
        "{cuts}"
    );
    let offline = seen.document(&folder, &["plan", "main.scope", "--offline"], 0, "scope-difference/1");
    assert_eq!(offline["resources"][0]["what"], "create");
    seen.document(&folder, &["graph", "main.scope", "--to", "svg"], 0, "scope-graph/1");
    seen.document(&folder, &["graph", "main.scope", "--out", "plan.dot"], 0, "scope-graph/1");
    seen.document(&folder, &["doc", "main.scope", "--out", "pages"], 0, "scope-doc/1");
    seen.document(&folder, &["test", "main.scope"], 0, "scope-tests/1");
    seen.document(&folder, &["test", "main.scope", "--list"], 0, "scope-test-list/1");
    seen.document(&folder, &["exec", "--program", "main.scope"], 0, "scope-sequences/1");
    let run = seen.document(&folder, &["run", "main.scope", "--simulate"], 0, "scope-run/1");
    assert_eq!(
        (&run["verdict"], &run["outputs"]["who"]["value"]["paris"]),
        (&"done".into(), &"hello".into())
    );
    let cut = ["run", "main.scope", "--simulate", "--fault", "cut=nantes@0s..1h"];
    let failed = seen.document(&folder, &cut, 1, "scope-run/1");
    assert_eq!(failed["exit_code"], 1);
    assert!(failed["diagnostics"][0]["code"].is_string(), "{failed}");
    seen.document(
        &folder,
        &["why", "first", "paris", "--simulate", "--program", "main.scope"],
        0,
        "scope-why/1",
    );
    seen.document(&folder, &["sites", "main.scope", "--simulate"], 0, "scope-sites/1");
    // Events are a line each, and the document is the last one.
    let events = ["--format", "json", "run", "main.scope", "--simulate", "--events", "json"];
    let ran = binary::scope(&folder, &events, &[]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines.iter().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.all());
    assert_eq!(serde_json::from_str::<Value>(lines[0]).expect("JSON")["event"], "run_started");
    seen.taken(lines.last().expect("lines"), &events, "scope-run/1");
    // SARIF is one document as well, whatever the command has to say besides.
    for args in [
        &["check", "main.scope"][..],
        &["run", "main.scope", "--simulate"],
        &["graph", "main.scope"],
        &["status"],
    ] {
        let ran = binary::scope(&folder, &[args, &["--format", "sarif"]].concat(), &[]);
        let log: Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{args:?}: {}", ran.all()));
        assert!(schemas::sarif().is_valid(&log), "{args:?}: {log}");
    }
}

/// What makes and changes files.
fn drivers_and_files(seen: &mut Seen) {
    let folder = binary::folder("json-files");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("writable");
    write("lamps.scope", desk::DRIVER);
    write(
        "lamp.json",
        r#"{ "$schema": "http://json-schema.org/draft-07/schema#", "title": "Lamp", "type": "object", "properties": { "watts": { "type": "integer" } } }"#,
    );
    write(
        "main.scope",
        "import openstack\nsite   nantes { openstack: { cloud: \"nantes\" } }\nentry nantes\nlet spare = 1\n",
    );
    let driver = seen.document(&folder, &["driver", "check", "lamps.scope", "exec"], 0, "scope-drivers/1");
    assert_eq!(
        (&driver["drivers"][0]["types"], driver["drivers"].as_array().map(Vec::len)),
        (&3.into(), Some(2))
    );
    seen.document(&folder, &["driver", "import", "lamp.json"], 0, "scope-driver-import/1");
    seen.document(&folder, &["sites", "import", "clouds.yaml"], 0, "scope-sites-import/1");
    let shown = seen.document(&folder, &["fix", "main.scope", "--diff"], 0, "scope-fix/1");
    assert!(shown["patch"].as_str().is_some_and(|patch| patch.contains("-let spare = 1")), "{shown}");
    seen.document(&folder, &["fix", "main.scope"], 0, "scope-fix/1");
    let changed = seen.document(&folder, &["fmt", "main.scope", "--check"], 2, "scope-fmt/1");
    assert_eq!((&changed["changed"], &changed["files"][0]["written"]), (&1.into(), &false.into()));
    seen.document(&folder, &["fmt", "main.scope"], 0, "scope-fmt/1");
    let text = binary::scope_reading(&folder, &["--format", "json", "fmt", "-"], "let  a=1\n");
    let told = seen.taken(&text.stdout, &["fmt", "-"], "scope-fmt/1");
    assert_eq!(told["files"][0]["text"], "let a = 1\n");
}

/// What is said of runs at sites that are there.
fn runs(seen: &mut Seen) {
    let desks = Desks::start();
    let folder = desks.place("json-runs", PROGRAM);
    seen.document(&folder, &["plan", "main.scope"], 0, "scope-difference/1");
    desks.paris.set_down(true);
    let pending = seen.document(&folder, &["run", "main.scope"], 4, "scope-run/1");
    assert_eq!((&pending["verdict"], &pending["run"]), (&"pending".into(), &1.into()));
    let is_parked = |step: &Value| step["status"] == "parked" && step["site"] == "paris";
    assert!(pending["steps"].as_array().expect("a list").iter().any(is_parked), "{pending}");
    seen.document(&folder, &["status"], 0, "scope-status/1");
    seen.document(&folder, &["why", "first", "paris"], 0, "scope-why/1");
    desks.paris.set_down(false);
    seen.document(&folder, &["resume"], 0, "scope-run/1");
    let nothing = seen.document(&folder, &["resume"], 0, "scope-run/1");
    assert_eq!(nothing["verdict"], "nothing_to_do");
    seen.document(&folder, &["exec", "ring", "--program", "main.scope"], 0, "scope-run/1");
    seen.document(&folder, &["history"], 0, "scope-history/1");
    seen.document(&folder, &["logs", "first", "--run", "1"], 0, "scope-logs/1");
    seen.document(&folder, &["sites", "main.scope"], 0, "scope-sites/1");
    let held = seen.document(&folder, &["hold", "paris", "--reason", "rack move"], 0, "scope-holds/1");
    assert_eq!(held["holds"]["paris"]["reason"], "rack move");
    seen.document(&folder, &["hold"], 0, "scope-holds/1");
    let released = seen.document(&folder, &["hold", "paris", "--release"], 0, "scope-holds/1");
    assert_eq!(released["holds"], json!({}));
    desks.nantes.change(|notes, _cards| {
        notes.insert("welcome".into(), json!({ "name": "welcome", "text": "somebody else" }));
        notes.insert("old".into(), json!({ "name": "old", "text": "older" }));
    });
    let drift = seen.document(&folder, &["drift", "main.scope"], 2, "scope-drift/2");
    assert_eq!(drift["is_drift"], true);
    seen.document(
        &folder,
        &["drift", "main.scope", "--accept", "welcome.text", "nantes"],
        0,
        "scope-drift/2",
    );
    let adopted = ["import", "main.scope", "old:desk.note", "nantes", "old"];
    let import = seen.document(&folder, &adopted, 0, "scope-import/1");
    assert!(
        import["text"].as_str().is_some_and(|text| text.starts_with("resource old: desk.note")),
        "{import}"
    );
    seen.document(&folder, &["state", "show"], 0, "scope-state/1");
    seen.document(&folder, &["state", "unlock"], 0, "scope-unlock/1");
    seen.document(&folder, &["state", "copy", "--to", "copied"], 0, "scope-copy/1");
    let forgotten = ["state", "forget", "old", "nantes"];
    let forgotten = seen.document(&folder, &forgotten, 0, "scope-forgotten/1");
    assert_eq!(forgotten["forgotten"][0]["site"], "nantes");
    for (from, to) in [("paris", "lutetia"), ("lutetia", "paris")] {
        let text = std::fs::read_to_string(folder.join("main.scope")).expect("it is there");
        std::fs::write(folder.join("main.scope"), text.replace(from, to)).expect("writable");
        seen.document(&folder, &["state", "rename-site", from, to], 0, "scope-site-renamed/1");
    }
    let detached = seen.document(&folder, &["run", "main.scope", "--detach"], 0, "scope-detached/1");
    let followed = seen.document(&folder, &["attach"], 0, "scope-run/1");
    assert_eq!(followed["run"], detached["run"]);
    seen.document(&folder, &["destroy", "main.scope", "--yes"], 0, "scope-run/1");
    let nothing = seen.document(&folder, &["destroy", "main.scope", "--yes"], 0, "scope-run/1");
    assert_eq!(nothing["steps"], json!([]));
    std::fs::remove_dir_all(folder.join(".scope")).expect("it is there");
    // Whether the bell was rung, which must not be done twice, nobody knows without the state.
    let rebuilt = seen.document(&folder, &["state", "rebuild", "main.scope"], 2, "scope-rebuild/1");
    assert!(
        rebuilt["resources"].as_array().is_some_and(|rows| rows.iter().any(|row| row["what"] == "asked"))
    );
}
