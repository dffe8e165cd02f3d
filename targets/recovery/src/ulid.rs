//! Ids that sort by the time at which they were made (ULIDs): 48 bits of milliseconds, 80 of randomness.

use chaosdrill_rt::{rng, time};

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new id.
pub fn new() -> String {
    let random = u128::from(rng::u64()) << 64 | u128::from(rng::u64());
    of(u64::try_from(time::unix_ms()).unwrap_or(0), random)
}

/// The id for this instant, in milliseconds since 1970, and this randomness.
pub fn of(unix_ms: u64, random: u128) -> String {
    let number = u128::from(unix_ms) << 80 | random & ((1 << 80) - 1);
    let letter = |place: u32| char::from(LETTERS[(number >> (5 * place) & 31) as usize]);
    (0..26).rev().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        assert_eq!(of(0, 0), "0".repeat(26));
        assert_eq!(of(0, 33), format!("{}11", "0".repeat(24)));
        assert!(of(1_000, u128::MAX) < of(1_001, 0));
        assert_eq!(of(1_469_918_176_385, 0).get(..10), Some("01ARYZ6S41"));
        assert_ne!(new(), new());
    }
}
