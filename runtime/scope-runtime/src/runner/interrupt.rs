//! How the user stops a run.
//!
//! `interrupt.interrupt()` once → nothing new is started, requests under way are awaited for a moment; twice → at once.

use std::sync::Arc;

use tokio::sync::watch::Sender;

/// Stops a run from outside. Clones are handles on the same one, usable from any thread.
#[derive(Clone, Debug)]
pub struct Interrupt {
    level: Arc<Sender<u8>>,
}

impl Interrupt {
    /// Not interrupted.
    pub fn new() -> Self {
        Self { level: Arc::new(Sender::new(0)) }
    }

    /// Stops, or stops harder.
    pub fn interrupt(&self) {
        self.level.send_modify(|level| *level = level.saturating_add(1));
    }

    /// How often it was told so far.
    pub fn level(&self) -> u8 {
        *self.level.borrow()
    }

    /// Resolves once it was told at least so often.
    pub(crate) async fn reached(&self, at_least: u8) {
        let mut level = self.level.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = level.wait_for(|level| *level >= at_least).await;
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}
