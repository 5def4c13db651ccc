//! Repeatable chance: the same seed and purpose give the same throws.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A source of throws for one purpose.
pub(crate) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The dice that `seed` gives for `purpose`, a path such as device and command.
    pub(crate) fn new(seed: u64, purpose: &[&str]) -> Self {
        // FNV-1a: standard hashers promise no stable value.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        seed.to_le_bytes().into_iter().for_each(&mut mix);
        for part in purpose {
            part.bytes().for_each(&mut mix);
            mix(0xff); // occurs in no UTF-8: ("a", "bc") is not ("ab", "c")
        }
        Self(Xoshiro256PlusPlus::seed_from_u64(hash))
    }

    /// A number from 0 to below `limit`; 0 where `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// A number of `range`, both ends included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[self.below(N as u64) as usize]
    }

    /// `length` characters of `alphabet`, which must be ASCII and not empty.
    pub(crate) fn letters(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..length).map(|_| char::from(alphabet[self.below(alphabet.len() as u64) as usize])).collect()
    }

    /// `N` bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// For distributions of other crates.
    pub(crate) fn rng(&mut self) -> &mut impl Rng {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    fn throws(seed: u64, purpose: &[&str]) -> Vec<u64> {
        let mut dice = Dice::new(seed, purpose);
        (0..8).map(|_| dice.below(1_000_000)).collect()
    }

    #[test]
    fn same_seed_and_purpose_give_the_same_throws() {
        assert_eq!(throws(1, &["core-1", "serial"]), throws(1, &["core-1", "serial"]));
    }

    #[test]
    fn seed_and_each_part_of_the_purpose_matter() {
        let first = throws(1, &["ab", "c"]);
        assert_ne!(first, throws(2, &["ab", "c"]));
        assert_ne!(first, throws(1, &["a", "bc"]));
        assert_ne!(first, throws(1, &["abc"]));
    }

    #[test]
    fn throws_do_not_change_between_releases() {
        // A recorded fleet must come back the same: this fails when a dependency changes its numbers.
        assert_eq!(throws(7, &["core-1"])[..3], [385_171, 32_337, 805_489]);
    }
}
