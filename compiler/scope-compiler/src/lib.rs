//! The façade: compile(world, entry, options) to a Compilation.
