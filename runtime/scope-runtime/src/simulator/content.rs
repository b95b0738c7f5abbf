//! What a simulated site knows of content: its SHA-256 and its length always, the bytes themselves if they are few.
//!
//! An image of 20 GiB goes from site to site in virtual hours and real milliseconds: what is not kept is replayed as a
//! line that names the digest, followed by zeros, and whoever receives that line knows the content again.
//!
//! 300 bytes `"Arrakis…"` → `Content { sha256: "9f2c…", length: 300, bytes: Some(…) }`

use std::io::Read;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use scope_plan::expr::FileRef;
use sha2::{Digest, Sha256};

use super::clock::{Clock, Moment, SECOND};
use super::invent::{digest, hex};
use super::mutants::{self, Mutant};
use super::weather::Weather;
use crate::site::{ChunkSource, ContentStream, SiteError, SiteErrorKind};

/// The first bytes of replayed content.
const REPLAYED: &str = "scope simulated content ";
/// Of the line that begins replayed content: the words, the digest and a line end.
const HEADER_LENGTH: u64 = REPLAYED.len() as u64 + 64 + 1;
/// Bytes of one chunk on its way.
const CHUNK: u64 = 256 << 10;

/// The files beside the program, read by whoever starts the simulation.
pub trait Files {
    /// Opens a file for reading from its beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open(&self, file: &FileRef) -> std::io::Result<Box<dyn Read>>;
}

/// Some content.
#[derive(Clone, Debug)]
pub(super) struct Content {
    /// In lower-case hexadecimal.
    pub(super) sha256: String,
    /// In bytes.
    pub(super) length: u64,
    bytes: Option<Arc<Vec<u8>>>,
}

impl Content {
    /// Exactly these bytes.
    pub(super) fn of_bytes(bytes: Vec<u8>) -> Content {
        let sha256 = hex(&Sha256::digest(&bytes));
        Content { sha256, length: bytes.len() as u64, bytes: Some(Arc::new(bytes)) }
    }

    /// Content of which only digest and length are known.
    pub(super) fn known(sha256: String, length: u64) -> Content {
        Content { sha256, length, bytes: None }
    }

    /// Content that nobody has seen, always the same for the same words.
    pub(super) fn made_up(words: &[&str], length: u64) -> Content {
        if length > HEADER_LENGTH {
            return Content::known(hex(&digest(words)), length);
        }
        Content::of_bytes(
            digest(words).into_iter().cycle().take(usize::try_from(length).unwrap_or(0)).collect(),
        )
    }

    /// The digest of what a stream of it gives, where that is too short to name the content's own.
    pub(super) fn replayed_sha256(&self) -> Option<String> {
        let is_nameless = self.bytes.is_none() && self.length <= HEADER_LENGTH;
        is_nameless.then(|| hex(&Sha256::digest(self.chunk(0, self.length))))
    }

    /// A stream of it, as fast as the road allows.
    pub(super) fn stream(&self, road: Road) -> ContentStream {
        let replay = Replay { content: self.clone(), sent: 0, road, due: 0 };
        ContentStream { length: Some(self.length), chunks: Box::new(replay) }
    }

    /// The bytes from a position on.
    fn chunk(&self, from: u64, length: u64) -> Vec<u8> {
        let size = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        if let Some(bytes) = &self.bytes {
            return bytes[size(from)..size(from + length)].to_vec();
        }
        if self.length <= HEADER_LENGTH {
            // Too short for the line: see `replayed_sha256`.
            let bytes = self.sha256.bytes().cycle();
            return bytes.skip(size(from)).take(size(length)).collect();
        }
        let mut chunk = vec![0; size(length)];
        let header = format!("{REPLAYED}{}\n", self.sha256);
        for (position, byte) in header.bytes().enumerate().skip(size(from)) {
            if let Some(slot) = chunk.get_mut(position - size(from)) {
                *slot = byte;
            }
        }
        chunk
    }
}

/// Takes content in, piece by piece.
pub(super) struct Intake {
    hasher: Sha256,
    kept: Vec<u8>,
    cap: u64,
    length: u64,
    /// The digest that a replayed beginning names.
    replayed: Option<String>,
}

impl Intake {
    /// Keeps the bytes if they are no more than `cap`.
    pub(super) fn new(cap: u64) -> Intake {
        Intake {
            hasher: Sha256::new(),
            kept: Vec::new(),
            cap: cap.max(HEADER_LENGTH),
            length: 0,
            replayed: None,
        }
    }

    /// The next bytes.
    pub(super) fn take(&mut self, chunk: &[u8]) {
        let is_beginning = self.length < HEADER_LENGTH;
        self.length += chunk.len() as u64;
        if self.replayed.is_some() {
            return;
        }
        self.hasher.update(chunk);
        if is_beginning || self.length <= self.cap {
            self.kept.extend_from_slice(chunk);
        }
        if is_beginning && self.length >= HEADER_LENGTH {
            self.replayed = replayed_digest(&self.kept);
        }
        if self.replayed.is_some() || self.length > self.cap.max(HEADER_LENGTH) {
            self.kept = Vec::new();
        }
    }

    /// All of it.
    pub(super) fn finish(self) -> Content {
        if let Some(sha256) = self.replayed {
            return Content::known(sha256, self.length);
        }
        let bytes = (self.length <= self.cap).then(|| Arc::new(self.kept));
        Content { sha256: hex(&self.hasher.finalize()), length: self.length, bytes }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

fn replayed_digest(beginning: &[u8]) -> Option<String> {
    let header = beginning.get(..usize::try_from(HEADER_LENGTH).ok()?)?;
    let digest = std::str::from_utf8(header).ok()?.strip_prefix(REPLAYED)?.strip_suffix('\n')?;
    digest.chars().all(|char| char.is_ascii_hexdigit()).then(|| digest.to_string())
}

/// Reads a file of the program: its bytes through `files`, or what the plan knows of it.
///
/// # Errors
/// [`SiteErrorKind::Configuration`] when it cannot be read, [`SiteErrorKind::FileChanged`] when it is not what it was when the plan
/// was made.
pub(super) fn file_content(
    file: &FileRef,
    files: Option<&Rc<dyn Files>>,
    cap: u64,
) -> Result<Content, SiteError> {
    let Some(files) = files else { return Ok(Content::known(file.sha256.clone(), file.size)) };
    let error = |kind: SiteErrorKind, words: String| SiteError {
        kind,
        words,
        request: Some(format!("file `{}`", file.path)),
        status: None,
    };
    let unreadable = |cause: std::io::Error| {
        error(SiteErrorKind::Configuration, format!("file `{}` cannot be read: {cause}", file.path))
    };
    let mut reader = files.open(file).map_err(unreadable)?;
    let mut intake = Intake::new(cap);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match reader.read(&mut buffer).map_err(unreadable)? {
            0 => break,
            n_read => intake.take(&buffer[..n_read]),
        }
    }
    let content = intake.finish();
    if content.sha256 != file.sha256 {
        let words = format!("file `{}` has changed since the plan was made", file.path);
        return Err(error(SiteErrorKind::FileChanged(file.path.clone()), words));
    }
    Ok(content)
}

/// The way between the runner and a site, as content takes it.
#[derive(Clone)]
pub(super) struct Road {
    pub(super) clock: Clock,
    pub(super) weather: Arc<Weather>,
    /// The position of the site.
    pub(super) site: usize,
    pub(super) bits_per_second: u64,
    /// How long a cut is waited out.
    pub(super) patience: u64,
}

impl Road {
    /// How long so many bytes take, in microseconds.
    pub(super) fn duration(&self, bytes: u64) -> u64 {
        if mutants::is(Mutant::BandwidthForgotten) {
            return 0;
        }
        let bits = u128::from(bytes) * 8 * u128::from(SECOND);
        u64::try_from(bits / u128::from(self.bits_per_second.max(1))).unwrap_or(u64::MAX)
    }

    /// Waits until bytes can pass.
    ///
    /// # Errors
    /// [`SiteErrorKind::Lost`] when they cannot for too long.
    pub(super) async fn open(&self) -> Result<(), SiteError> {
        let broke_off = || SiteError {
            kind: SiteErrorKind::Lost,
            words: "the content broke off".into(),
            request: None,
            status: None,
        };
        if self.weather.is_restarting(self.site, self.clock.now()) {
            return Err(broke_off());
        }
        let deadline = self.clock.now().saturating_add(self.patience);
        loop {
            let now = self.clock.now();
            let closed = [self.weather.cut_until(self.site, now), self.weather.frozen_until(self.site, now)];
            let Some(until) = closed.into_iter().flatten().max() else { return Ok(()) };
            if now >= deadline {
                return Err(broke_off());
            }
            self.weather.wait_until(until.min(deadline)).await;
        }
    }
}

/// Content on its way from a site.
struct Replay {
    content: Content,
    sent: u64,
    road: Road,
    /// When the last chunk has passed the road.
    due: Moment,
}

impl ChunkSource for Replay {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<Result<Vec<u8>, SiteError>>> + Send + '_>> {
        Box::pin(async move {
            let length = self.content.length;
            if self.sent >= length {
                return None;
            }
            if let Err(error) = self.road.open().await {
                self.sent = length;
                return Some(Err(error));
            }
            // Few and large chunks for large content: what passes is zeros, and only time counts.
            let size = CHUNK.max(length / 64).min(length - self.sent).min(4 << 20);
            self.due = self.due.max(self.road.clock.now()).saturating_add(self.road.duration(size));
            self.road.clock.sleep_until(self.due).await;
            let chunk = self.content.chunk(self.sent, size);
            self.sent += size;
            Some(Ok(chunk))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(content: &Content, chunk: u64, cap: u64) -> Content {
        let mut intake = Intake::new(cap);
        let mut from = 0;
        while from < content.length {
            let size = chunk.min(content.length - from);
            intake.take(&content.chunk(from, size));
            from += size;
        }
        assert_eq!(intake.length(), content.length);
        intake.finish()
    }

    #[test]
    fn content_stays_the_same_however_it_travels() {
        let kept = Content::of_bytes(b"the spice must flow".repeat(20));
        let large = Content::made_up(&["dune"], 5 << 20);
        let small = Content::made_up(&["dune"], 17);
        let empty = Content::made_up(&["dune"], 0);
        for content in [&kept, &large, &small, &empty] {
            for chunk in [1_u64 << 20, 100, 50, 7] {
                if content.length / chunk > 100_000 {
                    continue;
                }
                let arrived = through(content, chunk, 1 << 10);
                assert_eq!(
                    (&arrived.sha256, arrived.length),
                    (&content.sha256, content.length),
                    "chunks of {chunk}"
                );
            }
        }
        assert_eq!(through(&kept, 7, 1 << 10).bytes, kept.bytes);
        assert!(through(&kept, 7, 100).bytes.is_none(), "380 bytes are more than the cap of 100");
    }
}
