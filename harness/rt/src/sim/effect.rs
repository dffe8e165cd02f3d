//! What the world wants done outside itself: its methods return effects, and the engine that drives it performs them.
//!
//! So the world holds no simulator, no connection and no clock, and serves any engine.

use std::task::Waker;

use crate::sim::{host::MachineId, link::Pair};

/// One thing to do. Effects are performed in their order.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A task that waited may go on.
    Wake(Waker),
    /// A host is no more, or its link to a machine with databases was cut: its connections end, those to all such
    /// machines or to that one, and what they began is undone.
    CloseConnections { host: usize, at: Option<MachineId> },
    /// A host's wall clock is this far off now.
    SetSkew { host: usize, skew_ns: i64 },
    /// Something for the simulated network and its machines.
    Network(NetworkEffect),
}

/// What is done to machines and links, which only the simulator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkEffect {
    Cut(Pair),
    Repair(Pair),
    Clog(Pair),
    Release(Pair),
    /// A host begins another life.
    Restart(usize),
}

/// What a simulator does to its machines and links.
pub(crate) trait NetworkControl {
    fn perform(&mut self, effect: NetworkEffect);
}

/// Effects that wake these tasks.
pub(crate) fn wake(waiting: Vec<Waker>) -> impl Iterator<Item = Effect> {
    waiting.into_iter().map(Effect::Wake)
}
