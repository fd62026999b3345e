//! Repeatable chance for tests that draw failures from a seed.

/// A generator of pseudorandom numbers (xorshift64*), good enough to pick moments.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to below the limit.
    pub(crate) fn below<N>(&mut self, limit: N) -> N
    where
        N: TryFrom<u64>,
        u64: TryFrom<N>,
    {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        let limit = u64::try_from(limit).ok().unwrap();
        N::try_from(high % limit).ok().unwrap()
    }

    /// True once in this many times, on average.
    pub(crate) fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}

/// The seeds to play: a fixed set, or the one named by `SMILEPOST_SEED`, or as many as
/// `SMILEPOST_SEEDS` says.
pub(crate) fn seeds(usual: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("SMILEPOST_SEED") {
        return vec![seed];
    }
    (0..number("SMILEPOST_SEEDS").unwrap_or(usual)).collect()
}
