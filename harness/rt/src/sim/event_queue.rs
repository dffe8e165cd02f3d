//! Scheduled events: faults that strike at an instant, and the end of each fault that lasts.

use std::{collections::BTreeMap, time::Duration};

use crate::sim::{host::MachineId, link::Pair};

/// A scheduled event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Event {
    /// A fault of the plan strikes, by its index.
    Strike(usize),
    /// A stalled host resumes.
    Resume(usize),
    /// A delayed step resumes, by its number.
    Proceed(u64),
    Restart(usize),
    Repair(Pair),
    Release(Pair),
    /// A clock is set back by the amount it was set forward, in nanoseconds.
    Unskew(usize, i64),
    /// A machine that was down is up again.
    MachineUp(MachineId),
}

/// The scheduled events. Events at the same instant are in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(crate) struct EventQueue {
    events: BTreeMap<(Duration, u64), Event>,
    scheduled: u64,
}

impl EventQueue {
    pub(crate) fn schedule(&mut self, at: Duration, event: Event) {
        self.scheduled += 1;
        self.events.insert((at, self.scheduled), event);
    }

    /// Schedules an event; discards it if the instant is `None`.
    pub(crate) fn schedule_if(&mut self, at: Option<Duration>, event: Event) {
        if let Some(at) = at {
            self.schedule(at, event);
        }
    }

    /// Takes the first event that is due by `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Event> {
        let (key, _) = self.events.first_key_value().filter(|((at, _), _)| *at <= now)?;
        let key = *key;
        self.events.remove(&key)
    }

    /// The instant of the first event; `None` if there is none.
    pub(crate) fn first_at(&self) -> Option<Duration> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// Cancels all events except these.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(Event) -> bool) {
        self.events.retain(|_, event| is_kept(*event));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The number of events that were ever scheduled. If it changed, there is a new event to wait for.
    #[cfg_attr(not(madsim), expect(dead_code, reason = "turmoil looks at the queue in every step"))]
    pub(crate) fn scheduled(&self) -> u64 {
        self.scheduled
    }
}
