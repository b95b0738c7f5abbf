//! A file that records are appended to and that a crash cannot make lie.
//!
//! In go records, as JSON; out they come again, up to the last one that was made durable. Each stands in a frame of
//! its own: length, CRC-32, how much of the file was durable when it was written, and the text.
//!
//! Two kinds of damage are told apart. A *torn tail* is what a crash leaves of records that were never made durable: it
//! is cut off. A bad record before which a later record says that all was durable was *damaged* afterwards, and one that is
//! not there although it was said to be durable (`synced`) was *cut*: errors which name the record, never a silent loss.
//!
//! `append(a); append(b); commit()` → one write, one sync → `[a, b]` after any crash. Here it is read; `writer` writes it.

mod frame;
mod synced;
mod writer;

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

pub use frame::{LONGEST_RECORD, crc32};
use synced::Synced;
#[cfg(test)]
pub(crate) use synced::say as say_synced;
pub use writer::Journal;

/// The first bytes of every journal: its name and version.
pub const HEADER: &[u8; 16] = b"scope-journal/4\n";
/// What the header of any version begins with; a digit and a newline follow.
const HEADER_STEM: &[u8; 14] = b"scope-journal/";
/// The version of [`HEADER`].
pub(crate) const VERSION: u8 = 4;

/// What can be wrong with a journal.
#[derive(Debug, Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A record could not be made durable: the disk is full, or says that it lost what it was given. So says every later use:
    /// nothing more is written.
    #[error("{path}: record {record} cannot be made durable: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The first record that is not durable, from 1.
        record: usize,
        /// Why.
        error: Arc<io::Error>,
    },
    /// It is no journal.
    #[error("{path}: not a journal")]
    Version {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer version.
    #[error(
        "{path} was written by {} (format {found}); this one reads up to format {VERSION}",
        .by.as_deref().unwrap_or("a newer version of the tool")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u8,
        /// The program that wrote it, if its first record says so.
        by: Option<String>,
    },
    /// Its header is not what was written.
    #[error("{path}: its header says format {found}, and it was written as format {written}")]
    Header {
        /// The file.
        path: PathBuf,
        /// The version that is read.
        found: u8,
        /// The version that was written.
        written: u8,
    },
    /// A record that was durable is not what was written.
    #[error("{path}: record {record} (at byte {offset}) is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its number, from 1.
        record: usize,
        /// Where it starts.
        offset: u64,
    },
    /// Records that were durable are not there any more.
    #[error("{path}: record {record} (at byte {offset}) is gone: the file is shorter than it was")]
    Cut {
        /// The file.
        path: PathBuf,
        /// The first of them, from 1.
        record: usize,
        /// Where it started.
        offset: u64,
    },
}

/// What a journal holds.
#[derive(Debug)]
pub struct Contents<R> {
    /// The records, oldest first.
    pub records: Vec<R>,
    /// Where the last whole record ends.
    pub length: u64,
    /// What a crash left after it.
    pub n_torn: u64,
}

/// Reads a journal of this version without changing it.
///
/// # Errors
/// [`JournalError::Io`], [`JournalError::Version`], [`JournalError::Newer`], [`JournalError::Header`],
/// [`JournalError::Damaged`], [`JournalError::Cut`].
pub fn read<R: DeserializeOwned>(path: &Path) -> Result<Contents<R>, JournalError> {
    read_with(path, 0, |_, record| record)
}

/// Reads a journal of this version or an older one; `migrate` makes a record of that version one of this. Of the file,
/// `durable` bytes are known to have been synced, whatever its records and the file beside it say: there, nothing is a
/// torn tail.
///
/// # Errors
/// As [`read`].
pub fn read_with<R: DeserializeOwned>(
    path: &Path,
    durable: u64,
    mut migrate: impl FnMut(u8, Value) -> Value,
) -> Result<Contents<R>, JournalError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| io_error(path, error))?;
    let synced = synced::read(path);
    let durable = durable.max(synced.map_or(0, |synced| synced.length));
    let damaged = |record: usize, offset: usize| {
        Err(JournalError::Damaged { path: path.to_owned(), record, offset: offset as u64 })
    };
    let cut = |record: usize, offset: usize| {
        Err(JournalError::Cut { path: path.to_owned(), record, offset: offset as u64 })
    };
    if bytes.len() < HEADER.len() && (HEADER_STEM.starts_with(&bytes) || bytes.starts_with(HEADER_STEM)) {
        if durable > 0 {
            return cut(1, HEADER.len());
        }
        // The crash came before the header was whole.
        return Ok(Contents { records: Vec::new(), length: 0, n_torn: bytes.len() as u64 });
    }
    let version = version_of(&bytes).ok_or_else(|| JournalError::Version { path: path.to_owned() })?;
    if let Some(Synced { version: written, .. }) = synced.filter(|synced| synced.version != version) {
        return Err(JournalError::Header { path: path.to_owned(), found: version, written });
    }
    if version > VERSION {
        let first = frame::decode(&bytes[HEADER.len()..]);
        let first = first.and_then(|frame| serde_json::from_slice::<Value>(frame.payload).ok());
        let by = first.and_then(|record| record.get("written_by")?.as_str().map(str::to_owned));
        return Err(JournalError::Newer { path: path.to_owned(), found: version, by });
    }
    let mut parsed = |payload: &[u8]| {
        if version == VERSION {
            return serde_json::from_slice::<R>(payload).ok();
        }
        serde_json::from_value(migrate(version, serde_json::from_slice(payload).ok()?)).ok()
    };
    let mut records = Vec::new();
    let mut offset = HEADER.len();
    while offset < bytes.len() {
        let frame = frame::decode(&bytes[offset..]);
        let record = frame.as_ref().and_then(|frame| parsed(frame.payload));
        let (Some(frame), Some(record)) = (frame, record) else {
            let is_short = (bytes.len() as u64) < durable;
            let known = if is_short { 0 } else { durable };
            if known.max(frame::durable_after(&bytes, offset)) > offset as u64 {
                return damaged(records.len() + 1, offset);
            }
            break;
        };
        records.push(record);
        offset += frame.length;
    }
    if durable > offset as u64 {
        return cut(records.len() + 1, offset);
    }
    Ok(Contents { records, length: offset as u64, n_torn: (bytes.len() - offset) as u64 })
}

/// The version that a header names.
fn version_of(bytes: &[u8]) -> Option<u8> {
    match bytes.strip_prefix(HEADER_STEM)? {
        [digit @ b'1'..=b'9', b'\n', ..] => Some(digit - b'0'),
        _ => None,
    }
}

/// Takes a journal away, with what is said about it. Where it stays, what is said stays true.
///
/// # Errors
/// Whatever the disk says.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)?;
    let _ = std::fs::remove_file(synced::path_of(path));
    Ok(())
}

/// Cuts the torn tail off, so that later appends stand right after the last whole record.
///
/// # Errors
/// [`JournalError::Io`].
pub fn cut(path: &Path, length: u64) -> Result<(), JournalError> {
    let cut = || {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        file.sync_all()
    };
    cut().map_err(|error| io_error(path, error))
}

fn io_error(path: &Path, error: io::Error) -> JournalError {
    JournalError::Io { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests;
