//! A run that is killed, cut off, held, or whose disk fails: the real `scope` process over local HTTP sites.
//!
//! `desk` is the sites: a service with three kinds of things, each with another way of being repeated safely, that counts
//! what it did and can do something (kill the runner) around any request. `town` is the sites of the examples.

mod addresses;
mod again;
mod answering;
mod consoles;
mod damage;
mod depot;
pub mod desk;
mod detaching;
mod dividing;
mod doubling;
mod each;
mod foretelling;
#[cfg(unix)]
mod freezing;
mod guarding;
mod hostile;
mod keeping;
mod keepsakes;
mod killing;
mod leaving;
mod moves;
mod names;
mod objects;
mod owing;
mod past;
mod planning;
mod rebuilding;
mod references;
mod remaking;
mod secrets;
mod sharing;
mod staying;
mod terminal;
mod town;
mod trust;
mod versions;
mod waiting;
mod waves;
mod wire;
