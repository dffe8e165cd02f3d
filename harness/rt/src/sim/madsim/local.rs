//! The state of madsim's driver: what the harness waits for, and how far the hosts' tasks have come.

use std::{
    cell::{Cell, RefCell},
    task::Waker,
    time::Duration,
};

use crate::sim::director_schedule::DirectorSchedule;

/// The state of madsim's driver.
#[derive(Default)]
pub(crate) struct Local {
    /// The number of polls of hosts' tasks.
    pub(super) polls: Cell<u64>,
    pub(super) last_poll: Cell<Duration>,
    /// The number of armed timers.
    pub(super) armed: Cell<usize>,
    pub(super) pause: RefCell<Option<Pause>>,
}

/// The wait of the harness.
pub(super) struct Pause {
    pub(super) interest: Interest,
    /// The instant until which it sleeps.
    pub(super) until: Duration,
    /// The length of the history and the number of scheduled events at the last look.
    pub(super) seen: (u64, u64),
    pub(super) waker: Waker,
}

/// The conditions under which the harness must act.
#[derive(Clone, Copy)]
pub(super) struct Interest {
    pub(super) schedule: DirectorSchedule,
    /// The director is not called before this instant.
    pub(super) floor: Duration,
    pub(super) steps_max: u64,
    pub(super) events_max: u64,
    pub(super) virtual_max: Duration,
}
