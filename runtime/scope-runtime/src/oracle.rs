//! The whole system against a reference: what programs mean by the rules, and what compiler and runtime make of them.
//!
//! In come random well-typed programs, what happens to each request, and where a cut falls; the [`rules`] say what must
//! come of it: verdict, effects, undos, owed undos, end state. The plan as lowered and the optimised one, run over simulated
//! sites, must both end so (guarantees 5 and 6). `base: note at nantes | paris`, nantes cut → made at paris, nothing undone.
//!
//! ```text
//! numbers ─> program ─> rules over [places] ───────────────────────> what must be
//!               └─> text ─> compile ─> run over simulated sites ─> what is
//! ```
//!
//! A failure prints the program, what happens to its requests, and the numbers it is made from; proptest makes them fewer.

mod program;
mod random;

mod rules;

mod fate;
mod places;

mod doomed;
mod examples;
mod play;
mod watch;

mod destroying;
mod differential;
mod moving;
mod mutants;
mod properties;
mod sites;

mod explore;
mod foretold;
mod pinned;
mod seeds;
mod trace;
mod unheard;
mod weather;

pub(crate) mod killing;
