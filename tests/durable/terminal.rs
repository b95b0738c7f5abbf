//! What a run shows on a terminal while it goes on: a bar for each site, how fast, how long still; and nothing of it where
//! there is no terminal.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::desk::{self, Desks, PROGRAM, When};
use crate::support::binary;

/// Python has a terminal for its child, and gives on what that prints.
const TERMINAL: &str = "\
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

#[test]
fn each_site_has_a_bar_with_rate_and_estimate() {
    let desks = Desks::start();
    desks.around(|when, _| {
        if when == When::Before {
            std::thread::sleep(Duration::from_millis(120));
        }
        true
    });
    let folder = desks.place("terminal", PROGRAM);
    let ran = Command::new("python3")
        .args(["-c", TERMINAL, binary::path(), "run", "main.scope"])
        .current_dir(&folder)
        .env("TERM", "xterm")
        .env("HOME", &folder)
        .stdin(Stdio::null())
        .output()
        .expect("python3 is there");
    let text = String::from_utf8_lossy(&ran.stdout).replace('\r', "\n");
    assert!(ran.status.success(), "{text}");
    for site in ["nantes", "paris"] {
        let bars: Vec<&str> =
            text.lines().filter(|line| line.contains(site) && line.contains("[#")).collect();
        let is_part = |line: &&&str| line.contains('-') && line.contains('/');
        assert!(bars.iter().any(|line| is_part(&line)), "no bar of {site} on its way in\n{text}");
    }
    let whole = text.lines().filter(|line| line.contains(" steps, ")).collect::<Vec<_>>();
    assert!(whole.iter().any(|line| line.contains("/s") && line.contains("left")), "{whole:#?}\n{text}");
    let end = text.lines().rfind(|line| line.contains("ok: ")).unwrap_or_default();
    assert!(end.contains("8 created, 1 called"), "the verdict is last: {end}\n{text}");
    // Without a terminal there are lines, and no bars.
    let again = desk::ends(&folder, &["run", "main.scope"], 0);
    assert!(!again.all().contains("[#") && !again.all().contains('\x1b'), "{}", again.all());
}
