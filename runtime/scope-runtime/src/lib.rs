//! Runs a Plan against real or simulated sites.
//!
//! In come a plan, the sites and the recorded state; out come events and a report. Read in the order of the modules below.
//!
//! `runner::run(&plan, &sites, &mut state, &options, &mut observe)` → [`report::Report`]

pub mod site;

pub mod events;
pub mod report;

mod mutants;
mod rows;
pub mod schedule;

mod fit;
mod procedure;
pub mod runner;

pub mod journal;
pub mod state;

pub mod redact;
pub mod shell;

pub mod simulator;

pub mod heartbeat;
pub mod hooks;
pub mod scenario;

pub mod real;

#[cfg(test)]
// The counts of cases are what these tests are for.
#[allow(clippy::print_stdout)]
mod oracle;
