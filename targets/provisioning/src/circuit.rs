//! The circuit breaker of the backend: after several failures in a row, no calls are sent to it for a while.

use chaosdrill_rt::{
    defect,
    time::{self, Duration},
};

/// Failures in a row that open the circuit.
const FAILURES_MAX: u32 = 5;

/// How long it stays open.
const SPARED: Duration = Duration::from_secs(30);

/// Blocks calls to a backend that keeps failing.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    failures: u32,
    open_until: Option<time::Instant>,
}

impl Circuit {
    pub(crate) fn is_open(&self) -> bool {
        let is_open = self.open_until.is_some_and(|until| time::Instant::now() < until);
        defect!("R44", false, is_open)
    }

    pub(crate) fn note(&mut self, is_ok: bool) {
        self.failures = if is_ok { 0 } else { self.failures.saturating_add(1) };
        let is_too_much = self.failures >= FAILURES_MAX;
        let spared = defect!("R45", Duration::from_secs(24 * 60 * 60), SPARED);
        self.open_until = is_too_much.then(|| time::Instant::now() + spared);
    }
}
