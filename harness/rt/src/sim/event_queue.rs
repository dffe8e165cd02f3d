//! What will happen at an instant: faults that strike, and the end of each fault that lasts.

use std::{collections::BTreeMap, time::Duration};

use crate::sim::{host::MachineId, link::Pair};

/// Something that happens at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Event {
    /// A fault of the plan strikes, by its index.
    Strike(usize),
    /// A stalled host goes on.
    Resume(usize),
    /// A delayed step goes on, by its number.
    Proceed(u64),
    Restart(usize),
    Repair(Pair),
    Release(Pair),
    /// A clock is set back by as much as it was set forward, in nanoseconds.
    Unskew(usize, i64),
    /// A machine that was down serves again.
    MachineUp(MachineId),
}

/// The events to come; events of one instant in the order in which they were scheduled.
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

    /// Schedules an event; with `None` it never happens.
    pub(crate) fn schedule_if(&mut self, at: Option<Duration>, event: Event) {
        if let Some(at) = at {
            self.schedule(at, event);
        }
    }

    /// Takes the first event that happens by `now`.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<Event> {
        let (key, _) = self.events.first_key_value().filter(|((at, _), _)| *at <= now)?;
        let key = *key;
        self.events.remove(&key)
    }

    /// When the first event happens; `None` if there is none.
    pub(crate) fn first_at(&self) -> Option<Duration> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// Cancels all events but these.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(Event) -> bool) {
        self.events.retain(|_, event| is_kept(*event));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many events were ever scheduled: another number means that there is something new to wait for.
    #[cfg_attr(not(madsim), expect(dead_code, reason = "turmoil looks at the queue in every step"))]
    pub(crate) fn scheduled(&self) -> u64 {
        self.scheduled
    }
}
