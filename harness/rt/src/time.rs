//! Sleep, timeouts, intervals, and the wall clock.
//!
//! Timers use the monotonic clock: if a host's clock is skewed, its wall clock is wrong but its timers are right.

pub use std::time::Duration;

#[cfg(all(feature = "sim", madsim))]
pub use crate::sim::simulator::time::{
    Elapsed, Interval, MissedTickBehavior, Sleep, Timeout, interval, interval_at, sleep,
    sleep_until, timeout, timeout_at,
};
pub use tokio::time::Instant;
#[cfg(not(all(feature = "sim", madsim)))]
pub use tokio::time::{
    Interval, MissedTickBehavior, Sleep, Timeout, error::Elapsed, interval, interval_at, sleep,
    sleep_until, timeout, timeout_at,
};

/// The wall clock of the current host, in milliseconds since 1970-01-01T00:00:00Z.
pub fn unix_ms() -> i64 {
    #[cfg(feature = "sim")]
    if let Some(ms) = crate::sim::client::unix_ms() {
        return ms;
    }
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others are to ask")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
