//! Checks the circuit breaker between a handler and the backend: when it opens, and when it closes again.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, History, Outcome, Priority};
use serde_json::Value;

/// Failures in a row that open the circuit.
const FAILURES_MAX: u32 = 5;

/// How long it stays open after the last of them.
const OPEN: Duration = Duration::from_secs(30);

/// While the circuit of a handler is open, it sends no request to the backend.
pub(crate) fn an_open_circuit_spares_the_backend() -> Check {
    Check::new("an_open_circuit_spares_the_backend", |history| {
        let wrong = judged(history, "circuit.asking", |circuit, at| circuit.is_open(at));
        Outcome::unless(wrong.map(|(event, circuit)| {
            let why = format!(
                "#{} {} asks the backend after {} failures in a row",
                event.seq, event.host, circuit.failures
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// A handler does not send a request to the backend only if it failed five times in a row, the last time within half a
/// minute.
pub(crate) fn an_open_circuit_closes_again() -> Check {
    Check::new("an_open_circuit_closes_again", |history| {
        let wrong = judged(history, "circuit.spared", |circuit, at| !circuit.is_open(at));
        Outcome::unless(wrong.map(|(event, circuit)| {
            let why = format!(
                "#{} {} does not ask the backend, {} s after the last of {} failures in a row",
                event.seq,
                event.host,
                event.at().saturating_sub(circuit.last).as_secs(),
                circuit.failures
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// The circuit of a handler, as its calls so far leave it.
#[derive(Clone, Copy, Default)]
struct Circuit {
    failures: u32,
    /// When the last call ended.
    last: Duration,
}

impl Circuit {
    fn is_open(&self, at: Duration) -> bool {
        self.failures >= FAILURES_MAX && at < self.last + OPEN
    }
}

/// The first event of this name for which the circuit of its host is wrong.
fn judged<'a>(
    history: &'a History<'_>,
    name: &str,
    is_wrong: impl Fn(&Circuit, Duration) -> bool,
) -> Option<(&'a Event, Circuit)> {
    let mut circuits: BTreeMap<&str, Circuit> = BTreeMap::new();
    for event in history.events() {
        let circuit = circuits.entry(&event.host).or_default();
        if event.ends_a_life() {
            *circuit = Circuit::default();
        } else if event.name == "circuit.asked" {
            let is_ok = event.get("ok") == &Value::Bool(true);
            let failures = if is_ok { 0 } else { circuit.failures + 1 };
            *circuit = Circuit { failures, last: event.at() };
        } else if event.name == name && is_wrong(circuit, event.at()) {
            return Some((event, *circuit));
        }
    }
    None
}
