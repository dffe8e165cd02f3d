//! Randomness for pipelines: seeded for each host in a simulation, otherwise from the operating system.

/// Draws 64 random bits.
///
/// # Panics
///
/// If the operating system cannot provide randomness, like std's hash maps.
pub fn u64() -> u64 {
    #[cfg(feature = "sim")]
    if let Some(drawn) = crate::sim::client::draw() {
        return drawn;
    }
    getrandom::u64().expect("the operating system gives randomness")
}

/// Draws a number below `bound`. The bias is under one in 2^32 for bounds of 32 bits.
///
/// # Panics
///
/// If `bound` is zero.
pub fn below(bound: u64) -> u64 {
    assert!(bound > 0, "a draw needs at least one outcome");
    ((u128::from(u64()) * u128::from(bound)) >> 64) as u64
}
