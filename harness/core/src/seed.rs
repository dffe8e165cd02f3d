//! The seed of a run, and the streams of randomness derived from it by label.
//!
//! Every consumer of randomness names its stream, so that a new consumer does not shift the draws of the others. A
//! stream is ChaCha8 under a key that BLAKE3 derives from the seed and the label, so consecutive seeds have nothing in
//! common. The vectors at the end of this file are pinned: if they change, every seed ever noted is void.

use std::{fmt, str::FromStr};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// BLAKE3 key-derivation context; part of the meaning of every seed.
const CONTEXT: &str = "chaosdrill 2026 seed stream v1";

/// The one number that determines a run.
///
/// Parsed from decimal, `0x` hex, or a Git commit hash of 40 hex digits, of which the first 16 count, so that a commit
/// names its own seed (an idea of TigerBeetle's `parse_seed`). Printed in hex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed(pub u64);

/// The error for a text that is not a seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a seed; write a decimal number, 0x and hex digits, or a 40-digit commit hash"
)]
pub struct SeedError(String);

impl Seed {
    /// The stream of randomness for one consumer.
    pub fn stream(self, label: &str) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.0.to_le_bytes());
        hasher.update(label.as_bytes());
        Stream(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        let refuse = |_| SeedError(text.to_owned());
        let plain = |digits: &str, radix| {
            // `from_str_radix` accepts a sign, but a seed has none.
            if digits.starts_with('+') {
                return Err(SeedError(text.to_owned()));
            }
            u64::from_str_radix(digits, radix).map(Seed).map_err(refuse)
        };
        if text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return plain(&text[..16], 16);
        }
        match text.strip_prefix("0x") {
            Some(hex) => plain(hex, 16),
            None => plain(text, 10),
        }
    }
}

impl serde::Serialize for Seed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Seed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Seed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seed".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^0x[0-9a-f]{1,16}$" })
    }
}

/// One consumer's randomness.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, without bias.
    ///
    /// # Panics
    ///
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a draw needs at least one outcome");
        // Lemire's multiply-shift with rejection (Fast random integer generation in an interval, 2019).
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            if wide as u64 >= threshold {
                return (wide >> 64) as u64;
            }
        }
    }

    /// A number in `low..=high`.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range has no outcome");
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.next_u64(),
        }
    }

    /// `true` in `numerator` of `denominator` draws.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// One of the items; `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len() as u64) as usize) }
    }

    /// Fills a buffer.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned for ever: a change here voids every seed that was ever written down.
    #[test]
    fn golden_vectors() {
        let draw = |seed, label| {
            let mut stream = Seed(seed).stream(label);
            [stream.next_u64(), stream.next_u64(), stream.next_u64()].map(|n| format!("{n:016x}"))
        };
        insta::assert_debug_snapshot!([
            draw(0, "workload"),
            draw(0, "latency"),
            draw(0x2a, "workload"),
            draw(u64::MAX, "workload"),
        ]);
    }

    #[test]
    fn labels_and_seeds_are_independent() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            for label in ["", "a", "b", "ab", "ba"] {
                assert!(seen.insert(Seed(seed).stream(label).next_u64()), "{seed} {label}");
            }
        }
    }

    #[test]
    fn three_ways_to_write_a_seed() {
        assert_eq!("42".parse(), Ok(Seed(42)));
        assert_eq!("0x2a".parse(), Ok(Seed(42)));
        let commit = "00000000000000ff0123456789abcdef01234567";
        assert_eq!(commit.parse(), Ok(Seed(255)));
        assert_eq!(Seed(42).to_string(), "0x2a");
        for wrong in ["", "-1", "+1", "0x", "0x+1", "2a", "0x1_0", " 1", "18446744073709551616"] {
            assert_eq!(wrong.parse::<Seed>(), Err(SeedError(wrong.to_owned())), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_printed_seed_is_read_back(number: u64) {
            proptest::prop_assert_eq!(Seed(number).to_string().parse(), Ok(Seed(number)));
        }

        #[test]
        fn draws_stay_in_their_range(seed: u64, low in 0_u64..1000, width in 0_u64..1000) {
            let drawn = Seed(seed).stream("test").between(low, low + width);
            proptest::prop_assert!((low..=low + width).contains(&drawn));
        }
    }
}
