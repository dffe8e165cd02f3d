//! When the director of a run is asked: the same on every simulator.

use std::time::Duration;

use crate::sim::{
    director::{Control, Director, Next},
    effect::NetworkControl,
    simulation::with_world,
};

/// What the director knows, and when it wants to be asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectorSchedule {
    pub(crate) quiescent: bool,
    /// Whether the director knows of the quiescence at hand.
    pub(crate) told: bool,
    /// Length of the history when the director last looked.
    seen: u64,
    /// When the director wants to look again: on activity from the first, at the second in any case.
    wake: (Duration, Duration),
}

impl Default for DirectorSchedule {
    fn default() -> Self {
        let wake = (Duration::ZERO, Duration::ZERO);
        Self { quiescent: false, told: false, seen: u64::MAX, wake }
    }
}

impl DirectorSchedule {
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
