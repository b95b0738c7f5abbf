//! A run that stays (`--wait`): for whatever is parked or owed, at sites that are not held and not left out; once for each
//! thing that is asked for; and meanwhile others may have its state.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::json;

use super::desk::{self, Desks, PROGRAM, ends};

/// Waits until this is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed().as_secs() < 60, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn waits(folder: &Path) -> bool {
    desk::scope(folder, &["status", "--offline"]).stdout.contains("waits: ")
}

fn code(mut child: Child) -> Option<i32> {
    child.wait().expect("it is ours").code()
}

#[test]
fn a_call_is_done_once_more_in_the_first_round_only() {
    let desks = Desks::start();
    let folder = desks.place("again-wait", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let text = std::fs::read_to_string(folder.join("main.scope")).expect("there");
    std::fs::write(folder.join("main.scope"), text.replace("hello from", "good day from")).expect("writable");
    desks.paris.set_down(true);
    let staying = desk::start(&folder, &["run", "main.scope", "--again", "once", "--wait", "2min"]);
    until("it waits", || waits(&folder));
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 2 }));
    desks.paris.set_down(false);
    assert_eq!(code(staying), Some(0));
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 2 }));
    assert_eq!(desks.paris.held()["notes"], json!({ "welcome": "good day from paris" }));
}

#[test]
fn a_held_site_is_not_asked_while_it_is_waited_for() {
    let desks = Desks::start();
    let folder = desks.place("held-wait", PROGRAM);
    ends(&folder, &["hold", "paris", "--program", "main.scope"], 0);
    let held = ends(&folder, &["run", "main.scope", "--wait", "4s"], 4);
    assert!(held.stderr.contains("waiting for paris (held by tester"), "{}", held.all());
    assert_eq!(desks.paris.n_requests(), 0);
    let history = ends(&folder, &["history"], 0).stdout;
    assert_eq!(history.lines().count(), 2, "one run: {history}");
    // One that the command leaves out is not waited for at all, and what is there is no matter of that run.
    ends(&folder, &["hold", "paris", "--release"], 0);
    let began = Instant::now();
    ends(&folder, &["run", "main.scope", "--except", "paris", "--wait", "1min"], 0);
    assert!(began.elapsed() < Duration::from_secs(40));
    assert_eq!(desks.paris.n_requests(), 0);
    // What is open there is for a run that does not leave it out.
    let status = ends(&folder, &["status", "--offline"], 0).stdout;
    assert!(status.contains("next: scope run main.scope  "), "{status}");
}

#[test]
fn a_hold_can_be_set_and_released_while_a_run_waits() {
    let desks = Desks::start();
    let folder = desks.place("hold-while-waiting", PROGRAM);
    desks.paris.set_down(true);
    let staying = desk::start(&folder, &["run", "main.scope", "--wait", "2min"]);
    until("it waits", || waits(&folder));
    let status = ends(&folder, &["status", "--offline"], 0).stdout;
    assert!(status.contains("waits: tester at ") && status.contains("stop it: kill "), "{status}");
    ends(&folder, &["hold", "paris", "--reason", "rack move"], 0);
    std::thread::sleep(Duration::from_secs(4));
    let n_before = desks.paris.n_requests();
    desks.paris.set_down(false);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(desks.paris.n_requests(), n_before, "held");
    ends(&folder, &["hold", "paris", "--release"], 0);
    assert_eq!(code(staying), Some(0));
    assert_eq!(desks.paris.held()["cards"], json!(["first", "second"]));
    assert!(!waits(&folder));
}

#[test]
fn what_failed_elsewhere_keeps_nobody_from_waiting() {
    let desks = Desks::start();
    let taken = "resource taken: desk.note { name: \"taken\", text: \"ours\" } scope { nantes }\n";
    let theirs = json!({ "name": "taken", "text": "theirs" });
    desks.nantes.change(|notes, _| drop(notes.insert("taken".into(), theirs)));
    let folder = desks.place("failed-and-parked", &format!("{PROGRAM}{taken}"));
    desks.paris.set_down(true);
    let staying = desk::start(&folder, &["run", "main.scope", "--wait", "2min"]);
    until("it waits", || waits(&folder));
    desks.paris.set_down(false);
    assert_eq!(code(staying), Some(1));
    assert_eq!(desks.paris.held()["cards"], json!(["first", "second"]));
}

#[test]
fn a_destroy_waits_too() {
    let desks = Desks::start();
    let folder = desks.place("destroy-waits", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    desks.paris.set_down(true);
    let staying = desk::start(&folder, &["destroy", "main.scope", "--yes", "--wait", "2min"]);
    until("it waits", || waits(&folder));
    desks.paris.set_down(false);
    assert_eq!(code(staying), Some(0));
    let nothing = json!({ "notes": {}, "cards": [], "bells": {} });
    assert_eq!(desks.held(), json!({ "nantes": nothing, "paris": nothing }));
}

#[test]
fn a_run_under_way_is_told() {
    let desks = Desks::start();
    let folder = desks.place("under-way", PROGRAM);
    desks.around(|_, number| {
        if number == 3 {
            std::thread::sleep(Duration::from_secs(6));
        }
        true
    });
    let running = desk::start(&folder, &["run", "main.scope"]);
    let status = || desk::scope(&folder, &["status", "--offline", "--program", "main.scope"]).stdout;
    until("it runs", || status().contains("runs: tester at "));
    let status = status();
    assert!(status.contains("under way") && !status.contains("scope resume"), "{status}");
    let shown = ends(&folder, &["state", "show", "--program", "main.scope"], 0).stdout;
    assert!(shown.contains("lock        tester at ") && shown.contains("`scope run main.scope`"), "{shown}");
    assert_eq!(code(running), Some(0));
    assert!(ends(&folder, &["state", "show"], 0).stdout.contains("lock        free"));
}
