//! Text to tokens to layout to AST, and back.
