//! What a program says beforehand: of operations whose end is not known, of what is to stay, of copies.

use serde_json::json;

use super::desk::{Desks, When, ends, scope};

fn ringing(with: &str) -> String {
    format!(
        "resource door: desk.bell {{ name: \"door\" }}\n\
         call once: desk.bell.ring {{ name: \"door\" }} with {{ after: door, {with} }}\n"
    )
}

/// Loses the answer of each request in turn, of a run of its own: how often the bell was rung, how the run ended, what it said.
fn rung(name: &str, with: &str) -> Vec<(u64, i32, String)> {
    let mut ends = Vec::new();
    for lost in 1..8 {
        let desks = Desks::start();
        let folder = desks.place(&format!("{name}-{lost}"), &ringing(with));
        desks.around(move |when, number| when != When::After || number != lost);
        let ran = scope(&folder, &["run", "main.scope"]);
        let times = desks.nantes.held()["bells"]["door"].as_u64().unwrap_or(0);
        ends.push((times, ran.code, ran.all()));
    }
    ends
}

#[test]
fn what_may_be_done_twice_is_sent_again_and_said() {
    let all = rung("twice", "on_unknown: retry");
    assert!(all.iter().all(|(_, code, _)| *code == 0), "{all:?}");
    let twice: Vec<_> = all.iter().filter(|(times, ..)| *times == 2).collect();
    assert_eq!(twice.len(), 1, "only the lost ring is sent again: {all:?}");
    assert!(twice[0].2.contains("perhaps done twice"), "{}", twice[0].2);
    let once = all.iter().filter(|(times, ..)| *times == 1);
    assert!(once.clone().count() >= 3 && once.clone().all(|(.., said)| !said.contains("twice")), "{all:?}");
}

#[test]
fn what_counts_as_failed_is_not_asked_about() {
    let all = rung("failed", "on_unknown: fail");
    assert!(all.iter().all(|(times, ..)| *times == 1), "{all:?}");
    let failed: Vec<_> = all.iter().filter(|(_, code, _)| *code == 1).collect();
    assert_eq!(failed.len(), 1, "{all:?}");
    assert!(failed[0].2.contains("E0906") && failed[0].2.contains("it counts as failed"), "{}", failed[0].2);
    let asked = rung("asked", "on_unknown: ask");
    assert!(asked.iter().any(|(.., said)| said.contains("--answer once@nantes=done")), "{asked:?}");
}

#[test]
fn what_counts_as_failed_is_not_asked_about_after_a_crash_either() {
    let mut n_failed = 0;
    for number in 1..8 {
        let desks = Desks::start();
        let folder = desks.place(&format!("failed-killed-{number}"), &ringing("on_unknown: fail"));
        if !super::killing::killed(&desks, &folder, When::After, number) {
            break;
        }
        let resumed = scope(&folder, &["resume"]);
        assert!(!resumed.all().contains("--answer"), "{number}: {}", resumed.all());
        assert_eq!(desks.nantes.held()["bells"], json!({ "door": 1 }), "{number}: never twice");
        n_failed += usize::from(resumed.code == 1 && resumed.all().contains("E0906"));
    }
    assert_eq!(n_failed, 1, "the ring whose answer was lost counts as failed");
}

#[test]
fn what_counts_as_failed_is_done_by_the_next_run() {
    let desks = Desks::start();
    let folder = desks.place("failed-again", &ringing("on_unknown: fail"));
    let lost = (1..8).find(|lost| {
        let (folder, lost) = (folder.clone(), *lost);
        let _ = std::fs::remove_dir_all(folder.join(".scope"));
        desks.nantes.put_back(&Default::default());
        desks.around(move |when, number| when != When::After || number != lost);
        scope(&folder, &["run", "main.scope"]).code == 1
    });
    assert!(lost.is_some(), "the ring was lost once");
    desks.undisturbed();
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 2 }));
}

#[test]
fn what_is_taken_out_and_still_named_is_known_to_the_state() {
    let desks = Desks::start();
    let card = "resource front: desk.card { title: \"front\" }\n";
    let folder = desks.place("taken-out", &format!("{card}output title = front.title\n"));
    ends(&folder, &["run", "main.scope"], 0);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    std::fs::write(folder.join("main.scope"), program.replace(card, "")).expect("writable");
    for command in ["plan", "run"] {
        let said = ends(&folder, &[command, "main.scope"], 3).stderr;
        assert!(said.contains("the state has `front`, desk.card at nantes"), "{said}");
    }
}

#[test]
fn what_is_to_stay_is_left_without_its_mark() {
    let desks = Desks::start();
    let cards = "resource stays: desk.card { title: \"stays\", remark: \"mine\" } with { on_delete: keep }\n\
                 resource goes: desk.card { title: \"goes\" }\n";
    let note = "resource note: desk.note { name: \"n\", text: \"x\" }\n";
    let folder = desks.place("stay", &format!("{note}{cards}"));
    ends(&folder, &["run", "main.scope"], 0);
    let said = ends(&folder, &["why", "stays", "--program", "main.scope"], 0).stdout;
    assert!(said.contains("stays when the program no longer has it"), "{said}");
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    std::fs::write(folder.join("main.scope"), program.replace(cards, "")).expect("writable");
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("left at the site, as it was said"), "{plan}");
    let ran = ends(&folder, &["run", "main.scope"], 0).all();
    assert!(ran.contains("its owner mark taken off") && ran.contains("1 deleted, 1 released"), "{ran}");
    assert_eq!(desks.nantes.held()["cards"], json!(["stays"]));
    desks.nantes.change(|_, cards| {
        assert_eq!(cards.values().next().expect("it is there")["remark"], "mine");
    });
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
    // Written again, it is somebody else's.
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    assert!(ends(&folder, &["run", "main.scope"], 1).all().contains("E0907"));
}

#[test]
fn destroying_leaves_what_is_to_stay() {
    let desks = Desks::start();
    let folder = desks.place("stay-destroyed", "resource stays: desk.card { title: \"stays\" }\n");
    ends(&folder, &["run", "main.scope"], 0);
    // Said later, it holds from the next run on.
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    let program = program.replace("title: \"stays\" }", "title: \"stays\" } with { on_delete: keep }");
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
    let said = ends(&folder, &["destroy", "main.scope", "--yes"], 0).stdout;
    assert!(said.contains("stays   nantes  stays   not deleted"), "{said}");
    assert_eq!(desks.nantes.held()["cards"], json!(["stays"]));
}

#[test]
fn a_copy_goes_with_its_last_user_or_stays() {
    for (with, left) in [("copy", json!({})), ("keep", json!({ "memo": "x" }))] {
        let desks = Desks::start();
        let memo = "resource memo: desk.note { name: \"memo\", text: \"x\" } scope { paris }\n";
        let bell =
            format!("resource door: desk.bell {{ name: \"door\", about: memo }} with {{ borrow: {with} }}\n");
        let folder = desks.place(&format!("copies-{with}"), &format!("{memo}{bell}"));
        ends(&folder, &["run", "main.scope"], 0);
        assert_eq!(desks.nantes.held()["notes"], json!({ "memo": "x" }));
        let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
        std::fs::write(folder.join("main.scope"), program.replace(&bell, "")).expect("writable");
        ends(&folder, &["run", "main.scope"], 0);
        assert_eq!(desks.nantes.held()["notes"], left, "{with}");
        assert_eq!(desks.nantes.held()["bells"], json!({}));
        assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"), "{with}");
    }
}
