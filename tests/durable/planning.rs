//! `scope plan`, a saved plan, `drift` and `destroy`: what differs between the program, the state and the sites.

use serde_json::{Value, json};

use super::desk::{self, Desks, PROGRAM, ends};

fn has(text: &str, words: &[&str]) {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

/// Somebody else writes over the note at nantes.
fn rewrite(desks: &Desks) {
    let note = json!({ "name": "welcome", "text": "somebody else" });
    desks.nantes.change(|notes, _cards| drop(notes.insert("welcome".into(), note)));
}

#[test]
fn a_plan_asks_the_sites_and_changes_nothing() {
    let desks = Desks::start();
    let folder = desks.place("plan", PROGRAM);
    let before = desks.held();
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    has(
        &plan,
        &[
            "no state yet",
            "sites 2 of 2 answer",
            "+ card first",
            "+ note welcome",
            "! bell once",
            "8 to create",
            "1 to call",
            "0 unknown",
        ],
    );
    ends(&folder, &["plan", "main.scope", "--check"], 2);
    assert_eq!(desks.held(), before, "a plan changes nothing");
    ends(&folder, &["run", "main.scope"], 0);
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 0).stdout;
    has(
        &plan,
        &[
            "state of run 1 (tester",
            "= card first",
            "0 to create, 0 to change, 0 to delete, 0 unknown",
            "nothing to do",
        ],
    );
    // Changed at one site, deleted at the other, and one that the program does not name any more.
    rewrite(&desks);
    desks.paris.change(|notes, _cards| drop(notes.remove("welcome")));
    let shorter =
        PROGRAM.replace("resource second: desk.card { title: \"second\" } scope { nantes & paris }\n", "");
    let other = desks.place("plan-shorter", &shorter);
    std::fs::copy(other.join("main.scope"), folder.join("main.scope")).expect("writable");
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 2).stdout;
    has(
        &plan,
        &[
            "~ note welcome text \"somebody else\" -> \"hello from nantes\" changed outside",
            "+ note welcome was deleted outside",
            "- card second no longer in the program",
            "1 to create, 1 to change, 2 to delete, 0 unknown",
        ],
    );
    // A site that is silent is unknown, never unchanged.
    desks.paris.set_down(true);
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 2).stdout;
    has(&plan, &["sites 1 of 2 answer", "? card first", "recorded by run 1"]);
    let twin = ends(&folder, &["--format", "json", "plan", "main.scope"], 0).stdout;
    let twin: Value = serde_json::from_str(&twin).expect("one JSON document");
    assert_eq!(twin["format"], "scope-difference/1");
    assert!(twin["resources"].as_array().expect("a list").iter().any(|row| row["what"] == "unknown"));
    assert!(ends(&folder, &["plan", "main.scope", "--offline"], 0).stdout.contains("recorded"));
}

#[test]
fn what_is_held_and_what_is_out_of_reach_is_told_as_such() {
    let program = "resource first: desk.card { title: \"first\" } scope { nantes }\n\
        resource second: desk.card { title: \"second\" } scope { paris } with { after: first, on_disconnect: queue }\n\
        resource third: desk.card { title: \"third\" } scope { nantes & paris } with { after: first, on_disconnect: skip }\n\
        resource fourth: desk.card { title: \"fourth\" } scope { nantes } with { after: second }\n";
    let desks = Desks::start();
    let folder = desks.place("held-later", program);
    ends(&folder, &["hold", "paris", "--program", "main.scope", "--reason", "rack move"], 0);
    let run = ends(&folder, &["run", "main.scope"], 4);
    let held = "held by tester, until released: rack move";
    has(
        &run.all(),
        &[
            &format!("second `paris` is left alone: {held}"),
            &format!("third paris is {held}, and the rest goes on without it"),
        ],
    );
    let n_requests = desks.paris.n_requests();
    has(
        &ends(&folder, &["status", "--program", "main.scope"], 0).stdout,
        &["paris not asked", "nantes answers"],
    );
    assert_eq!(desks.paris.n_requests(), n_requests, "one that is held is asked nothing");
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    has(
        &plan,
        &[
            &format!("? card second `paris` is left alone: {held}"),
            &format!("? card third its site is {held}"),
        ],
    );
    has(&ends(&folder, &["logs", "third"], 0).stdout, &[&format!("its site is {held}")]);
    ends(&folder, &["hold", "paris", "--release"], 0);
    ends(&folder, &["run", "main.scope"], 0);
    has(&ends(&folder, &["status", "--offline"], 0).stdout, &["nothing is open"]);
    // A program that has the site no more.
    let text = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    let is_gone = |line: &&str| {
        ["site paris", "resource second", "resource fourth"].iter().any(|gone| line.starts_with(gone))
    };
    let sites: String = text.lines().filter(|line| !is_gone(line)).map(|line| format!("{line}\n")).collect();
    let without = sites.replace("nantes & paris", "nantes");
    std::fs::write(folder.join("main.scope"), without).expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
    let status = ends(&folder, &["status", "--offline"], 0).stdout;
    has(&status, &["out of the program's reach", "? paris card second", "scope state forget second paris"]);
    assert!(!status.contains("nothing is open"), "{status}");
}

#[test]
fn drift_is_seen_behind_an_error_of_the_program() {
    let program = |name: &str| {
        format!(
            "resource first: desk.note {{ name: \"{name}\", text: \"a\" }} scope {{ paris }}\n\
             resource second: desk.note {{ name: \"welcome\", text: \"b\" }} scope {{ nantes }} with {{ after: first }}\n"
        )
    };
    let desks = Desks::start();
    let folder = desks.place("drift-behind", &program("one"));
    ends(&folder, &["run", "main.scope"], 0);
    let other = desks.place("drift-behind-other", &program("two"));
    std::fs::copy(other.join("main.scope"), folder.join("main.scope")).expect("writable");
    let drift = ends(&folder, &["drift", "main.scope"], 0).stdout;
    has(&drift, &["no drift", "cannot be changed in place"]);
    rewrite(&desks);
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    has(&drift, &["~ note second text \"b\" -> \"somebody else\" changed outside", "0 unknown"]);
    desks.nantes.change(|notes, _cards| drop(notes.remove("welcome")));
    has(&ends(&folder, &["drift", "main.scope"], 2).stdout, &["- note second deleted outside"]);
}

#[test]
fn a_call_that_is_given_what_the_program_gives_is_foretold_as_it_ends() {
    let program = "resource note: desk.note { name: \"door\", text: \"t\" } scope { nantes }\n\
        resource door: desk.bell { name: \"door\" } scope { nantes }\n\
        call once: desk.bell.ring { name: note.name } scope { nantes } with { after: door }\n";
    let desks = Desks::start();
    let folder = desks.place("plan-call", program);
    ends(&folder, &["run", "main.scope"], 0);
    desks.nantes.change(|notes, _cards| drop(notes.remove("door")));
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    has(
        &plan,
        &[
            "+ note note was deleted outside",
            "= bell once",
            "1 to create, 0 to change, 0 to delete, 0 unknown ",
        ],
    );
    let run = ends(&folder, &["run", "main.scope"], 0);
    has(&run.all(), &["1 created, 2 unchanged"]);
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 1 }));
}

#[test]
fn a_saved_plan_is_run_only_as_it_was_made() {
    let desks = Desks::start();
    let folder = desks.place("saved", PROGRAM);
    let save = ["plan", "main.scope", "--out", "plan.json"];
    ends(&folder, &save, 0);
    ends(&folder, &["run", "plan.json"], 0);
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 1 }));
    // It was done: the state is another one.
    let stale = ends(&folder, &["run", "plan.json"], 3);
    has(&stale.stderr, &["E0923", "the state is at serial"]);
    ends(&folder, &save, 0);
    rewrite(&desks);
    let stale = ends(&folder, &["run", "plan.json"], 3);
    has(&stale.stderr, &["E0923", "`welcome` at nantes is not as it was read", "nothing was sent"]);
    ends(&folder, &save, 0);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
    std::fs::write(folder.join("main.scope"), format!("{program}\n// changed\n")).expect("writable");
    has(&ends(&folder, &["run", "plan.json"], 3).stderr, &["E0923", "`main.scope` has changed"]);
    ends(&folder, &save, 0);
    has(&ends(&folder, &["run", "plan.json"], 0).stdout, &["1 changed"]);
}

#[test]
fn a_saved_plan_tells_a_resource_once_and_counts_what_is_adopted() {
    let program = "resource memo: desk.note { name: \"memo\", text: \"x\" } scope { paris } with { adopt: true }\n\
        resource door: desk.bell { name: \"door\", about: memo } scope { nantes }\n";
    let desks = Desks::start();
    let memo = |text: &str| json!({ "name": "memo", "text": text });
    desks.paris.change(|notes, _cards| drop(notes.insert("memo".into(), memo("x"))));
    let folder = desks.place("saved-once", program);
    let driver = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    let guarded = driver
        .replace("about: note?", "about: note? relies")
        .replace("share by copy(keep: [name, text])", "guard in text\n            share by place");
    std::fs::write(folder.join("main.scope"), guarded).expect("writable");
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    has(&plan, &["+ note memo is there, and is adopted", "1 to create, 1 to adopt, 0 to change"]);
    ends(&folder, &["run", "main.scope"], 0);
    // It is looked at for itself, and for its guard.
    ends(&folder, &["plan", "main.scope", "--out", "plan.json"], 0);
    let saved = std::fs::read_to_string(folder.join("plan.json")).expect("it was saved");
    let saved: Value = serde_json::from_str(&saved).expect("JSON");
    let read = saved["relies_on"]["read"].as_object().expect("what was read");
    assert_eq!(read.keys().filter(|key| key.starts_with("paris/")).count(), 2, "{read:?}");
    desks.paris.change(|notes, _cards| drop(notes.insert("memo".into(), memo("y"))));
    let stale = ends(&folder, &["run", "plan.json"], 3).stderr;
    assert_eq!(stale.matches("`memo` at paris is not as it was read").count(), 1, "{stale}");
}

#[test]
fn drift_is_what_somebody_else_did() {
    let desks = Desks::start();
    let folder = desks.place("drift", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift"]);
    rewrite(&desks);
    desks.paris.change(|notes, _cards| drop(notes.remove("welcome")));
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    has(
        &drift,
        &[
            "~ note welcome text \"hello from nantes\" -> \"somebody else\" changed outside",
            "- note welcome deleted outside",
            "1 changed, 1 gone, 0 unknown",
            "accept: scope drift main.scope --accept welcome.text nantes",
        ],
    );
    assert_eq!(desks.nantes.held()["notes"]["welcome"], "somebody else", "drift changes nothing");
    // What the program changes itself is none; what both change is a conflict.
    let other = desks.place("drift-other", &PROGRAM.replace("hello from", "good day from"));
    std::fs::copy(other.join("main.scope"), folder.join("main.scope")).expect("writable");
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    let conflict = "! note welcome text \"hello from nantes\" -> \"somebody else\" outside, \"good day from nantes\" in the program conflict";
    has(&drift, &[conflict, "0 changed, 1 gone, 1 in conflict"]);
    let wrong = ends(&folder, &["drift", "main.scope", "--accept", "welcome.txt"], 3).stderr;
    has(&wrong, &["E0963", "did you mean `welcome.text`?"]);
    let program = ends(&folder, &["drift", "main.scope", "--accept", "second"], 3).stderr;
    has(&program, &["E0963", "nothing called `second`"]);
    let accepted = ends(&folder, &["drift", "main.scope", "--accept"], 0).all();
    has(&accepted, &["accepted: welcome at nantes: text", "welcome at paris: it is gone, and forgotten"]);
    has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift"]);
}

#[test]
fn a_copy_that_is_older_than_its_origin_is_drift() {
    let desks = Desks::start();
    let memo = |text: &str| json!({ "name": "memo", "text": text });
    desks.paris.change(|notes, _cards| drop(notes.insert("memo".into(), memo("x"))));
    let folder = desks.place(
        "drift-stale",
        "existing memo: desk.note { name: \"memo\" } scope { paris }\n\
         resource door: desk.bell { name: \"door\", about: memo } scope { nantes }\n",
    );
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    let proven = program.replace("keep: [name, text])", "keep: [name, text], same: text)");
    std::fs::write(folder.join("main.scope"), proven).expect("writable");
    has(&ends(&folder, &["run", "main.scope"], 0).all(), &["note memo borrowed", "text equal"]);
    has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift"]);
    desks.paris.change(|notes, _cards| drop(notes.insert("memo".into(), memo("y"))));
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    has(
        &drift,
        &["nantes ~ note memo", "its origin at paris has other content now", "1 older than the origin"],
    );
    assert!(!drift.contains("accept:"), "there is nothing to be accepted: {drift}");
    let refused = ends(&folder, &["drift", "main.scope", "--accept", "memo"], 3).stderr;
    has(&refused, &["E0964", "is older than its origin"]);
    assert_eq!(desks.nantes.held()["notes"]["memo"], "x", "drift changes nothing");
}

#[test]
fn a_copy_of_another_content_is_made_anew_when_that_is_asked() {
    let desks = Desks::start();
    let folder = desks.place(
        "anew-copy",
        "resource memo: desk.note { name: \"memo\", text: \"x\" } scope { paris }\n\
         resource door: desk.bell { name: \"door\", about: memo } scope { nantes }\n",
    );
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    let update = "            operation update PUT \"/notes/${name}\" { body: { name: name, text: text }, 200 -> done }\n";
    assert!(program.contains(update), "{program}");
    let fixed = program.replace("keep: [name, text])", "keep: [name, text], same: text)").replace(update, "");
    std::fs::write(folder.join("main.scope"), &fixed).expect("writable");
    has(&ends(&folder, &["run", "main.scope"], 0).all(), &["note memo borrowed"]);
    let by_hand = json!({ "name": "memo", "text": "by hand" });
    desks.nantes.change(|notes, _cards| drop(notes.insert("memo".into(), by_hand)));
    let refused = ends(&folder, &["run", "main.scope"], 1).all();
    has(&refused, &["E0910", "`scope run main.scope --again memo` deletes the copy at `nantes` (name memo)"]);
    has(&ends(&folder, &["plan", "main.scope", "--again", "memo"], 0).stdout, &["+ note memo borrowed"]);
    has(&ends(&folder, &["run", "main.scope", "--again", "memo"], 0).all(), &["note memo borrowed"]);
    assert_eq!(desks.nantes.held()["notes"]["memo"], "x");
    // One that is as its origin stays as it is.
    let n_changes = desks.nantes.n_changes();
    has(&ends(&folder, &["run", "main.scope", "--again", "memo"], 0).all(), &["nothing to do"]);
    assert_eq!(desks.nantes.n_changes(), n_changes);
    let other = ends(&folder, &["run", "main.scope", "--again", "door"], 3).all();
    has(&other, &["`door` is no `call`, is given no secret, and is copied nowhere"]);
}

/// A copy whose mark was taken off is kept as adopted: that it bears none is no drift from then on, and nothing deletes it.
#[test]
fn a_copy_without_its_mark_is_accepted_once() {
    let desks = Desks::start();
    let folder = desks.place(
        "accepted-copy",
        "resource first: desk.card { title: \"first\" } scope { paris }\n\
         resource door: desk.bell { name: \"door\", about: first } scope { nantes }\n",
    );
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    let copied = program
        .replace("share by none because \"a card stays where it is\"", "share by copy(keep: [title])")
        .replace("about: note?", "about: card?");
    std::fs::write(folder.join("main.scope"), copied).expect("writable");
    has(&ends(&folder, &["run", "main.scope"], 0).all(), &["card first borrowed"]);
    desks.nantes.change(|_notes, cards| cards.values_mut().for_each(|card| card["remark"] = json!("")));
    has(&ends(&folder, &["drift", "main.scope"], 2).stdout, &["our owner mark was taken off"]);
    let accepted = ends(&folder, &["drift", "main.scope", "--accept", "first", "nantes"], 0).all();
    has(&accepted, &["accepted: first at nantes: it is kept as adopted"]);
    has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift: 3 of 3"]);
    has(&ends(&folder, &["run", "main.scope"], 0).all(), &["nothing to do"]);
    has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift"]);
    let destroyed = ends(&folder, &["destroy", "main.scope", "--yes"], 0).stdout;
    has(&destroyed, &["stays nantes first from paris adopted, so not ours to delete", "2 deleted"]);
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]));
}

/// What a run that is alive has begun is its work, and nothing that an interrupted one left.
#[test]
fn a_plan_beside_a_run_tells_how_far_it_has_come() {
    let desks = Desks::start();
    let folder = desks.place("beside", PROGRAM);
    let (go, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let (at_it, is_at_it) = std::sync::mpsc::channel::<()>();
    desks.on_ring(move || {
        if let Some(held) = held.lock().expect("never poisoned").take() {
            at_it.send(()).expect("the test waits");
            let _ = held.recv_timeout(std::time::Duration::from_secs(60));
        }
    });
    let mut running = desk::start(&folder, &["run", "main.scope"]);
    is_at_it.recv_timeout(std::time::Duration::from_secs(60)).expect("it rings");
    let plan = desk::scope(&folder, &["plan", "main.scope"]);
    go.send(()).expect("it waits");
    assert_eq!(running.wait().expect("it ends").code(), Some(0));
    has(&plan.all(), &["? bell once run 1 is at it", "run 1 is under way: tester at"]);
    assert!(!plan.all().contains("E0906") && plan.code == 0, "{}", plan.all());
    has(&ends(&folder, &["plan", "main.scope"], 0).all(), &["= bell once"]);
}

/// What a copy keeps and can change: changed at its origin by the program, at the copy by hand; with and without a proof.
#[test]
fn a_copy_follows_its_origin() {
    for proof in ["", ", same: text"] {
        let desks = Desks::start();
        let folder = desks.place(
            &format!("follows-{}", proof.len()),
            "resource memo: desk.note { name: \"memo\", text: \"x\" } scope { paris }\n\
             resource door: desk.bell { name: \"door\", about: memo } scope { nantes }\n\
             resource mark: desk.card { title: \"mark\" } scope { nantes }\n",
        );
        let edit = |from: &str, to: &str| {
            let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
            std::fs::write(folder.join("main.scope"), program.replace(from, to)).expect("writable");
        };
        edit("keep: [name, text])", &format!("keep: [name, text]{proof})"));
        has(&ends(&folder, &["run", "main.scope"], 0).all(), &["note memo borrowed"]);
        edit("\"x\"", "\"y\"");
        has(&ends(&folder, &["run", "main.scope"], 0).all(), &["2 changed, 2 unchanged"]);
        assert_eq!(desks.nantes.held()["notes"]["memo"], "y");
        has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift"]);
        let by_hand = json!({ "name": "memo", "text": "by hand" });
        desks.nantes.change(|notes, _cards| drop(notes.insert("memo".into(), by_hand)));
        let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
        let part = if proof.is_empty() { "text" } else { "content" };
        let why = format!("changed outside: its {part} is not as at its origin at paris");
        has(&drift, &[&format!("~ note memo borrowed; {why}"), "1 not as at the origin"]);
        has(
            &ends(&folder, &["drift", "main.scope", "--accept", "memo"], 3).stderr,
            &["is not as its origin"],
        );
        let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
        has(&plan, &["~ note memo text \"by hand\" -> \"y\"", "1 to change"]);
        has(&ends(&folder, &["run", "main.scope"], 0).all(), &["1 changed, 3 unchanged"]);
        assert_eq!(desks.nantes.held()["notes"]["memo"], "y");
        has(&ends(&folder, &["run", "main.scope"], 0).all(), &["nothing to do"]);
        // A lost state: a copy that bears no mark is told, as nothing will delete it.
        std::fs::remove_dir_all(folder.join(".scope")).expect("it was there");
        ends(&folder, &["state", "rebuild", "main.scope"], 2);
        ends(&folder, &["import", "main.scope", "memo", "paris", "memo"], 0);
        let rebuilt = ends(&folder, &["state", "rebuild", "main.scope"], 0).stdout;
        has(&rebuilt, &["x nantes note memo a copy without a mark: it is used, and stays there"]);
    }
}

#[test]
fn what_bears_anothers_mark_is_told_and_never_touched() {
    let desks = Desks::start();
    let folder = desks.place("drift-taken", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let others = "[scope:0123456789abcdef/first@nantes]";
    desks.nantes.change(|_notes, cards| {
        let mut ours = cards.values_mut().filter(|card| card["title"] == "first");
        ours.next().expect("it was made")["remark"] = json!(others);
    });
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    has(
        &drift,
        &["! card first", "0123456789abcdef", "accept: scope drift main.scope --accept first nantes"],
    );
    // A run does not take the mark back.
    ends(&folder, &["run", "main.scope"], 0);
    desks.nantes.change(|_notes, cards| assert!(cards.values().any(|card| card["remark"] == others)));
    let accepted = ends(&folder, &["drift", "main.scope", "--accept", "first", "nantes"], 0).all();
    has(&accepted, &["first at nantes: it is another deployment's, and forgotten"]);
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]), "what is another's stays");
}

#[test]
fn what_bears_anothers_mark_is_not_destroyed_either_where_nobody_looked() {
    let desks = Desks::start();
    let folder = desks.place("taken-destroyed", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    desks.nantes.change(|_notes, cards| {
        let mut ours = cards.values_mut().filter(|card| card["title"] == "first");
        ours.next().expect("it was made")["remark"] = json!("[scope:0123456789abcdef/first@nantes]");
    });
    let destroyed = ends(&folder, &["destroy", "main.scope", "--yes"], 0).all();
    has(&destroyed, &["card first released", "left at the site: it bears the mark of another deployment"]);
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]), "what is another's stays");
    assert_eq!(desks.paris.held()["notes"], json!({}), "what is ours is gone");
}

#[test]
fn what_is_gone_at_one_site_is_accepted_with_a_narrower_scope() {
    let desks = Desks::start();
    let folder = desks.place("drift-narrower", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    desks.paris.change(|notes, _cards| drop(notes.remove("welcome")));
    let accepted =
        ends(&folder, &["drift", "main.scope", "--accept", "welcome", "paris", "--write"], 0).all();
    has(&accepted, &["welcome at paris: it is gone, and forgotten", "written: main.scope"]);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
    has(
        &program,
        &[
            "resource welcome: desk.note { name: \"welcome\", text: \"hello from ${here.name}\" } scope { nantes }",
        ],
    );
    has(&ends(&folder, &["drift", "main.scope"], 0).stdout, &["no drift"]);
    has(&ends(&folder, &["run", "main.scope"], 0).stdout, &["nothing to do"]);
    assert_eq!(desks.paris.held()["notes"], json!({}), "it is not made again");
}

/// Whatever the program looks like: after an accepted change is written, a plan has at most that one to set back, and nothing
/// where it could be written; but for what takes its value from there, and follows.
#[test]
fn what_is_accepted_is_written_for_nothing_else() {
    let family = r#"resource note for n in ["a", "b"]: desk.note { name: n, text: "t" } scope { nantes }"#;
    let forms = [
        ("family", family.to_string(), r#"note["a"]"#, r#"at nantes { text: if n == "a" then "x" else "t" }"#),
        (
            "patched",
            format!(r#"{family} at nantes {{ text: "u" }}"#),
            r#"note["a"]"#,
            r#"at nantes { text: if n == "a" then "x" else "u" }"#,
        ),
        (
            "numbers",
            r#"resource note for n in [1, 2]: desk.note { name: if n == 1 then "a" else "b", text: "t" } scope { nantes & paris }"#
                .into(),
            r#"note["1"]"#,
            "by hand",
        ),
        (
            "records",
            r#"resource note for n, t in { a: "t", b: "u" }: desk.note { name: n, text: t } scope { nantes }"#.into(),
            r#"note["a"]"#,
            "by hand",
        ),
        (
            "own",
            r#"resource note for n in ["a", "b"]: desk.note { name: n, text: "text of ${n}" } scope { nantes }"#
                .into(),
            r#"note["a"]"#,
            r#"at nantes { text: if n == "a" then "x" else "text of ${n}" }"#,
        ),
        (
            "let",
            "let t = \"t\"\nresource one: desk.note { name: \"a\", text: t } scope { nantes }\n\
             resource two: desk.note { name: \"b\", text: t } scope { nantes }"
                .into(),
            "one",
            r#"name: "a", text: "x" }"#,
        ),
        (
            "module",
            "import \"./pair.scope\" as pair\nresource one: pair { name: \"a\" } scope { nantes }\n\
             resource two: pair { name: \"b\" } scope { nantes }"
                .into(),
            "one.note",
            "by hand: one.note at nantes: pair.scope:3: `text` of `one.note` at nantes is to be \"x\"; \
             what stands there is for `two.note` too",
        ),
        (
            "used",
            "resource one: desk.note { name: \"a\", text: \"t\" } scope { nantes }\n\
             resource two: desk.note { name: \"b\", text: one.text } scope { paris }"
                .into(),
            "one",
            r#"name: "a", text: "x" }"#,
        ),
    ];
    for (form, program, name, written) in forms {
        let desks = Desks::start();
        let folder = desks.place(&format!("accepted-{form}"), &program);
        let main = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
        let main = main.replace(desk::DRIVER, "import \"./desk.scope\"\n");
        std::fs::write(folder.join("main.scope"), main).expect("writable");
        std::fs::write(folder.join("desk.scope"), desk::DRIVER).expect("writable");
        let pair = "import \"./desk.scope\"\nparam name: string\n\
            resource note: desk.note { name: name, text: \"t\" }\n";
        std::fs::write(folder.join("pair.scope"), pair).expect("writable");
        ends(&folder, &["run", "main.scope"], 0);
        desks.nantes.change(|notes, _cards| {
            drop(notes.insert("a".into(), json!({ "name": "a", "text": "x" })));
        });
        let accepted = ends(&folder, &["drift", "main.scope", "--accept", name, "--write"], 0).all();
        let text = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
        has(&format!("{accepted}\n{text}"), &[written]);
        let twin = ends(&folder, &["--format", "json", "plan", "main.scope"], 0).stdout;
        let twin: Value = serde_json::from_str(&twin).expect("one JSON document");
        let rows = twin["resources"].as_array().expect("a list").iter();
        let changed: Vec<&Value> =
            rows.filter(|row| row["what"] != "unchanged").map(|row| &row["name"]).collect();
        let expected = match form {
            "used" => vec!["two"],
            _ if accepted.contains("by hand") => vec![name],
            _ => Vec::new(),
        };
        assert_eq!(changed, expected, "{form}: {accepted}\n{text}\n{twin}");
    }
}

#[test]
fn destroying_leaves_nothing_of_ours_and_all_of_theirs() {
    let desks = Desks::start();
    let program = format!(
        "{PROGRAM}resource theirs: desk.note {{ name: \"theirs\", text: \"${{door.name}}\" }} scope {{ nantes }} with {{ adopt: true }}\n\
         resource last: desk.note {{ name: \"last\", text: door.name }} scope {{ nantes }}\n"
    );
    desks.nantes.change(|notes, _cards| {
        drop(notes.insert("theirs".into(), json!({ "name": "theirs", "text": "door" })))
    });
    let folder = desks.place("destroy", &program);
    ends(&folder, &["run", "main.scope"], 0);
    let asked = ends(&folder, &["destroy", "main.scope"], 3);
    has(&asked.all(), &["would be deleted", "add `--yes`"]);
    assert_eq!(desks.nantes.held()["cards"], json!(["first", "second"]), "nothing was sent");
    let destroyed = ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    has(&destroyed.all(), &["stays nantes theirs", "9 deleted"]);
    let left = desks.held();
    assert_eq!(left["nantes"], json!({ "notes": { "theirs": "door" }, "cards": [], "bells": {} }));
    assert_eq!(left["paris"], json!({ "notes": {}, "cards": [], "bells": {} }));
    has(&ends(&folder, &["destroy", "main.scope"], 0).stdout, &["nothing to destroy"]);
    has(&ends(&folder, &["logs", "last"], 0).stdout, &["deleted"]);
    assert!(desk::scope(&folder, &["history"]).stdout.contains("9 deleted"));
}

#[test]
fn what_differs_within_a_record_is_told_by_its_part() {
    let desks = Desks::start();
    let folder = crate::support::binary::folder("durable-parts");
    let write = |body: &str| {
        let program = format!(
            "import http\nsite nantes {{ http: {{ url: \"{}\" }} }}\n\
             resource quota: http.resource {{ path: \"/notes/quota\", body: {{ name: \"quota\", {body} }} }} scope {{ nantes }}\n",
            desks.nantes.url
        );
        std::fs::write(folder.join("main.scope"), program).expect("writable");
    };
    write(r#"limits: { cpu: 10, ram: 64 }, tags: ["a", "b"]"#);
    ends(&folder, &["run", "main.scope"], 0);
    write(r#"limits: { cpu: 10, ram: 128 }, tags: ["a", "c"]"#);
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    has(&plan, &["~ resource quota body.limits.ram 64 -> 128, body.tags[1] \"b\" -> \"c\""]);
    let twin: Value =
        serde_json::from_str(&ends(&folder, &["--format", "json", "plan", "main.scope"], 0).stdout)
            .expect("one JSON document");
    let difference = &twin["resources"][0]["differences"][0];
    assert_eq!(difference["found"]["limits"]["ram"], 64, "{twin}");
    assert_eq!(
        difference["parts"][0],
        json!({ "path": ".limits.ram", "found": 64, "wanted": 128, "last": 64 })
    );
    // Of what the site adds nothing is said; of what somebody changed there, only that.
    let changed =
        json!({ "name": "quota", "limits": { "cpu": 12, "ram": 64 }, "tags": ["a", "b"], "made": "now" });
    desks.nantes.change(|notes, _cards| drop(notes.insert("quota".into(), changed)));
    let drift = ends(&folder, &["drift", "main.scope"], 2).stdout;
    has(&drift, &["body.limits.cpu 10 -> 12", "body.limits.ram 64 -> 128"]);
    assert!(!drift.contains("made") && !drift.contains("body \""), "{drift}");
    ends(&folder, &["run", "main.scope"], 0);
    has(&ends(&folder, &["plan", "main.scope"], 0).stdout, &["= resource quota"]);
}
