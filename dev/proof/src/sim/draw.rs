//! Draws: chance out of the seed.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// A source of chance.
pub struct Draw(Xoshiro256PlusPlus);

impl Draw {
    /// The source of a seed.
    pub fn of(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The source of one thing in a run: the same wherever it comes in the order of things, so that a
    /// shortened schedule is like the one it comes from.
    pub fn at(seed: u64, thing: impl Hash) -> Self {
        let mut hasher = Steady(seed ^ 0x9e37_79b9_7f4a_7c15);
        thing.hash(&mut hasher);
        Self::of(hasher.finish())
    }

    /// A number of a range.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// Whether something of so many per cent is the case.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.within(0..100) < percent
    }

    /// One of several.
    ///
    /// # Panics
    /// Where there is none.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let index = self.0.random_range(0..of.len());
        of[index].clone()
    }

    /// One of several, each as often as its weight says.
    ///
    /// # Panics
    /// Where there is none.
    pub fn weighted<T: Clone>(&mut self, of: &[(u64, T)]) -> T {
        let total = of.iter().map(|(weight, _)| weight).sum();
        let mut left = self.within(0..total);
        for (weight, thing) in of {
            if left < *weight {
                return thing.clone();
            }
            left -= weight;
        }
        unreachable!("the weights were summed")
    }
}

/// A hasher that is the same in every build (FNV-1a).
pub struct Steady(u64);

impl Steady {
    /// An empty one.
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Steady {
    fn finish(&self) -> u64 {
        // One more stir: low entropy in the last bytes must reach all bits.
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
