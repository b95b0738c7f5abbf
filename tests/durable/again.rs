//! A run once more: `resume` does what was asked, with all that was said; `--again` does it once, and loses no unknown end; what
//! one command made is not the program's; the next command that is printed is the one that was given.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::desk::{self, Desks, PROGRAM, When, ends};
use crate::support::binary::Ran;

const BELL: &str = "resource door: desk.bell { name: \"door\" } scope { nantes }\n\
    call once: desk.bell.ring { name: door.name } scope { nantes }\n";
const NIGHTLY: &str = "resource door: desk.bell { name: \"door\" } scope { nantes }\n\
    resource gate: desk.bell { name: \"gate\" } scope { nantes }\n\
    sequence nightly {\n    call one: desk.bell.ring { name: door.name } scope { nantes }\n    \
    call two: desk.bell.ring { name: gate.name } scope { nantes }\n}\n";

/// Kills the process that a command starts, at the first moment for which this is true.
pub fn killed(
    desks: &Desks,
    folder: &Path,
    args: &[&str],
    is_moment: impl Fn(When, usize) -> bool + Send + Sync + 'static,
) {
    let process: Arc<Mutex<Option<std::process::Child>>> = Arc::default();
    let was_killed = Arc::new(AtomicBool::new(false));
    let (victim, seen) = (process.clone(), was_killed.clone());
    let mut starting = process.lock().expect("never poisoned");
    desks.around(move |when, number| {
        if seen.load(Ordering::SeqCst) || !is_moment(when, number) {
            return !seen.load(Ordering::SeqCst);
        }
        let mut victim = victim.lock().expect("never poisoned");
        let child = victim.as_mut().expect("it was started");
        child.kill().expect("it can be killed");
        child.wait().expect("it is ours");
        seen.store(true, Ordering::SeqCst);
        false
    });
    *starting = Some(desk::start(folder, args));
    drop(starting);
    let began = std::time::Instant::now();
    while !was_killed.load(Ordering::SeqCst) {
        assert!(began.elapsed().as_secs() < 60, "{args:?} never came to that moment");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    desks.undisturbed();
    desks.all_has_arrived();
}

/// Interrupts the process that a command starts, at this moment.
#[cfg(unix)]
fn interrupted(desks: &Desks, folder: &Path, args: &[&str], moment: (When, usize), code: i32) {
    let process = Arc::new(Mutex::new(0_u32));
    let victim = process.clone();
    let mut starting = process.lock().expect("never poisoned");
    desks.around(move |when, number| {
        if (when, number) == moment {
            let pid = victim.lock().expect("never poisoned").to_string();
            let sent = std::process::Command::new("kill").args(["-s", "INT", &pid]).status();
            assert!(sent.expect("kill is there").success());
            // It is heard before the answer is.
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        true
    });
    let mut child = desk::start(folder, args);
    *starting = child.id();
    drop(starting);
    assert_eq!(child.wait().expect("it is ours").code(), Some(code), "{args:?}");
    desks.undisturbed();
}

fn has(ran: &Ran, words: &str) {
    assert!(ran.all().contains(words), "`{words}`: {}", ran.all());
}

fn bells(desks: &Desks) -> serde_json::Value {
    desks.nantes.held()["bells"].clone()
}

fn write(folder: &Path, desks: &Desks, name: &str, program: &str) {
    let other = desks.place(name, program);
    std::fs::copy(other.join("main.scope"), folder.join("main.scope")).expect("writable");
}

#[test]
fn a_stopped_destroy_goes_on_destroying() {
    let desks = Desks::start();
    let folder = desks.place("destroy-killed", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let n_before = desks.nantes.n_changes() + desks.paris.n_changes();
    killed(&desks, &folder, &["destroy", "main.scope", "--yes"], |when, number| {
        (when, number) == (When::After, 8)
    });
    assert!(desks.nantes.n_changes() + desks.paris.n_changes() > n_before, "it had begun");
    has(&ends(&folder, &["status"], 0), "next: scope resume 2");
    let resumed = ends(&folder, &["resume"], 0);
    assert!(!resumed.stdout.contains("created"), "{}", resumed.all());
    let nothing = json!({ "notes": {}, "cards": [], "bells": {} });
    assert_eq!(desks.held(), json!({ "nantes": nothing, "paris": nothing }));
    // Stopped when all of it was deleted, it has nothing to go on with, and was not interrupted.
    #[cfg(unix)]
    {
        let folder = desks.place("destroy-stopped", BELL);
        ends(&folder, &["run", "main.scope"], 0);
        interrupted(&desks, &folder, &["destroy", "main.scope", "--yes"], (When::After, 2), 0);
        let history = ends(&folder, &["history"], 0);
        assert!(!history.all().contains("interrupted"), "{}", history.all());
        has(&ends(&folder, &["status"], 0), "nothing is open");
    }
    // So does one whose site was down, with its state elsewhere; and what is printed says which part.
    let folder = desks.place("destroy-down", PROGRAM);
    ends(&folder, &["run", "main.scope", "--state", "st"], 0);
    desks.paris.set_down(true);
    let waits = ends(&folder, &["destroy", "main.scope", "--only", "second", "--state", "st"], 4);
    has(&waits, "scope destroy main.scope --only second --state st");
    desks.paris.set_down(false);
    ends(&folder, &["resume", "--state", "st"], 0);
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]));
    assert_eq!(desks.paris.held()["cards"], json!(["either", "first"]));
}

#[test]
fn a_call_done_once_more_whose_end_is_unknown_is_asked_about() {
    let desks = Desks::start();
    let folder = desks.place("again-lost", BELL);
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(bells(&desks), json!({ "door": 1 }));
    let was_lost = AtomicBool::new(false);
    desks.around(move |when, number| {
        // The answer to the ring, which comes after one look.
        (when, number) != (When::After, 2) || was_lost.swap(true, Ordering::SeqCst)
    });
    has(&ends(&folder, &["run", "main.scope", "--again", "once"], 1), "E0906");
    desks.undisturbed();
    assert_eq!(bells(&desks), json!({ "door": 2 }));
    // No later run takes the older result for the end of this one, however it is asked.
    has(&ends(&folder, &["run", "main.scope"], 1), "E0906");
    has(&ends(&folder, &["run", "main.scope", "--again", "once"], 1), "E0906");
    has(&ends(&folder, &["status", "--offline"], 0), "open: `ring` of once at nantes");
    let planned = ends(&folder, &["plan", "main.scope"], 0);
    has(&planned, "it is unknown whether `nantes` did `ring` of `once` in an earlier run; look at the site");
    has(&planned, "1 would fail");
    assert_eq!(bells(&desks), json!({ "door": 2 }));
    ends(&folder, &["resume", "--answer", "once=retry"], 0);
    assert_eq!(bells(&desks), json!({ "door": 3 }));
    has(&ends(&folder, &["status", "--offline"], 0), "nothing is open");
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
}

#[cfg(unix)]
#[test]
fn a_sequence_done_once_more_is_resumed_where_it_was() {
    let desks = Desks::start();
    let folder = desks.place("again-killed", NIGHTLY);
    ends(&folder, &["run", "main.scope"], 0);
    ends(&folder, &["exec", "nightly", "--program", "main.scope"], 0);
    assert_eq!(bells(&desks), json!({ "door": 1, "gate": 1 }));
    let again = ["exec", "nightly", "--program", "main.scope", "--again", "nightly"];
    // Stopped at the first ring: it is let end, and nothing else is begun.
    interrupted(&desks, &folder, &again, (When::Before, 3), 130);
    assert_eq!(bells(&desks), json!({ "door": 2, "gate": 1 }), "stopped in the middle");
    ends(&folder, &["resume"], 0);
    assert_eq!(bells(&desks), json!({ "door": 2, "gate": 2 }));
    has(&ends(&folder, &["resume"], 0), "nothing to resume");
}

#[test]
fn what_one_command_made_is_not_the_programs() {
    let desks = Desks::start();
    let folder = desks.place("apart", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let create = [
        "exec",
        "--program",
        "main.scope",
        "--",
        "desk",
        "note",
        "create",
        "extra",
        "--text",
        "by hand",
        "--scope",
        "{ nantes }",
    ];
    // Killed at its first change, it is resumed as the command that it was.
    killed(&desks, &folder, &create, |when, number| (when, number) == (When::Before, 2));
    has(&ends(&folder, &["status", "--offline"], 0), "next: scope resume 2");
    ends(&folder, &["resume"], 0);
    let notes = json!({ "extra": "by hand", "welcome": "hello from nantes" });
    assert_eq!(desks.nantes.held()["notes"], notes);
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 0);
    assert!(!plan.stdout.contains("extra"), "{}", plan.all());
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
    assert_eq!(desks.nantes.held()["notes"], notes);
    // A program that names it has it from then on.
    let named = format!("{PROGRAM}$ desk note create extra --text \"by hand\" --scope {{ nantes }}\n");
    write(&folder, &desks, "apart-named", &named);
    ends(&folder, &["run", "main.scope"], 0);
    write(&folder, &desks, "apart-unnamed", PROGRAM);
    has(&ends(&folder, &["run", "main.scope"], 0), "1 deleted");
    // Made once more by a command, it outlives the program, and another command deletes it.
    ends(&folder, &create, 0);
    has(&ends(&folder, &["destroy", "main.scope", "--yes"], 0), "made by one command of `scope exec`");
    assert_eq!(desks.nantes.held()["notes"], json!({ "extra": "by hand" }));
    let delete =
        ["exec", "--program", "main.scope", "--", "desk", "note", "delete", "extra", "--scope", "{ nantes }"];
    ends(&folder, &delete, 0);
    assert_eq!(desks.nantes.held()["notes"], json!({}));
    let nothing = ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    has(&nothing, "nothing to destroy");
    assert!(!nothing.stdout.contains("extra"), "{}", nothing.all());
}

#[test]
fn resume_keeps_what_the_run_was_given() {
    let desks = Desks::start();
    let folder = desks.place("kept-options", PROGRAM);
    desks.nantes.set_down(true);
    ends(&folder, &["run", "main.scope", "--except", "paris", "--on", "run_ended=./told", "--yes"], 1);
    desks.nantes.set_down(false);
    std::fs::write(folder.join("told"), "#!/bin/sh\ncat >> told.json\n").expect("writable");
    #[cfg(unix)]
    std::fs::set_permissions(folder.join("told"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("ours");
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.paris.n_requests(), 0, "left out, as it was");
    assert!(folder.join("told.json").is_file(), "and told");
    // What is said anew stands in place of it.
    ends(&folder, &["resume", "--site", "nantes", "--site", "paris"], 0);
    // What has nantes for its other alternative did not go there.
    assert_eq!(desks.paris.held()["cards"], json!(["either", "first", "second"]));
    // An address may be a secret: it is not kept, and that is said.
    desks.paris.set_down(true);
    write(&folder, &desks, "kept-options-none", "");
    let hook = "run_ended=http://127.0.0.1:9/tok-3f9a1c77";
    let refused = ends(&folder, &["resume", "--max-delete", "1"], 0);
    has(&refused, "nothing to resume");
    let pending = desk::scope(&folder, &["run", "main.scope", "--max-delete", "9", "--on", hook]);
    assert!(pending.code == 1 || pending.code == 4, "{}", pending.all());
    desks.paris.set_down(false);
    let resumed = ends(&folder, &["resume"], 0);
    has(&resumed, "run_ended=http://127.0.0.1:9/…");
    for entry in [".scope/main/state.json", ".scope/main/runs/00000004.journal"] {
        let bytes = std::fs::read(folder.join(entry)).expect("there");
        assert!(!String::from_utf8_lossy(&bytes).contains("tok-3f9a1c77"), "{entry}");
    }
    assert_eq!(desks.paris.held()["cards"], json!([]));
}

#[test]
fn an_older_run_does_not_set_back_a_newer_one() {
    let desks = Desks::start();
    let program = "param text: string = \"one\"\n\
        resource n: desk.note { name: \"n\", text: text } scope { nantes & paris }\n";
    let folder = desks.place("older", program);
    desks.paris.set_down(true);
    let pending = ends(&folder, &["run", "main.scope"], 4);
    has(&pending, "next: scope run main.scope, when paris answers");
    desks.paris.set_down(false);
    ends(&folder, &["run", "main.scope", "--set", "text=two"], 0);
    std::fs::write(
        folder.join("main.scope"),
        format!("{}\n", std::fs::read_to_string(folder.join("main.scope")).expect("there")),
    )
    .expect("writable");
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope", "--set", "text=three"], 4);
    let before = desks.nantes.n_changes();
    let refused = ends(&folder, &["resume", "1"], 3);
    has(&refused, "E0885");
    has(&refused, "`scope run main.scope`");
    assert_eq!(desks.nantes.n_changes(), before);
    desks.paris.set_down(false);
    ends(&folder, &["resume", "3"], 0);
    // What went on with a run is no other one.
    has(&ends(&folder, &["resume", "3"], 0), "nothing");
    assert_eq!(desks.paris.held()["notes"], json!({ "n": "three" }));
}

#[test]
fn the_next_command_is_the_one_that_was_given() {
    let desks = Desks::start();
    let program = "param text: string = \"one\"\n\
        resource n: desk.note { name: \"n\", text: text } scope { nantes & paris }\n";
    let folder = desks.place("said", program);
    let plan = ends(&folder, &["plan", "main.scope", "--set", "text=to do", "--state", "st"], 0);
    has(&plan, "run it:  scope run main.scope --set 'text=to do' --state st");
    desks.paris.set_down(true);
    let given =
        ["run", "main.scope", "--set", "text=to do", "--at", "nantes", "--state", "st", "--only", "n"];
    has(
        &ends(&folder, &given, 4),
        "next: scope run main.scope --at nantes --set 'text=to do' --only n --state st, when paris answers",
    );
    has(&ends(&folder, &["status", "--state", "st", "--offline"], 0), "next: scope resume 1 --state st");
    // A secret is in no command line: where it is, is.
    let desks = Desks::start();
    desks.paris.set_down(true);
    let program = "param word: secret<string>\nparam text: string = \"one\"\n\
        resource n: desk.note { name: \"n\", text: text } scope { nantes & paris }\n";
    let folder = desks.place("said-secret", program);
    std::fs::write(folder.join("word.txt"), "tok-3f9a1c77").expect("writable");
    let ran = ends(&folder, &["run", "main.scope", "--set", "word=file:word.txt"], 4);
    has(&ran, "next: scope run main.scope --set word=file:word.txt, when paris answers");
    assert!(!ran.all().contains("tok-3f9a1c77"), "{}", ran.all());
    desks.paris.set_down(false);
    has(&ends(&folder, &["resume"], 0), "created");
}
