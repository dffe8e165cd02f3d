//! The phases of a run.

use serde_json::Value;

use super::Written;
use crate::trace::EventKind;

/// A phase of a run that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase<'a> {
    /// The faults heal.
    Heal,
    /// All liveness checks hold, and must continue to hold.
    Calm,
    /// No event is scheduled any more, but a client still waits.
    Deadlock,
    /// A phase that this version does not know.
    Other(&'a str),
}

impl<'a> Phase<'a> {
    /// The name of [`Phase::Heal`].
    pub const HEAL: &'static str = "heal";
    /// The name of [`Phase::Deadlock`].
    pub const DEADLOCK: &'static str = "deadlock";
    const CALM: &'static str = "calm";

    /// The phase with this name.
    pub fn of(name: &'a str) -> Self {
        match name {
            Self::HEAL => Self::Heal,
            Self::CALM => Self::Calm,
            Self::DEADLOCK => Self::Deadlock,
            other => Self::Other(other),
        }
    }
}

impl Written for Phase<'_> {
    fn kind(&self) -> EventKind {
        EventKind::Phase
    }

    fn name(&self) -> &str {
        match self {
            Self::Heal => Self::HEAL,
            Self::Calm => Self::CALM,
            Self::Deadlock => Self::DEADLOCK,
            Self::Other(name) => name,
        }
    }

    fn data(&self) -> Value {
        Value::Null
    }
}
