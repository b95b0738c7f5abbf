//! The `scope` command.

fn main() {}
