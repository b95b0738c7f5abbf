//! The drivers of the standard library, as text.
