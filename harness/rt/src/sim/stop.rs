//! Why a run ends before its director says so.

use std::time::Duration;

use crate::sim::config::Bounds;

/// Why a run ended before its director said so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// A host was polled over and over without virtual time going on.
    Spinning {
        /// Which host.
        host: String,
    },
    /// A bound was met.
    Bound {
        /// Which one, in words.
        which: String,
    },
    /// Code that belongs to no host of ours panicked.
    Panicked {
        /// What it said.
        message: String,
    },
}

impl Bounds {
    /// The bound that a run has met.
    pub(crate) fn met(&self, elapsed: Duration, steps: u64, events: u64) -> Option<Stop> {
        let which = if elapsed > self.virtual_max {
            format!("{} of virtual time", chaosdrill_core::duration::format(self.virtual_max))
        } else if steps > self.steps_max {
            format!("{} simulator steps", self.steps_max)
        } else if events > self.events_max {
            format!("{} events in the trace", self.events_max)
        } else {
            return None;
        };
        Some(Stop::Bound { which })
    }
}
