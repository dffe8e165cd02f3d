//! The reasons why a run ends before its director says so.

use std::time::Duration;

pub use chaosdrill_core::run::Stop;

use crate::sim::config::Bounds;

impl Bounds {
    /// The bound that a run has exceeded.
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
