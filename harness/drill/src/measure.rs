//! The wall clock of the harness itself; its values go only into `measured`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A stopwatch, which knows when it was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant, SystemTime);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the harness reads the wall clock"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// When it was started, counted from the beginning of 1970.
    pub(crate) fn started(self) -> Duration {
        self.1.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}
