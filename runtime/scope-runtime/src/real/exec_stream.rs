//! A command's standard output as content: streamed, not held.
//!
//! In: a [`Command`] whose answer is content. Out: a [`ContentStream`] as soon as the first bytes are there, or, if it ended
//! without any, its answer, to be judged as any other. A bad end after the first bytes ends the stream with an error.

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdout;
use tokio::task::JoinHandle;

use super::command::{Command, Input};
use super::environment::Answered;
use super::exec::{ExecBounds, Process, exit_code, read_start, text_of};
use super::failure::{configuration, error};
use super::http::seconds;
use super::mask::Mask;
use super::words;
use crate::site::{ChunkSource, ContentStream, NextChunk, SiteError, SiteErrorKind};

const CHUNK: usize = 64 * 1024;

/// What the command gave.
pub(super) enum Started {
    Content(ContentStream),
    Ended(Answered),
}

/// Starts it and waits for the first bytes or its end.
///
/// # Errors
/// As [`super::exec::run`].
pub(super) async fn run(mut command: Command, bounds: ExecBounds, mask: &Mask) -> Result<Started, SiteError> {
    let label = command.label.clone();
    let labelled = |failure: SiteError| SiteError { request: Some(label.clone()), ..failure };
    let input = std::mem::replace(&mut command.stdin, Input::Nothing);
    let mut process = Process::start(&command, !matches!(input, Input::Nothing)).map_err(labelled)?;
    let stdout = process.child.stdout.take().expect("it is piped");
    let stderr = process.child.stderr.take().expect("it is piped");
    let stdin = process.child.stdin.take();
    let complaint = tokio::spawn(async move {
        let mut kept = Vec::new();
        // It never fails: a broken pipe is its end.
        let _ = read_start(stderr, &mut kept).await;
        kept
    });
    match input {
        Input::Nothing => {}
        // Nobody streams both ways at once.
        Input::Content(_) => {
            return Err(labelled(configuration("a command that gives content cannot be fed content")));
        }
        // Beside the reading: a command may answer before it has read everything.
        Input::Bytes(bytes) => drop(tokio::spawn(async move {
            if let Some(mut stdin) = stdin {
                drop(stdin.write_all(&bytes).await);
            }
        })),
    }
    let mut chunks = ExecChunks {
        process,
        stdout,
        complaint: Some(complaint),
        first: None,
        n_received: 0,
        patience: bounds.timeout,
        label: label.clone(),
        mask: mask.clone(),
        is_over: false,
        _folder: command.folder.take(),
    };
    match chunks.read().await.map_err(labelled)? {
        Some(first) => {
            chunks.first = Some(first);
            Ok(Started::Content(ContentStream { length: None, chunks: Box::new(chunks) }))
        }
        None => {
            let (code, err) = chunks.end().await.map_err(labelled)?;
            Ok(Started::Ended(Answered::Exec { code, out: String::new(), err }))
        }
    }
}

struct ExecChunks {
    process: Process,
    stdout: ChildStdout,
    complaint: Option<JoinHandle<Vec<u8>>>,
    first: Option<Vec<u8>>,
    n_received: u64,
    patience: Duration,
    label: String,
    mask: Mask,
    is_over: bool,
    _folder: Option<TempDir>,
}

impl ExecChunks {
    async fn chunk(&mut self) -> Option<Result<Vec<u8>, SiteError>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if self.is_over {
            return None;
        }
        let failure = match self.read().await {
            Ok(Some(chunk)) => return Some(Ok(chunk)),
            Ok(None) => {
                self.is_over = true;
                match self.end().await {
                    Ok((0, _)) => return None,
                    Ok((code, err)) => {
                        let words = words::from_answer(&err, None, &|text| self.mask.hide(text).into_owned());
                        let words =
                            format!("`{}` failed after {} bytes: {words}", self.label, self.n_received);
                        SiteError { status: Some(code), ..error(SiteErrorKind::Lost, words) }
                    }
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure,
        };
        self.is_over = true;
        Some(Err(SiteError { request: Some(self.label.clone()), ..failure }))
    }

    async fn read(&mut self) -> Result<Option<Vec<u8>>, SiteError> {
        let mut buffer = vec![0; CHUNK];
        match tokio::time::timeout(self.patience, self.stdout.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => Ok(None),
            Ok(Ok(n_read)) => {
                buffer.truncate(n_read);
                self.n_received += n_read as u64;
                Ok(Some(buffer))
            }
            Err(_) => {
                self.process.kill().await;
                Err(self.silent())
            }
        }
    }

    async fn end(&mut self) -> Result<(u16, String), SiteError> {
        let Ok(status) = tokio::time::timeout(self.patience, self.process.child.wait()).await else {
            self.process.kill().await;
            return Err(self.silent());
        };
        self.process.is_over = true;
        let status =
            status.map_err(|gone| error(SiteErrorKind::Lost, format!("the command is lost: {gone}")))?;
        let code = exit_code(status, &self.label)?;
        let complaint = match self.complaint.take() {
            Some(complaint) => tokio::time::timeout(Duration::from_secs(1), complaint)
                .await
                .ok()
                .and_then(Result::ok)
                .unwrap_or_default(),
            None => Vec::new(),
        };
        Ok((code, text_of(complaint)))
    }

    fn silent(&self) -> SiteError {
        let words = format!("`{}` was silent for {} and was killed", self.label, seconds(self.patience));
        error(SiteErrorKind::Lost, words)
    }
}

impl ChunkSource for ExecChunks {
    fn next(&mut self) -> NextChunk<'_> {
        Box::pin(self.chunk())
    }
}
