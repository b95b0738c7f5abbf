//! Whole runs over simulated sites: with cuts, losses and freezes, interrupted, killed and begun again.

mod interrupting;
mod killing;
mod late;
mod random;
mod reporting;
mod simulated;
mod stage;
