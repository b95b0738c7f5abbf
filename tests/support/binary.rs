//! The `scope` binary, run as a user runs it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the binary gave.
#[derive(Debug)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

impl Ran {
    /// Both streams, for messages.
    pub fn all(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The path of the binary under test.
pub fn path() -> &'static str {
    env!("CARGO_BIN_EXE_scope")
}

/// Runs `scope` in a folder, with no environment but what is given.
pub fn scope(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Ran {
    let output = Command::new(path())
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("USER", "tester")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    Ran {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// Runs `scope` with this on its standard input.
pub fn scope_reading(folder: &Path, args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(path())
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // Short enough for the pipe: nobody reads while it is written.
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    Ran {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// A new folder under the build folder, named for the test; it holds `clouds.yaml` and nothing else.
pub fn folder(name: &str) -> std::path::PathBuf {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(80).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(safe);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the build folder can be written");
    std::fs::write(folder.join("clouds.yaml"), super::world::CLOUDS)
        .expect("the build folder can be written");
    folder
}
