//! The integration tests of the whole system, one binary.
