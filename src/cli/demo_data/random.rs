//! Pseudo-random numbers that are the same in every run (splitmix64: Steele, Lea, Flood 2014).

/// A generator of pseudo-random numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Returns a generator. Two generators with the same `seed` and `stream` return the same numbers.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 (inclusive) to 1 (exclusive).
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number below `bound`, or 0 if `bound` is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Returns one of the items, or `None` if there is none. The probability of an item is proportional to its weight.
    pub(super) fn weighted<T>(&mut self, items: impl Iterator<Item = (T, f64)> + Clone) -> Option<T> {
        let total: f64 = items.clone().map(|(_, weight)| weight).sum();
        let mut rest = self.fraction() * total;
        let mut chosen = None;
        for (item, weight) in items.filter(|(_, weight)| *weight > 0.0) {
            chosen = Some(item);
            rest -= weight;
            if rest < 0.0 {
                break;
            }
        }
        chosen
    }
}
