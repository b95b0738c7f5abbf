//! A state of version 1 as its program left it, its last run killed, is read, gone on with, and rewritten.
//!
//! `format-1/` was written by scope 0.1.0: run 1 made `left` from a copy of `hello` of `paris`; run 2 was killed as it made
//! `right` from a copy of `other` of `lille`, which only its journal knows of.

use std::path::Path;

use super::*;
use crate::state::{Holder, Record, StateError, StateStore, WRITTEN_BY};

/// A copy of the fixture, to be opened.
fn left_by_1() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/state/versions/format-1");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("runs")).expect("a folder");
    for name in ["state.json", "runs/00000001.journal", "runs/00000002.journal"] {
        std::fs::copy(from.join(name), folder.path().join(name)).expect("the fixture is there");
    }
    folder
}

fn text(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("state.json")).expect("written")).expect("JSON")
}

#[test]
fn version_1_is_read_and_rewritten() {
    let folder = left_by_1();
    assert_eq!(text(folder.path())["version"], 1);
    let peeked = StateStore::peek(folder.path()).expect("readable");
    assert_eq!(text(folder.path())["version"], 1, "looking changes nothing");
    let store = StateStore::open(folder.path(), &Holder::current("test", 7)).expect("readable");
    let state = store.state();
    assert_eq!(peeked.resources, state.resources);
    let names: Vec<&str> = state.resources.keys().map(String::as_str).collect();
    assert_eq!(names, ["left", "note:hello from paris", "note:other from lille"]);
    let left = state.resource("left", "nantes").expect("recorded");
    assert_eq!(left.needs, [("note:hello from paris".to_owned(), "nantes".to_owned())]);
    // It was completed by a later record, which named it as version 1 does.
    assert!(state.resource("note:other from lille", "nantes").expect("recorded").is_complete);
    assert_eq!(state.called("note:other", "nantes").expect("recorded").from.as_deref(), Some("lille"));
    assert!(state.called("note:oth", "nantes").is_none() && state.called("note:other", "paris").is_none());
    assert_eq!(state.sent.len(), 1, "the request that it was killed at");
    assert_eq!((state.last_run, state.runs.len()), (2, 2));
    drop(store);
    let rewritten = text(folder.path());
    assert_eq!(rewritten["version"], VERSION);
    assert_eq!(rewritten["written_by"], WRITTEN_BY);
    let again = StateStore::open(folder.path(), &Holder::current("test", 8)).expect("readable");
    assert_eq!(again.state().resources, peeked.resources);
}

#[test]
fn a_wave_that_was_recorded_with_its_rollouts_number_is_known_again() {
    let wave = serde_json::json!({ "run": 3, "was_interrupted": false, "ended_ms": 7 });
    let folder = left_by_1();
    let mut text = text(folder.path());
    text["waves"] = serde_json::json!({ "web/wave-1/gate#4": wave.clone(), "other#2": wave.clone() });
    std::fs::write(folder.path().join("state.json"), text.to_string()).expect("written");
    let store = StateStore::open(folder.path(), &Holder::current("test", 7)).expect("readable");
    let keys: Vec<&str> = store.state().waves.keys().map(String::as_str).collect();
    assert_eq!(keys, ["other#2", "web/wave-1/gate"]);
    let mut records = Records::after(store.state());
    let record = serde_json::json!({ "record": "wave", "key": "web/wave-1/gate#0", "wave": wave });
    assert_eq!(records.next(2, record)["key"], "web/wave-1/gate");
}

#[test]
fn of_an_address_that_version_3_recorded_the_digest_is_known() {
    let folder = left_by_1();
    let mut text = text(folder.path());
    text["version"] = Value::from(3);
    text["written_by"] = Value::from("0.1.0");
    text["sites"] = json!({ "nantes": { "desk": "d1" } });
    std::fs::write(folder.path().join("state.json"), text.to_string()).expect("written");
    let store = StateStore::open(folder.path(), &Holder::current("test", 7)).expect("readable");
    let address = &store.state().sites["nantes"]["desk"];
    assert_eq!((address.digest.as_str(), address.settings.len()), ("d1", 0));
    let mut records = Records::after(store.state());
    let record = json!({ "record": "site", "site": "paris", "addresses": { "desk": "d2" } });
    let record: Record = serde_json::from_value(records.next(3, record)).expect("one of this version");
    let Record::Site { addresses, .. } = record else { panic!("it is about a site") };
    assert_eq!(addresses["desk"].digest, "d2");
}

#[test]
fn the_logs_of_version_1_are_read() {
    let folder = left_by_1();
    let state = StateStore::peek(folder.path()).expect("readable");
    for (run, n_records) in state.runs.iter().zip([23, 22]) {
        let records = StateStore::records_of(folder.path(), run).expect("readable");
        let run = run.run;
        assert_eq!(records.len(), n_records, "run {run}");
        let Record::RunStarted { written_by, .. } = &records[0] else { panic!("it begins the run") };
        assert_eq!(written_by, BEFORE);
    }
}

#[test]
fn a_newer_one_is_refused_and_says_who_wrote_it() {
    let folder = left_by_1();
    let path = folder.path().join("state.json");
    let mut newer = text(folder.path());
    newer["version"] = Value::from(VERSION + 1);
    newer["written_by"] = Value::from("scope 9.9.0");
    std::fs::write(&path, newer.to_string()).expect("written");
    let error = StateStore::open(folder.path(), &Holder::current("test", 7)).expect_err("it is newer");
    let failure = error.failure();
    assert_eq!(failure.code, "E0946");
    assert!(failure.message.contains("was written by scope 9.9.0 (format 5)"), "{}", failure.message);
    assert!(matches!(StateStore::peek(folder.path()), Err(StateError::Newer { found: 5, .. })));
    assert_eq!(std::fs::read_to_string(&path).expect("there"), newer.to_string(), "and is not touched");
}

#[test]
fn so_is_a_newer_journal() {
    let folder = left_by_1();
    {
        let mut store = StateStore::open(folder.path(), &Holder::current("test", 7)).expect("readable");
        store.begin_run("ana", 7, "plan", Default::default()).expect("begun");
    }
    let path = folder.path().join("runs/00000003.journal");
    let mut bytes = std::fs::read(&path).expect("written");
    assert_eq!(&bytes[..16], crate::journal::HEADER);
    bytes[14] = b'5';
    let length = bytes.len() as u64;
    std::fs::write(&path, bytes).expect("written");
    let opened = || StateStore::open(folder.path(), &Holder::current("test", 7));
    // It was not written so: a bit of its header is another.
    let error = opened().expect_err("it is damaged").failure();
    assert_eq!(error.code, "E0920");
    assert!(error.message.contains("format 5, and it was written as format 4"), "{}", error.message);
    crate::journal::say_synced(&path, 5, length);
    let error = opened().expect_err("it is newer").failure();
    assert_eq!(error.code, "E0946");
    assert!(error.message.contains(WRITTEN_BY) && error.message.contains("(format 5)"), "{}", error.message);
}

#[test]
fn a_header_of_either_version_that_a_crash_cut_is_no_error() {
    for header in [&b"scope-journal/1"[..], b"scope-journal/2", b"scope-j", b""] {
        let folder = left_by_1();
        std::fs::write(folder.path().join("runs/00000003.journal"), header).expect("written");
        let store = StateStore::open(folder.path(), &Holder::current("test", 7)).expect("recoverable");
        assert_eq!(store.state().last_run, 3, "its number is used");
    }
}
