//! Exponential backoff: how long to wait after failures.

use chaosdrill_rt::time::Duration;

/// Doubles the wait after each failure, from `first` up to `longest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// The maximum wait.
    pub longest: Duration,
}

impl Default for Backoff {
    /// From 1 s to 30 s.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The wait after this many consecutive failures; zero if there were none.
    pub fn after(self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_and_stops_doubling() {
        let seconds = |failures| Backoff::default().after(failures).as_secs();
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 500].map(seconds), [0, 1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
