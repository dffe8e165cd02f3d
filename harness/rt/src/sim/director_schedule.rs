//! Schedules the calls of a run's director, identically on every simulator.

use std::time::Duration;

use crate::sim::{
    director::{Control, Director, Next},
    effect::NetworkControl,
    simulation::with_world,
};

/// What was reported to the director, and when it must be called again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectorSchedule {
    pub(crate) quiescent: bool,
    /// Whether the current quiescence was reported to the director.
    pub(crate) told: bool,
    /// The length of the history at the last call.
    seen: u64,
    /// When to call the director again: from the first instant on if there was activity, and at the second in any case.
    wake: (Duration, Duration),
}

impl Default for DirectorSchedule {
    fn default() -> Self {
        let wake = (Duration::ZERO, Duration::ZERO);
        Self { quiescent: false, told: false, seen: u64::MAX, wake }
    }
}

impl DirectorSchedule {
    /// Ends the quiescence: something happens again.
    pub(crate) fn is_broken(&mut self) {
        (self.quiescent, self.told) = (false, false);
    }

    /// When to call the director next, given the current length of the history.
    pub(crate) fn next(&self, history_length: u64) -> Duration {
        let (not_before, at) = self.wake;
        if history_length == self.seen { at } else { at.min(not_before) }
    }

    /// Calls the director if it is time. Returns `true` if the run is over.
    pub(crate) fn ask(
        &mut self,
        now: Duration,
        director: &mut dyn Director,
        network: &mut dyn NetworkControl,
    ) -> bool {
        let length = with_world(|world| world.history_length);
        if !self.quiescent && now < self.next(length) {
            return false;
        }
        self.told |= self.quiescent;
        let mut control = Control { quiescent: self.quiescent || self.told, network };
        let next = director.wake(&mut control);
        self.seen = with_world(|world| world.history_length);
        match next {
            Next::Finish => true,
            Next::Wake { not_before, at } => {
                self.wake = (not_before, at);
                false
            }
        }
    }
}
