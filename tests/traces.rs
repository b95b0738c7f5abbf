//! `--log`: spans of run, step, attempt and request, on stderr or in a file, and no secret in any of them.

use crate::durable::desk::Desks;
use crate::support::binary;

const SECRET: &str = "hunter2-and-more";

/// A program whose sites want a token, and a name that holds the same text.
fn place(name: &str) -> std::path::PathBuf {
    let desks = Desks::start();
    let folder =
        desks.place(name, "resource n: desk.note { name: \"n\", text: \"one\" } scope { nantes & paris }\n");
    let main = folder.join("main.scope");
    let text = std::fs::read_to_string(&main).expect("just written");
    let text = text
        .replace("site nantes { desk: { url:", "site nantes { desk: { token: secret(\"DESK_TOKEN\"), url:");
    assert!(text.contains("DESK_TOKEN"));
    std::fs::write(&main, text).expect("writable");
    // They serve until the process ends.
    std::mem::forget(desks);
    folder
}

#[test]
fn a_run_is_said_span_by_span_without_a_secret() {
    let folder = place("traces");
    let env = [("DESK_TOKEN", SECRET)];
    let words = ["run", "main.scope", "--log", "trace", "--log-file", "run.log"];
    let ran = binary::scope(&folder, &words, &env);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let log = std::fs::read_to_string(folder.join("run.log")).expect("it is written");
    for part in [
        "run{number=1 program=\"main.scope\"}",
        ":step{name=\"n\" site=\"paris\" verb=\"ensure\"",
        ":attempt{number=1}",
        ":request{request=\"PUT /notes/n\"",
        "status=201",
        "created",
        "close time.busy=",
    ] {
        assert!(log.contains(part), "{part} in\n{log}");
    }
    assert!(!log.contains(SECRET) && !ran.all().contains(SECRET), "{log}");
    assert!(!log.contains('\u{1b}'), "no colours in a file");
    // On stderr, by the variable; less of it at a higher level.
    let env = [("DESK_TOKEN", SECRET), ("SCOPE_LOG", "info")];
    let ran = binary::scope(&folder, &["run", "main.scope"], &env);
    assert!(ran.stderr.contains("step{") && ran.stderr.contains("unchanged"), "{}", ran.all());
    assert!(!ran.stderr.contains("request{") && !ran.stderr.contains(SECRET), "{}", ran.all());
}

#[test]
fn a_wrong_level_and_a_log_that_cannot_be_written_are_said_before_anything_is_done() {
    let folder = binary::folder("traces-wrong");
    for (words, env, code) in [
        (vec!["check", "main.scope", "--log", "loud"], vec![], "E0961"),
        (vec!["check", "main.scope"], vec![("SCOPE_LOG", "hyper=trace")], "E0961"),
        (vec!["check", "main.scope", "--log-file", "no/such/folder/run.log"], vec![], "E0962"),
    ] {
        let ran = binary::scope(&folder, &words, &env);
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert!(ran.stderr.contains(&format!("error[{code}]")), "{}", ran.all());
    }
}
