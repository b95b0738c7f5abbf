//! Requests of which only a person knows the end: what is printed answers each of them, an answer is about what it says, and
//! none is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::desk::{self, Desks, When, ends};
use crate::support::binary::Ran;

const DOORS: &str = "resource door: desk.bell { name: \"door\" } scope { nantes & paris }\n";
const ZAP: &str = "call zap: desk.bell.ring { name: \"door\" } scope { nantes & paris }\n";
const NIGHTLY: &str = "resource door: desk.bell { name: \"door\" } scope { nantes }\n\
    sequence nightly {\n    call one: desk.bell.ring { name: door.name } scope { nantes }\n}\n";

/// Whether a request was the next one that changed something.
fn changing(desks: &Arc<Desks>) -> impl Fn(When) -> bool + Send + Sync + 'static {
    let changes = |desks: &Desks| desks.nantes.n_changes() + desks.paris.n_changes();
    let (seen, all) = (AtomicUsize::new(changes(desks)), desks.clone());
    move |when| when == When::After && seen.swap(changes(&all), Ordering::SeqCst) != changes(&all)
}

/// Loses the answers to the next so many requests that changed something.
fn loses(desks: &Arc<Desks>, most: usize) {
    let (is_change, n_lost) = (changing(desks), AtomicUsize::new(0));
    desks.around(move |when, _| !is_change(when) || n_lost.fetch_add(1, Ordering::SeqCst) >= most);
}

fn has(ran: &Ran, words: &str) {
    let text = ran.all().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "`{words}`: {}", ran.all());
}

fn rings(desks: &Desks) -> [Option<u64>; 2] {
    [&desks.nantes, &desks.paris].map(|desk| desk.held()["bells"]["door"].as_u64())
}

fn add(folder: &std::path::Path, text: &str) {
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    std::fs::write(folder.join("main.scope"), program + text).expect("writable");
}

#[test]
fn each_site_is_answered_for_by_itself() {
    let desks = Arc::new(Desks::start());
    let folder = desks.place("answer-sites", DOORS);
    ends(&folder, &["run", "main.scope"], 0);
    add(&folder, ZAP);
    loses(&desks, 2);
    let lost = ends(&folder, &["run", "main.scope"], 1);
    desks.undisturbed();
    has(&lost, "`scope resume --answer zap@nantes=done`");
    has(&lost, "`scope resume --answer zap@paris=done`");
    let next = "look at the site, then scope resume 2 --answer zap@nantes=… --answer zap@paris=… \
                (done, failed or retry)";
    has(&lost, &format!("next: {next}"));
    has(&ends(&folder, &["status", "--offline"], 0), &format!("next: {next}"));
    // A run that cannot but fail is shown as one.
    has(
        &ends(&folder, &["plan", "main.scope"], 0),
        "x bell zap E0906: it is unknown whether `paris` did `ring`",
    );
    // A name alone is about both, and an unknown one about none.
    has(&ends(&folder, &["resume", "--answer", "zap=done"], 3), "`zap@nantes`, `zap@paris`");
    has(&ends(&folder, &["resume", "--answer", "zip=done"], 3), "no request of `zip` has an unknown end");
    assert_eq!(rings(&desks), [Some(1), Some(1)]);
    // What failed is done by the next run, and not by this one.
    let failed = ends(&folder, &["resume", "--answer", "zap@nantes=done", "--answer", "zap@paris=failed"], 1);
    has(&failed, "`ring` of `zap` at `paris` was not done, as was said");
    has(&failed, "the next run does it");
    assert_eq!(rings(&desks), [Some(1), Some(1)]);
    ends(&folder, &["resume"], 0);
    assert_eq!(rings(&desks), [Some(1), Some(2)]);
    // An answer about nothing is an error, also where nothing is to be resumed.
    has(&ends(&folder, &["resume", "--answer", "zap=done"], 3), "E0922");
}

#[test]
fn an_answer_is_recorded_though_the_run_does_not_come_to_the_step() {
    let desks = Arc::new(Desks::start());
    let folder = desks.place("answer-elsewhere", NIGHTLY);
    ends(&folder, &["run", "main.scope"], 0);
    loses(&desks, 1);
    let nightly = ["exec", "nightly", "--program", "main.scope"];
    has(&ends(&folder, &nightly, 1), "E0906");
    desks.undisturbed();
    ends(&folder, &["run", "main.scope"], 0);
    has(&ends(&folder, &["status", "--offline"], 0), "scope resume 3 --answer nightly.one@nantes=…");
    let answered = ends(&folder, &["resume", "--answer", "nightly.one@nantes=done"], 0);
    has(&answered, "`ring` of nightly.one@nantes is recorded as done");
    has(&ends(&folder, &["status", "--offline"], 0), "nothing is open");
    has(&ends(&folder, &nightly, 0), "nothing to do");
    assert_eq!(rings(&desks)[0], Some(1), "it was rung once");
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_at_once_says_what_it_does_not_know() {
    let desks = Arc::new(Desks::start());
    let folder = desks.place("answer-stopped", DOORS);
    ends(&folder, &["run", "main.scope"], 0);
    add(&folder, &ZAP.replace("nantes & paris", "nantes"));
    let process = Arc::new(Mutex::new(0_u32));
    let victim = process.clone();
    let mut starting = process.lock().expect("never poisoned");
    let said = folder.join("said");
    let is_ring = changing(&desks);
    desks.around(move |when, _| {
        if is_ring(when) {
            let pid = victim.lock().expect("never poisoned").to_string();
            for _ in 0..2 {
                let sent = std::process::Command::new("kill").args(["-s", "INT", &pid]).status();
                assert!(sent.expect("kill is there").success());
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
        }
        true
    });
    let mut child = std::process::Command::new(crate::support::binary::path())
        .args(["run", "main.scope"])
        .current_dir(&folder)
        .env("HOME", &folder)
        .stdout(std::fs::File::create(&said).expect("writable"))
        .spawn()
        .expect("the binary starts");
    *starting = child.id();
    drop(starting);
    assert_eq!(child.wait().expect("it is ours").code(), Some(130));
    desks.undisturbed();
    let said = std::fs::read_to_string(said).expect("it was said");
    let next = "look at the site, then scope resume 2 --answer zap@nantes=…";
    assert!(said.contains("interrupted: ") && said.contains(next), "{said}");
    has(&ends(&folder, &["status", "--offline"], 0), next);
    has(&desk::scope(&folder, &["resume"]), "E0906");
}

#[test]
fn what_is_typed_next_finds_a_state_that_is_one_of_many_at_a_place() {
    let desks = Desks::start();
    let folder = desks.place(
        "answer-place",
        "resource n: desk.note { name: \"n\", text: \"t\" } scope { nantes & paris }\n",
    );
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope", "--state", "st/"], 4);
    let status = ["status", "--offline", "--program", "main.scope", "--state", "st/"];
    has(&ends(&folder, &status, 0), "next: scope resume 1 --program main.scope --state st/");
    desks.paris.set_down(false);
    ends(&folder, &["resume", "1", "--program", "main.scope", "--state", "st/"], 0);
    assert_eq!(desks.paris.held()["notes"], json!({ "n": "t" }));
}
