//! Randomness for pipelines: seeded by host inside a simulation, the operating system's outside.

/// 64 random bits.
///
/// # Panics
///
/// When the operating system has no randomness to give, as std's hash maps do.
pub fn u64() -> u64 {
    #[cfg(feature = "sim")]
    if let Some(drawn) = crate::sim::handle::draw() {
        return drawn;
    }
    getrandom::u64().expect("the operating system gives randomness")
}

/// A number below `bound`; the bias is under one in 2^32 for bounds of 32 bits.
///
/// # Panics
///
/// When `bound` is zero.
pub fn below(bound: u64) -> u64 {
    assert!(bound > 0, "a draw needs at least one outcome");
    ((u128::from(u64()) * u128::from(bound)) >> 64) as u64
}
