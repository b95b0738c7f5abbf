//! The state as the steps of a run share it: read at once, written as records, made durable together.
//!
//! `append(a)` in one step, `append(b)` in another, then both `commit().await` → one write and one sync for both. After a
//! failure nothing is recorded any more, and the run stops.

use std::cell::{Cell, RefCell};

use scope_plan::recorded::Relied;

use super::users::Users;
use crate::state::{Fence, Record, SharedFault, State, StateError, StateStore};

/// The state cannot be written; the ledger keeps why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerFailed;

pub(crate) struct Ledger {
    store: RefCell<StateStore>,
    users: RefCell<Users>,
    fence: Fence,
    /// Records appended, and how many of them are durable.
    n_appended: Cell<u64>,
    n_durable: Cell<u64>,
    failure: RefCell<Option<StateError>>,
    /// Who writes to a shared place.
    turn: tokio::sync::Mutex<()>,
}

impl Ledger {
    pub(crate) fn new(store: StateStore) -> Self {
        Self {
            fence: store.fence(),
            users: RefCell::new(Users::new(store.state())),
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
        self.users.borrow().of(relied)
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
        self.users.borrow_mut().follow(self.store.borrow().state(), &record);
        let result = self.store.borrow_mut().append(record);
        self.noted(result)
    }

    /// Makes durable what was recorded before. Steps that ask at the same time share one sync.
    pub(crate) async fn commit(&self) -> Result<(), LedgerFailed> {
        let wanted = self.n_appended.get();
        if self.is_durable(wanted)? {
            return Ok(());
        }
        if self.store.borrow().is_shared() {
            return self.commit_shared(wanted).await;
        }
        if self.store.borrow().is_dirty() {
            // Others that are ready to run may have something to record, too.
            tokio::task::yield_now().await;
            if self.is_durable(wanted)? {
                return Ok(());
            }
        }
        self.commit_now()
    }

    /// The same at a place that several machines share: one write at a time, and what was recorded meanwhile goes with the
    /// next one.
    async fn commit_shared(&self, wanted: u64) -> Result<(), LedgerFailed> {
        let _turn = self.turn.lock().await;
        if self.is_durable(wanted)? {
            return Ok(());
        }
        let appended = self.n_appended.get();
        let result = self.store.borrow_mut().commit_here();
        self.noted(result)?;
        let Some(end) = self.store.borrow_mut().begin_share() else { return Ok(()) };
        let result = end.await.unwrap_or_else(|_| Err(SharedFault::Unusable("its thread ended".into())));
        let result = self.store.borrow().finish_share(result);
        self.noted(result)?;
        self.n_durable.set(appended);
        Ok(())
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
        self.commit_shared(u64::MAX).await
    }

    /// The same without waiting for others.
    fn commit_now(&self) -> Result<(), LedgerFailed> {
        let appended = self.n_appended.get();
        let result = self.store.borrow_mut().commit();
        self.noted(result)?;
        self.n_durable.set(appended);
        #[cfg(test)]
        crate::oracle::killing::committed();
        Ok(())
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
