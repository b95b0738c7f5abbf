//! The server as an editor sees it, over a connection in memory.

mod editor;
mod hints;
mod names;
mod protocol;
mod reports;
