//! What is said afterwards: `status`, `history`, `logs`, their JSON twins; secrets stand nowhere in any of it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::desk::{self, Desks, PROGRAM, When, ends};

fn json(folder: &std::path::Path, args: &[&str]) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(args);
    serde_json::from_str(&ends(folder, &all, 0).stdout).expect("one JSON document")
}

#[test]
fn runs_are_remembered_and_told() {
    let desks = Desks::start();
    let folder = desks.place("past", PROGRAM);
    assert!(desk::scope(&folder, &["status"]).stderr.contains("E0922"));
    desks.paris.set_down(true);
    let pending = desk::scope(&folder, &["run", "main.scope"]);
    assert_eq!(pending.code, 4, "{}", pending.all());
    let status = ends(&folder, &["status"], 0);
    for words in
        ["run 1   main.scope", "paris   UNREACHABLE", "nantes  answers", "pending", "next: scope resume 1"]
    {
        assert!(status.stdout.contains(words), "`{words}`: {}", status.all());
    }
    desks.paris.set_down(false);
    ends(&folder, &["resume"], 0);
    let status = ends(&folder, &["status", "main.scope"], 0);
    assert!(status.stdout.contains("nothing is open"), "{}", status.all());
    assert!(ends(&folder, &["resume"], 0).stdout.contains("nothing to resume: run 2 ended as wished"));
    let history = ends(&folder, &["history"], 0).stdout;
    let ends_of_runs: Vec<&str> =
        history.lines().skip(1).map(|line| line.split("  ").next().unwrap_or("")).collect();
    assert_eq!(ends_of_runs.len(), 2, "{history}");
    assert!(history.contains("pending") && history.contains("ok"), "{history}");
    let logs = ends(&folder, &["logs", "first", "--run", "1"], 0).stdout;
    for words in ["nantes", "created", "paris", "parked", "started"] {
        assert!(logs.contains(words), "`{words}`: {logs}");
    }
    assert!(!logs.contains("second"), "{logs}");
    assert!(desk::scope(&folder, &["logs", "nobody"]).stderr.contains("it has"));
    let history = json(&folder, &["history"]);
    assert_eq!(history["format"], "scope-history/1");
    assert_eq!(history["runs"][0]["verdict"], "done");
    assert_eq!(history["runs"][0]["started"]["program"], "main.scope");
    assert_eq!(json(&folder, &["logs", "first@paris", "--run", "1"])["lines"][0]["site"], "paris");
    let status = json(&folder, &["status", "--offline"]);
    assert_eq!((&status["format"], &status["run"]["run"]), (&"scope-status/1".into(), &2.into()));
    // The program may be said first, or by its option; another one was not run.
    assert_eq!(
        json(&folder, &["history", "main.scope"]),
        json(&folder, &["history", "--program", "main.scope"])
    );
    std::fs::write(folder.join("other.scope"), "").expect("writable");
    assert!(ends(&folder, &["status", "other.scope"], 0).stdout.contains("no run yet"));
    assert!(ends(&folder, &["status", "nobodys.scope"], 3).stderr.contains("no state of it"));
}

#[test]
fn what_a_program_cannot_reach_any_more_is_told_until_it_is_forgotten() {
    let desks = Desks::start();
    let folder = desks.place("reach", PROGRAM);
    ends(&folder, &["run", "main.scope"], 0);
    let whole = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
    let is_of_paris = |line: &&str| line.starts_with("site paris");
    let narrower: Vec<&str> = whole.lines().filter(|line| !is_of_paris(line)).collect();
    let narrower =
        narrower.join("\n").replace("paris | nantes", "nantes").replace("nantes & paris", "nantes");
    std::fs::write(folder.join("main.scope"), narrower).expect("writable");
    let held = desks.paris.held();
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 2).stdout;
    for words in ["? paris  card  second   the program has no site `paris` any more", "scope state forget"] {
        assert!(plan.contains(words), "`{words}`: {plan}");
    }
    let twin = json(&folder, &["plan", "main.scope"]);
    let lost = twin["out_of_reach"].as_array().expect("a list");
    assert_eq!(lost.len(), 4, "{twin}");
    assert_eq!((&lost[0]["site"], &lost[0]["because"]), (&"paris".into(), &"no_site".into()));
    // A run does what it can, and says what it leaves.
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.stderr.contains("out of the program's reach"), "{}", ran.all());
    // How it is there nobody can see: that is not "as it was left".
    let drift = ends(&folder, &["drift", "main.scope"], 2);
    for words in
        ["out of the program's reach", "unknown: the program has no site `paris`", "0 gone, 4 unknown"]
    {
        assert!(drift.all().contains(words), "`{words}`: {}", drift.all());
    }
    assert!(
        ends(&folder, &["state", "forget", "secnd", "paris"], 3).stderr.contains("did you mean `second`?")
    );
    for name in ["first", "second", "welcome"] {
        let forgotten = ends(&folder, &["state", "forget", name, "paris"], 0).stdout;
        assert!(forgotten.contains(&format!("forgotten: {name} at paris   desk.")), "{forgotten}");
    }
    ends(&folder, &["state", "forget", "either", "paris"], 0);
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 0).stdout;
    assert!(!plan.contains("reach") && plan.contains("nothing to do"), "{plan}");
    assert_eq!(desks.paris.held(), held, "what is there stays there");
}

/// What ended is durable though the run sends nothing more for a while: it is told beside the run.
#[test]
fn what_ended_is_told_while_the_run_waits_for_another_answer() {
    let desks = Desks::start();
    let folder = desks.place(
        "past-idle",
        "resource welcome: desk.note { name: \"welcome\", text: \"hello\" } scope { nantes }\n\
         resource echo: desk.note { name: \"echo\", text: welcome.text } scope { paris }",
    );
    let (go, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(Some(held));
    // A look, a note and a look at nantes; the first look at paris is not answered until the test has seen enough.
    desks.around(move |when, number| {
        if (when, number) == (When::Before, 4) {
            let held = held.lock().expect("never poisoned").take();
            let _ = held.expect("once").recv_timeout(Duration::from_secs(60));
        }
        true
    });
    std::thread::scope(|threads| {
        let running = threads.spawn(|| desk::scope(&folder, &["run", "main.scope"]));
        let began = Instant::now();
        let is_told = || desk::scope(&folder, &["logs", "welcome", "--run", "1"]).stdout.contains("created");
        while !is_told() && began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let told = desk::scope(&folder, &["logs", "welcome", "--run", "1"]);
        let status = desk::scope(&folder, &["status", "--offline"]);
        go.send(()).expect("it waits");
        assert_eq!(running.join().expect("it ends").code, 0);
        assert!(told.stdout.contains("created"), "{}", told.all());
        let at_nantes = status.stdout.lines().find(|line| line.starts_with("nantes "));
        let n_done = at_nantes.and_then(|line| line.split_whitespace().nth(4));
        assert_eq!(n_done, Some("1"), "{}", status.all());
    });
    desks.undisturbed();
}

#[test]
fn a_secret_that_many_sites_need_is_missing_once() {
    let desks = Desks::start();
    let folder = desks.place("secret-missing", "");
    let driver = desk::DRIVER.replace("text: string\n", "text: secret<string>\n");
    let program = format!(
        "{driver}site nantes {{ desk: {{ url: \"{}\" }} }}\nsite paris {{ desk: {{ url: \"{}\" }} }}\nentry nantes\n\
         resource belem: desk.note {{ name: \"belem\", text: secret(\"UNSET_PIN\") }} scope {{ nantes & paris }}\n",
        desks.nantes.url, desks.paris.url
    );
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let told = ends(&folder, &["run", "main.scope"], 3).all();
    assert!(told.contains("E0602") && told.contains("needed by `text` of belem"), "{told}");
    assert!(!told.contains("and by"), "{told}");
}

#[test]
fn a_planted_secret_is_nowhere() {
    const SECRETS: [&str; 2] = ["tok-3f9a1c77", "par-5b2e8d10"];
    let desks = Desks::start();
    let folder = desks.place("secrets", "");
    let program = format!(
        "{}site nantes {{ desk: {{ url: \"{}\", token: secret(\"DESK_TOKEN\") }} }}\n\
         site paris {{ desk: {{ url: \"{}\", token: secret(\"OTHER_TOKEN\") }} }}\nentry nantes\n\
         resource first: desk.card {{ title: \"first\" }} scope {{ nantes & paris }}\n",
        desk::DRIVER,
        desks.nantes.url,
        desks.paris.url
    );
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let env = [("DESK_TOKEN", SECRETS[0]), ("OTHER_TOKEN", SECRETS[1])];
    let mut printed = String::new();
    for args in [
        vec!["check", "main.scope"],
        vec!["run", "main.scope", "--events", "json"],
        vec!["status"],
        vec!["history"],
        vec!["logs"],
        vec!["--format", "json", "logs"],
        vec!["--format", "json", "status"],
        vec!["build", "main.scope"],
    ] {
        let ran = crate::support::binary::scope(&folder, &args, &env);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.all());
        printed += &ran.all();
    }
    let mut left = vec![folder.join(".scope")];
    let mut n_files = 0;
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(path).expect("readable").flatten().map(|entry| entry.path()));
            continue;
        }
        n_files += 1;
        printed += &String::from_utf8_lossy(&std::fs::read(path).expect("readable"));
    }
    for secret in SECRETS {
        assert!(!printed.contains(secret), "{secret} is written somewhere");
    }
    println!("{n_files} files and {} bytes searched", printed.len());
    // A state, a journal of a run, what is beside them; and what is searched tells of the card.
    assert!(n_files >= 3 && printed.contains("first"), "{n_files} files: {printed}");
}
