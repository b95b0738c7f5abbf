//! Cut off: parked, waited for, held, left out; and stopped by the user.

use std::time::Duration;

use serde_json::json;

use super::desk::{self, Desks, PROGRAM, ends};

#[test]
fn a_parked_part_is_done_when_its_site_is_back() {
    let desks = Desks::start();
    let folder = desks.place("waiting", PROGRAM);
    desks.paris.set_down(true);
    let pending = ends(&folder, &["run", "main.scope"], 4);
    assert!(pending.stdout.contains("paris"), "{}", pending.all());
    assert_eq!(desks.nantes.held()["cards"], json!(["either", "first", "second"]), "the rest went on");
    // Too short: it says so, and nothing is lost.
    let short = ends(&folder, &["resume", "--wait", "2s"], 4);
    assert!(short.stderr.contains("waiting for paris"), "{}", short.all());
    assert!(
        short.stderr.contains("the time is over: no more waiting for paris, the next run goes on"),
        "{}",
        short.all()
    );
    let mut waiting = desk::start(&folder, &["resume", "--wait", "2min"]);
    std::thread::sleep(Duration::from_secs(2));
    desks.paris.set_down(false);
    let end = waiting.wait().expect("it is ours");
    assert_eq!(end.code(), Some(0));
    assert_eq!(desks.paris.held()["cards"], json!(["first", "second"]));
    assert_eq!(desks.paris.held()["notes"], json!({ "welcome": "hello from paris" }));
}

#[cfg(unix)]
#[test]
fn hooks_are_told_of_a_silence_once_and_of_its_end() {
    let desks = Desks::start();
    let folder = desks.place("silence", PROGRAM);
    desks.paris.set_down(true);
    let told = |event: &str| {
        format!("{event}=[\"dd\", \"of={event}\", \"oflag=append\", \"conv=notrunc\", \"status=none\"]")
    };
    let (silent, answers) = (told("site_silent"), told("site_answers"));
    let mut waiting =
        desk::start(&folder, &["run", "main.scope", "--wait", "2min", "--on", &silent, "--on", &answers]);
    // It is asked several times meanwhile.
    std::thread::sleep(Duration::from_secs(8));
    desks.paris.set_down(false);
    assert_eq!(waiting.wait().expect("it is ours").code(), Some(0));
    for event in ["site_silent", "site_answers"] {
        let lines = std::fs::read_to_string(folder.join(event)).expect("the hook was told");
        assert_eq!(lines.lines().count(), 1, "{event}: {lines}");
    }
}

#[test]
fn only_the_newest_intent_is_kept() {
    let desks = Desks::start();
    let program = |text: &str| {
        format!("resource n: desk.note {{ name: \"n\", text: \"{text}\" }} scope {{ nantes & paris }}\n")
    };
    let folder = desks.place("newest", &program("one"));
    desks.paris.set_down(true);
    for text in ["one", "two", "three"] {
        desks.place("newest-next", &program(text));
        std::fs::copy(
            folder.with_file_name("durable-newest-next").join("main.scope"),
            folder.join("main.scope"),
        )
        .expect("writable");
        ends(&folder, &["run", "main.scope"], 4);
    }
    let status = ends(&folder, &["--format", "json", "status", "--offline"], 0).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).expect("one JSON document");
    let is_paris = |site: &&serde_json::Value| site["site"] == "paris";
    let paris = status["sites"].as_array().expect("a list").iter().find(is_paris).expect("it is there");
    assert_eq!(paris["parked"], 1, "one intent waits there: {status}");
    desks.paris.set_down(false);
    let before = desks.paris.n_changes();
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.paris.held()["notes"], json!({ "n": "three" }));
    assert_eq!(desks.paris.n_changes() - before, 1, "the older ones were never sent");
}

#[test]
fn waiting_ends_when_what_waits_has_waited_as_long_as_it_may() {
    let desks = Desks::start();
    let policy = "on_disconnect: queue for 2s, retry: { times: 1 }";
    let program = format!(
        "resource n: desk.note {{ name: \"n\", text: \"t\" }} scope {{ paris }} with {{ {policy} }}\n"
    );
    let folder = desks.place("waited-enough", &program);
    desks.paris.set_down(true);
    let began = std::time::Instant::now();
    let ran = ends(&folder, &["run", "main.scope", "--wait", "10min"], 1);
    assert!(ran.all().contains("it did not answer in the time that it is waited for"), "{}", ran.all());
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    // No attempt was too short: a longer `timeout` would not help.
    let again = ends(&folder, &["run", "main.scope"], 1).all();
    assert!(again.contains("it has waited its 2 s for `paris`"), "{again}");
    assert!(again.contains("on_disconnect: queue for 4s") && !again.contains("timeout:"), "{again}");
    let status = ends(&folder, &["--format", "json", "status"], 0).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).expect("one JSON document");
    let sites = status["sites"].as_array().expect("a list");
    // What it waits for since then is no blank, and a site at which the program has nothing is not told.
    let told: Vec<_> = sites.iter().map(|site| (&site["site"], site["since_ms"].is_number())).collect();
    assert_eq!(told, [(&json!("paris"), true)], "{status}");
    // A plan says so, too: it does not wait any more.
    let planned = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(planned.contains("it has waited as long as it may"), "{planned}");
    assert!(planned.contains("x note  n") && planned.contains("paris: `n` fails"), "{planned}");
    let offline = ends(&folder, &["plan", "main.scope", "--offline"], 0).stdout;
    let cuts = ends(&folder, &["plan", "main.scope", "--cuts"], 0).stdout;
    for told in [&planned, &offline, &cuts] {
        assert!(
            told.contains("fails") && !told.contains("waits up to") && !told.contains("waits 2 s"),
            "{told}"
        );
    }
}

#[test]
fn that_the_time_is_over_is_said_of_those_alone_whose_time_it_is() {
    let desks = Desks::start();
    let policy = "on_disconnect: queue for 3s, retry: { times: 1 }";
    let program = format!(
        "resource n: desk.note {{ name: \"n\", text: \"t\" }} scope {{ nantes }} with {{ {policy} }}\n\
         resource p: desk.note {{ name: \"p\", text: \"t\" }} scope {{ paris }} with {{ on_disconnect: queue, retry: {{ times: 1 }} }}\n"
    );
    let folder = desks.place("waited-apart", &program);
    desks.nantes.set_down(true);
    desks.paris.set_down(true);
    let ran = desk::scope(&folder, &["run", "main.scope", "--wait", "9s"]).all();
    let told: Vec<&str> =
        ran.lines().filter(|line| line.contains("in the time that it is waited for")).collect();
    assert!(!told.is_empty(), "{ran}");
    assert!(told.iter().all(|line| !line.contains("paris")), "{ran}");
}

#[test]
fn what_a_later_run_was_asked_for_is_not_overwritten_by_one_that_waits() {
    let desks = Desks::start();
    let program =
        "param text: string\nresource n: desk.note { name: \"n\", text: text } scope { nantes & paris }\n";
    let folder = desks.place("overtaken", program);
    desks.paris.set_down(true);
    let first = ["run", "main.scope", "--set", "text=one", "--wait", "2min"];
    let (mut waits, said) = desk::start_until(&folder, &first, "waiting for paris");
    ends(&folder, &["run", "main.scope", "--set", "text=two"], 4);
    assert_eq!(desks.nantes.held()["notes"], json!({ "n": "two" }));
    desks.paris.set_down(false);
    let end = waits.wait().expect("it is ours");
    assert_eq!(end.code(), Some(4), "{}", said());
    let words = "run 2, which tester began meanwhile, was asked for something else";
    assert!(said().contains(words), "{}", said());
    assert_eq!(desks.nantes.held()["notes"], json!({ "n": "two" }), "it is not set back");
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.paris.held()["notes"], json!({ "n": "two" }));
}

/// What was asked is compared by what it means: a default, said; the same parameters, in another order.
#[test]
fn a_later_run_that_was_asked_for_the_same_in_other_words_changes_nothing() {
    let desks = Desks::start();
    let program = "param text: string = \"one\"\nparam more: string = \"b\"\n\
        resource n: desk.note { name: \"n\", text: \"${text} ${more}\" } scope { nantes & paris }\n";
    let folder = desks.place("same-in-other-words", program);
    desks.paris.set_down(true);
    let first = ["run", "main.scope", "--set", "text=two", "--set", "more=b", "--wait", "2min"];
    let (mut waits, said) = desk::start_until(&folder, &first, "waiting for paris");
    ends(&folder, &["run", "main.scope", "--set", "more=b", "--set", "text=two", "--at", "nantes"], 4);
    ends(&folder, &["run", "main.scope", "--set", "text=two"], 4);
    desks.paris.set_down(false);
    let end = waits.wait().expect("it is ours");
    assert_eq!(end.code(), Some(0), "{}", said());
    assert_eq!(desks.paris.held()["notes"], json!({ "n": "two b" }), "{}", said());
}

#[test]
fn what_a_later_run_left_out_is_the_next_command() {
    let desks = Desks::start();
    let program = "param text: string = \"one\"\n\
        resource n: desk.note { name: \"n\", text: text } scope { nantes & paris }\n";
    let folder = desks.place("left-out-later", program);
    desks.paris.set_down(true);
    let (mut waits, said) =
        desk::start_until(&folder, &["run", "main.scope", "--wait", "2min"], "waiting for paris");
    ends(&folder, &["run", "main.scope", "--set", "text=two", "--except", "paris"], 0);
    assert_eq!(waits.wait().expect("it is ours").code(), Some(4), "{}", said());
    let next = "is given up for what that one says\n  next: scope run main.scope --set text=two\n";
    assert!(said().contains(next), "{}", said());
}

#[test]
fn a_held_site_is_asked_nothing() {
    let desks = Desks::start();
    let folder = desks.place("held", PROGRAM);
    ends(&folder, &["run", "main.scope", "--except", "paris"], 0);
    assert_eq!(desks.paris.n_requests(), 0, "left out");
    let wrong = ends(&folder, &["hold", "pari"], 3).stderr;
    assert!(wrong.contains("E0101") && wrong.contains("did you mean `paris`?"), "{wrong}");
    ends(&folder, &["hold", "paris", "--until", "2h", "--reason", "rack move"], 0);
    let ran = ends(&folder, &["run", "main.scope"], 4);
    assert!(ran.all().contains("rack move"), "{}", ran.all());
    assert_eq!(desks.paris.n_requests(), 0, "held");
    let status = ends(&folder, &["status", "--offline"], 0).stdout;
    assert!(status.contains("by tester") && status.contains("rack move"), "{status}");
    assert!(status.contains(", when paris is no longer held ("), "{status}");
    assert!(ends(&folder, &["hold"], 0).stdout.contains("paris by tester"));
    ends(&folder, &["hold", "paris", "--release"], 0);
    assert!(ends(&folder, &["hold"], 0).stdout.contains("no site is held"));
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.paris.held()["cards"], json!(["first", "second"]));
    assert_eq!(desk::scope(&folder, &["run", "main.scope", "--site", "lille"]).code, 3);
}

#[test]
fn a_hold_ends_by_itself() {
    let desks = Desks::start();
    let folder = desks.place("held-for-a-while", PROGRAM);
    ends(&folder, &["run", "main.scope", "--except", "paris"], 0);
    ends(&folder, &["hold", "paris", "--until", "1s"], 0);
    let began = std::time::Instant::now();
    while !ends(&folder, &["hold"], 0).stdout.contains("no site is held") {
        assert!(began.elapsed().as_secs() < 60, "it is held for ever");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    ends(&folder, &["run", "main.scope"], 0);
    // What has nantes for its other alternative did not go there.
    assert_eq!(desks.paris.held()["cards"], json!(["either", "first", "second"]));
}

#[cfg(unix)]
#[test]
fn stopped_by_a_signal_it_goes_on_later() {
    let mut n_stopped = 0;
    for (number, signal) in [(3, "INT"), (7, "INT"), (7, "TERM")] {
        let desks = Desks::start();
        let folder = desks.place(&format!("stopped-{number}-{signal}"), PROGRAM);
        let process = std::sync::Arc::new(std::sync::Mutex::new(0_u32));
        let victim = process.clone();
        let mut starting = process.lock().expect("never poisoned");
        desks.around(move |when, now| {
            if (when, now) == (desk::When::Before, number) {
                let pid = victim.lock().expect("never poisoned").to_string();
                let sent = std::process::Command::new("kill").args(["-s", signal, &pid]).status();
                assert!(sent.expect("kill is there").success());
            }
            true
        });
        let mut child = desk::start(&folder, &["run", "main.scope"]);
        *starting = child.id();
        drop(starting);
        let code = child.wait().expect("it is ours").code();
        desks.undisturbed();
        assert!(matches!(code, Some(130 | 0)), "{code:?}");
        n_stopped += usize::from(code == Some(130));
        ends(&folder, &["resume"], 0);
        assert_eq!(desks.nantes.held()["cards"], json!(["first", "second"]));
        assert_eq!(desks.nantes.held()["bells"], json!({ "door": 1 }));
        assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
    }
    assert!(n_stopped > 0);
}
