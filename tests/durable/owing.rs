//! What is owed at a site: announced by `plan`, told by `status`, done by the next run, or let go by `scope state forget`.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::desk::{Desks, When, ends};
use super::killing::killed;

const EITHER: &str = "resource first: desk.card { title: \"first\" } scope { paris | nantes }\n";

fn has(text: &str, words: &str) {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains(words), "`{words}`: {text}");
}

/// Paris made the card, did not answer, and is silent from then on; the other alternative was taken.
fn owed_at_paris(desks: &Desks, name: &str) -> PathBuf {
    let folder = desks.place(name, EITHER);
    let silence = desks.paris.silence();
    // A list, then the creation.
    desks.around(move |when, number| {
        let is_it = (when, number) == (When::After, 2);
        silence.fetch_or(is_it, Ordering::SeqCst);
        !is_it
    });
    let ran = ends(&folder, &["run", "main.scope"], 0);
    desks.undisturbed();
    has(&ran.stdout, "owed card `first` is perhaps left at `paris`");
    assert_eq!(desks.held()["paris"]["cards"], json!(["first"]));
    assert_eq!(desks.held()["nantes"]["cards"], json!(["first"]));
    folder
}

#[test]
fn a_plan_announces_what_the_next_run_does_of_it() {
    let desks = Desks::start();
    let folder = owed_at_paris(&desks, "owing");
    let words = "- card first owed since run 1: perhaps made; looked for, and deleted, when paris answers";
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 2).stdout;
    has(&plan, words);
    has(&plan, "0 to delete, 1 owed, 0 unknown");
    has(&plan, "run it: scope run main.scope");
    has(&ends(&folder, &["plan", "main.scope", "--offline"], 0).stdout, words);
    let twin = ends(&folder, &["--format", "json", "plan", "main.scope"], 0).stdout;
    let twin: Value = serde_json::from_str(&twin).expect("one JSON document");
    let owed: Vec<&Value> =
        twin["resources"].as_array().expect("a list").iter().filter(|row| row["what"] == "owed").collect();
    assert_eq!(owed.len(), 1, "{twin}");
    assert_eq!((&owed[0]["site"], &owed[0]["name"]), (&json!("paris"), &json!("first")));
    desks.paris.set_down(false);
    has(&ends(&folder, &["run", "main.scope"], 0).all(), "card `first` at `paris` (c1) is deleted");
    assert_eq!(desks.held()["paris"]["cards"], json!([]));
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 0).stdout;
    assert!(!plan.contains("owed"), "{plan}");
}

#[test]
fn what_is_owed_is_let_go_when_it_is_said() {
    let desks = Desks::start();
    let folder = owed_at_paris(&desks, "owing-forgotten");
    desks.paris.set_down(false);
    let forgotten = ends(&folder, &["state", "forget", "first", "paris"], 0).stdout;
    has(&forgotten, "forgotten: first at paris a deletion of desk.card that is owed");
    has(&ends(&folder, &["run", "main.scope"], 0).stdout, "nothing to do");
    assert_eq!(desks.held()["paris"]["cards"], json!(["first"]), "what is there stays there");
    has(&ends(&folder, &["status", "--offline"], 0).stdout, "nothing is open");
}

/// The same program where there is no paris.
fn without_paris(folder: &Path) {
    let whole = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
    let narrower: Vec<&str> = whole.lines().filter(|line| !line.contains("paris")).collect();
    std::fs::write(folder.join("main.scope"), narrower.join("\n")).expect("writable");
}

#[test]
fn what_was_sent_and_not_answered_is_let_go_when_it_is_said() {
    let desks = Desks::start();
    let folder =
        desks.place("owing-sent", "resource first: desk.card { title: \"first\" } scope { paris }\n");
    // A list, then the creation.
    assert!(killed(&desks, &folder, When::After, 2));
    without_paris(&folder);
    has(&ends(&folder, &["plan", "main.scope", "--check"], 2).stdout, "? paris card first");
    let forgotten = ends(&folder, &["state", "forget", "first", "paris"], 0).stdout;
    has(&forgotten, "forgotten: first at paris a `create` of desk.card whose end is not known");
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 0).stdout;
    assert!(!plan.contains("reach"), "{plan}");
}

/// `plan --check`, of a state that is as wished but for one thing.
#[test]
fn each_thing_that_is_not_as_wished_has_its_exit_code() {
    let desks = Desks::start();
    let note = |name: &str, site: &str| {
        format!("resource {name}: desk.note {{ name: \"{name}\", text: \"x\" }} scope {{ {site} }}\n")
    };
    let folder = desks.place("owing-checked", &(note("one", "nantes") + &note("two", "paris")));
    ends(&folder, &["run", "main.scope"], 0);
    let check = |exit: i32| ends(&folder, &["plan", "main.scope", "--check"], exit).stdout;
    has(&check(0), "nothing to do");
    desks.paris.set_down(true);
    has(&check(2), "0 to create, 0 to change, 0 to delete, 1 unknown");
    desks.paris.set_down(false);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
    std::fs::write(folder.join("main.scope"), program.clone() + &note("theirs", "nantes")).expect("writable");
    desks.nantes.change(|notes, _| {
        notes.insert("theirs".into(), json!({ "name": "theirs", "text": "somebody's" }));
    });
    has(&check(1), "1 would fail");
    let url = format!("url: \"{}\"", desks.nantes.url);
    let secret = program.replace(&url, &format!("{url}, token: secret(\"NOT_THERE\")"));
    std::fs::write(folder.join("main.scope"), secret).expect("writable");
    let unasked = ends(&folder, &["plan", "main.scope", "--check"], 2);
    has(&unasked.all(), "no site was asked");
}

#[test]
fn destroy_tells_what_it_cannot_reach() {
    let desks = Desks::start();
    let card =
        |site: &str| format!("resource {site}_card: desk.card {{ title: \"a\" }} scope {{ {site} }}\n");
    let folder = desks.place("owing-destroyed", &(card("nantes") + &card("paris")));
    ends(&folder, &["run", "main.scope"], 0);
    without_paris(&folder);
    let destroyed = ends(&folder, &["destroy", "main.scope", "--yes"], 0).all();
    has(&destroyed, "out of the program's reach");
    has(&destroyed, "? paris card paris_card");
    assert_eq!(desks.held()["nantes"]["cards"], json!([]));
    assert_eq!(desks.held()["paris"]["cards"], json!(["a"]));
}

/// More steps than a person reads one by one, in a log file.
#[test]
fn a_run_of_very_many_steps_is_told_by_what_it_did() {
    let desks = Desks::start();
    let folder = desks.place(
        "owing-many",
        "resource n for i in range(60): desk.note { name: \"n${i}\", text: \"x\" } scope { nantes & paris }\n",
    );
    let told = ends(&folder, &["run", "main.scope"], 0).stderr;
    assert!(!told.contains("  done "), "{told}");
    assert_eq!(told.matches("  created note  n[").count(), 120, "{told}");
}
