//! A state and where it is kept: in a folder beside the program, at a place that several machines share, or nowhere
//! (simulations).
//!
//! ```text
//! .scope/two-clouds/state.json            the state as of the last run, replaced as a whole
//! .scope/two-clouds/runs/00000008.journal what run 8 recorded, one record after the other
//! .scope/two-clouds/lock                  who is using it
//! ```
//! Opening replays what a crashed run recorded after the last `state.json`. A shared place needs no replay: it has every
//! record that anything was built on, and the journals of this machine are for its logs only.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use scope_plan::recorded::Recorded;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::oneshot;

use super::folder::{replace_file, sync_folder};
use super::lock::{Holder, Lock};
use super::place;
use super::shared::{self, Lease, Shared, SharedFault};
use super::{KEPT_RUNS, Place, Record, Started, State, WRITTEN_BY, utc, versions};
use crate::events::{Failure, Outcome};
use crate::journal::{self, Commit, Journal, JournalError};
use crate::report::{Counts, Verdict};

pub(super) const FILE: &str = "state.json";
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
        "{path} was written by {} (format {found}); this is {WRITTEN_BY}, which reads up to format {}",
        .by.as_deref().unwrap_or("a newer version of the tool"),
        super::VERSION
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The program that wrote it, if it says so.
        by: Option<String>,
    },
    /// The address of a shared place is none.
    #[error("`{text}` is no place for a state: {words}")]
    Address {
        /// As given, without what could be secret.
        text: String,
        /// Why not.
        words: String,
    },
    /// Another machine, perhaps, has the shared state.
    #[error("{}, at {place}", words_for_locked(Some(&.lease.holder)))]
    Leased {
        /// The address.
        place: String,
        /// Who, and for how long yet.
        lease: Lease,
    },
    /// A lock is not taken away from one that lives.
    #[error("{} and is alive: its lease lasts {} s more if it is not renewed", words_for_locked(Some(&.lease.holder)), .lease.for_ms.div_ceil(1000))]
    Alive {
        /// The address.
        place: String,
        /// Who, and for how long yet.
        lease: Lease,
    },
    /// Another state is where one should be copied to.
    #[error("{place} holds the state of the deployment {deployment}, with runs of its own")]
    Occupied {
        /// Where.
        place: String,
        /// Whose.
        deployment: String,
    },
    /// A shared place cannot be used.
    #[error("{}", words_for_shared(.place, .fault))]
    Shared {
        /// The address.
        place: String,
        /// Why.
        fault: SharedFault,
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
            StateError::Shared { fault: SharedFault::Unusable(_), .. } => "E0943",
            StateError::Shared { fault: SharedFault::TakenOver(_), .. } => "E0944",
            StateError::Shared { fault: SharedFault::Unfit(_), .. } => "E0945",
            StateError::Newer { .. } | StateError::Journal(JournalError::Newer { .. }) => "E0946",
            StateError::Address { .. } => "E0947",
            StateError::Alive { .. } => "E0948",
            StateError::Occupied { .. } => "E0949",
            _ => "E0911",
        };
        let failure = Failure::new(code, Outcome::Invalid, self.to_string());
        match self {
            StateError::Locked { .. } => failure
                .with_help("wait until that run ends; if its process is no longer alive, the next run takes the lock over"),
            StateError::Leased { lease, .. } => failure.with_help(format!(
                "wait until that run ends; if its machine died, the lock ends in {} s, or at once by `scope state unlock`",
                lease.for_ms.div_ceil(1000)
            )),
            StateError::Alive { .. } => failure.with_help(
                "wait until that run ends; if you know that it does not live, `scope state unlock --force`: should it live after all, it stops at its next record",
            ),
            StateError::Newer { by, .. } => failure.with_help(match by {
                Some(by) => format!("use {by}, or a newer one"),
                None => "use the version of the tool that wrote it".to_owned(),
            }),
            StateError::Journal(JournalError::Newer { .. }) => {
                failure.with_help("use the version of the tool that wrote it")
            }
            StateError::Damaged { .. } | StateError::Journal(JournalError::Damaged { .. }) => failure.with_help(
                "bring the state's folder back from a copy; without one, move it away and `scope state rebuild FILE`: what bears its mark is found again",
            ),
            StateError::Journal(JournalError::Write { .. } | JournalError::Poisoned { .. }) => failure
                .with_help("mend the disk, then `scope resume`: what was recorded before is kept, the rest is looked up"),
            StateError::Shared { fault: SharedFault::Unusable(_), .. } => failure.with_help(
                "when the place answers again: `scope resume`; what was recorded there before is kept, the rest is looked up",
            ),
            StateError::Shared { fault: SharedFault::TakenOver(_), .. } => failure.with_help(
                "this run has stopped, and what it had sent is recorded there: `scope status` says what the other one does",
            ),
            StateError::Shared { fault: SharedFault::Unfit(_), .. } => failure.with_help(
                "two runs could overwrite each other there: use a place that gives ETags and heeds `If-Match` and `If-None-Match`",
            ),
            StateError::Address { .. } => failure.with_help(
                "a folder, `https://HOST/PATH`, `s3://BUCKET/KEY`, or a secret of a cluster; with `/` at its end, for many programs",
            ),
            StateError::Occupied { .. } => {
                failure.with_help("copy to another place; a state is never overwritten with another deployment's")
            }
            StateError::Io { .. } | StateError::Journal(_) => failure,
        }
    }

    /// Whether it is another run that has the state: it is only a matter of waiting.
    pub fn is_locked(&self) -> bool {
        matches!(self, StateError::Locked { .. } | StateError::Leased { .. } | StateError::Alive { .. })
    }

    pub(super) fn shared(place: &str, fault: SharedFault) -> Self {
        StateError::Shared { place: place.to_owned(), fault }
    }
}

fn words_for_shared(place: &str, fault: &SharedFault) -> String {
    match fault {
        SharedFault::Unusable(words) => {
            format!("the shared state cannot be read or written: {place}: {words}")
        }
        SharedFault::TakenOver(Some(holder)) => format!(
            "{} at {} (process {}, since {}, `{}`) took the shared state over: {place}",
            holder.user,
            holder.host,
            holder.pid,
            utc(holder.since_ms),
            holder.command
        ),
        SharedFault::TakenOver(None) => format!("somebody else took the shared state over: {place}"),
        SharedFault::Unfit(words) => format!("a state cannot be shared there: {place}: {words}"),
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
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StateFile {
    /// The program that wrote it, for those that cannot read it any more.
    written_by: String,
    #[serde(flatten)]
    pub(super) state: State,
    /// How much of which run's journal is in it.
    through: Through,
}

impl StateFile {
    fn of(state: State, through: Through) -> Self {
        Self { written_by: WRITTEN_BY.to_owned(), state, through }
    }

    /// In one line.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("text keys only")
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Through {
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
    /// The place that the state is at, if that is not the folder.
    shared: Option<Shared>,
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
        let kept = Kept { folder: folder.to_owned(), through, journal: None, shared: None, _lock: lock };
        let mut store = Self { state, kept: Some(kept), is_changed: false };
        let n_replayed = store.replay(true)?;
        if is_new || n_replayed > 0 {
            // The id is in every mark: it must be durable before the first one leaves.
            store.is_changed |= n_replayed > 0;
            store.write()?;
        }
        Ok(store)
    }

    /// The state at a place, for this process alone until it is dropped.
    ///
    /// # Errors
    /// As [`StateStore::open`]; a shared place that does not answer, or cannot keep two writers apart.
    pub fn open_at(place: &Place, holder: &Holder) -> Result<Self, StateError> {
        let shared = match place {
            Place::Folder(folder) => return Self::open(folder, holder),
            Place::Shared(shared) => shared,
        };
        let folder = place.logs();
        make_durable_folder(&folder.join(RUNS))
            .map_err(|error| StateError::Io { path: folder.to_owned(), error })?;
        let lock = Lock::take(folder, holder)?;
        // So that it is found again without being named.
        replace_file(folder, place::NAME, shared.address.as_bytes())
            .map_err(|error| StateError::Io { path: folder.to_owned(), error })?;
        let fresh = || StateFile::of(State::new(random_id()), Through::default());
        let (StateFile { state, .. }, _, shared) = Shared::take(shared, holder, fresh)?;
        // A run that did not come to its end may have changed what a plan relied on.
        let is_changed = state.runs.last().is_some_and(|run| run.verdict.is_none());
        let kept = Kept {
            folder: folder.to_owned(),
            through: Through::default(),
            journal: None,
            shared: Some(shared),
            _lock: lock,
        };
        Ok(Self { state, kept: Some(kept), is_changed })
    }

    /// The state at a place as it is now, without taking the lock or changing anything; an empty one if there is none.
    ///
    /// # Errors
    /// As [`StateStore::peek`].
    pub fn peek_at(place: &Place) -> Result<State, StateError> {
        match place {
            Place::Folder(folder) => Self::peek(folder),
            Place::Shared(shared) => {
                let file = shared::look(shared)?.file;
                Ok(file.map_or_else(|| State::new(String::new()), |file| file.state))
            }
        }
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
            let contents = records(&path, &state)?;
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
            let path = runs.join(file_name(run));
            if kept.shared.is_some() {
                // Of a run that never reached the shared place; its number is free.
                let _ = std::fs::remove_file(&path);
            }
            kept.journal = Some(Journal::create(&path)?);
            sync_folder(&runs).map_err(|error| StateError::Io { path: runs, error })?;
            kept.through = Through { run, bytes: 0 };
        }
        let written_by = WRITTEN_BY.to_owned();
        let (by, plan) = (by.to_owned(), plan.to_owned());
        self.append(Record::RunStarted { run, by, at_ms, written_by, plan, started })?;
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
        self.commit_here()?;
        let text = self.text_to_share();
        match (text, self.shared_place()) {
            (Some(text), Some(shared)) => shared.write_now(text),
            _ => Ok(()),
        }
    }

    /// Makes all records durable on this machine; blocks until they are.
    ///
    /// # Errors
    /// Whatever the disk says; then the run must stop.
    pub fn commit_here(&mut self) -> Result<(), StateError> {
        self.journal().map_or(Ok(()), |journal| Ok(journal.commit()?))
    }

    /// Whether the state is at a place that several machines share: records count only when they are there.
    pub fn is_shared(&self) -> bool {
        self.shared_place().is_some()
    }

    /// Whether nobody can have taken a shared state over since it was written last; of others, always.
    pub(crate) fn is_assured(&self) -> bool {
        self.shared_place().is_none_or(Shared::is_assured)
    }

    /// Sends the state to its shared place; `None` where there is none. The end comes over the channel, and is then told to
    /// [`StateStore::finish_share`].
    pub(crate) fn begin_share(&mut self) -> Option<oneshot::Receiver<Result<(), SharedFault>>> {
        let text = self.text_to_share()?;
        Some(self.shared_place()?.write(text))
    }

    /// The second part.
    pub(crate) fn finish_share(&self, result: Result<(), SharedFault>) -> Result<(), StateError> {
        self.shared_place().map_or(Ok(()), |shared| shared.as_error(result))
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
        self.commit_here()?;
        let Some(kept) = &mut self.kept else { return Ok(()) };
        if let Some(journal) = kept.journal.take() {
            kept.through = Through { run, bytes: journal.length() };
        }
        self.write()?;
        self.forget_old_journals();
        Ok(())
    }

    /// Writes this state to another place, where there is none yet.
    ///
    /// # Errors
    /// [`StateError::Occupied`]; as [`StateStore::open_at`].
    pub fn copy_to(&self, place: &Place, holder: &Holder) -> Result<(), StateError> {
        let mut other = Self::open_at(place, holder)?;
        if other.state.last_run > 0 || other.state.serial > 0 {
            let (place, deployment) = (place.text(), other.state.deployment.clone());
            return Err(StateError::Occupied { place, deployment });
        }
        other.state = self.state.clone();
        other.write()
    }

    /// Takes the lock of a state away from whoever has it; who that was. One that is alive keeps it, unless forced: then it
    /// stops at its next record. On a folder, a process of this machine that lives keeps it in any case.
    ///
    /// # Errors
    /// [`StateError::Alive`], [`StateError::Locked`], unreadable.
    pub fn unlock(place: &Place, is_forced: bool) -> Result<Option<Holder>, StateError> {
        match place {
            Place::Folder(folder) => Lock::clear(folder),
            Place::Shared(place) => shared::unlock(place, is_forced),
        }
    }

    /// Who has the shared state, for how long yet; nothing where nobody has it, or it is in a folder.
    ///
    /// # Errors
    /// As [`StateStore::peek_at`].
    pub fn lease(place: &Place) -> Result<Option<Lease>, StateError> {
        match place {
            Place::Folder(_) => Ok(None),
            Place::Shared(place) => Ok(shared::look(place)?.lease),
        }
    }

    /// The records of a run, for `logs`; empty where its journal is not kept any more.
    ///
    /// # Errors
    /// Unreadable, damaged.
    pub fn records_of(folder: &Path, run: u64) -> Result<Vec<Record>, StateError> {
        let path = folder.join(RUNS).join(file_name(run));
        if path.exists() { Ok(records(&path, &State::new(String::new()))?.records) } else { Ok(Vec::new()) }
    }

    fn shared_place(&self) -> Option<&Shared> {
        self.kept.as_ref()?.shared.as_ref()
    }

    /// The state for its shared place, if it has one.
    fn text_to_share(&mut self) -> Option<String> {
        self.shared_place()?;
        if std::mem::take(&mut self.is_changed) {
            self.state.serial += 1;
        }
        Some(StateFile::of(self.state.clone(), Through::default()).to_text())
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
            let contents = records(&path, &self.state)?;
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
        if self.is_shared() {
            return self.commit();
        }
        let Some(kept) = &self.kept else { return Ok(()) };
        if std::mem::take(&mut self.is_changed) {
            self.state.serial += 1;
        }
        let file = StateFile::of(self.state.clone(), kept.through);
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
    read_file(&bytes, &path).map(Some)
}

/// Reads a state's text, of this version or an older one.
pub(super) fn read_file(bytes: &[u8], path: &Path) -> Result<StateFile, StateError> {
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

/// The records of a journal that goes on after a state, of this version or an older one.
fn records(path: &Path, before: &State) -> Result<journal::Contents<Record>, JournalError> {
    let mut migration = versions::Records::after(before);
    journal::read_with(path, |version, record| migration.next(version, record))
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
