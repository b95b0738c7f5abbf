//! Services that take requests and do not answer: after a few such requests in a row the others are not sent any more.
//!
//! Three requests to `base` at `paris`, each silent for its whole time → the circuit is *open*: what is asked there is answered
//! at once as if the site were cut off. One request goes through whenever the pause is over (*half open*), which doubles up to
//! a minute; any answer closes the circuit. Without it each of a thousand steps would wait out its own time. A step that was not
//! answered itself goes on with the tries that it has.
//!
//! A refusal that is told at once costs nothing and opens no circuit: only a silence of [`PATIENCE`] counts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use scope_plan::plan::SiteId;
use tokio::time::Instant;

use crate::heartbeat::{FIRST_PAUSE, LONGEST_PAUSE, PATIENCE};

/// So many silences in a row, and the service is taken to be cut off.
const MOST_SILENCES: u32 = 3;

/// The circuits of a run, one for each service at a site: what is cut off together.
#[derive(Debug, Default)]
pub(crate) struct Circuits(RefCell<BTreeMap<SiteId, BTreeMap<String, Circuit>>>);

#[derive(Debug)]
struct Circuit {
    n_silences: u32,
    pause: Duration,
    /// When the next request may go through, once it is open.
    next: Instant,
}

impl Circuits {
    /// Why a request is not sent now; `None`: it is.
    pub(crate) fn refuses(&self, site: SiteId, service: &str) -> Option<String> {
        let mut circuits = self.0.borrow_mut();
        let circuit = circuits.get_mut(&site)?.get_mut(service).filter(|circuit| circuit.is_open())?;
        let now = Instant::now();
        if now >= circuit.next {
            circuit.next = now + circuit.pause;
            circuit.pause = (circuit.pause * 2).min(LONGEST_PAUSE);
            return None;
        }
        Some(format!("{} requests in a row were not answered", circuit.n_silences))
    }

    /// The service answered something.
    pub(crate) fn heard(&self, site: SiteId, service: &str) {
        if let Some(circuits) = self.0.borrow_mut().get_mut(&site) {
            circuits.remove(service);
        }
    }

    /// A request was not answered in that time.
    pub(crate) fn silent(&self, site: SiteId, service: &str, waited: Duration) {
        if waited < PATIENCE {
            return;
        }
        let mut circuits = self.0.borrow_mut();
        let fresh = || Circuit { n_silences: 0, pause: FIRST_PAUSE, next: Instant::now() };
        let of_site = circuits.entry(site).or_default();
        of_site.entry(service.to_owned()).or_insert_with(fresh).n_silences += 1;
    }
}

impl Circuit {
    fn is_open(&self) -> bool {
        self.n_silences >= MOST_SILENCES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::block_on;

    const PARIS: SiteId = SiteId(0);

    #[test]
    fn opens_after_silences_in_a_row_and_lets_one_through_in_each_pause() {
        block_on(true, async {
            let circuits = Circuits::default();
            let silent = || circuits.silent(PARIS, "base", PATIENCE);
            let is_asked = || circuits.refuses(PARIS, "base").is_none();
            silent();
            silent();
            circuits.heard(PARIS, "base");
            silent();
            silent();
            circuits.silent(PARIS, "base", PATIENCE / 2);
            assert!(is_asked() && is_asked(), "two in a row, and one that was told at once");
            silent();
            assert!(is_asked(), "one is tried");
            assert!(!is_asked());
            assert!(circuits.refuses(PARIS, "other").is_none());
            for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
                tokio::time::sleep(Duration::from_millis(pause * 1000 - 1)).await;
                assert!(!is_asked(), "before {pause} s");
                tokio::time::sleep(Duration::from_millis(1)).await;
                assert!(is_asked() && !is_asked(), "after {pause} s");
            }
            circuits.heard(PARIS, "base");
            assert!(is_asked() && is_asked());
        });
    }
}
