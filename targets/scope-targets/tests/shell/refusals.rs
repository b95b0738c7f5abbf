//! What a script refuses, and what it keeps to itself.

use std::path::Path;
use std::process::Command;

use crate::library::Library;
use crate::scripted::{PASSWORD, Scripted, at, book, builder};

#[test]
fn wrong_settings_are_told_before_anything_is_sent() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    plan.ensure(site, "anna", "shelf.book", book("Anna"));
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    script.run_with(&[], None).expect(3, &["LIBRARY_PASSWORD", "nothing was sent"]);
    assert!(nantes.take_log().is_empty());
    script.run_with(&["--nonsense"], Some(PASSWORD)).expect(3, &["`--nonsense` is no argument"]);
    let help = script
        .run_with(&["--help"], None)
        .expect(0, &["usage: sh test.sh", "LIBRARY_PASSWORD", "Exit status"]);
    assert!(!help.out.contains("set -eu"));
    script
        .run_with(&[], Some("wrong-password"))
        .expect(1, &["nantes denies it", "wrong password ***", "2 failed"]);
    assert_eq!(nantes.take_log(), ["POST /login"], "refused credentials are not tried again");
    // Another run holds the state.
    std::fs::create_dir(script.folder.path().join(".scope/test.shell/lock")).expect("a lock");
    std::fs::write(script.folder.path().join(".scope/test.shell/lock/pid"), std::process::id().to_string())
        .expect("written");
    script.run().expect(5, &["another run"]);
    std::fs::write(script.folder.path().join(".scope/test.shell/lock/pid"), "999999999").expect("written");
    script.run().expect(0, &["2 created"]);
}

#[test]
fn no_secret_stands_in_an_argument_list() {
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    let script = Scripted::new(&at(plan.finish(), &[&nantes]));
    // Every program the script starts is one of ours, which writes down how it was called.
    let (folder, log) = (script.folder.path().join("bin"), script.folder.path().join("log"));
    std::fs::create_dir(&folder).expect("a folder");
    let log_text = log.display();
    let find = "command -v curl; command -v awk; command -v cp; command -v mv; command -v rm; command -v sed";
    let found = Command::new("sh").args(["-c", find]).output().expect("they are looked for");
    for real in String::from_utf8(found.stdout).expect("paths").lines() {
        let path = folder.join(Path::new(real).file_name().expect("a name"));
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >>'{log_text}'\nexec '{real}' \"$@\"\n");
        std::fs::write(&path, text).expect("written");
        Command::new("chmod").arg("+x").arg(&path).status().expect("made executable");
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let ended = Command::new("sh")
        .arg(&script.script)
        .env("PATH", path)
        .env("LIBRARY_PASSWORD", PASSWORD)
        .output()
        .expect("it runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    let log = std::fs::read_to_string(log).expect("it was written");
    assert!(log.contains("/curl -q") && log.contains("/awk -f"), "{log}");
    assert!(!log.contains("s3cret") && !log.contains("t-0123456789"), "{log}");
}

#[test]
fn a_script_that_was_changed_fails() {
    // So that a run can fail: each change of what is rendered is seen.
    let nantes = Library::start("n");
    let mut plan = builder();
    let site = plan.site("nantes");
    plan.ensure(site, "emma", "shelf.book", book("Emma"));
    let plan = at(plan.finish(), &[&nantes]);
    for (part, other) in [
        ("\"/books\"", "\"/bookz\""),
        ("\"X-Token\"", "\"X-Taken\""),
        ("str(\"open\")", "str(\"opened\")"),
        ("COMPARED[\"pages\"]", "COMPARED(\"pages\")"),
        ("run_all\nconclude", "run_al\nconclude"),
    ] {
        let script = Scripted::new(&plan);
        let text = std::fs::read_to_string(&script.script).expect("the script");
        assert!(text.contains(part), "{part} is not in the script");
        std::fs::write(&script.script, text.replace(part, other).replace("PATIENCE=30", "PATIENCE=3"))
            .expect("written");
        let ended = script.run();
        assert_ne!(ended.code, 0, "{part}: {}{}", ended.out, ended.err);
    }
}
