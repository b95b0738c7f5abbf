//! The consoles of some documents of the reference, one after the other, against two real services.
//!
//! `$ scope …` is run, `# exit 2` behind it is its end, and the lines below are all that it prints, complaints first;
//! `$ curl -X PUT http://paris.example/…` is somebody else; `# paris is cut off` does that. `SCOPE_UPDATE=1` rewrites what does
//! not match.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use super::desk::Desks;
use crate::support::markdown::sections;
use crate::support::{binary, root};

#[test]
fn what_somebody_else_did_is_told_and_accepted_as_the_reference_says() {
    assert!(consoles("42-drift") >= 20);
}

#[test]
fn many_sites_are_told_as_the_reference_says() {
    assert!(consoles("47-many-sites") >= 3);
}

#[test]
fn whose_a_thing_is_is_told_as_the_reference_says() {
    assert!(consoles("61-whose-it-is") >= 10);
}

#[test]
fn holds_before_a_run_and_what_is_done_by_hand_are_told_as_the_reference_says() {
    assert!(consoles("64-nothing-owed-unnoticed") >= 7);
}

#[test]
fn what_is_delivered_twice_is_told_as_the_reference_says() {
    assert!(consoles("66-nothing-twice") >= 1);
}

#[test]
fn deletions_that_wait_are_told_as_the_reference_says() {
    assert!(consoles("72-deletions-that-wait") >= 20);
}

#[test]
fn what_a_run_is_about_is_told_as_the_reference_says() {
    assert!(consoles("93-what-a-run-is-about") >= 8);
}

#[test]
fn saved_plans_are_run_as_the_reference_says() {
    assert!(consoles("74-saved-plans") >= 15);
}

#[test]
fn what_a_site_does_not_tell_is_told_as_the_reference_says() {
    assert!(consoles("77-what-a-site-does-not-tell") >= 4);
}

#[test]
fn names_that_are_none_and_what_was_given_up_are_told_as_the_reference_says() {
    assert!(consoles("79-what-an-operator-is-told") >= 12);
}

#[test]
fn answers_that_are_none_and_waiting_that_ends_are_told_as_the_reference_says() {
    assert!(consoles("82-answers-and-waiting") >= 13);
}

#[test]
fn what_a_run_is_about_to_do_and_what_it_left_is_told_as_the_reference_says() {
    assert!(consoles("83-what-is-left-undone") >= 8);
}

#[test]
fn what_a_cut_comes_to_after_a_run_is_told_as_the_reference_says() {
    assert!(consoles("84-what-a-cut-comes-to") >= 8);
}

#[test]
fn what_is_made_anew_is_told_as_the_reference_says() {
    assert!(consoles("86-made-anew") >= 20);
}

#[test]
fn what_a_site_spells_otherwise_is_told_as_the_reference_says() {
    assert!(consoles("92-canonical-forms") >= 12);
}

#[test]
fn how_a_run_ended_is_told_afterwards_as_the_reference_says() {
    assert!(consoles("89-how-it-ended") >= 14);
}

/// Holds a document against what its commands print; how many there are.
fn consoles(name: &str) -> usize {
    let path = root().join(format!("tests/spec/{name}.md"));
    let document = std::fs::read_to_string(&path).expect("it is there");
    let desks = Desks::start();
    let folder = binary::folder(&format!("consoles-{name}"));
    let mut updated = document.clone();
    let mut n_commands = 0;
    for section in sections(&document) {
        for fence in &section.fences {
            match (fence.info.as_str(), &fence.path) {
                ("scope" | "data", Some(name)) => {
                    std::fs::write(folder.join(name), desks.local(&fence.text)).expect("writable");
                }
                ("console", _) => {
                    let (played, n) = play(&desks, &folder, &fence.text);
                    n_commands += n;
                    updated = updated.replacen(&fence.text, &as_written(&fence.text, &played), 1);
                }
                _ => {}
            }
        }
    }
    if std::env::var("SCOPE_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, updated).expect("writable");
        return n_commands;
    }
    let (is, wanted) = (settled(&updated), settled(&document));
    for (is, wanted) in is.iter().zip(&wanted) {
        assert_eq!(is, wanted, "in\n{updated}");
    }
    assert_eq!(is.len(), wanted.len(), "\n{updated}");
    n_commands
}

/// What a console shows when its commands are run, and how many there are.
fn play(desks: &Desks, folder: &Path, console: &str) -> (String, usize) {
    let (mut shown, mut n) = (String::new(), 0);
    for line in console.lines() {
        let site = line.strip_prefix("# ").and_then(|line| line.split_once(' '));
        if let Some((site, "is cut off" | "is back")) = site {
            let desk = if site == "nantes" { &desks.nantes } else { &desks.paris };
            desk.set_down(line.ends_with("off"));
            let _ = writeln!(shown, "{line}");
        }
        let Some(command) = line.strip_prefix("$ ") else { continue };
        n += 1;
        let (words, exit) = command.split_once("# exit ").unwrap_or((command, "0"));
        let output = match words.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["scope", args @ ..] => {
                let ran = binary::scope(folder, args, &[]);
                assert_eq!(ran.code.to_string(), exit.trim(), "{command}\n{}", ran.all());
                format!("{}{}", ran.stderr, ran.stdout)
            }
            ["curl", "-X", method, address, ..] => {
                let body = words.split_once("-d '").and_then(|(_, body)| body.trim_end().strip_suffix('\''));
                somebody(&desks.local(address), method, body.unwrap_or_default());
                String::new()
            }
            _ => {
                let ended = Command::new("sh").args(["-c", words]).current_dir(folder).status();
                assert!(ended.expect("a shell").success(), "{command}");
                String::new()
            }
        };
        let _ = write!(shown, "{line}\n{}", desks.published(&output));
    }
    (shown, n)
}

/// A request of somebody else.
fn somebody(address: &str, method: &str, body: &str) {
    let (host, path) = address.trim_start_matches("http://").split_once('/').expect("an address has a path");
    let mut stream = TcpStream::connect(host).expect("it listens");
    let length = body.len();
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).expect("it reads");
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("it answers");
    assert!(status.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&status));
}

impl Desks {
    pub(super) fn local(&self, text: &str) -> String {
        text.replace("http://nantes.example", &self.nantes.url)
            .replace("http://paris.example", &self.paris.url)
    }

    fn published(&self, text: &str) -> String {
        text.replace(&self.nantes.url, "http://nantes.example")
            .replace(&self.paris.url, "http://paris.example")
    }
}

/// What a console shows, in the words of the one that is written wherever both say the same of a command: a time that was
/// measured anew is no change.
fn as_written(written: &str, played: &str) -> String {
    let of_commands = commands(written).into_iter().zip(commands(played));
    of_commands.map(|(written, played)| said_as_written(&written, &played)).collect()
}

/// The commands of a console, each with what it prints.
fn commands(console: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    for line in console.split_inclusive('\n') {
        if line.starts_with("$ ") {
            commands.push(String::new());
        }
        commands.last_mut().expect("there is one").push_str(line);
    }
    commands
}

fn said_as_written(written: &str, played: &str) -> String {
    if settled(written) == settled(played) {
        return written.to_owned();
    }
    let mut same: BTreeMap<String, VecDeque<&str>> = BTreeMap::new();
    for line in written.lines() {
        same.entry(timeless(line)).or_default().push_back(line);
    }
    played
        .lines()
        .map(|line| same.get_mut(&timeless(line)).and_then(VecDeque::pop_front).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn what_was_measured_anew_is_no_change() {
    let written = "$ scope run\n  done  nantes  note  a  created  0.0 s\nok: 1 created in 0.1 s\n";
    let again = "$ scope run\n  done  nantes  note  a  created  12.5 s\nok: 1 created in 4 min\n";
    assert_eq!(as_written(written, again), written);
    let other = "$ scope run\n  done  nantes  note  a  updated  12.5 s\nok: 1 created in 4 min\n";
    assert_eq!(
        as_written(written, other),
        "$ scope run\n  done  nantes  note  a  updated  12.5 s\nok: 1 created in 0.1 s\n"
    );
}

/// The lines without what differs from run to run: times, and the order in which steps are told that do not wait for each
/// other. What is told of one step keeps its order.
fn settled(document: &str) -> Vec<String> {
    let mut lines: Vec<String> = document.lines().map(timeless).collect();
    for told in lines.chunk_by_mut(|one, other| step_of(one).is_some() && step_of(other).is_some()) {
        told.sort_by_key(|line| step_of(line));
    }
    lines
}

/// The site of a line that a run tells as it goes, and the step there.
fn step_of(line: &str) -> Option<(String, String)> {
    match line.split(' ').collect::<Vec<&str>>().as_slice() {
        ["chosen", choice, .., site] => Some(((*site).to_owned(), (*choice).to_owned())),
        ["done" | "again" | "parked" | "waits" | "failed" | "skipped" | "left", site, kind, name, ..] => {
            Some(((*site).to_owned(), format!("{kind} {name}")))
        }
        _ => None,
    }
}

/// A line whose times are not compared: `2 min ago`, `0.4 s`, `2026-11-29 11:15:58 UTC`.
fn timeless(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    let is_number = |word: &str| word.split('-').all(|part| part.parse::<f64>().is_ok());
    for at in 0..words.len() {
        let is_time =
            |next: &&str| matches!(next.trim_end_matches([')', ',']), "ms" | "s" | "min" | "h" | "days");
        if is_number(words[at]) && words.get(at + 1).is_some_and(is_time) {
            words[at] = "…";
            words[at + 1] = "time";
        }
    }
    if let Some(zone) =
        words.iter().position(|word| word.trim_end_matches(',') == "UTC").filter(|zone| *zone >= 2)
    {
        words[zone - 2..zone].fill("…");
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}
