//! States opened, crashed, damaged and opened again.

use super::*;
use crate::report::{Counts, Verdict};
use crate::state::{Holder, Resource};
use scope_plan::recorded::How;

fn holder() -> Holder {
    Holder::current("scope run a.scope", 7)
}

fn resource(identity: &str) -> Record {
    Record::Resource {
        name: "base".into(),
        site: "nantes".into(),
        resource: Resource { run: 1, ..Resource::new("toy.image", identity, How::Created) },
    }
}

#[test]
fn a_run_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = {
        let mut store = StateStore::open(folder.path(), &holder()).expect("new");
        let run = store.begin_run("ana", 7, "plan", Started::default()).expect("begun");
        assert_eq!(run, 1);
        store.append(resource("45da")).expect("recorded");
        store
            .append(Record::Choice { key: "base".into(), arm: 1, sites: ["paris".to_owned()].into() })
            .expect("recorded");
        store.end_run(run, RunEnd::new(Verdict::Done, Counts::default(), 12)).expect("ended");
        store.state().deployment.clone()
    };
    let store = StateStore::open(folder.path(), &holder()).expect("there");
    assert_eq!(store.state().deployment, deployment);
    assert_eq!(store.state().serial, 1);
    assert_eq!(store.state().resource("base", "nantes").expect("recorded").identity, "45da");
    assert_eq!(store.recorded().choices["base"], 1);
    assert_eq!(store.state().runs[0].verdict, Some(Verdict::Done));
    assert_eq!(StateStore::peek(folder.path()).expect("there"), *store.state());
    assert_eq!(StateStore::records_of(folder.path(), &store.state().runs[0]).expect("kept").len(), 4);
}

#[test]
fn a_crashed_run_is_replayed_wherever_its_journal_ends() {
    let whole = tempfile::tempdir().expect("a folder");
    {
        let mut store = StateStore::open(whole.path(), &holder()).expect("new");
        let run = store.begin_run("ana", 7, "plan", Started::default()).expect("begun");
        for identity in ["one", "two", "three"] {
            store.append(resource(identity)).expect("recorded");
            store.commit().expect("durable");
        }
        assert_eq!(run, 1);
        // Dropped without `end_run`: as after a crash.
    }
    let state_file = std::fs::read(whole.path().join(FILE)).expect("written when opened");
    let journal = std::fs::read(whole.path().join(RUNS).join(file_name(1))).expect("written");
    let mut n_cut = 0;
    let text: serde_json::Value = serde_json::from_slice(&state_file).expect("JSON");
    let begun = text["through"]["begun"].as_u64().expect("the run goes on") as usize;
    assert!(begun < journal.len());
    let mut seen = std::collections::BTreeSet::new();
    for length in (0..=journal.len()).rev().step_by(7) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(RUNS)).expect("a folder");
        std::fs::write(folder.path().join(FILE), &state_file).expect("written");
        std::fs::write(folder.path().join(RUNS).join(file_name(1)), &journal[..length]).expect("written");
        if length < begun {
            // That it began was synced before the state told of it.
            let error = StateStore::open(folder.path(), &holder()).expect_err("it lost its beginning");
            assert_eq!(error.failure().code, "E0920", "{length}");
            let error = StateStore::peek(folder.path()).expect_err("it lost its beginning");
            assert_eq!(error.failure().code, "E0920", "{length}");
            n_cut += 1;
            continue;
        }
        let peeked = StateStore::peek(folder.path()).expect("readable");
        let mut store = StateStore::open(folder.path(), &holder()).expect("recoverable");
        let identity = store.state().resource("base", "nantes").map(|resource| resource.identity.clone());
        assert_eq!(peeked.resources, store.state().resources);
        // The number is never used twice, and the next run starts from there.
        assert_eq!(store.begin_run("ana", 8, "plan", Started::default()).expect("begun"), 2);
        drop(store);
        let again = StateStore::open(folder.path(), &holder()).expect("recoverable");
        assert_eq!(
            again.state().resource("base", "nantes").map(|resource| resource.identity.clone()),
            identity
        );
        seen.insert(identity);
    }
    assert_eq!(seen.len(), 4, "nothing, one, two, three");
    assert!(n_cut > 1);
}

#[test]
fn a_journal_shorter_than_the_state_says_is_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let mut store = StateStore::open(folder.path(), &holder()).expect("new");
        let run = store.begin_run("ana", 7, "plan", Started::default()).expect("begun");
        store.append(resource("one")).expect("recorded");
        store.end_run(run, RunEnd::new(Verdict::Done, Counts::default(), 1)).expect("ended");
    }
    let path = folder.path().join(RUNS).join(file_name(1));
    let bytes = std::fs::read(&path).expect("written");
    std::fs::write(&path, &bytes[..bytes.len() - 3]).expect("written");
    let error = StateStore::open(folder.path(), &holder()).expect_err("it lost records that were durable");
    assert_eq!(error.failure().code, "E0920");
}

#[test]
fn a_newer_or_broken_state_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path()).expect("a folder");
    std::fs::write(folder.path().join(FILE), r#"{ "version": 99 }"#).expect("written");
    assert!(matches!(StateStore::open(folder.path(), &holder()), Err(StateError::Newer { found: 99, .. })));
    std::fs::write(folder.path().join(FILE), r#"{ "version": 1, "#).expect("written");
    assert!(matches!(StateStore::open(folder.path(), &holder()), Err(StateError::Damaged { .. })));
    assert!(matches!(StateStore::peek(folder.path()), Err(StateError::Damaged { .. })));
}

#[test]
fn memory_keeps_no_file_and_repeats_itself() {
    let mut store = StateStore::in_memory();
    let run = store.begin_run("ana", 0, "plan", Started::default()).expect("begun");
    store.append(resource("45da")).expect("recorded");
    store.end_run(run, RunEnd::new(Verdict::Done, Counts::default(), 1)).expect("ended");
    assert_eq!(store.state().deployment, "simulated");
    assert_eq!(store.recorded().resources.len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fails_stops_all_later_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = StateStore::open(folder.path(), &holder()).expect("new");
    store.begin_run("ana", 7, "plan", Started::default()).expect("begun");
    store.append(resource("45da")).expect("recorded");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    store.journal().expect("a run's").writes_to(full);
    assert!(store.commit().is_err());
    assert!(store.append(resource("46da")).is_err());
    assert!(store.end_run(1, RunEnd::new(Verdict::Done, Counts::default(), 1)).is_err());
}

#[test]
fn what_is_remembered_outside_of_runs_is_not_undone_by_the_last_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = StateStore::open(folder.path(), &holder()).expect("new");
    let run = store.begin_run("ana", 7, "plan", Started::default()).expect("begun");
    store.append(resource("one")).expect("recorded");
    store.end_run(run, RunEnd::new(Verdict::Done, Counts::default(), 1)).expect("ended");
    store.remember(Record::Gone { name: "base".into(), site: "nantes".into() }).expect("remembered");
    drop(store);
    assert!(StateStore::peek(folder.path()).expect("readable").resources.is_empty());
    assert!(StateStore::open(folder.path(), &holder()).expect("readable").state().resources.is_empty());
}
