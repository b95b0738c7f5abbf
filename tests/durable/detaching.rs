//! A run that goes on by itself, followed; hooks that are told; a part of a program.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::desk::{self, Desks, PROGRAM, ends};
use crate::support::binary::Ran;

/// Waits until something is so, not longer than a minute.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} did not come to be");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a detached run waits for paris.
fn until_it_waits(folder: &Path) {
    let log = folder.join(".scope/main/detached/log");
    until("the waiting", || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("waiting for paris")));
}

#[test]
fn a_detached_run_goes_on_and_is_followed() {
    let desks = Desks::start();
    let folder = desks.place("detached", PROGRAM);
    desks.paris.set_down(true);
    let began = ends(&folder, &["run", "main.scope", "--detach", "--wait", "5min"], 0);
    assert!(began.stdout.contains("goes on by itself"), "{}", began.all());
    assert!(began.stdout.contains("scope attach"), "{}", began.all());
    // Another run is refused, and so is a second detached one: this one has the state.
    let second = ends(&folder, &["run", "main.scope", "--detach"], 5);
    assert!(second.stderr.contains("E0911"), "{}", second.all());
    ends(&folder, &["run", "main.scope"], 5);
    let follower = desk::start(&folder, &["attach"]);
    until_it_waits(&folder);
    assert_eq!(desks.nantes.held()["cards"], json!(["either", "first", "second"]));
    desks.paris.set_down(false);
    let followed = follower.wait_with_output().expect("it is ours");
    assert_eq!(followed.status.code(), Some(0), "the run's own exit code");
    assert_eq!(desks.paris.held()["cards"], json!(["first", "second"]));
    // From the first event, by whoever comes later too.
    let again: Ran = ends(&folder, &["attach"], 0);
    let said = again.all();
    for part in ["parked", "waiting for paris", "answers again", "ok:"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    let events = ends(&folder, &["attach", "--events", "json"], 0).stdout;
    let first: Value = serde_json::from_str(events.lines().next().expect("events")).expect("JSON");
    assert_eq!(first["event"], "run_started");
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}

#[test]
fn what_keeps_a_detached_run_from_beginning_is_said_at_once() {
    let desks = Desks::start();
    let folder = desks.place("not-detached", "resource n: desk.note { name: 7 } scope { nantes }\n");
    let refused = ends(&folder, &["run", "main.scope", "--detach"], 3);
    assert!(refused.stderr.contains("E0201"), "{}", refused.all());
    let nothing = desk::scope(&folder, &["attach", "--program", "main.scope"]);
    assert!(nothing.code == 3 && nothing.stderr.contains("E0938"), "{}", nothing.all());
}

#[cfg(unix)]
#[test]
fn a_detached_run_that_is_killed_is_resumed() {
    let desks = Desks::start();
    let folder = desks.place("detached-killed", PROGRAM);
    desks.paris.set_down(true);
    let began = ends(&folder, &["run", "main.scope", "--detach", "--wait", "5min"], 0).stdout;
    // Killed in the middle of the call that must not be repeated, it would have to ask.
    until_it_waits(&folder);
    let process = began.split("process ").nth(1).and_then(|rest| rest.split(')').next()).expect("its number");
    let sent = std::process::Command::new("kill").args(["-s", "KILL", process]).status();
    assert!(sent.expect("kill is there").success());
    let followed = desk::scope(&folder, &["attach"]);
    assert!(followed.code == 130 && followed.stderr.contains("scope resume"), "{}", followed.all());
    desks.paris.set_down(false);
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 1 }), "nothing twice");
}

#[cfg(unix)]
#[test]
fn what_was_destroyed_since_is_not_the_next_command() {
    let desks = Desks::start();
    let folder = desks.place("detached-destroyed", PROGRAM);
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope", "--detach", "--wait", "5min"], 0);
    until_it_waits(&folder);
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    let told = "run 2, which tester began meanwhile, was asked for something else: ";
    let waited = desk::scope(&folder, &["attach"]);
    let last = format!("{told}what waited here is given up for what that one says\n  next: scope status\n");
    assert!(waited.code == 4 && waited.stderr.ends_with(&last), "{}", waited.all());
    // One that was over before says it, too, each time that it is shown.
    ends(&folder, &["run", "main.scope", "--detach", "--wait", "1s"], 0);
    let over = desk::scope(&folder, &["attach"]);
    assert!(over.code == 4 && !over.stderr.contains("began meanwhile"), "{}", over.all());
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    let over = desk::scope(&folder, &["attach"]);
    let last = "was asked for something else: what that one says holds\n  next: scope status\n";
    assert!(over.code == 4 && over.stderr.ends_with(last), "{}", over.all());
}

#[cfg(unix)]
#[test]
fn hooks_are_told_and_change_nothing() {
    let desks = Desks::start();
    let folder = desks.place("hooks", PROGRAM);
    let configuration =
        "[[hooks]]\non = [\"run_ended\"]\ncommand = [\"dd\", \"of=ended\", \"status=none\"]\n";
    std::fs::write(folder.join("scope.toml"), configuration).expect("writable");
    desks.paris.set_down(true);
    let on =
        ["--on", "step_parked=[\"dd\", \"of=parked\", \"oflag=append\", \"conv=notrunc\", \"status=none\"]"];
    let pending =
        ends(&folder, &["run", "main.scope", on[0], on[1], "--on", "run_ended=/no/such/program"], 4);
    assert!(pending.stderr.contains("hook `/no/such/program` failed"), "{}", pending.all());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the hook wrote it");
    let ended: Value = serde_json::from_str(read("ended").trim()).expect("JSON");
    assert_eq!((&ended["verdict"], &ended["run"]), (&json!("pending"), &json!(1)));
    let parked: Vec<Value> =
        read("parked").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!parked.is_empty() && parked.iter().all(|event| event["site"] == "paris"), "{parked:?}");
    std::fs::write(folder.join("scope.toml"), "[[hooks]]\non = [\"run_endet\"]\ncommand = [\"x\"]\n")
        .expect("writable");
    let wrong = ends(&folder, &["run", "main.scope"], 3);
    assert!(wrong.stderr.contains("E0939") && wrong.stderr.contains("`run_ended`"), "{}", wrong.all());
}

#[test]
fn only_a_part_leaves_the_rest_as_it_is() {
    let desks = Desks::start();
    let folder = desks.place("only", PROGRAM);
    let first = ends(&folder, &["run", "main.scope", "--only", "first"], 0);
    assert!(!first.all().contains("welcome"), "{}", first.all());
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]));
    ends(&folder, &["run", "main.scope"], 0);
    // `second` is taken out of the program: a run of `first` does not delete it, one of `second` does.
    let shorter: String =
        PROGRAM.lines().filter(|line| !line.contains("second")).map(|line| format!("{line}\n")).collect();
    desks.place("only-next", &shorter);
    std::fs::copy(folder.with_file_name("durable-only-next").join("main.scope"), folder.join("main.scope"))
        .expect("writable");
    ends(&folder, &["run", "main.scope", "--only", "first"], 0);
    assert_eq!(desks.paris.held()["cards"], json!(["either", "first", "second"]));
    let wrong = ends(&folder, &["run", "main.scope", "--only", "frist"], 3);
    assert!(wrong.stderr.contains("E0937") && wrong.stderr.contains("`first`"), "{}", wrong.all());
    ends(&folder, &["run", "main.scope", "--only", "second"], 0);
    assert!(!desks.nantes.held()["cards"].as_array().expect("cards").contains(&json!("second")));
    assert!(desks.nantes.held()["cards"].as_array().expect("cards").contains(&json!("first")));
}
