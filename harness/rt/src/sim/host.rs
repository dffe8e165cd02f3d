//! The state of one simulated machine.

use std::{task::Waker, time::Duration};

use chaosdrill_core::Stream;

use crate::sim::order::Turns;

/// A host in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Here {
    pub(crate) host: usize,
    pub(crate) life: u32,
}

/// A machine that serves hosts, by its index among such machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MachineId(pub(crate) usize);

/// The state of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    /// Its tasks are not polled, and everything waits.
    Stalled,
    Down,
    /// Its software ended by itself.
    Ended,
}

/// One simulated machine, which runs software or serves the others.
#[derive(Debug)]
pub(crate) struct HostState {
    pub(crate) name: String,
    pub(crate) state: State,
    /// The number of restarts; a task of an earlier life is never polled again.
    pub(crate) life: u32,
    pub(crate) skew_ns: i64,
    pub(crate) is_client: bool,
    pub(crate) supervised: Option<Duration>,
    /// Tasks that were woken during a stall.
    pub(crate) parked: Vec<Waker>,
    /// The number of active stalls; the host resumes when the last one ends.
    pub(crate) stalls: u32,
    /// The instant of its last poll in nanoseconds, and the number of polls in that instant.
    pub(crate) polls_at: (u64, u64),
    /// The task that was admitted last.
    pub(crate) running: u64,
    pub(crate) turns: Turns,
    /// Created at the first draw, because most machines never draw.
    pub(crate) dice: Option<Stream>,
    /// Whether it stays down at heal.
    pub(crate) stays_down: bool,
}

impl HostState {
    pub(crate) fn new(name: &str, is_client: bool, supervised: Option<Duration>) -> Self {
        Self {
            name: name.to_owned(),
            state: State::Up,
            life: 0,
            skew_ns: 0,
            is_client,
            supervised,
            parked: Vec::new(),
            stalls: 0,
            polls_at: (0, 0),
            running: 0,
            turns: Turns::default(),
            dice: None,
            stays_down: false,
        }
    }
}
