//! Each procedure against a site that answers from a script: every request is expected, every answer is given.

mod adopting;
mod bringing;
mod calling;
mod ensuring;
mod fake;
mod looking;
mod losing;
mod remaking;
mod stuck;
mod undoing;
