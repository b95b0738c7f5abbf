//! What can be wrong with a state, and the failure that a run makes of it.
//!
//! `Locked { holder: ana }` → E0911, "the state is locked by ana at …", "wait until that run ends; …".

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::super::lock::Holder;
use super::super::shared::{Lease, SharedFault};
use super::super::{VERSION, WRITTEN_BY, utc};
use crate::events::{Failure, Outcome};
use crate::journal::JournalError;
use crate::shell;

/// What can be wrong with a state.
#[derive(Debug, Error)]
pub enum StateError {
    /// Another run uses it.
    #[error("{}", words_for_locked(.holder.as_ref()))]
    Locked {
        /// Who, if it can be read.
        holder: Option<Holder>,
    },
    /// It cannot be read.
    #[error("the state cannot be read: {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It cannot be written.
    #[error("the state cannot be written: {path}: {error}")]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It was written by a newer version.
    #[error(
        "{path} was written by {} (format {found}); this is {WRITTEN_BY}, which reads up to format {}",
        .by.as_deref().unwrap_or("a newer version of the tool"),
        VERSION
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
    /// The journal of a run that did not come to its end, and with it what that run did.
    #[error("the journal of run {run} is gone: {path}")]
    Lost {
        /// The run.
        run: u64,
        /// Where it was.
        path: PathBuf,
    },
    /// It is not there, and journals of its runs are.
    #[error("the state is lost: {path} is not there, and beside it are the journals of its runs")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A run's journal.
    #[error("the journal cannot be used: {0}")]
    Journal(#[from] JournalError),
}

impl StateError {
    /// As the failure of a run.
    pub fn failure(&self) -> Failure {
        let code = match self {
            StateError::Lost { .. } => "E0880",
            StateError::Journal(
                JournalError::Damaged { .. }
                | JournalError::Cut { .. }
                | JournalError::Header { .. }
                | JournalError::Version { .. },
            )
            | StateError::Damaged { .. }
            | StateError::Missing { .. } => "E0920",
            StateError::Unwritten { .. } | StateError::Journal(JournalError::Write { .. }) => "E0921",
            StateError::Shared { fault: SharedFault::Unusable(_) | SharedFault::Refused(_), .. } => "E0943",
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
            StateError::Locked { holder: Some(holder) } if !holder.is_here() => failure.with_help(
                "wait until that run ends (`scope status` tells how far it is); if its machine died, `scope state unlock` frees the lock",
            ),
            StateError::Locked { .. } => failure
                .with_help("wait until that run ends (`scope status` tells how far it is); if its process is no longer alive, the next run takes the lock over"),
            StateError::Leased { lease, .. } if lease.holder.is_gone() => failure.with_help(format!(
                "that process is gone: the lock ends in {} s, or at once by `scope state unlock`",
                lease.for_ms.div_ceil(1000)
            )),
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
            StateError::Damaged { .. }
            | StateError::Lost { .. }
            | StateError::Missing { .. }
            | StateError::Journal(
                JournalError::Damaged { .. }
                | JournalError::Cut { .. }
                | JournalError::Header { .. }
                | JournalError::Version { .. },
            ) => failure.with_help(
                "bring the state's folder back from a copy; without one, move it away and `scope state rebuild FILE`: what bears its mark is found again",
            ),
            StateError::Journal(JournalError::Write { .. }) => failure
                .with_help("mend the disk, then `scope resume`: what was recorded before is kept, the rest is looked up"),
            StateError::Unwritten { .. } => failure.with_help(
                "make room there, or let it be written, then run again: nothing is sent that cannot be recorded",
            ),
            StateError::Shared { fault: SharedFault::Unusable(_), place } => failure.with_help(format!(
                "when the place answers again, the same command once more; a run that it stopped goes on with `scope resume --state {}`: what was recorded there before is kept, the rest is looked up",
                shell::word(place)
            )),
            StateError::Shared { fault: SharedFault::Refused(_), .. } => failure.with_help(
                "mend that, then the same command once more: who asks is in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, in `SCOPE_STATE_TOKEN`, or in `SCOPE_STATE_USER` and `SCOPE_STATE_PASSWORD`",
            ),
            StateError::Shared { fault: SharedFault::TakenOver(_), place } => failure.with_help(format!(
                "this run has stopped, and what it had sent is recorded there: `scope status --state {}` says what the other one does",
                shell::word(place)
            )),
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

    pub(in crate::state) fn shared(place: &str, fault: SharedFault) -> Self {
        StateError::Shared { place: place.to_owned(), fault }
    }
}

fn words_for_shared(place: &str, fault: &SharedFault) -> String {
    match fault {
        SharedFault::Unusable(words) | SharedFault::Refused(words) => {
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
