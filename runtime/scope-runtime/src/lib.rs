//! Runs a Plan against real or simulated sites.

pub mod site;
