//! What madsim's driver keeps for a simulation: what the harness waits for, and how far the hosts' tasks have come.

use std::{
    cell::{Cell, RefCell},
    task::Waker,
    time::Duration,
};

use crate::sim::director_schedule::DirectorSchedule;

/// The state of madsim's driver.
#[derive(Default)]
pub(crate) struct Local {
    /// Polls of hosts' tasks.
    pub(super) polls: Cell<u64>,
    pub(super) last_poll: Cell<Duration>,
    /// Timers that are armed.
    pub(super) armed: Cell<usize>,
    pub(super) pause: RefCell<Option<Pause>>,
}

/// What the harness waits for.
pub(super) struct Pause {
    pub(super) interest: Interest,
    /// Until when it sleeps.
    pub(super) until: Duration,
    /// Where the world stood when it was last looked at.
    pub(super) seen: (u64, u64),
    pub(super) waker: Waker,
}

/// What is of interest to the harness.
#[derive(Clone, Copy)]
pub(super) struct Interest {
    pub(super) schedule: DirectorSchedule,
    /// Before this the director is not asked.
    pub(super) floor: Duration,
    pub(super) steps_max: u64,
    pub(super) events_max: u64,
    pub(super) virtual_max: Duration,
}
