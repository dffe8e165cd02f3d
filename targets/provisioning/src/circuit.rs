//! The circuit breaker before the backend: after some failures in a row the backend is spared for a while.

use chaosdrill_rt::time::{self, Duration};

/// Failures of the backend in a row after which it is spared.
const FAILURES_MAX: u32 = 5;

/// How long it is spared.
const SPARED: Duration = Duration::from_secs(30);

/// Spares a backend that only fails.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    failures: u32,
    open_until: Option<time::Instant>,
}

impl Circuit {
    pub(crate) fn is_open(&self) -> bool {
        self.open_until.is_some_and(|until| time::Instant::now() < until)
    }

    pub(crate) fn note(&mut self, is_ok: bool) {
        self.failures = if is_ok { 0 } else { self.failures.saturating_add(1) };
        let is_too_much = self.failures >= FAILURES_MAX;
        self.open_until = is_too_much.then(|| time::Instant::now() + SPARED);
    }
}
