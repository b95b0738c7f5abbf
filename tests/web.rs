//! The page of a run in a real browser: `tests/web/check.mjs` drives headless Chromium over the built `scope run --web`.
//! What it needs is installed by npm, into the build folder only. `SCOPE_WEB=0` leaves it out, with a line that says so.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{binary, root};

#[test]
fn the_page_of_a_run_is_seen_in_a_browser() {
    if std::env::var("SCOPE_WEB").is_ok_and(|value| value == "0") {
        // Past the test's captured output: what is left out is always seen.
        let _ = writeln!(std::io::stderr(), "web: left out (SCOPE_WEB=0)");
        return;
    }
    let output = Command::new("node")
        .arg(root().join("tests/web/check.mjs"))
        .args(["--scope", binary::path(), "--cache", env!("CARGO_TARGET_TMPDIR")])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("the test of the page needs Node 20 or newer, with npm; SCOPE_WEB=0 leaves it out");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}{complained}");
    assert!(output.status.success(), "a check of the page failed:\n{said}{complained}");
}
