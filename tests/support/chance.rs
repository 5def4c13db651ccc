//! Moments that nobody has chosen, and that can be had again.

/// SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    /// From `NETSWEEP_TEST_SEED` where it is set, else from the clock; the output of a failed test has it.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("NETSWEEP_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
            u64::from(now.subsec_nanos())
        });
        println!("NETSWEEP_TEST_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
