//! Content on its way into a request or a command: a file, or a stream from another site, chunk by chunk, at the pace of
//! who takes it. At most two chunks are in memory.
//!
//! In: a [`Content`]. Out: a [`PumpedBody`] for the request, and a [`Pump`] that fills it and says why it ended early.
//! A file is checked on the way: if it is not the one the plan was made with, its last chunk is never sent.

use std::cell::Cell;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use scope_plan::expr::FileRef;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::failure::{configuration, error, malformed};
use super::secrets::{path_from, reason};
use crate::site::{ChunkSource, Content, ContentStream, Progress, SiteError, SiteErrorKind};
use crate::state::Fence;

const CHUNK: usize = 256 * 1024;

/// What the sender of a request watches to see that something still moves.
#[derive(Clone)]
pub(super) struct Activity {
    last: Rc<Cell<Instant>>,
    /// It is the source that is slow, not the site that takes: its own limits hold.
    waits_for_source: Rc<Cell<bool>>,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { last: Rc::new(Cell::new(Instant::now())), waits_for_source: Rc::default() }
    }

    /// When something last moved.
    pub(super) fn last(&self) -> Instant {
        if self.waits_for_source.get() { Instant::now() } else { self.last.get() }
    }

    fn moved(&self) {
        self.last.set(Instant::now());
    }
}

/// The chunks of a content, counted and checked.
pub(super) struct Reader {
    source: Source,
    length: Option<u64>,
    n_read: u64,
}

enum Source {
    File(Box<OpenFile>),
    Stream(Box<dyn ChunkSource>),
}

struct OpenFile {
    file: tokio::fs::File,
    reference: FileRef,
    digest: Sha256,
    /// Given away only when it is known that more follows or that the digest is right.
    held: Option<Bytes>,
    is_over: bool,
}

impl Reader {
    /// Opens the content; paths start at `base`.
    ///
    /// # Errors
    /// [`SiteErrorKind::Configuration`]: the file cannot be read. [`SiteErrorKind::FileChanged`]: it has another size than when the
    /// plan was made.
    pub(super) async fn open(content: Content, base: &Path) -> Result<Self, SiteError> {
        let reference = match content {
            Content::Stream(ContentStream { length, chunks }) => {
                return Ok(Self { source: Source::Stream(chunks), length, n_read: 0 });
            }
            Content::File(reference) => reference,
        };
        let unreadable = |error: std::io::Error| {
            configuration(format!("file `{}` cannot be read: {}", reference.path, reason(&error)))
        };
        let file = tokio::fs::File::open(path_from(base, &reference.path)).await.map_err(unreadable)?;
        let length = file.metadata().await.map_err(unreadable)?.len();
        if length != reference.size {
            return Err(changed(&reference));
        }
        let open = OpenFile { file, reference, digest: Sha256::new(), held: None, is_over: false };
        Ok(Self { source: Source::File(Box::new(open)), length: Some(length), n_read: 0 })
    }

    /// The length, where it is known before.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// The source's own, or that it gave another length than it said.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, SiteError>> {
        let chunk = match &mut self.source {
            Source::File(file) => file.next().await,
            Source::Stream(chunks) => chunks.next().await.map(|chunk| chunk.map(Bytes::from)),
        };
        match (chunk, self.length) {
            (Some(Ok(chunk)), length) => {
                self.n_read += chunk.len() as u64;
                if length.is_some_and(|length| self.n_read > length) {
                    return Some(Err(malformed("the content is longer than its source said")));
                }
                Some(Ok(chunk))
            }
            (None, Some(length)) if self.n_read < length => {
                Some(Err(malformed(format!("the content ended after {} of {length} bytes", self.n_read))))
            }
            (chunk, _) => chunk,
        }
    }
}

impl OpenFile {
    async fn next(&mut self) -> Option<Result<Bytes, SiteError>> {
        while !self.is_over {
            let mut buffer = vec![0; CHUNK];
            let n_read = match self.file.read(&mut buffer).await {
                Ok(n_read) => n_read,
                Err(error) => {
                    let words = format!("file `{}` cannot be read: {}", self.reference.path, reason(&error));
                    return Some(Err(configuration(words)));
                }
            };
            if n_read == 0 {
                self.is_over = true;
                let digest = hex(&std::mem::take(&mut self.digest).finalize());
                // A plan made by hand may know no digest.
                if !self.reference.sha256.is_empty() && !digest.eq_ignore_ascii_case(&self.reference.sha256) {
                    self.held = None;
                    return Some(Err(changed(&self.reference)));
                }
                return self.held.take().map(Ok);
            }
            buffer.truncate(n_read);
            self.digest.update(&buffer);
            if let Some(held) = self.held.replace(Bytes::from(buffer)) {
                return Some(Ok(held));
            }
        }
        None
    }
}

fn changed(reference: &FileRef) -> SiteError {
    let words = format!("file `{}` has changed since the plan was made", reference.path);
    error(SiteErrorKind::FileChanged(reference.path.clone()), words)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fills a [`PumpedBody`].
pub(super) struct Pump {
    reader: Reader,
    sender: mpsc::Sender<Result<Bytes, BodyBroken>>,
    progress: Option<Progress>,
    activity: Activity,
    fence: Fence,
}

impl Pump {
    /// A body and what fills it.
    pub(super) fn new(
        reader: Reader,
        progress: Option<Progress>,
        activity: Activity,
        fence: Fence,
    ) -> (Self, PumpedBody) {
        let (sender, receiver) = mpsc::channel(1);
        let body = PumpedBody { receiver, left: reader.length() };
        (Self { reader, sender, progress, activity, fence }, body)
    }

    /// Runs to the end of the content, or until nobody takes it any more.
    ///
    /// # Errors
    /// Why the content ended early: the source's error.
    pub(super) async fn run(mut self) -> Result<(), SiteError> {
        let mut n_done = 0;
        loop {
            self.activity.waits_for_source.set(true);
            let mut chunk = self.reader.next().await;
            if let (Some(Ok(_)), Err(closed)) = (&chunk, self.fence.pass().await) {
                chunk = Some(Err(error(SiteErrorKind::Lost, closed.to_string())));
            }
            self.activity.waits_for_source.set(false);
            self.activity.moved();
            match chunk {
                None => return Ok(()),
                Some(Ok(chunk)) => {
                    let length = chunk.len() as u64;
                    if self.sender.send(Ok(chunk)).await.is_err() {
                        return Ok(());
                    }
                    self.activity.moved();
                    n_done += length;
                    if let Some(progress) = &self.progress {
                        progress(n_done, self.reader.length());
                    }
                }
                Some(Err(error)) => {
                    // The request must not look complete to the site; nobody waiting for it is as good.
                    let _ = self.sender.send(Err(BodyBroken)).await;
                    return Err(error);
                }
            }
        }
    }
}

/// The content ended early: the request is cut off.
#[derive(Debug, thiserror::Error)]
#[error("the content ended early")]
pub(super) struct BodyBroken;

/// A request's body that a [`Pump`] fills.
pub(super) struct PumpedBody {
    receiver: mpsc::Receiver<Result<Bytes, BodyBroken>>,
    left: Option<u64>,
}

impl http_body::Body for PumpedBody {
    type Data = Bytes;
    type Error = BodyBroken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyBroken>>> {
        match self.receiver.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(chunk))) => {
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(chunk.len() as u64);
                }
                Poll::Ready(Some(Ok(Frame::data(chunk))))
            }
            Poll::Ready(Some(Err(broken))) => Poll::Ready(Some(Err(broken))),
            Poll::Ready(None) if self.left.is_some_and(|left| left > 0) => Poll::Ready(Some(Err(BodyBroken))),
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
