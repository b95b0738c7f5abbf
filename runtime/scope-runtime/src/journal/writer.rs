//! A journal being written: records are gathered, and made durable in groups by whoever may wait for the disk.
//!
//! `append(a); append(b); commit()` → one write and one sync for both. What is appended while a commit is under way belongs to
//! the next one, and commits follow one another, on whatever thread they are.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;

use super::synced::{Synced, Witness};
use super::{HEADER, JournalError, VERSION, frame, io_error};

/// A journal being written; clones are the same one.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Writer>);

#[derive(Debug)]
struct Writer {
    path: PathBuf,
    /// Held for an instant only: who appends does not wait for the disk.
    gathered: Mutex<Gathered>,
    /// Held during a commit, and taken before `gathered` where both are.
    disk: Mutex<Disk>,
}

/// What is not written yet.
#[derive(Debug)]
struct Gathered {
    frames: Vec<u8>,
    /// Where the next frame goes.
    length: u64,
    /// Up to here the file is durable.
    durable: u64,
    /// Records appended, those that are durable with them.
    n_appended: usize,
    /// The first record that could not be made durable, and why.
    failure: Option<(usize, Arc<io::Error>)>,
}

#[derive(Debug)]
struct Disk {
    file: File,
    witness: Witness,
    /// Records that are durable.
    n_durable: usize,
}

impl Journal {
    /// A new, empty one; its header is durable, its name is not until its folder is synced.
    ///
    /// # Errors
    /// [`JournalError::Io`]; also where the file is there already.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let disk = Disk::create(path).map_err(|error| io_error(path, error))?;
        let length = HEADER.len() as u64;
        let gathered = Gathered { frames: Vec::new(), length, durable: length, n_appended: 0, failure: None };
        let (gathered, disk) = (Mutex::new(gathered), Mutex::new(disk));
        Ok(Self(Arc::new(Writer { path: path.to_owned(), gathered, disk })))
    }

    /// Adds a record to the next commit.
    ///
    /// # Errors
    /// [`JournalError::Write`], where an earlier commit failed.
    pub fn append<R: Serialize>(&self, record: &R) -> Result<(), JournalError> {
        let mut gathered = self.gathered();
        self.is_sound(&gathered)?;
        let Gathered { frames, length, durable, n_appended, .. } = &mut *gathered;
        let before = frames.len();
        frame::encode(record, *durable, frames);
        *length += (frames.len() - before) as u64;
        *n_appended += 1;
        Ok(())
    }

    /// Where the next record goes: the file's length once all is written.
    pub fn length(&self) -> u64 {
        self.gathered().length
    }

    /// Makes all records durable that were appended before. Blocks. After a failure nothing more is written: after a failed
    /// sync the kernel may have dropped the very pages that a second, successful one would be about.
    ///
    /// # Errors
    /// [`JournalError::Write`], of this one or an earlier one.
    pub fn commit(&self) -> Result<(), JournalError> {
        let mut disk = locked(&self.0.disk);
        let (frames, length, n_appended) = {
            let mut gathered = self.gathered();
            self.is_sound(&gathered)?;
            if gathered.frames.is_empty() {
                return Ok(());
            }
            (mem::take(&mut gathered.frames), gathered.length, gathered.n_appended)
        };
        match disk.write(&frames, length) {
            Ok(()) => {
                disk.n_durable = n_appended;
                self.gathered().durable = length;
                Ok(())
            }
            Err(error) => {
                let mut gathered = self.gathered();
                gathered.failure = Some((disk.n_durable + 1, Arc::new(error)));
                self.is_sound(&gathered)
            }
        }
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        locked(&self.0.gathered)
    }

    fn is_sound(&self, gathered: &Gathered) -> Result<(), JournalError> {
        gathered.failure.as_ref().map_or(Ok(()), |(record, error)| {
            Err(JournalError::Write { path: self.0.path.clone(), record: *record, error: error.clone() })
        })
    }

    /// Another file in place of its own, as a disk that fails.
    #[cfg(test)]
    pub(crate) fn writes_to(&self, file: File) {
        locked(&self.0.disk).file = file;
    }
}

impl Disk {
    fn create(path: &Path) -> io::Result<Self> {
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // First: what is said of an earlier one of this name is never about this one.
        let mut witness = Witness::create(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(HEADER)?;
        file.sync_all()?;
        witness.say(Synced { version: VERSION, length: HEADER.len() as u64 });
        Ok(Self { file, witness, n_durable: 0 })
    }

    /// Writes and syncs; `length` is what the file has then.
    fn write(&mut self, frames: &[u8], length: u64) -> io::Result<()> {
        self.file.write_all(frames)?;
        self.file.sync_data()?;
        self.witness.say(Synced { version: VERSION, length });
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it: half a frame is never written")
}
