//! The shared document: who has the state, then the state as in `state.json`.
//!
//! `with_lock(None, {"version":2,…})` → `{"lock":null,"version":2,…}`; whoever keeps it in a folder may take it as it is.

use serde::{Deserialize, Serialize};

use crate::state::lock::Holder;
use crate::state::store::{StateError, StateFile, read_file};

/// Who has the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lock {
    /// Random: tells this holder from every other, another process of the same person too.
    pub(super) token: String,
    /// The number of the write: with the token, it tells whether a write whose answer was lost has arrived.
    pub(super) n: u64,
    /// When it was renewed last, in milliseconds since 1970 by the holder's clock.
    pub(super) renewed_ms: u64,
    /// How long after that it ends.
    pub(super) lease_ms: u64,
    #[serde(flatten)]
    pub(super) holder: Holder,
}

impl Lock {
    /// For how long yet, if it is not renewed.
    pub(super) fn for_ms(&self, now_ms: u64) -> u64 {
        self.renewed_ms.saturating_add(self.lease_ms).saturating_sub(now_ms)
    }
}

/// The document of a state's text, which is a JSON object.
pub(super) fn with_lock(lock: Option<&Lock>, state: &str) -> Vec<u8> {
    let lock = serde_json::to_string(&lock).expect("text keys only");
    format!("{{\"lock\":{lock},{}", state.strip_prefix('{').expect("a state is an object")).into_bytes()
}

/// Reads a document.
pub(super) fn read(address: &str, bytes: &[u8]) -> Result<(Option<Lock>, StateFile), StateError> {
    let file = read_file(bytes, address.as_ref())?;
    Ok((lock_of(bytes), file))
}

/// Only who has it; a lock that cannot be read is none.
pub(super) fn lock_of(bytes: &[u8]) -> Option<Lock> {
    #[derive(Deserialize)]
    struct Only {
        lock: Option<Lock>,
    }
    serde_json::from_slice::<Only>(bytes).ok()?.lock
}
