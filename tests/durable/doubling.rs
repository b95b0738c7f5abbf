//! A creation that took effect twice: the network delivered it twice; or the first request was lost, looked for, not found,
//! sent again, and arrives after all. The one that is recorded stays.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::desk::{Desks, When, ends};

const PROGRAM: &str = "resource first: desk.card { title: \"first\" } scope { nantes }\n";

/// A run whose first creation is lost on its way.
fn sent_twice(desks: &Desks, name: &str) -> PathBuf {
    let folder = desks.place(name, PROGRAM);
    let was_lost = AtomicBool::new(false);
    // A list, then the creation.
    desks.around(move |when, number| {
        (when, number) != (When::Before, 2) || was_lost.swap(true, Ordering::SeqCst)
    });
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.stdout.contains("1 created") && ran.stderr.contains("again"), "{}", ran.all());
    desks.undisturbed();
    folder
}

/// The request that was lost arrives.
fn it_arrives(desks: &Desks) {
    desks.nantes.change(|_notes, cards| {
        let mut late = cards.values().next().expect("one was made").clone();
        late["id"] = json!("c9");
        cards.insert("c9".into(), late);
    });
}

fn has(text: &str, words: &str) {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains(words), "`{words}`: {text}");
}

#[test]
fn the_second_one_is_told_and_deleted_and_the_recorded_one_stays() {
    let desks = Desks::start();
    let folder = sent_twice(&desks, "doubled");
    it_arrives(&desks);
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    has(&plan, "~ card first a second one with its mark \"c9\" -> \"deleted\"");
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    has(&drift, "~ card first a second one bears its mark (c9)");
    has(&drift, "1 there twice");
    assert_eq!(desks.nantes.held()["cards"], json!(["first", "first"]), "looking changes nothing");
    has(&ends(&folder, &["run", "main.scope"], 0).all(), "a second one with its mark (c9) is deleted");
    desks.nantes.change(|_notes, cards| assert_eq!(cards.keys().collect::<Vec<_>>(), ["c1"]));
    for _ in 0..2 {
        has(&ends(&folder, &["run", "main.scope"], 0).stdout, "nothing to do");
    }
    let state = std::fs::read_to_string(folder.join(".scope/main/state.json")).expect("kept");
    assert!(!state.contains("is_doubtful"), "it is certain by now: {state}");
}

#[test]
fn all_of_them_are_destroyed() {
    let desks = Desks::start();
    let folder = sent_twice(&desks, "doubled-destroyed");
    it_arrives(&desks);
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert_eq!(desks.nantes.held()["cards"], json!([]));
}

#[test]
fn one_with_another_mark_stays() {
    let desks = Desks::start();
    let folder = sent_twice(&desks, "doubled-others");
    it_arrives(&desks);
    desks.nantes.change(|_notes, cards| {
        cards.get_mut("c9").expect("it arrived")["remark"] = json!("[scope:0123456789abcdef/first@nantes]");
    });
    has(&ends(&folder, &["run", "main.scope"], 0).stdout, "nothing to do");
    assert_eq!(desks.nantes.held()["cards"], json!(["first", "first"]));
}

fn identities(desks: &Desks) -> Vec<String> {
    let mut identities = Vec::new();
    desks.nantes.change(|_notes, cards| identities.extend(cards.keys().cloned()));
    identities
}

#[test]
fn what_the_network_delivers_twice_is_there_once() {
    let desks = Desks::start();
    let folder = desks.place("delivered-twice", PROGRAM);
    desks.nantes.doubles(true);
    let ran = ends(&folder, &["run", "main.scope"], 0);
    has(&ran.all(), "card `first` at `nantes`: a second one with its mark (c2) is deleted");
    assert_eq!(identities(&desks), ["c1"]);
    has(&ends(&folder, &["run", "main.scope"], 0).stdout, "nothing to do");
    let state = std::fs::read_to_string(folder.join(".scope/main/state.json")).expect("kept");
    assert!(!state.contains("is_doubtful"), "it is certain by now: {state}");
}

/// Two cards are told apart in one list, which asks for no title.
#[test]
fn one_list_is_enough_for_all_of_a_kind() {
    let desks = Desks::start();
    let cards = ["a", "b", "c", "d"]
        .map(|title| format!("resource {title}: desk.card {{ title: \"{title}\" }} scope {{ nantes }}\n"));
    let folder = desks.place("listed-once", &cards.concat());
    ends(&folder, &["run", "main.scope"], 0);
    let n_made = desks.nantes.n_requests();
    // A look and a creation each, and the list.
    assert_eq!(n_made, 4 + 4 + 1, "requests of a run that makes four");
    has(&ends(&folder, &["run", "main.scope"], 0).stdout, "nothing to do");
    assert_eq!(desks.nantes.n_requests() - n_made, 4, "a look each");
    let folder = desks.place("listed-once-doubled", &cards.concat());
    desks.nantes.change(|_notes, cards| cards.clear());
    desks.nantes.doubles(true);
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(ran.all().matches("a second one with its mark").count(), 4, "{}", ran.all());
    assert_eq!(identities(&desks), ["c11", "c5", "c7", "c9"]);
}

/// The site falls silent before it can be looked at: that is told, and the next run looks.
#[test]
fn what_could_not_be_looked_at_is_looked_at_by_the_next_run() {
    let desks = Desks::start();
    let folder = desks.place("delivered-twice-cut", PROGRAM);
    desks.nantes.doubles(true);
    // A list, the creation; then silence.
    desks.around(|_, number| number <= 2);
    let ran = ends(&folder, &["run", "main.scope"], 0);
    has(&ran.all(), "one thing that was made at `nantes`: whether it is there twice is not known");
    assert_eq!(identities(&desks), ["c1", "c2"]);
    desks.undisturbed();
    has(
        &ends(&folder, &["plan", "main.scope"], 0).stdout,
        "a second one with its mark \"c2\" -> \"deleted\"",
    );
    has(&ends(&folder, &["run", "main.scope"], 0).all(), "a second one with its mark (c2) is deleted");
    assert_eq!(identities(&desks), ["c1"]);
}

/// A run that could not look has ended as wished, as with anything that is owed; it is told until somebody has looked.
#[test]
fn a_look_that_is_owed_is_told_and_done_by_resume() {
    for args in [&["resume"][..], &["resume", "--wait", "1min"]] {
        let desks = Desks::start();
        let folder = desks.place("delivered-twice-owed", PROGRAM);
        desks.nantes.doubles(true);
        // A list, the creation; then silence.
        desks.around(|_, number| number <= 2);
        ends(&folder, &["run", "main.scope"], 0);
        let status = ends(&folder, &["status", "--offline"], 0).stdout;
        has(&status, "owed: one thing that was made at `nantes`: whether it is there twice is not known");
        has(&status, "next: scope resume 1");
        let words = "whether something is there twice is looked for when nantes answers";
        has(&ends(&folder, &["plan", "main.scope", "--offline"], 0).stdout, words);
        desks.undisturbed();
        has(&ends(&folder, args, 0).all(), "a second one with its mark (c2) is deleted");
        assert_eq!(identities(&desks), ["c1"]);
        has(&ends(&folder, &["status", "--offline"], 0).stdout, "nothing is open");
        has(&ends(&folder, &["resume"], 0).stdout, "nothing to resume");
    }
}

/// Two bear the mark, and none is recorded: the state is an older one, or rebuilt.
#[test]
fn of_a_state_that_was_lost_one_is_taken_and_the_other_told_and_deleted() {
    let desks = Desks::start();
    let folder = sent_twice(&desks, "doubled-lost");
    it_arrives(&desks);
    let state = || std::fs::read_to_string(folder.join(".scope/main/state.json")).expect("it is kept");
    let mut older: serde_json::Value = serde_json::from_str(&state()).expect("it is JSON");
    std::fs::remove_dir_all(folder.join(".scope")).expect("it was there");
    let rebuilt = ends(&folder, &["state", "rebuild", "main.scope"], 0).stdout;
    has(&rebuilt, "bears the mark, id c1; a second one bears it (c9): the next run deletes it");
    has(
        &ends(&folder, &["plan", "main.scope"], 0).stdout,
        "a second one with its mark \"c9\" -> \"deleted\"",
    );
    older["resources"] = json!({});
    std::fs::remove_dir_all(folder.join(".scope")).expect("it was there");
    std::fs::create_dir_all(folder.join(".scope/main")).expect("it can be made");
    std::fs::write(folder.join(".scope/main/state.json"), older.to_string()).expect("writable");
    has(
        &ends(&folder, &["plan", "main.scope"], 0).stdout,
        "a second one with its mark \"c9\" -> \"deleted\"",
    );
    has(&ends(&folder, &["drift", "main.scope"], 2).stdout, "a second one bears its mark (c9)");
    has(&ends(&folder, &["run", "main.scope"], 0).all(), "a second one with its mark (c9) is deleted");
    assert_eq!(identities(&desks), ["c1"]);
}
