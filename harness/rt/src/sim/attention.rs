//! When the director of a run is asked, and which bounds end it: the same on every simulator.

use std::time::Duration;

use crate::sim::{Bounds, Control, Director, Levers, Next, Stop, world};

/// What the director was told, and when it wants to hear more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attention {
    pub(crate) quiescent: bool,
    /// Whether the director knows of the quiescence at hand.
    pub(crate) told: bool,
    /// Length of the history when the director last looked.
    seen: u64,
    /// When the director wants to look again: on activity from the first, at the second in any case.
    wake: (Duration, Duration),
}

impl Default for Attention {
    fn default() -> Self {
        let wake = (Duration::ZERO, Duration::ZERO);
        Self { quiescent: false, told: false, seen: u64::MAX, wake }
    }
}

impl Attention {
    /// Something happens again.
    pub(crate) fn is_broken(&mut self) {
        (self.quiescent, self.told) = (false, false);
    }

    /// When the director is to be asked next, as far as the history at hand says.
    pub(crate) fn next(&self, history_length: u64) -> Duration {
        let (not_before, at) = self.wake;
        if history_length == self.seen { at } else { at.min(not_before) }
    }

    /// Asks the director, where it is time to; true where the run is over.
    pub(crate) fn ask(
        &mut self,
        now: Duration,
        director: &mut dyn Director,
        levers: &mut dyn Levers,
    ) -> bool {
        let length = world::with(|world| world.history_length);
        if !self.quiescent && now < self.next(length) {
            return false;
        }
        self.told |= self.quiescent;
        let mut control = Control { quiescent: self.quiescent || self.told, driver: levers };
        let next = director.wake(&mut control);
        self.seen = world::with(|world| world.history_length);
        match next {
            Next::Finish => true,
            Next::Wake { not_before, at } => {
                self.wake = (not_before, at);
                false
            }
        }
    }
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
