//! Whether nobody can have taken a shared state over: told by who keeps it, looked at by who sends.
//!
//! A write that arrived → sure for three quarters of the lease from when it was begun. A process that was frozen does not
//! know for how long, so who sends looks at the last moment, when the connection is there: [`Fence::pass`]. After a write
//! that failed for good it is over, and nobody passes any more.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::keeper::now_ms;

/// Until when the lease surely lasts, by both clocks: one of them does not count while the machine sleeps.
#[derive(Clone, Copy, Debug)]
struct Sure {
    until: Instant,
    until_ms: u64,
    /// Nothing is written any more.
    is_over: bool,
}

impl Sure {
    fn holds(self) -> bool {
        Instant::now() < self.until && now_ms() < self.until_ms
    }
}

/// What the keeper tells.
#[derive(Debug)]
pub(super) struct Assurance(watch::Sender<Sure>);

impl Assurance {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Sure { until: Instant::now(), until_ms: 0, is_over: false }))
    }

    /// A write that was begun then has arrived.
    pub(super) fn renew(&self, began: Instant, began_ms: u64, lease: Duration) {
        let sure = lease * 3 / 4;
        let until_ms = began_ms.saturating_add(u64::try_from(sure.as_millis()).unwrap_or(u64::MAX));
        self.0.send_replace(Sure { until: began + sure, until_ms, is_over: false });
    }

    /// Nothing is written any more: whoever waits need not.
    pub(super) fn end(&self) {
        self.0.send_modify(|sure| sure.is_over = true);
    }

    /// For who sends.
    pub(super) fn fence(&self) -> Fence {
        Fence(Some(self.0.subscribe()))
    }
}

/// What a request passes last before it is sent. Of a state that nobody else can take over, it is open.
#[derive(Clone, Debug, Default)]
pub struct Fence(Option<watch::Receiver<Sure>>);

/// The state is not ours any more, or cannot be made sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is sent any more: another run may have taken the state over")]
pub struct FenceClosed;

#[cfg(test)]
impl Fence {
    /// Of a state that another run has taken over.
    pub(crate) fn closed() -> Self {
        let assurance = Assurance::new();
        assurance.end();
        assurance.fence()
    }

    /// Of one that is shared, and surely ours for an hour.
    pub(crate) fn open_for_now() -> Self {
        let assurance = Assurance::new();
        assurance.renew(Instant::now(), now_ms(), Duration::from_secs(3600));
        assurance.fence()
    }
}

impl Fence {
    /// Whether the state is at a place where another run could take it over.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_some()
    }

    /// Whether nobody can have taken the state over since it was written last.
    pub(crate) fn is_open(&self) -> bool {
        self.0.as_ref().is_none_or(|sure| sure.borrow().holds())
    }

    /// At once while the lease surely lasts; else when the keeper has renewed it, which it does by itself.
    ///
    /// # Errors
    /// [`FenceClosed`]: it could not.
    pub async fn pass(&self) -> Result<(), FenceClosed> {
        if self.is_open() {
            return Ok(());
        }
        let Some(mut told) = self.0.clone() else { return Ok(()) };
        loop {
            let sure = *told.borrow_and_update();
            if sure.holds() {
                return Ok(());
            }
            if sure.is_over || told.changed().await.is_err() {
                return Err(FenceClosed);
            }
        }
    }
}
