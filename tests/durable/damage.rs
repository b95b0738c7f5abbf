//! A disk that lies, is full, or is taken by another: found, said with a code and the record, and nothing is sent.

use std::process::Command;

use super::again::killed;
use super::desk::{self, Desks, PROGRAM, When, ends, journal, records};
use crate::support::binary;

#[test]
fn a_flipped_bit_in_what_was_synced_stops_everything() {
    let desks = Desks::start();
    let folder = desks.place("flipped", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    // As after a crash before the state was written as a whole: all that is known is in the journal.
    let whole = std::fs::read(journal(&folder, 1)).expect("a journal");
    let n_asked = desks.nantes.n_requests();
    let mut n_named = 0;
    let state = folder.join(".scope/main/state.json");
    let mut early: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&state).expect("a state")).expect("JSON");
    early["through"] = serde_json::json!({ "run": 0, "bytes": 0 });
    std::fs::write(&state, early.to_string()).expect("writable");
    // Of all but the last group of records, a later one says that they were synced; of that group, the file beside it.
    for position in (16..whole.len()).step_by(211).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[position] ^= 0x10;
        std::fs::write(journal(&folder, 1), &flipped).expect("writable");
        let ran = desk::scope(&folder, &["run", "main.scope"]);
        assert_eq!(ran.code, 1, "byte {position}: {}", ran.all());
        assert!(ran.stderr.contains("E0920") && ran.stderr.contains("record "), "{position}: {}", ran.all());
        n_named += 1;
    }
    println!("{n_named} flipped bits, each named");
    assert!(n_named > 5);
    assert_eq!(desks.nantes.n_requests(), n_asked, "nothing was sent");
    std::fs::write(journal(&folder, 1), &whole).expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
}

/// All of an ended run was synced, also its last records: no later one says so, and the state does.
#[test]
fn damage_to_the_journal_of_an_ended_run_names_the_record() {
    let desks = Desks::start();
    let folder = desks.place("ended", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let whole = std::fs::read(journal(&folder, 1)).expect("a journal");
    let n_asked = desks.nantes.n_requests();
    let starts: Vec<usize> =
        [16].into_iter().chain(records(&whole).into_iter().map(|(end, _)| end)).collect();
    let (last, n_records) = (starts[starts.len() - 2], starts.len() - 1);
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let cases = [
        ("a bit of its length", flipped(last), format!("record {n_records} (at byte {last}) is damaged")),
        ("a bit of its text", flipped(last + 20), format!("record {n_records} (at byte {last}) is damaged")),
        (
            "cut between",
            whole[..last].to_vec(),
            format!("record {n_records} (at byte {last}) is gone: the file is shorter"),
        ),
        (
            "cut in a record",
            whole[..starts[3] + 9].to_vec(),
            format!("record 4 (at byte {}) is gone", starts[3]),
        ),
        ("only the header", whole[..16].to_vec(), "record 1 (at byte 16) is gone".to_owned()),
        ("not even that", whole[..7].to_vec(), "record 1 (at byte 16) is gone".to_owned()),
        ("no header", flipped(3), "00000001.journal: not a journal".to_owned()),
    ];
    let is_told = |n_cases: usize, commands: &[&[&str]]| {
        for (case, bytes, words) in &cases[..n_cases] {
            std::fs::write(journal(&folder, 1), bytes).expect("writable");
            for command in commands {
                let ran = ends(&folder, command, 1);
                let is_told = ran.stderr.contains("E0920") && ran.stderr.contains(words);
                assert!(is_told, "{case}, {command:?}: `{words}`: {}", ran.all());
                assert!(
                    ran.stderr.contains("scope state rebuild FILE"),
                    "{case}, {command:?}: {}",
                    ran.all()
                );
            }
        }
        std::fs::write(journal(&folder, 1), &whole).expect("writable");
    };
    is_told(
        cases.len(),
        &[
            &["status", "--offline"],
            &["history"],
            &["logs"],
            &["plan", "main.scope"],
            &["resume"],
            &["run", "main.scope"],
        ],
    );
    assert_eq!(desks.nantes.n_requests(), n_asked, "nothing was sent");
    // After another run the state is whole without it, and its log is not.
    ends(&folder, &["run", "main.scope"], 0);
    is_told(3, &[&["logs", "--run", "1"]]);
    ends(&folder, &["logs", "--run", "1"], 0);
}

#[test]
fn a_journal_that_is_gone_is_told_where_the_state_is_not_whole_without_it() {
    let desks = Desks::start();
    let folder = desks.place("journal-gone", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    // The state has all of a run that ended.
    std::fs::remove_file(journal(&folder, 1)).expect("it was there");
    ends(&folder, &["status", "--offline"], 0);
    ends(&folder, &["run", "main.scope"], 0);
    let more = "resource third: desk.card { title: \"third\" } scope { nantes & paris }\n";
    let text = std::fs::read_to_string(folder.join("main.scope")).expect("there");
    std::fs::write(folder.join("main.scope"), format!("{text}{more}")).expect("writable");
    killed(&desks, &folder, &["run", "main.scope"], |when, number| (when, number) == (When::After, 10));
    std::fs::remove_file(journal(&folder, 3)).expect("it was there");
    let n_asked = desks.nantes.n_requests();
    let commands = [
        &["status", "--offline"][..],
        &["history"],
        &["plan", "main.scope"],
        &["resume"],
        &["run", "main.scope"],
    ];
    for command in commands {
        let ran = ends(&folder, command, 1);
        assert!(ran.stderr.contains("E0880") && ran.stderr.contains("run 3"), "{command:?}: {}", ran.all());
        assert!(ran.stderr.contains("scope state rebuild FILE"), "{command:?}: {}", ran.all());
    }
    assert_eq!(desks.nantes.n_requests(), n_asked, "nothing was sent");
    std::fs::rename(folder.join(".scope"), folder.join("moved")).expect("movable");
    let rebuilt = ends(&folder, &["state", "rebuild", "main.scope", "--answer", "once=done"], 0);
    for card in ["first", "second"] {
        assert!(rebuilt.stdout.contains(&format!("= nantes  card  {card}")), "{}", rebuilt.all());
    }
}

/// The file may grow no further: the shell sets the limit, and the signal that would end the process is ignored.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_and_names_the_record() {
    let desks = Desks::start();
    let folder = desks.place("full", PROGRAM);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" run main.scope", binary::path()])
        .current_dir(&folder)
        .env("HOME", &folder)
        .output()
        .expect("a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("E0921") && stderr.contains("cannot be made durable"), "{stderr}");
    assert!(stderr.contains("record "), "{stderr}");
    // Its end could not be recorded; why it ended is known all the same.
    let status = ends(&folder, &["status", "--offline"], 0);
    for words in
        ["stopped before its end\n", "stopped: E0921: the journal cannot be used", "next: scope resume 1"]
    {
        assert!(status.stdout.contains(words), "`{words}`: {}", status.all());
    }
    // With room again it goes on, and nothing is there twice.
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.nantes.held()["cards"], serde_json::json!(["first", "second"]));
    assert_eq!(desks.nantes.held()["bells"]["door"], 1);
}

/// The journal still has room, and the state that names the run has none.
#[cfg(target_os = "linux")]
#[test]
fn a_state_that_cannot_be_written_is_told_before_anything_is_sent() {
    let desks = Desks::start();
    let folder = desks.place("narrow", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let state = std::fs::read(folder.join(".scope/main/state.json")).expect("readable");
    assert!(state.len() > 1024, "it is larger than what may be written: {}", state.len());
    let n_asked = desks.nantes.n_requests();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" run main.scope --again once", binary::path()])
        .current_dir(&folder)
        .env("HOME", &folder)
        .output()
        .expect("a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for words in ["E0921", "the state cannot be written: .scope/main/state.json", "then run again"] {
        assert!(stderr.contains(words), "`{words}`: {stderr}");
    }
    assert_eq!(desks.nantes.n_requests(), n_asked, "nothing was sent");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("   no run, exit 1") && !stdout.contains("run 0"), "{stdout}");
    assert!(!folder.join(".scope/main/state.json.new").exists(), "half of a state takes up no room");
    // It was no run: the next one has its number.
    let ran = ends(&folder, &["run", "main.scope", "--again", "once"], 0);
    assert!(ran.stdout.contains("run 2, exit 0"), "{}", ran.all());
    assert!(!ends(&folder, &["history"], 0).stdout.contains("did not come to its end"));
}

/// On a folder that several machines use, a lock of the operating system says nothing of the others.
#[test]
fn a_lock_of_another_machine_is_freed_by_hand() {
    let desks = Desks::start();
    let folder = desks.place("elsewhere", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let holder = r#"{"pid":4711,"host":"edge-07","user":"ana","since_ms":1764375600000,"command":"scope run main.scope"}"#;
    std::fs::write(folder.join(".scope/main/lock"), holder).expect("writable");
    let refused = ends(&folder, &["run", "main.scope"], 5);
    assert!(
        refused.stderr.contains("E0911") && refused.stderr.contains("ana at edge-07"),
        "{}",
        refused.all()
    );
    // Whether it lives nobody here can tell, so no run takes it over.
    assert!(refused.stderr.contains("if its machine died, `scope state unlock`"), "{}", refused.all());
    let freed = ends(&folder, &["state", "unlock"], 0);
    assert!(freed.stdout.contains("unlocked: ana at edge-07"), "{}", freed.all());
    ends(&folder, &["run", "main.scope"], 0);
}

#[test]
fn a_second_run_is_told_who_has_the_state() {
    let desks = Desks::start();
    let folder = desks.place("locked", PROGRAM);
    let second = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (seen, there) = (second.clone(), folder.clone());
    desks.around(move |_, number| {
        if number == 3 {
            *seen.lock().expect("never poisoned") = Some(desk::scope(&there, &["run", "main.scope"]));
        }
        true
    });
    ends(&folder, &["run", "main.scope"], 0);
    let second = second.lock().expect("never poisoned").take().expect("it was started");
    assert_eq!(second.code, 5, "{}", second.all());
    for words in ["E0911", "locked by tester", "process ", "since 20", " UTC"] {
        assert!(second.stderr.contains(words), "`{words}`: {}", second.all());
    }
}
