//! Effects: changes outside the world, which the world's methods return and the engine performs.
//!
//! The world therefore needs no simulator, no connection and no clock, and works with any engine.

use std::task::Waker;

use crate::sim::{host::MachineId, link::Pair};

/// One effect. Effects are performed in their order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Wakes a waiting task.
    Wake(Waker),
    /// Closes the connections of a host that is down, or whose link to a machine with databases was cut. Either all
    /// connections to such machines are closed, or those to one. Unfinished transactions are rolled back.
    CloseConnections { host: usize, at: Option<MachineId> },
    /// Sets how far a host's wall clock is off.
    SetSkew { host: usize, skew_ns: i64 },
    /// Changes the simulated network or its machines.
    Network(NetworkEffect),
}

/// A change to machines or links, which only the simulator can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkEffect {
    Cut(Pair),
    Repair(Pair),
    Clog(Pair),
    Release(Pair),
    /// Starts a host again.
    Restart(usize),
}

/// How a simulator controls its machines and links.
pub(crate) trait NetworkControl {
    fn perform(&mut self, effect: NetworkEffect);
}

/// Effects that wake these tasks.
pub(crate) fn wake(waiting: Vec<Waker>) -> impl Iterator<Item = Effect> {
    waiting.into_iter().map(Effect::Wake)
}
