//! `kill -9` of the real process around every request it makes, and its journal cut at any byte after the last sync: what
//! `scope resume` leaves is what an undisturbed run leaves; nothing twice, nothing lost. Cut before it, that is told.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::desk::{self, Desks, PROGRAM, When, ends, journal, records};

/// The end state that an undisturbed run leaves.
fn wished() -> Value {
    let desks = Desks::start();
    let folder = desks.place("undisturbed", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let held = desks.held();
    assert_eq!(held["nantes"]["cards"], json!(["first", "second"]));
    assert_eq!(held["paris"]["cards"], json!(["either", "first", "second"]));
    assert_eq!(held["nantes"]["bells"], json!({ "door": 1 }));
    held
}

/// Runs until a request's moment comes, and kills the process there; false if the run ended before.
pub fn killed(desks: &Desks, folder: &Path, moment: When, number: usize) -> bool {
    killed_with(desks, folder, moment, number, |_, _| {})
}

/// The same; `watch` is told of every moment up to then.
fn killed_with(
    desks: &Desks,
    folder: &Path,
    moment: When,
    number: usize,
    watch: impl Fn(When, usize) + Send + Sync + 'static,
) -> bool {
    let process: Arc<Mutex<Option<std::process::Child>>> = Arc::default();
    let (seen, victim) = (Arc::new(Mutex::new(false)), process.clone());
    let was_seen = seen.clone();
    // Held until the process is there to be killed.
    let mut starting = process.lock().expect("never poisoned");
    desks.around(move |when, now| {
        watch(when, now);
        let is_meant = (when, now) == (moment, number);
        if is_meant {
            let mut victim = victim.lock().expect("never poisoned");
            let child = victim.as_mut().expect("it was started");
            child.kill().expect("it can be killed");
            child.wait().expect("it is ours");
            *seen.lock().expect("never poisoned") = true;
        }
        !is_meant
    });
    *starting = Some(desk::start(folder, &["run", "main.scope"]));
    drop(starting);
    loop {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let mut process = process.lock().expect("never poisoned");
        let child = process.as_mut().expect("it was started");
        if child.try_wait().expect("it is ours").is_some() {
            break;
        }
    }
    desks.all_has_arrived();
    desks.undisturbed();
    *was_seen.lock().expect("never poisoned")
}

#[test]
fn killed_around_every_request_a_resumed_run_ends_the_same() {
    let wished = wished();
    let (mut n_killed, mut n_asked) = (0, 0);
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = desks.place(&format!("killed-{moment:?}-{number}"), PROGRAM);
            if !killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let what = format!("{moment:?} request {number}");
            let mut resumed = desk::scope(&folder, &["resume"]);
            if resumed.code == 1 && resumed.stderr.contains("E0906") {
                // The bell: whether it rang is not known to the runner, and it is asked, not rung again.
                n_asked += 1;
                let n_rings = desks.nantes.held()["bells"]["door"].as_u64().expect("a number");
                assert!(n_rings <= 1, "{what}: it rang {n_rings} times");
                let answer = if n_rings == 1 { "once=done" } else { "once=retry" };
                resumed = desk::scope(&folder, &["resume", "--answer", answer]);
            }
            assert_eq!(resumed.code, 0, "{what}: {}", resumed.all());
            assert_eq!(desks.held(), wished, "{what}");
            let again = desk::scope(&folder, &["run", "main.scope"]);
            assert!(again.stdout.contains("nothing to do"), "{what}: {}", again.all());
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    println!("killed {n_killed} times, asked {n_asked} times; the same end state each time");
    assert!(n_killed > 30 && n_asked >= 2, "killed {n_killed}, asked {n_asked}");
}

/// One thing after the other, so that each write is followed by one request; at the end it is looked for what came twice.
const IN_A_ROW: &str = r#"
resource welcome: desk.note { name: "welcome", text: "hello" } scope { nantes }
resource first: desk.card { title: "first" } scope { nantes }
resource second: desk.card { title: "second" } scope { nantes }
resource door: desk.bell { name: "door" } scope { nantes }
call once: desk.bell.ring { name: door.name } scope { nantes }
"#;

/// A crash between a write and its sync: the process is killed before a request that follows a write, and any part of what
/// was written last is missing. Nothing that built on it has happened: that is what the sync is for.
#[test]
fn its_journal_cut_anywhere_after_the_last_sync_it_ends_the_same() {
    let wished =
        json!({ "notes": { "welcome": "hello" }, "cards": ["first", "second"], "bells": { "door": 1 } });
    let (mut n_moments, mut n_cuts) = (0, 0);
    for number in 2..60 {
        let desks = Desks::start();
        let folder = desks.place_with(&format!("cut-{number}"), IN_A_ROW, 1);
        let path = journal(&folder, 1);
        let synced = Arc::new(Mutex::new(0));
        let (seen, growing) = (synced.clone(), path.clone());
        let is_there = killed_with(&desks, &folder, When::Before, number, move |when, now| {
            // Between the request before and this one, only the runner did something.
            if (when, now) == (When::After, number - 1) {
                *seen.lock().expect("never poisoned") =
                    std::fs::metadata(&growing).map_or(0, |file| file.len());
            }
        });
        if !is_there {
            break;
        }
        let whole = std::fs::read(&path).expect("a journal");
        let synced = *synced.lock().expect("never poisoned") as usize;
        if whole.len() == synced || synced == 0 {
            continue;
        }
        n_moments += 1;
        let state_file = folder.join(".scope/main/state.json");
        let state = std::fs::read(&state_file).expect("a state");
        let shelf = desks.nantes.copy();
        let step = ((whole.len() - synced) / 6).max(1);
        for length in (synced..whole.len()).step_by(step) {
            n_cuts += 1;
            for run in [1, 2, 3] {
                let _ = std::fs::remove_file(journal(&folder, run));
            }
            std::fs::write(&path, &whole[..length]).expect("writable");
            desk::say_synced(&path, synced);
            std::fs::write(&state_file, &state).expect("writable");
            desks.nantes.put_back(&shelf);
            let what = format!("before request {number}, cut at {length} of {}", whole.len());
            let resumed = desk::scope(&folder, &["resume"]);
            let resumed = match resumed.code {
                1 if resumed.stderr.contains("E0906") => {
                    // Killed before it rang, or after it, with the record that it did lost.
                    let n_rings = desks.nantes.held()["bells"]["door"].as_u64().expect("a number");
                    assert!(n_rings <= 1, "{what}: it rang {n_rings} times");
                    let answer = if n_rings == 1 { "once=done" } else { "once=retry" };
                    desk::scope(&folder, &["resume", "--answer", answer])
                }
                _ => resumed,
            };
            assert_eq!(resumed.code, 0, "{what}: {}", resumed.all());
            assert_eq!(desks.nantes.held(), wished, "{what}");
        }
        let _ = std::fs::remove_dir_all(folder);
    }
    println!("{n_cuts} cuts at {n_moments} moments; the same end state each time");
    assert!(n_moments > 5 && n_cuts > 30, "{n_cuts} cuts at {n_moments} moments");
}

/// What the bell's record says was there when the process was killed: a run that goes on without it would ring again.
#[test]
fn its_journal_cut_before_the_last_sync_nothing_is_sent() {
    let (mut n_moments, mut n_cuts) = (0, 0);
    for number in 2..60 {
        let desks = Desks::start();
        let folder = desks.place_with(&format!("cut-before-{number}"), IN_A_ROW, 1);
        if !killed(&desks, &folder, When::After, number) {
            break;
        }
        // Whatever came last, and whenever the bell has rung.
        let has_rung = desks.nantes.held()["bells"]["door"] == 1;
        if number % 4 != 0 && !has_rung {
            continue;
        }
        n_moments += 1;
        let path = journal(&folder, 1);
        let whole = std::fs::read(&path).expect("a journal");
        let n_asked = desks.nantes.n_requests();
        let mut starts: Vec<usize> =
            [16].into_iter().chain(records(&whole).into_iter().map(|(end, _)| end)).collect();
        starts.retain(|start| *start <= desk::said_synced(&path));
        for (record, bounds) in starts.windows(2).enumerate() {
            let inside = usize::midpoint(bounds[0], bounds[1]);
            for length in [bounds[0], inside] {
                n_cuts += 1;
                std::fs::write(&path, &whole[..length]).expect("writable");
                let command = if n_cuts % 2 == 0 { &["resume"][..] } else { &["run", "main.scope"] };
                let told = ends(&folder, command, 1);
                let words = format!("record {} (at byte {}) is gone", record + 1, bounds[0]);
                let what = format!("killed after request {number}, cut at {length}: `{words}`");
                assert!(
                    told.stderr.contains("E0920") && told.stderr.contains(&words),
                    "{what}: {}",
                    told.all()
                );
            }
        }
        assert_eq!(desks.nantes.n_requests(), n_asked, "nothing was sent");
        let _ = std::fs::remove_dir_all(folder);
    }
    println!("{n_cuts} cuts at {n_moments} moments, each told");
    assert!(n_moments >= 3 && n_cuts > 60, "{n_cuts} cuts at {n_moments} moments");
}
