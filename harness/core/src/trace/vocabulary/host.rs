//! Changes of the state of a host.

use serde_json::{Value, json};

use super::{
    Written,
    member::{AT, ERROR, FAULT, FOR_NS, LIFE, PANIC, SKEW_NS},
};
use crate::trace::{EventKind, TraceEvent};

/// A change of the state of a host. A field is `None` if the trace does not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostChange<'a> {
    /// The host is up again.
    Up {
        /// The number of its new life; `None` for a machine that lost nothing.
        life: Option<u64>,
    },
    /// The host stops at once: its memory is lost.
    Down(Option<Cause<'a>>),
    /// The software of the host ended by itself.
    Ended {
        /// The error with which it ended.
        error: Option<&'a str>,
    },
    /// The processor of the host stalls.
    Stalled {
        /// The duration in nanoseconds.
        ns: Option<u64>,
    },
    /// The host continues after a stall.
    Resumed,
    /// The wall clock of the host is off from now on; at zero it is right again.
    Skewed {
        /// The offset in nanoseconds.
        ns: Option<i64>,
    },
    /// A change that this version does not know, by its name.
    Other(&'a str),
}

/// Why a host went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<'a> {
    /// A fault at this site.
    Site(&'a str),
    /// A fault at an instant, by the number of its event.
    Fault(u64),
    /// A task that panicked, with its message.
    Panic(&'a str),
}

impl<'a> HostChange<'a> {
    /// The name of [`HostChange::Down`].
    pub const DOWN: &'static str = "down";
    /// The name of [`HostChange::Resumed`].
    pub const RESUMED: &'static str = "resumed";
    const UP: &'static str = "up";
    const ENDED: &'static str = "ended";
    const STALLED: &'static str = "stalled";
    const SKEWED: &'static str = "skewed";

    pub(super) fn of(event: &'a TraceEvent) -> Self {
        match event.name.as_str() {
            Self::UP => Self::Up { life: event.get(LIFE).as_u64() },
            Self::DOWN => Self::Down(Cause::of(event)),
            Self::ENDED => Self::Ended { error: event.get(ERROR).as_str() },
            Self::STALLED => Self::Stalled { ns: event.get(FOR_NS).as_u64() },
            Self::RESUMED => Self::Resumed,
            Self::SKEWED => Self::Skewed { ns: event.int(SKEW_NS) },
            other => Self::Other(other),
        }
    }

    /// The known members of such an event.
    pub(super) fn members(name: &str) -> &'static [&'static str] {
        match name {
            Self::UP => &[LIFE],
            Self::DOWN => &[AT, FAULT, PANIC],
            Self::ENDED => &[ERROR],
            Self::STALLED => &[FOR_NS],
            Self::SKEWED => &[SKEW_NS],
            _ => &[],
        }
    }
}

impl<'a> Cause<'a> {
    fn of(event: &'a TraceEvent) -> Option<Self> {
        let site = event.get(AT).as_str().map(Self::Site);
        let fault = || event.get(FAULT).as_u64().map(Self::Fault);
        let panic = || event.get(PANIC).as_str().map(Self::Panic);
        site.or_else(fault).or_else(panic)
    }
}

impl Written for HostChange<'_> {
    fn kind(&self) -> EventKind {
        EventKind::Host
    }

    fn name(&self) -> &str {
        match self {
            Self::Up { .. } => Self::UP,
            Self::Down(_) => Self::DOWN,
            Self::Ended { .. } => Self::ENDED,
            Self::Stalled { .. } => Self::STALLED,
            Self::Resumed => Self::RESUMED,
            Self::Skewed { .. } => Self::SKEWED,
            Self::Other(name) => name,
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Up { life: Some(life) } => json!({ LIFE: life }),
            Self::Down(Some(Cause::Site(site))) => json!({ AT: site }),
            Self::Down(Some(Cause::Fault(event))) => json!({ FAULT: event }),
            Self::Down(Some(Cause::Panic(message))) => json!({ PANIC: message }),
            Self::Ended { error: Some(error) } => json!({ ERROR: error }),
            Self::Stalled { ns: Some(ns) } => json!({ FOR_NS: ns }),
            Self::Skewed { ns: Some(ns) } => json!({ SKEW_NS: ns }),
            Self::Up { life: None }
            | Self::Down(None)
            | Self::Ended { error: None }
            | Self::Stalled { ns: None }
            | Self::Resumed
            | Self::Skewed { ns: None }
            | Self::Other(_) => Value::Null,
        }
    }
}
