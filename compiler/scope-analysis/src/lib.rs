//! AST and drivers to HIR: names, types, scopes, collaboration rules.
