//! Numbers from a seed: the same ones on every machine.

/// splitmix64
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }

    /// One to `most` of the numbers below `below`, each once, in any order.
    pub fn some_of(&mut self, below: usize, most: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..below).collect();
        let n = 1 + self.below(most);
        (0..n).map(|_| all.remove(self.below(all.len()))).collect()
    }
}
