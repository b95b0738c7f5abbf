//! The real thing: two OpenStack clouds, the `scope` binary as a user runs it, and a witness that asks the clouds itself.
//!
//! One test, so that the clouds are started once and stopped whatever happens; each of its cases prints a line.
//! `SCOPE_REAL=0` leaves all out; `SCOPE_REAL=catalogue` runs the cases whose name has that word.

mod catalogue;
mod failures;
mod freezing;
mod guarding;
mod killed;
mod life;
mod otherwise;
mod place;
mod proxy;
mod restarted;
mod routing;
mod shell;
mod sites;
mod stock;
mod two_clouds;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::support::clouds::Clouds;

/// A name and what is to hold.
type Case = (&'static str, fn(&Clouds));

#[test]
fn real_clouds() {
    let chosen = std::env::var("SCOPE_REAL").unwrap_or_default();
    if chosen == "0" {
        say("real clouds: left out (SCOPE_REAL=0)");
        return;
    }
    if !cfg!(target_os = "linux") || !Clouds::are_possible() {
        say("real clouds: left out (they need Linux and python3)");
        return;
    }
    say("real clouds: starting two (the first time they are installed, which takes minutes) …");
    place::clear();
    let clouds = Clouds::start();
    place::seed(&clouds);
    let cases = [
        two_clouds::CASES,
        sites::CASES,
        stock::CASES,
        catalogue::CASES,
        otherwise::CASES,
        life::CASES,
        failures::CASES,
        freezing::CASES,
        guarding::CASES,
        routing::CASES,
        killed::CASES,
        restarted::CASES,
        shell::CASES,
        place::CASES,
    ];
    let is_chosen = |name: &str| matches!(&*chosen, "" | "1") || name.contains(&chosen);
    let mut failed = Vec::new();
    for (name, case) in cases.concat().into_iter().filter(|(name, _)| is_chosen(name)) {
        let start = Instant::now();
        let verdict = catch_unwind(AssertUnwindSafe(|| case(&clouds)));
        let word = if verdict.is_ok() { "ok    " } else { "FAILED" };
        say(&format!("  {word} {name} ({:.1} s)", start.elapsed().as_secs_f64()));
        if verdict.is_err() {
            failed.push(name);
        }
    }
    drop(clouds);
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// A line that is seen though the test succeeds: the test runner captures only what `print!` writes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
