//! `--policy`: given to every command that compiles a program, kept to by what a run sends, remembered by `resume`.

use crate::support::binary;

const PROGRAM: &str = "import http\nsite nantes { http: { url: \"http://127.0.0.1:9\" } }\nentry nantes\n\
    resource hits: http.resource { path: \"/hits\", body: { value: 1 } } scope { nantes }\n\
    sequence look { call now: http.resource.read { path: hits.path } scope { nantes } }\n";
const FEW: &str = "require length(resources) < 1 else \"no resources at all\"\n";
const NAMED: &str = "require for r in resources: r.name != \"hits\" else \"not `${r.name}`\"\n";

fn folder(name: &str) -> std::path::PathBuf {
    let folder = binary::folder(name);
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("writable");
    std::fs::write(folder.join("few.scope"), FEW).expect("writable");
    std::fs::write(folder.join("named.scope"), NAMED).expect("writable");
    folder
}

#[test]
fn every_command_keeps_to_them() {
    let folder = folder("policies");
    let commands: [&[&str]; 7] = [
        &["check", "main.scope"],
        &["lint", "main.scope"],
        &["build", "main.scope"],
        &["plan", "main.scope", "--simulate"],
        &["run", "main.scope", "--simulate"],
        &["graph", "main.scope"],
        &["exec", "look", "--program", "main.scope", "--simulate"],
    ];
    for words in commands {
        let free = binary::scope(&folder, words, &[]);
        assert_eq!(free.code, 0, "{words:?}: {}", free.all());
        let mut bound = words.to_vec();
        bound.extend(["--policy", "few.scope", "--policy", "named.scope", "--format", "short"]);
        let bound = binary::scope(&folder, &bound, &[]);
        assert_eq!(bound.code, 3, "{words:?}: {}", bound.all());
        for report in
            ["main.scope:4:10: error[E0507]: not `hits`", "few.scope:1:9: error[E0507]: no resources at all"]
        {
            assert!(bound.all().contains(report), "{words:?}: {}", bound.all());
        }
    }
}

#[test]
fn a_policy_that_is_not_there_stops_a_run() {
    let folder = folder("policies-missing");
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate", "--policy", "org.scope"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.all().contains("E0104"), "{}", ran.all());
}

#[test]
fn resuming_keeps_to_them_and_to_the_sequence() {
    let folder = folder("policies-resume");
    let policy = "require length(resources) < 5 else \"too many\"\n";
    std::fs::write(folder.join("org.scope"), policy).expect("writable");
    // Nothing listens there: the call fails, and the run can be resumed.
    let words = ["exec", "look", "--program", "main.scope", "--policy", "org.scope"];
    let failed = binary::scope(&folder, &words, &[]);
    assert_eq!(failed.code, 1, "{}", failed.all());
    std::fs::write(folder.join("org.scope"), FEW).expect("writable");
    let resumed = binary::scope(&folder, &["resume"], &[]);
    assert_eq!(resumed.code, 3, "{}", resumed.all());
    assert!(resumed.all().contains("no resources at all"), "{}", resumed.all());
    std::fs::write(folder.join("org.scope"), policy).expect("writable");
    let resumed = binary::scope(&folder, &["resume"], &[]);
    // Only the sequence: what the program declares is looked up, not made.
    assert_eq!(resumed.code, 1, "{}", resumed.all());
    assert!(resumed.all().contains("look.now") && !resumed.all().contains("created"), "{}", resumed.all());
}
