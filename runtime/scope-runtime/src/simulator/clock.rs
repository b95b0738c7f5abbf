//! Virtual time: how long the simulation has been going on, in microseconds, on tokio's clock.
//!
//! In goes nothing but the runtime's clock, out come [`Moment`]s. On a runtime made by [`virtual_runtime`] the clock
//! is paused and jumps to the next timer whenever nothing else can run: a wait of ten minutes takes no time, and two
//! runs of one program see the same moments.
//!
//! `clock.sleep_until(clock.now() + 600 * SECOND).await`

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::state::civil_date;

/// Microseconds since the simulation began.
pub type Moment = u64;

/// One second, in the unit of [`Moment`].
pub const SECOND: u64 = 1_000_000;

/// 2026-01-01T00:00:00Z: what a simulated site's calendar says when the simulation begins.
const CALENDAR_START: u64 = 1_767_225_600;

/// Counts from the first time it is asked on a runtime. Clones share the time.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    start: Arc<OnceLock<Instant>>,
    /// The last moment that was told.
    last: Arc<AtomicU64>,
}

impl Clock {
    /// How long it has been counting. Off the runtime, whose clock is another one, time stands still.
    pub(super) fn now(&self) -> Moment {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.last.load(Ordering::Relaxed);
        }
        let elapsed = Instant::now().saturating_duration_since(self.start());
        let now = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
        now
    }

    fn start(&self) -> Instant {
        *self.start.get_or_init(Instant::now)
    }

    /// Waits for a moment; returns at once when it has passed.
    pub(super) async fn sleep_until(&self, moment: Moment) {
        // tokio's timer counts whole milliseconds and never fires early, so a moment that has come is not waited for.
        if moment > self.now() {
            tokio::time::sleep_until(self.start() + Duration::from_micros(moment)).await;
        }
    }
}

/// A runtime of one thread whose clock is paused: what simulations run on.
///
/// # Errors
/// When the operating system gives no runtime.
pub fn virtual_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()
}

/// `2026-01-01T00:10:00Z` for ten minutes after the beginning.
pub(super) fn timestamp(moment: Moment) -> String {
    let seconds = CALENDAR_START + moment / SECOND;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_date(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_follow_the_calendar() {
        for (moment, expected) in [
            (0, "2026-01-01T00:00:00Z"),
            (600 * SECOND, "2026-01-01T00:10:00Z"),
            (59 * 86_400 * SECOND, "2026-03-01T00:00:00Z"),
            (789 * 86_400 * SECOND + 86_399 * SECOND, "2028-02-29T23:59:59Z"),
            (790 * 86_400 * SECOND, "2028-03-01T00:00:00Z"),
        ] {
            assert_eq!(timestamp(moment), expected);
        }
    }
}
