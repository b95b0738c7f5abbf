//! The files of a state's folder: `state.json` as this version or an older one wrote it, and the journals of runs.

use std::cmp::Ordering;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::folder::sync_folder;
use super::super::{Record, State, WRITTEN_BY, place, versions};
use super::StateError;
use crate::journal::{self, JournalError};

pub(in crate::state) const FILE: &str = "state.json";
pub(super) const RUNS: &str = "runs";

/// `state.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::state) struct StateFile {
    /// The program that wrote it, for those that cannot read it any more.
    written_by: String,
    #[serde(flatten)]
    pub(in crate::state) state: State,
    /// How much of which run's journal is in it.
    pub(super) through: Through,
}

impl StateFile {
    pub(in crate::state) fn of(state: State, through: Through) -> Self {
        Self { written_by: WRITTEN_BY.to_owned(), state, through }
    }

    /// In one line.
    pub(in crate::state) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("text keys only")
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::state) struct Through {
    pub(super) run: u64,
    pub(super) bytes: u64,
    /// Of a run that goes on: how much of its journal was synced when the state was written, as it began.
    #[serde(default, skip_serializing_if = "is_nothing")]
    begun: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn is_nothing(bytes: &u64) -> bool {
    *bytes == 0
}

impl Through {
    /// So much of a run's journal is in the state.
    pub(super) fn of(run: u64, bytes: u64) -> Self {
        Self { run, bytes, begun: 0 }
    }

    /// A run begins, with so much of its journal synced.
    pub(super) fn begun(run: u64, begun: u64) -> Self {
        Self { run, bytes: 0, begun }
    }

    /// How much of a run's journal was synced, as far as the state knows: of the runs before, all that their files hold.
    fn durable(&self, run: u64, path: &Path) -> u64 {
        match run.cmp(&self.run) {
            Ordering::Less => path.metadata().map_or(0, |file| file.len()),
            Ordering::Equal => self.bytes.max(self.begun),
            Ordering::Greater => 0,
        }
    }
}

pub(super) fn load(folder: &Path) -> Result<Option<StateFile>, StateError> {
    let path = folder.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // It is there before the first run is: a new one would forget what the runs did. Those of a shared state leave
            // their journals only.
            let is_lost = !journals(folder)?.is_empty() && !folder.join(place::NAME).exists();
            return if is_lost { Err(StateError::Missing { path }) } else { Ok(None) };
        }
        Err(error) => return Err(StateError::Io { path, error }),
    };
    let file = read_file(&bytes, &path)?;
    let Through { run, bytes, .. } = file.through;
    let path = folder.join(RUNS).join(file_name(run));
    // The state was written as that run began, so all that it did since is in its journal.
    if run > 0 && bytes == 0 && !path.exists() {
        return Err(StateError::Lost { run, path });
    }
    Ok(Some(file))
}

/// Reads a state's text, of this version or an older one.
pub(in crate::state) fn read_file(bytes: &[u8], path: &Path) -> Result<StateFile, StateError> {
    let damaged =
        |error: serde_json::Error| StateError::Damaged { path: path.to_owned(), error: error.to_string() };
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(damaged)?;
    let value = versions::state(value).map_err(|newer| StateError::Newer {
        path: path.to_owned(),
        found: newer.found,
        by: newer.by,
    })?;
    serde_json::from_value(value).map_err(damaged)
}

/// The records of the journal of a run that goes on after a state, of this version or an older one; the state is whole
/// `through` a part of a run.
pub(super) fn records(
    run: u64,
    path: &Path,
    before: &State,
    through: Through,
) -> Result<journal::Contents<Record>, JournalError> {
    let mut migration = versions::Records::after(before);
    journal::read_with(path, through.durable(run, path), |version, record| migration.next(version, record))
}

/// Makes a folder, those above it where they are not there, and their names durable.
pub(super) fn make_durable_folder(folder: &Path) -> io::Result<()> {
    let is_there = |folder: &&Path| folder.as_os_str().is_empty() || folder.exists();
    let Some(there) = folder.ancestors().find(is_there) else { return std::fs::create_dir_all(folder) };
    std::fs::create_dir_all(folder)?;
    let made = folder.ancestors().take_while(|made| *made != there);
    for parent in made.filter_map(Path::parent) {
        sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    }
    Ok(())
}

/// The journals in a state's folder, oldest first.
pub(super) fn journals(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StateError> {
    let runs = folder.join(RUNS);
    let entries = match std::fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StateError::Io { path: runs, error }),
    };
    let mut journals: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let run = path.file_name()?.to_str()?.strip_suffix(".journal")?.parse().ok()?;
            Some((run, path))
        })
        .collect();
    journals.sort();
    Ok(journals)
}

/// Where it is said why a run stopped whose end could not be recorded.
pub(super) fn stopped(folder: &Path, run: u64) -> PathBuf {
    folder.join(RUNS).join(format!("{run:08}.stopped"))
}

pub(super) fn file_name(run: u64) -> String {
    format!("{run:08}.journal")
}
