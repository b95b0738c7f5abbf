//! A Plan rendered as files for existing engines.
