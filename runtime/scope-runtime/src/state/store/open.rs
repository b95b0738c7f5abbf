//! A state taken up: its lock taken, what a crashed run recorded after the last `state.json` replayed; or only looked at.
//!
//! A shared place needs no replay: it has every record that anything was built on, and the journals of this machine are for
//! its logs only.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use super::super::folder::replace_file;
use super::super::lock::{Holder, Lock};
use super::super::place;
use super::super::shared::{self, Lease, Shared};
use super::super::{Place, Record, Run, State};
use super::files::{RUNS, Through, file_name, journals, load, make_durable_folder, records, stopped};
use super::{FILE, Kept, StateError, StateFile, StateStore};
use crate::journal::{self, JournalError};

/// A process waits with the state left to others.
#[derive(Debug)]
pub struct Waiting(#[expect(dead_code, reason = "held until dropped")] Lock);

impl StateStore {
    /// The state in `folder` (made if need be), for this process alone until it is dropped.
    ///
    /// # Errors
    /// Locked, unreadable, newer, damaged.
    pub fn open(folder: &Path, holder: &Holder) -> Result<Self, StateError> {
        make_durable_folder(&folder.join(RUNS))
            .map_err(|error| StateError::Unwritten { path: folder.to_owned(), error })?;
        let lock = Lock::take(folder, holder)?;
        let (state, through, is_new) = match load(folder)? {
            Some(loaded) => (loaded.state, loaded.through, false),
            None => (State::new(random_id()), Through::default(), true),
        };
        let kept = Kept { folder: folder.to_owned(), through, journal: None, is_new, shared: None, lock };
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
            .map_err(|error| StateError::Unwritten { path: folder.to_owned(), error })?;
        let lock = Lock::take(folder, holder)?;
        // So that it is found again without being named.
        replace_file(folder, place::NAME, shared.address.as_bytes())
            .map_err(|error| StateError::Unwritten { path: folder.to_owned(), error })?;
        let fresh = || StateFile::of(State::new(random_id()), Through::default());
        let (StateFile { state, .. }, _, shared) = Shared::take(shared, holder, fresh)?;
        // A run that did not come to its end may have changed what a plan relied on.
        let is_changed = state.runs.last().is_some_and(|run| run.verdict.is_none());
        let kept = Kept {
            folder: folder.to_owned(),
            through: Through::default(),
            journal: None,
            is_new: false,
            shared: Some(shared),
            lock,
        };
        Ok(Self { state, kept: Some(kept), is_changed })
    }

    /// Whether there is a state at a place.
    ///
    /// # Errors
    /// A shared place that does not answer.
    pub fn is_at(place: &Place) -> Result<bool, StateError> {
        match place {
            Place::Folder(folder) => Ok(folder.join(FILE).is_file()),
            Place::Shared(shared) => Ok(shared::look(shared)?.file.is_some()),
        }
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
            let contents = records(run, &path, &state, loaded.through)?;
            // What is in the file as a whole is not applied again: later facts, outside of runs, are in the file only.
            if (Through::of(run, contents.length)) != loaded.through {
                contents.records.iter().for_each(|record| state.apply(record));
            }
        }
        Ok(state)
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

    /// Who uses the state now: on this machine, a process that lives; elsewhere, as far as it is said there.
    ///
    /// # Errors
    /// A shared place that does not answer.
    pub fn holder(place: &Place) -> Result<Option<Holder>, StateError> {
        match place {
            Place::Folder(folder) => Ok(Lock::holder(folder)),
            Place::Shared(_) => {
                Ok(Self::lease(place)?.filter(|lease| lease.for_ms > 0).map(|lease| lease.holder))
            }
        }
    }

    /// Who waits on this machine, with the state left to others, until sites answer.
    pub fn waiter(place: &Place) -> Option<Holder> {
        Lock::waiter(place.logs())
    }

    /// Says that this process waits, until it is dropped. Of several one is named.
    pub fn wait_at(place: &Place, holder: &Holder) -> Option<Waiting> {
        Lock::wait(place.logs(), holder).ok().map(Waiting)
    }

    /// The records of a run, for `logs`; empty where its journal is not kept here: not any more, or on another machine.
    ///
    /// # Errors
    /// Unreadable, damaged.
    pub fn records_of(folder: &Path, past: &Run) -> Result<Vec<Record>, StateError> {
        let run = past.run;
        let path = folder.join(RUNS).join(file_name(run));
        if !path.exists() {
            return Ok(Vec::new());
        }
        let file = load(folder)?;
        let through = file.as_ref().map_or_else(Through::default, |file| file.through);
        let contents = records(run, &path, &State::new(String::new()), through)?;
        let mut runs = file.iter().flat_map(|file| &file.state.runs);
        let has_ended = runs.any(|known| known.run == run && known.verdict.is_some());
        if has_ended && !matches!(contents.records.last(), Some(Record::RunEnded { .. })) {
            let record = contents.records.len() + 1;
            return Err(JournalError::Cut { path, record, offset: contents.length }.into());
        }
        // Of a shared state, one of this number that never reached the place may have begun here.
        let is_its_own = !matches!(contents.records.first(),
            Some(Record::RunStarted { at_ms, by, .. }) if (*at_ms, by) != (past.started_ms, &past.by));
        Ok(if is_its_own { contents.records } else { Vec::new() })
    }

    /// Why a run stopped whose end could not be recorded, as far as that could be written.
    pub fn why_stopped(folder: &Path, run: u64) -> Option<String> {
        let why = std::fs::read_to_string(stopped(folder, run)).ok()?;
        Some(if why.is_empty() { "what it did could not be recorded (E0921)".to_owned() } else { why })
    }

    /// Applies what journals hold beyond `state.json`; the number of records.
    fn replay(&mut self, cuts: bool) -> Result<usize, StateError> {
        let Some(kept) = &mut self.kept else { return Ok(0) };
        let mut n_replayed = 0;
        for (run, path) in journals(&kept.folder)? {
            if run < kept.through.run {
                continue;
            }
            let contents = records(run, &path, &self.state, kept.through)?;
            if cuts && contents.n_torn > 0 {
                journal::cut(&path, contents.length)?;
            }
            let through = Through::of(run, contents.length);
            if through == kept.through {
                continue;
            }
            // Applying a record twice changes nothing, so a journal that is partly in the file is applied whole.
            contents.records.iter().for_each(|record| self.state.apply(record));
            self.state.last_run = self.state.last_run.max(run);
            n_replayed += contents.records.len();
            kept.through = through;
        }
        Ok(n_replayed)
    }
}

/// 64 random bits; the standard library seeds its hashers from the operating system.
fn random_id() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
