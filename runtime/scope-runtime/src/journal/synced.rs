//! How much of a journal is durable, said beside it: `00000008.journal` → `00000008.synced`.
//!
//! A journal that was cut between two records looks like one that a crash ended there: nothing in it tells that there
//! was more. This file does, in one line of a fixed length: the format of the journal, its durable length, a checksum.
//!
//! It is written after each sync of the journal and never synced itself, so that after a power loss it may lag behind and
//! never leads. One that is garbled, or not there, says nothing: it is a witness, and the journal is read without it as
//! well.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::frame::crc32;

/// What the line begins with.
const STEM: &str = "scope-synced/1";

/// What was said about a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Synced {
    /// The format of its records.
    pub(super) version: u8,
    /// So much of it was synced, in bytes.
    pub(super) length: u64,
}

impl Synced {
    fn line(self) -> String {
        let said = format!("{STEM} format {} length {:020}", self.version, self.length);
        let checksum = crc32(said.as_bytes());
        format!("{said} crc {checksum:08x}\n")
    }

    fn of(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [STEM, "format", version, "length", length, "crc", _] = words[..] else { return None };
        let synced = Self { version: version.parse().ok()?, length: length.parse().ok()? };
        // A flipped bit anywhere makes it another line: a whole journal is not called damaged for it.
        (synced.line() == line).then_some(synced)
    }
}

/// The file about a journal.
pub(super) fn path_of(journal: &Path) -> PathBuf {
    journal.with_extension("synced")
}

/// What is said about a journal, if something is.
pub(super) fn read(journal: &Path) -> Option<Synced> {
    Synced::of(&std::fs::read_to_string(path_of(journal)).ok()?)
}

/// The file about a journal, being written.
#[derive(Debug)]
pub(super) struct Witness(File);

impl Witness {
    /// About a journal that is about to be made. What one of the same name left is overwritten.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub(super) fn create(journal: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self(options.open(path_of(journal))?))
    }

    /// Says how much is durable. Where that fails, what was said before is true as well.
    pub(super) fn say(&mut self, synced: Synced) {
        let file = &mut self.0;
        // One write over what is there: whoever reads it sees the one line or the other.
        let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(synced.line().as_bytes()));
    }
}

/// For tests that leave a journal as a crash would have: what was never synced was never said to be.
#[cfg(test)]
pub(crate) fn say(journal: &Path, version: u8, length: u64) {
    Witness::create(journal).expect("a file beside it").say(Synced { version, length });
}
