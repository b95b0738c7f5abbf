//! A state and where it is kept: in a folder beside the program, or nowhere (simulations).
//!
//! ```text
//! .scope/two-clouds/state.json            the state as of the last run, replaced as a whole
//! .scope/two-clouds/runs/00000008.journal what run 8 recorded, one record after the other
//! .scope/two-clouds/lock                  who is using it
//! ```
//! Opening replays what a crashed run recorded after the last `state.json`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use scope_plan::recorded::Recorded;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::folder::{replace_file, sync_folder};
use super::lock::{Holder, Lock};
use super::{KEPT_RUNS, Record, Started, State, VERSION, utc};
use crate::events::{Failure, Outcome};
use crate::journal::{self, Commit, Journal, JournalError};
use crate::report::{Counts, Verdict};

const FILE: &str = "state.json";
const RUNS: &str = "runs";

/// What can be wrong with a state.
#[derive(Debug, Error)]
pub enum StateError {
    /// Another run uses it.
    #[error("{}", words_for_locked(.holder.as_ref()))]
    Locked {
        /// Who, if it can be read.
        holder: Option<Holder>,
    },
    /// It cannot be read or written.
    #[error("the state cannot be read or written: {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It was written by a newer version.
    #[error(
        "the state was written by a newer version of the tool (format {found}, this one reads {VERSION}): {path}"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It is not what was written.
    #[error("the state is damaged: {path}: {error}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        error: String,
    },
    /// A run's journal.
    #[error("the journal cannot be used: {0}")]
    Journal(#[from] JournalError),
}

impl StateError {
    /// As the failure of a run.
    pub fn failure(&self) -> Failure {
        let code = match self {
            StateError::Journal(JournalError::Damaged { .. }) | StateError::Damaged { .. } => "E0920",
            StateError::Journal(JournalError::Write { .. } | JournalError::Poisoned { .. }) => "E0921",
            _ => "E0911",
        };
        let failure = Failure::new(code, Outcome::Invalid, self.to_string());
        match self {
            StateError::Locked { .. } => failure
                .with_help("wait until that run ends; if its process is no longer alive, the next run takes the lock over"),
            StateError::Newer { .. } => failure.with_help("use the version of the tool that wrote it"),
            StateError::Damaged { .. } | StateError::Journal(JournalError::Damaged { .. }) => failure.with_help(
                "bring the state's folder back from a copy; without one, move it away and `scope state rebuild FILE`: what bears its mark is found again",
            ),
            StateError::Journal(JournalError::Write { .. } | JournalError::Poisoned { .. }) => failure
                .with_help("mend the disk, then `scope resume`: what was recorded before is kept, the rest is looked up"),
            StateError::Io { .. } | StateError::Journal(_) => failure,
        }
    }
}

fn words_for_locked(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!(
            "the state is locked by {} at {} (process {}, since {}, `{}`)",
            holder.user,
            holder.host,
            holder.pid,
            utc(holder.since_ms),
            holder.command
        ),
        None => "the state is locked by another process".to_owned(),
    }
}

/// `state.json`.
#[derive(Serialize, Deserialize)]
struct StateFile {
    #[serde(flatten)]
    state: State,
    /// How much of which run's journal is in it.
    through: Through,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Through {
    run: u64,
    bytes: u64,
}

/// A state and where it is kept.
#[derive(Debug)]
pub struct StateStore {
    state: State,
    kept: Option<Kept>,
    /// Something that a plan relies on changed since the serial number was given.
    is_changed: bool,
}

#[derive(Debug)]
struct Kept {
    folder: PathBuf,
    through: Through,
    journal: Option<Journal>,
    /// Dropped last: all is written before the lock goes.
    _lock: Lock,
}

impl StateStore {
    /// Kept nowhere; the deployment's id is always `simulated`, so that a simulation repeats itself exactly.
    pub fn in_memory() -> Self {
        Self::of(State::new("simulated".to_owned()))
    }

    /// Kept nowhere, beginning with a given state.
    pub fn of(state: State) -> Self {
        Self { state, kept: None, is_changed: false }
    }

    /// The state in `folder` (made if need be), for this process alone until it is dropped.
    ///
    /// # Errors
    /// Locked, unreadable, newer, damaged.
    pub fn open(folder: &Path, holder: &Holder) -> Result<Self, StateError> {
        let io = |error| StateError::Io { path: folder.to_owned(), error };
        make_durable_folder(&folder.join(RUNS)).map_err(io)?;
        let lock = Lock::take(folder, holder)?;
        let (state, through, is_new) = match load(folder)? {
            Some(loaded) => (loaded.state, loaded.through, false),
            None => (State::new(random_id()), Through::default(), true),
        };
        let kept = Kept { folder: folder.to_owned(), through, journal: None, _lock: lock };
        let mut store = Self { state, kept: Some(kept), is_changed: false };
        let n_replayed = store.replay(true)?;
        if is_new || n_replayed > 0 {
            // The id is in every mark: it must be durable before the first one leaves.
            store.is_changed |= n_replayed > 0;
            store.write()?;
        }
        Ok(store)
    }

    /// The state in `folder` as it is now, without taking the lock or changing anything; an empty one if there is none.
    ///
    /// # Errors
    /// Unreadable, newer, damaged.
    pub fn peek(folder: &Path) -> Result<State, StateError> {
        let Some(loaded) = load(folder)? else { return Ok(State::new(String::new())) };
        let mut state = loaded.state;
        for (run, path) in journals(folder)? {
            if run < loaded.through.run {
                continue;
            }
            let contents = journal::read::<Record>(&path)?;
            // What is in the file as a whole is not applied again: later facts, outside of runs, are in the file only.
            if (Through { run, bytes: contents.length }) != loaded.through {
                contents.records.iter().for_each(|record| state.apply(record));
            }
        }
        Ok(state)
    }

    /// What is known.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What compiling needs to know.
    pub fn recorded(&self) -> Recorded {
        self.state.recorded()
    }

    /// Begins a run: gives its number. From here on records are kept.
    ///
    /// # Errors
    /// Where the journal cannot be made.
    pub fn begin_run(
        &mut self,
        by: &str,
        at_ms: u64,
        plan: &str,
        started: Started,
    ) -> Result<u64, StateError> {
        let run = self.state.last_run + 1;
        if let Some(kept) = &mut self.kept {
            let runs = kept.folder.join(RUNS);
            kept.journal = Some(Journal::create(&runs.join(file_name(run)))?);
            sync_folder(&runs).map_err(|error| StateError::Io { path: runs, error })?;
            kept.through = Through { run, bytes: 0 };
        }
        self.append(Record::RunStarted { run, by: by.to_owned(), at_ms, plan: plan.to_owned(), started })?;
        self.commit()?;
        Ok(run)
    }

    /// Records a fact. It is durable after the next commit.
    ///
    /// # Errors
    /// Where an earlier commit failed.
    pub fn append(&mut self, record: Record) -> Result<(), StateError> {
        self.state.apply(&record);
        self.is_changed |= changes_plans(&record);
        if let Some(journal) = self.journal() {
            journal.append(&record)?;
        }
        Ok(())
    }

    /// Records a fact outside of a run, at once.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn remember(&mut self, record: Record) -> Result<(), StateError> {
        self.append(record)?;
        self.write()
    }

    /// Puts another state in place of the one that is kept, at once: a rebuilt one.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn replace(&mut self, state: State) -> Result<(), StateError> {
        self.state = State { serial: self.state.serial, ..state };
        self.is_changed = true;
        self.write()
    }

    /// Whether records are written anywhere: lines of a log are not made for a state that is kept nowhere.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Whether records wait for a commit.
    pub fn is_dirty(&self) -> bool {
        self.kept.as_ref().and_then(|kept| kept.journal.as_ref()).is_some_and(Journal::is_dirty)
    }

    /// Makes all records durable; blocks until they are.
    ///
    /// # Errors
    /// Whatever the disk says; then the run must stop.
    pub fn commit(&mut self) -> Result<(), StateError> {
        self.journal().map_or(Ok(()), |journal| Ok(journal.commit()?))
    }

    /// As [`StateStore::commit`], in two parts, so that the blocking one can be done elsewhere.
    pub fn begin_commit(&mut self) -> Option<Commit> {
        self.journal().map(Journal::begin_commit)
    }

    /// The second part.
    ///
    /// # Errors
    /// As [`StateStore::commit`].
    pub fn finish_commit(&mut self, result: io::Result<u64>) -> Result<(), StateError> {
        self.journal().map_or(Ok(()), |journal| Ok(journal.finish_commit(result)?))
    }

    /// Ends the run and writes `state.json`.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn end_run(
        &mut self,
        run: u64,
        verdict: Verdict,
        counts: Counts,
        millis: u64,
    ) -> Result<(), StateError> {
        self.append(Record::RunEnded { run, verdict, counts, millis })?;
        self.commit()?;
        let Some(kept) = &mut self.kept else { return Ok(()) };
        if let Some(journal) = kept.journal.take() {
            kept.through = Through { run, bytes: journal.length() };
        }
        self.write()?;
        self.forget_old_journals();
        Ok(())
    }

    /// The records of a run, for `logs`; empty where its journal is not kept any more.
    ///
    /// # Errors
    /// Unreadable, damaged.
    pub fn records_of(folder: &Path, run: u64) -> Result<Vec<Record>, StateError> {
        let path = folder.join(RUNS).join(file_name(run));
        if path.exists() { Ok(journal::read(&path)?.records) } else { Ok(Vec::new()) }
    }

    fn journal(&mut self) -> Option<&mut Journal> {
        self.kept.as_mut()?.journal.as_mut()
    }

    /// Applies what journals hold beyond `state.json`; the number of records.
    fn replay(&mut self, cuts: bool) -> Result<usize, StateError> {
        let Some(kept) = &mut self.kept else { return Ok(0) };
        let mut n_replayed = 0;
        for (run, path) in journals(&kept.folder)? {
            if run < kept.through.run {
                continue;
            }
            let contents = journal::read::<Record>(&path)?;
            if cuts && contents.n_torn > 0 {
                journal::cut(&path, contents.length)?;
            }
            let through = Through { run, bytes: contents.length };
            if through == kept.through {
                continue;
            }
            if run == kept.through.run && contents.length < kept.through.bytes {
                let error = format!("it is shorter than `{FILE}` says");
                return Err(StateError::Damaged { path, error });
            }
            // Applying a record twice changes nothing, so a journal that is partly in the file is applied whole.
            contents.records.iter().for_each(|record| self.state.apply(record));
            self.state.last_run = self.state.last_run.max(run);
            n_replayed += contents.records.len();
            kept.through = through;
        }
        Ok(n_replayed)
    }

    fn write(&mut self) -> Result<(), StateError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        if std::mem::take(&mut self.is_changed) {
            self.state.serial += 1;
        }
        let file = StateFile { state: self.state.clone(), through: kept.through };
        let mut text = serde_json::to_vec_pretty(&file).expect("text keys only");
        text.push(b'\n');
        replace_file(&kept.folder, FILE, &text)
            .map_err(|error| StateError::Io { path: kept.folder.join(FILE), error })
    }

    /// Journals of runs that are not in the history any more are of no use. A failure here harms nothing.
    fn forget_old_journals(&self) {
        let Some(kept) = &self.kept else { return };
        let oldest = self.state.last_run.saturating_sub(KEPT_RUNS as u64 - 1);
        for (run, path) in journals(&kept.folder).unwrap_or_default() {
            if run < oldest {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

fn load(folder: &Path) -> Result<Option<StateFile>, StateError> {
    let path = folder.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StateError::Io { path, error }),
    };
    let damaged =
        |error: serde_json::Error| StateError::Damaged { path: path.clone(), error: error.to_string() };
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(damaged)?;
    let found = value["version"].as_u64().unwrap_or(0);
    if found > u64::from(VERSION) {
        return Err(StateError::Newer { path, found });
    }
    serde_json::from_value(value).map(Some).map_err(damaged)
}

/// Makes a folder, those above it where they are not there, and their names durable.
fn make_durable_folder(folder: &Path) -> io::Result<()> {
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
fn journals(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StateError> {
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

fn file_name(run: u64) -> String {
    format!("{run:08}.journal")
}

/// Whether a plan made before may be another one now.
fn changes_plans(record: &Record) -> bool {
    matches!(
        record,
        Record::Resource { .. }
            | Record::Gone { .. }
            | Record::Call { .. }
            | Record::Choice { .. }
            | Record::Protected { .. }
            | Record::LetGo { .. }
            | Record::Renamed { .. }
    )
}

/// 64 random bits; the standard library seeds its hashers from the operating system.
fn random_id() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests;
