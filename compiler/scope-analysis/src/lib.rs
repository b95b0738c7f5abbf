//! AST and drivers to HIR: names, types, scopes, collaboration rules.

pub mod hir;
pub mod world;
