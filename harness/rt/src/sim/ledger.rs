//! Records the events of a run in its trace, or only counts them in an untraced run.

use std::time::Duration;

use chaosdrill_core::{Trace, trace::EventKind};
use serde_json::Value;

/// Whether a run is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracing {
    On,
    Off,
}

/// The events of a run.
pub(crate) enum Ledger {
    Traced(Box<Trace>),
    /// The number of events.
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

    /// The number of events so far.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Traced(trace) => trace.events().len() as u64,
            Self::Counted(count) => *count,
        }
    }

    /// Appends an event, and returns its number. The data is produced only if the run is traced.
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

    /// Takes out the trace of a run. Until it is [put back](Ledger::put_back), events are only counted.
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
