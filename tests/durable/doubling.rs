//! A creation that took effect twice: the first request was lost, looked for, not found, sent again, and arrives after all. The
//! next look is for all that bear the mark; the one that is recorded stays.

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
