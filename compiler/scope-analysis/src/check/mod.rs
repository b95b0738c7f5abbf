//! The checks, one file a family of rules.

mod absent;
mod borrowing;
mod branches;
mod cross;
mod cycles;
mod declared_rule;
mod laws;
mod places;
mod quantity;
mod quorum;
mod records;
mod references;
mod rollouts;
mod sameness;
mod secrets;
mod unique_key;
mod values;
mod versions;

pub(crate) use absent::leave_out;
pub(crate) use cross::Whole;
pub(crate) use cycles::check_cycles;
pub use cycles::outputs;
pub(crate) use references::Referring;
pub(crate) use rollouts::check_rollouts;
pub use rollouts::former_names;
pub(crate) use sameness::check_sameness;
pub(crate) use secrets::{holds_secret, written_at};
pub use unique_key::{UniqueKeys, key_of_set};
pub(crate) use values::{below, fits, in_words, no_such_word};
