//! Pauses made a little longer or shorter, so that many that failed together do not come back together.
//!
//! `jitter.spread(1000)` → something from 750 to 1250, the same for the same seed.

use std::cell::Cell;

/// A small generator (SplitMix64): its numbers need only be spread, not secret.
#[derive(Debug)]
pub(crate) struct Jitter(Cell<u64>);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// A time within a quarter of this one, in milliseconds.
    pub(crate) fn spread(&self, milliseconds: u64) -> u64 {
        let quarter = milliseconds / 4;
        milliseconds - quarter + self.next() % (2 * quarter + 1)
    }

    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut value = self.0.get();
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Jitter;

    #[test]
    fn within_a_quarter_and_the_same_for_the_same_seed() {
        let (one, other) = (Jitter::new(7), Jitter::new(7));
        let spread: Vec<u64> = (0..1000).map(|_| one.spread(1000)).collect();
        assert!(spread.iter().all(|pause| (750..=1250).contains(pause)));
        assert!(spread.iter().max().unwrap_or(&0) - spread.iter().min().unwrap_or(&0) > 450);
        assert_eq!(spread, (0..1000).map(|_| other.spread(1000)).collect::<Vec<_>>());
        assert_eq!(one.spread(0), 0);
    }
}
