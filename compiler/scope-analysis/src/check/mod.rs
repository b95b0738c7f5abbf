//! The checks, one file a family of rules.

mod absent;
mod borrowing;
mod bounds;
mod branches;
mod cross;
mod cycles;
mod declared_rule;
mod keeping;
mod laws;
mod one_place;
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
pub use bounds::{expected, open_ends};
pub(crate) use cross::Whole;
pub(crate) use cycles::check_cycles;
pub use cycles::outputs;
pub(crate) use keeping::check_keeping;
pub(crate) use one_place::check_one_place;
pub(crate) use references::Referring;
pub(crate) use rollouts::check_rollouts;
pub use rollouts::{FormerName, element_of, former_names, of_one};
pub(crate) use sameness::check_sameness;
pub(crate) use secrets::{holds_secret, written_at};
pub use unique_key::UniqueKeys;
pub(crate) use values::{below, fits, in_words, no_such_word};
