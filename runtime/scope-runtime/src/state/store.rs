//! A state and where it is kept: in a folder beside the program, at a place that several machines share, or nowhere
//! (simulations).
//!
//! ```text
//! .scope/two-clouds/state.json            the state as of the last run, replaced as a whole
//! .scope/two-clouds/runs/00000008.journal what run 8 recorded, one record after the other
//! .scope/two-clouds/runs/00000008.stopped why run 8 ended, where that could not be recorded
//! .scope/two-clouds/runs/00000008.synced  how much of that is durable
//! .scope/two-clouds/lock                  who is using it
//! ```
//! Here it is used and written; `open` takes it up, `files` knows what is in the folder, `error` what may be wrong.

mod error;
mod files;
mod open;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use scope_plan::recorded::Recorded;
use tokio::sync::oneshot;

use super::folder::{private_file, replace_file, sync_folder};
use super::lock::Lock;
use super::shared::{Fence, Shared, SharedFault};
use super::{KEPT_RUNS, Record, RunEnd, Started, State, WRITTEN_BY};
use crate::journal::{self, Journal};
use files::{RUNS, Through, file_name, journals, stopped};

pub use error::StateError;
pub(super) use files::{FILE, StateFile, read_file};
pub use open::Waiting;

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
    /// There was none before.
    is_new: bool,
    /// The place that the state is at, if that is not the folder.
    shared: Option<Shared>,
    /// Dropped last: all is written before the lock goes.
    lock: Lock,
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
            let _ = std::fs::remove_file(stopped(&kept.folder, run));
            if kept.shared.is_some() {
                // Of a run that never reached the shared place; its number is free.
                let _ = journal::remove(&path);
            }
            kept.journal = Some(Journal::create(&path)?);
            sync_folder(&runs).map_err(|error| StateError::Unwritten { path: runs, error })?;
            kept.through = Through::begun(run, 0);
        }
        let written_by = WRITTEN_BY.to_owned();
        let (by, plan) = (by.to_owned(), plan.to_owned());
        self.append(Record::RunStarted { run, by, at_ms, written_by, plan, started })?;
        self.commit()?;
        if let Some(kept) = &mut self.kept
            && let Some(journal) = &kept.journal
        {
            kept.through = Through::begun(run, journal.length());
        }
        if !self.is_shared()
            // The state names the run that goes on after it: without its journal it is not whole.
            && let Err(error) = self.write()
        {
            self.unbegin();
            return Err(error);
        }
        Ok(run)
    }

    /// A run that did nothing and is named nowhere leaves no journal.
    fn unbegin(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        kept.journal = None;
        // Where it stays, the next run takes it for one that was stopped.
        let _ = journal::remove(&kept.folder.join(RUNS).join(file_name(kept.through.run)));
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

    /// What requests to sites pass: closed when another run may have taken a shared state over; of others, open.
    pub fn fence(&self) -> Fence {
        self.shared_place().map_or_else(Fence::default, Shared::fence)
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

    /// Ends the run and writes `state.json`.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn end_run(&mut self, run: u64, end: RunEnd) -> Result<(), StateError> {
        self.append(Record::RunEnded { run, end })?;
        self.commit_here()?;
        let Some(kept) = &mut self.kept else { return Ok(()) };
        if let Some(journal) = kept.journal.take() {
            kept.through = Through::of(run, journal.length());
        }
        self.write()?;
        self.forget_old_journals();
        Ok(())
    }

    /// Says beside its journal why a run stops whose end cannot be recorded. What made it stop may hinder that, too: then
    /// the name of the file is all that there is, or nothing.
    pub fn leave_why(&self, run: u64, why: &str) {
        let Some(kept) = &self.kept else { return };
        let path = stopped(&kept.folder, run);
        let mut options = OpenOptions::new();
        if let Ok(mut file) = private_file(options.write(true).create(true).truncate(true), &path) {
            let _ = file.write_all(why.as_bytes());
        }
    }

    /// Takes away a state that was made for this process and in which nothing is recorded yet.
    pub fn leave_nothing(self) {
        let Some(kept) = self.kept.as_ref().filter(|kept| kept.is_new && kept.shared.is_none()) else {
            return;
        };
        if self.state != State::new(self.state.deployment.clone()) {
            return;
        }
        // A failure leaves an empty state, which harms nothing.
        let _ = std::fs::remove_dir(kept.folder.join(RUNS));
        let _ = std::fs::remove_file(kept.folder.join(FILE));
        kept.lock.remove(&kept.folder);
        let _ = std::fs::remove_dir(&kept.folder);
        let _ = kept.folder.parent().map(std::fs::remove_dir);
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

    /// What records of the run go to.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.kept.as_ref()?.journal.as_ref()
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
            .map_err(|error| StateError::Unwritten { path: kept.folder.join(FILE), error })
    }

    /// Journals of runs that are not in the history any more are of no use. A failure here harms nothing.
    fn forget_old_journals(&self) {
        let Some(kept) = &self.kept else { return };
        let oldest = self.state.last_run.saturating_sub(KEPT_RUNS as u64 - 1);
        for (run, path) in journals(&kept.folder).unwrap_or_default() {
            if run < oldest {
                let _ = std::fs::remove_file(stopped(&kept.folder, run));
                let _ = journal::remove(&path);
            }
        }
    }
}

/// Whether a plan made before may be another one now.
fn changes_plans(record: &Record) -> bool {
    matches!(
        record,
        Record::Resource { .. }
            | Record::Gone { .. }
            | Record::Claimed { .. }
            | Record::Call { .. }
            | Record::Choice { .. }
            | Record::Protected { .. }
            | Record::LetGo { .. }
            | Record::Owed { .. }
            | Record::Renamed(_)
    )
}

#[cfg(test)]
mod tests;
