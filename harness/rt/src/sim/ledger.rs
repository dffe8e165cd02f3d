//! Where the events of a run go: into its trace, or, where none is taken, into a count.

use std::time::Duration;

use chaosdrill_core::{Trace, trace::EventKind};
use serde_json::Value;

/// Whether a run is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracing {
    On,
    Off,
}

/// The events of one run.
pub(crate) enum Ledger {
    Traced(Box<Trace>),
    /// How many there were.
    Counted(u64),
}

impl Ledger {
    pub(crate) fn new(tracing: Tracing) -> Self {
        match tracing {
            Tracing::On => Self::Traced(Box::default()),
            Tracing::Off => Self::Counted(0),
        }
    }

    pub(crate) fn is_traced(&self) -> bool {
        matches!(self, Self::Traced(_))
    }

    /// How many events there were so far.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Traced(trace) => trace.events().len() as u64,
            Self::Counted(count) => *count,
        }
    }

    /// Appends an event, and returns its number. Its data is made only where somebody will see it.
    pub(crate) fn push(
        &mut self,
        at: Duration,
        host: &str,
        kind: EventKind,
        name: &str,
        data: impl FnOnce() -> Value,
    ) -> u64 {
        match self {
            Self::Traced(trace) => trace.push(at, host, kind, name, data()),
            Self::Counted(count) => {
                *count += 1;
                *count
            }
        }
    }

    /// Hands out the trace of a run; until it is [put back](Ledger::put_back), events are only counted.
    pub(crate) fn take_trace(&mut self) -> Option<Box<Trace>> {
        let counted = Self::Counted(self.length());
        match std::mem::replace(self, counted) {
            Self::Traced(trace) => Some(trace),
            Self::Counted(_) => None,
        }
    }

    pub(crate) fn put_back(&mut self, trace: Box<Trace>) {
        *self = Self::Traced(trace);
    }

    pub(crate) fn into_trace(self) -> Option<Trace> {
        match self {
            Self::Traced(trace) => Some(*trace),
            Self::Counted(_) => None,
        }
    }
}
