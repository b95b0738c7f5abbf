//! The editors, real ones: `editors/tests/run.py` drives the built `scope lsp` with pytest-lsp, Neovim and the client of the
//! VS Code extension, and tests the TextMate grammar. What it needs is installed by pip and npm, into the build folder only.
//! `SCOPE_EDITORS=0` leaves all of it out, with a line that says so.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{binary, root};

#[test]
fn editors_understand_the_language_server_and_the_grammar() {
    if std::env::var("SCOPE_EDITORS").is_ok_and(|value| value == "0") {
        // Past the test's captured output: what is left out is always seen.
        let _ = writeln!(std::io::stderr(), "editors: left out (SCOPE_EDITORS=0)");
        return;
    }
    let output = Command::new("python3")
        .arg(root().join("editors/tests/run.py"))
        .args(["--scope", binary::path(), "--cache", env!("CARGO_TARGET_TMPDIR")])
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("the editors' tests need Python 3.11 with venv, and Node; SCOPE_EDITORS=0 leaves them out");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}{complained}");
    assert!(output.status.success(), "an editor's check failed:\n{said}{complained}");
}
