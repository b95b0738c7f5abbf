//! The state as the steps of a run share it: read at once, written as records, made durable together.
//!
//! `append(a)` in one step, `append(b)` in another, then both `commit().await` → one write and one sync for both. After a
//! failure nothing is recorded any more, and the run stops.

use std::cell::{Cell, RefCell};

use scope_plan::recorded::Relied;

use super::recorded::Recorded;
use crate::state::{Fence, Record, SharedFault, State, StateError, StateStore};

/// The state cannot be written; the ledger keeps why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerFailed;

pub(crate) struct Ledger {
    store: RefCell<StateStore>,
    recorded: RefCell<Recorded>,
    fence: Fence,
    /// Records appended, and how many of them are durable.
    n_appended: Cell<u64>,
    n_durable: Cell<u64>,
    failure: RefCell<Option<StateError>>,
    /// Who writes.
    turn: tokio::sync::Mutex<()>,
}

impl Ledger {
    pub(crate) fn new(store: StateStore) -> Self {
        Self {
            fence: store.fence(),
            recorded: RefCell::new(Recorded::new(store.state())),
            store: RefCell::new(store),
            n_appended: Cell::new(0),
            n_durable: Cell::new(0),
            failure: RefCell::new(None),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Reads the state. The closure must not ask the ledger again.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(self.store.borrow().state())
    }

    /// Who is recorded to rely upon a resource, name and site.
    pub(crate) fn users_of(&self, relied: &Relied) -> Vec<(String, String)> {
        self.recorded.borrow().users(relied)
    }

    /// What a thing is called besides `own`, if it is recorded so.
    pub(crate) fn other_name(&self, thing: &Relied, own: &str) -> Option<String> {
        self.recorded.borrow().names(thing).find(|name| *name != own).map(str::to_owned)
    }

    /// Whether records are written anywhere.
    pub(crate) fn is_kept(&self) -> bool {
        self.store.borrow().is_kept()
    }

    /// Whether something is recorded that is not durable yet.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_sound() && self.is_kept() && self.n_durable.get() < self.n_appended.get()
    }

    /// Records a fact; durable after the next commit.
    pub(crate) fn append(&self, record: Record) -> Result<(), LedgerFailed> {
        self.n_appended.set(self.n_appended.get() + 1);
        self.recorded.borrow_mut().follow(self.store.borrow().state(), &record);
        let result = self.store.borrow_mut().append(record);
        self.noted(result)
    }

    /// Makes durable what was recorded before. Steps that ask at the same time share one write and one sync: one is under way
    /// at a time, and what is recorded meanwhile goes with the next one.
    pub(crate) async fn commit(&self) -> Result<(), LedgerFailed> {
        self.commit_up_to(self.n_appended.get()).await
    }

    async fn commit_up_to(&self, wanted: u64) -> Result<(), LedgerFailed> {
        if !self.is_kept() || self.is_durable(wanted)? {
            return Ok(());
        }
        // Boxed, so that a step that waits for something else does not take the room of this.
        Box::pin(self.make_durable(wanted)).await
    }

    async fn make_durable(&self, wanted: u64) -> Result<(), LedgerFailed> {
        // Others that are ready to run may have something to record, too.
        tokio::task::yield_now().await;
        let _turn = self.turn.lock().await;
        if self.is_durable(wanted)? {
            return Ok(());
        }
        let appended = self.n_appended.get();
        self.sync().await?;
        self.share().await?;
        self.n_durable.set(appended);
        #[cfg(test)]
        crate::oracle::killing::committed();
        Ok(())
    }

    /// Makes the journal durable on this machine, where the loop does not wait for the disk.
    async fn sync(&self) -> Result<(), LedgerFailed> {
        let Some(journal) = self.store.borrow().journal().cloned() else { return Ok(()) };
        // A run that is to die at a commit dies at the same one each time.
        #[cfg(test)]
        if crate::oracle::killing::is_counting() {
            return self.noted(journal.commit().map_err(StateError::from));
        }
        let result = tokio::task::spawn_blocking(move || journal.commit()).await;
        let result = result.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()));
        self.noted(result.map_err(StateError::from))
    }

    /// Sends the state to its place, where several machines share it.
    async fn share(&self) -> Result<(), LedgerFailed> {
        let Some(end) = self.store.borrow_mut().begin_share() else { return Ok(()) };
        let result = end.await.unwrap_or_else(|_| Err(SharedFault::Unusable("its thread ended".into())));
        let result = self.store.borrow().finish_share(result);
        self.noted(result)
    }

    /// Makes sure that the state is still ours: before something is sent that changes a site, and when a request failed, which
    /// may be since it was not (`Fence`). A process that was frozen after its last commit may have been taken over.
    pub(crate) async fn assure(&self) -> Result<(), LedgerFailed> {
        if !self.is_sound() {
            return Err(LedgerFailed);
        }
        if self.fence.is_open() {
            return Ok(());
        }
        self.commit_up_to(u64::MAX).await
    }

    /// Whether the state could be written so far.
    pub(crate) fn is_sound(&self) -> bool {
        self.failure.borrow().is_none()
    }

    /// Ends the run in the state.
    pub(crate) fn end(
        &self,
        end: impl FnOnce(&mut StateStore) -> Result<(), StateError>,
    ) -> Option<StateError> {
        if let Some(failure) = self.failure.borrow_mut().take() {
            return Some(failure);
        }
        end(&mut self.store.borrow_mut()).err()
    }

    /// Says beside the journal why the run stops.
    pub(crate) fn leave_why(&self, run: u64, why: &str) {
        self.store.borrow().leave_why(run, why);
    }

    /// Gives the state back.
    pub(crate) fn into_store(self) -> StateStore {
        self.store.into_inner()
    }

    fn is_durable(&self, wanted: u64) -> Result<bool, LedgerFailed> {
        if self.is_sound() { Ok(self.n_durable.get() >= wanted) } else { Err(LedgerFailed) }
    }

    fn noted(&self, result: Result<(), StateError>) -> Result<(), LedgerFailed> {
        result.map_err(|error| {
            tracing::error!(%error, "the state cannot be written");
            self.failure.borrow_mut().get_or_insert(error);
            LedgerFailed
        })
    }
}
