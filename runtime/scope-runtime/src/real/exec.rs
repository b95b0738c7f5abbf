//! One run of a command: started, fed, listened to within bounds, and ended for certain, children included.
//!
//! In: a [`Command`]. Out: exit status, standard output and error; or its standard output as a stream of content. When the
//! caller loses patience and drops the future, the whole process group is killed. A missing program is *Configuration*; a
//! command killed, or silent beyond its time, is *Lost*: its effect is not known.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

use super::command::{Command, Input};
use super::environment::Answered;
use super::failure::{configuration, error, malformed};
use super::http::seconds;
use super::secrets::reason;
use crate::site::{Progress, SiteError, SiteErrorKind};

/// How much of standard error is kept; it is read to its end all the same.
pub(super) const LONGEST_ERR: usize = 64 * 1024;
/// After the command has ended, something it started may hold its output open; it is given so long.
const GRACE: Duration = Duration::from_secs(1);

/// The bounds of a command.
#[derive(Clone, Copy)]
pub(super) struct ExecBounds {
    pub timeout: Duration,
    pub longest_answer: usize,
}

/// Runs it to its end.
///
/// # Errors
/// See above, and *Malformed* for an output beyond its bound.
pub(super) async fn run(
    mut command: Command,
    bounds: ExecBounds,
    progress: Option<Progress>,
) -> Result<Answered, SiteError> {
    let label = command.label.clone();
    let labelled = |failure: SiteError| SiteError { request: Some(label.clone()), ..failure };
    let input = std::mem::replace(&mut command.stdin, Input::Nothing);
    let mut process = Process::start(&command, !matches!(input, Input::Nothing)).map_err(labelled)?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ended = {
        let stdin = process.child.stdin.take();
        let stdout = process.child.stdout.take().expect("it is piped");
        let stderr = process.child.stderr.take().expect("it is piped");
        let listening = async {
            tokio::try_join!(
                feed(stdin, input, progress),
                read_all(stdout, &mut out, bounds.longest_answer),
                read_start(stderr, &mut err),
            )
        };
        tokio::time::timeout(bounds.timeout, until_ended(&mut process.child, listening)).await
    };
    let status = match ended {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => {
            process.kill().await;
            return Err(labelled(failure));
        }
        Err(_) => {
            process.kill().await;
            let words = format!("`{label}` has not ended within {} and was killed", seconds(bounds.timeout));
            return Err(labelled(error(SiteErrorKind::Lost, words)));
        }
    };
    process.is_over = true;
    let code = exit_code(status, &label).map_err(labelled)?;
    Ok(Answered::Exec { code, out: text_of(out), err: text_of(err) })
}

/// A started process; its whole group is killed when this is dropped before it has ended.
pub(super) struct Process {
    pub child: Child,
    pub is_over: bool,
    group: Option<u32>,
}

impl Process {
    /// Starts it, in a process group of its own.
    ///
    /// # Errors
    /// [`SiteErrorKind::Configuration`]: there is no such program, or it cannot be run.
    pub(super) fn start(command: &Command, has_input: bool) -> Result<Self, SiteError> {
        let mut starting = tokio::process::Command::new(&command.program);
        starting
            .args(&command.arguments)
            .env_clear()
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .stdin(if has_input { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        starting.process_group(0);
        if !command.directory.as_os_str().is_empty() {
            starting.current_dir(&command.directory);
        }
        match starting.spawn() {
            Ok(child) => Ok(Self { group: child.id(), child, is_over: false }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(configuration(format!(
                "there is no program `{}` on this machine{}",
                command.program.display(),
                if command.program.components().count() > 1 { "" } else { " (in PATH)" }
            ))),
            Err(error) => Err(configuration(format!(
                "`{}` cannot be started: {}",
                command.program.display(),
                reason(&error)
            ))),
        }
    }

    /// Ends it and everything it started, and waits for it.
    pub(super) async fn kill(&mut self) {
        self.kill_group();
        // It may have ended by itself by now.
        let _ = self.child.kill().await;
        self.is_over = true;
    }

    fn kill_group(&self) {
        #[cfg(unix)]
        if let Some(group) =
            self.group.and_then(|group| i32::try_from(group).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // Nobody left in it is as good.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its number cannot have been given to another process: nobody has waited for it yet.
        if !self.is_over {
            self.kill_group();
        }
    }
}

/// The exit status as an answer's code.
///
/// # Errors
/// Killed by a signal: what it did is not known.
pub(super) fn exit_code(status: ExitStatus, label: &str) -> Result<u16, SiteError> {
    let code = status.code().and_then(|code| u16::try_from(code).ok());
    code.ok_or_else(|| error(SiteErrorKind::Lost, format!("`{label}` was killed ({status})")))
}

pub(super) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Reads to the end, keeping the start.
pub(super) async fn read_start(
    mut stream: impl AsyncRead + Unpin,
    kept: &mut Vec<u8>,
) -> Result<(), SiteError> {
    let mut buffer = vec![0; 8 * 1024];
    loop {
        match stream.read(&mut buffer).await {
            // A pipe that breaks is a command that ends: its exit status tells.
            Ok(0) | Err(_) => return Ok(()),
            Ok(n_read) => {
                let n_kept = n_read.min(LONGEST_ERR - kept.len());
                kept.extend_from_slice(&buffer[..n_kept]);
            }
        }
    }
}

/// Writes the input; gives what a failing source said.
async fn feed(stdin: Option<ChildStdin>, input: Input, progress: Option<Progress>) -> Result<(), SiteError> {
    let Some(mut stdin) = stdin else {
        return Ok(());
    };
    match input {
        Input::Nothing => {}
        // A command need not read all of its input: a broken pipe is no failure.
        Input::Bytes(bytes) => drop(stdin.write_all(&bytes).await),
        Input::Content(mut reader) => {
            let mut n_done = 0;
            while let Some(chunk) = reader.next().await {
                let chunk = chunk?;
                if stdin.write_all(&chunk).await.is_err() {
                    return Ok(());
                }
                n_done += chunk.len() as u64;
                if let Some(progress) = &progress {
                    progress(n_done, reader.length());
                }
            }
        }
    }
    drop(stdin.shutdown().await);
    Ok(())
}

async fn read_all(
    mut stream: impl AsyncRead + Unpin,
    bytes: &mut Vec<u8>,
    longest: usize,
) -> Result<(), SiteError> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(n_read) if bytes.len() + n_read > longest => {
                return Err(malformed(format!("the command wrote more than {longest} bytes")));
            }
            Ok(n_read) => bytes.extend_from_slice(&buffer[..n_read]),
        }
    }
}

async fn until_ended<T>(
    child: &mut Child,
    listening: impl Future<Output = Result<T, SiteError>>,
) -> Result<ExitStatus, SiteError> {
    let gone = |failure: std::io::Error| {
        error(SiteErrorKind::Lost, format!("the command is lost: {}", reason(&failure)))
    };
    tokio::pin!(listening);
    tokio::select! {
        biased;
        listened = &mut listening => {
            listened?;
            child.wait().await.map_err(gone)
        }
        status = child.wait() => {
            let status = status.map_err(gone)?;
            // What it left in its pipes; who holds them longer is not waited for.
            if let Ok(listened) = tokio::time::timeout(GRACE, listening).await {
                listened?;
            }
            Ok(status)
        }
    }
}
