//! What a program means, names resolved: sites, drivers, resources with their places, values known or deferred.
//!
//! Made by analysis from syntax trees, taken by lowering. A part that was in error is a hole ([`Value::Error`],
//! [`Type::Error`]) that no later check reports again.

mod amount;
mod carrying;
mod driver;
mod operation;
mod program;
mod resource_type;
mod test;
mod types;
mod value;

pub use amount::*;
pub use carrying::*;
pub use driver::*;
pub use operation::*;
pub use program::*;
pub use resource_type::*;
pub use test::*;
pub use types::*;
pub use value::*;
