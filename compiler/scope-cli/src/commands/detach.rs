//! `scope run --detach`: the run goes on in a process group of its own, with its events and its log beside the state.
//!
//! ```text
//! .scope/two-clouds/detached/process.json   who it is: {"process":4711,"run":9,"program":"two-clouds.scope"}
//! .scope/two-clouds/detached/plan.json      the plan of the run
//! .scope/two-clouds/detached/events.jsonl   its events, then its report
//! .scope/two-clouds/detached/log            what it says besides
//! .scope/two-clouds/detached/alive          locked for as long as the process lives
//! .scope/two-clouds/detached/ended          its exit code
//! ```

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use scope_diagnostics::codes;
use scope_plan::plan::Plan;
use serde::{Deserialize, Serialize};

use serde_json::json;

use super::{FAILED, LOCKED, OK, now_ms};
use crate::output::{document, line, note, say_error, say_help};

/// The folder, beside the state.
const FOLDER: &str = "detached";
/// How often the one that started it looks.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Who goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub process: u32,
    /// Of its deployment.
    pub run: u64,
    /// As given.
    pub program: String,
    /// In milliseconds since 1970.
    pub since_ms: u64,
}

/// The files of a detached run.
pub struct Detached {
    folder: PathBuf,
    /// Held by the process itself.
    alive: Option<File>,
}

impl Detached {
    /// Of the state in this folder.
    pub fn of(state: &Path) -> Detached {
        Detached { folder: state.join(FOLDER), alive: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether its process lives: the lock ends with it, however it ends.
    pub fn is_alive(&self) -> bool {
        let Ok(file) = File::open(self.path("alive")) else { return false };
        matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
    }

    /// Who goes on, or went on last.
    pub fn process(&self) -> Option<Process> {
        serde_json::from_slice(&fs::read(self.path("process.json")).ok()?).ok()
    }

    /// Its exit code, once it ended by itself.
    pub fn ended(&self) -> Option<u8> {
        fs::read_to_string(self.path("ended")).ok()?.trim().parse().ok()
    }

    /// This process is the one that goes on.
    pub fn enter(&mut self) -> io::Result<()> {
        let file = private(&self.path("alive"))?;
        file.try_lock().map_err(io::Error::from)?;
        self.alive = Some(file);
        Ok(())
    }

    /// A run of it began.
    pub fn began(&self, plan: &Plan, run: u64, program: &str) {
        let process =
            Process { process: std::process::id(), run, program: program.to_string(), since_ms: now_ms() };
        // Whoever follows needs them; the run does not.
        let _ = self.put("plan.json", scope_plan::json::to_json(plan).as_bytes());
        let _ = self.put("process.json", &serde_json::to_vec(&process).expect("plain data"));
    }

    /// What a run of it ended with, for whoever follows.
    pub fn told(&self, document: &serde_json::Value) {
        let _ = self.put("report.json", document.to_string().as_bytes());
    }

    /// What the last run ended with.
    pub fn report(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&fs::read(self.path("report.json")).ok()?).ok()
    }

    /// It is over.
    pub fn end(&self, code: u8) {
        let _ = self.put("ended", code.to_string().as_bytes());
    }

    /// A reader sees the old bytes or the new ones.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = self.path(&format!(".{name}"));
        let _ = fs::remove_file(&beside);
        io::Write::write_all(&mut private(&beside)?, bytes)?;
        fs::rename(&beside, self.path(name))
    }
}

/// Starts the same command again so that it goes on by itself, and waits until its run begins. The exit code is 0 then,
/// else its own.
pub fn start(program: &str, state: &Path, at: &str) -> u8 {
    let detached = Detached::of(state);
    if detached.is_alive() {
        let run = detached.process().map_or_else(String::new, |process| format!("run {} of ", process.run));
        say_error(codes::E0911, &format!("{run}`{program}` goes on already"));
        say_help(&format!("`scope attach{at}` follows it"));
        return LOCKED;
    }
    match spawn(&detached) {
        Ok(child) => wait_for_begin(child, &detached, program, at),
        Err(error) => {
            say_error(codes::E0981, &format!("the run cannot be started: {error}"));
            FAILED
        }
    }
}

fn spawn(detached: &Detached) -> io::Result<std::process::Child> {
    fs::create_dir_all(&detached.folder)?;
    for name in ["process.json", "plan.json", "report.json", "ended"] {
        let _ = fs::remove_file(detached.path(name));
    }
    let mut arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    for argument in &mut arguments {
        if argument == "--detach" {
            *argument = "--detached".into();
        }
    }
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(private(&detached.path("events.jsonl"))?)
        .stderr(private(&detached.path("log"))?);
    // Ctrl-C at the terminal is for the group in the foreground.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// An empty file that only its owner reads.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn wait_for_begin(mut child: std::process::Child, detached: &Detached, program: &str, at: &str) -> u8 {
    loop {
        let ended = child.try_wait().ok().flatten();
        if let Some(process) = detached.process().filter(|process| process.process == child.id()) {
            document::tell(
                "scope-detached/1",
                json!({
                    "program": program,
                    "run": process.run,
                    "process": process.process,
                    "log": detached.path("log"),
                }),
            );
            line(&format!(
                "run {} of {program} goes on by itself (process {})",
                process.run, process.process
            ));
            line(&format!("  log      {}", detached.path("log").display()));
            line(&format!("  follow   scope attach{at}"));
            line(&format!("  stop     kill {}   (it can be resumed)", process.process));
            return OK;
        }
        if let Some(status) = ended {
            // It never came to a run: what it said is why.
            for name in ["log", "events.jsonl"] {
                note(fs::read_to_string(detached.path(name)).unwrap_or_default().trim_end());
            }
            return status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
