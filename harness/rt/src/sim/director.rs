//! The director of a run: called between steps, it decides when chaos ends and when the run is over.

use std::time::Duration;

pub use chaosdrill_core::run::Next;
use chaosdrill_core::{
    Trace,
    trace::{TraceEvent, vocabulary::Phase},
};

use crate::sim::{
    effect::NetworkControl,
    handle,
    simulation::{now, with_world},
};

/// Decides when chaos ends and when the run is over. Called between steps, outside every host.
pub trait Director {
    /// Inspects the run and decides how it continues.
    fn wake(&mut self, control: &mut Control<'_>) -> Next;
}

/// The view of a run for its director, and the actions it may take.
pub struct Control<'a> {
    pub(crate) quiescent: bool,
    pub(crate) network: &'a mut dyn NetworkControl,
}

/// The trace of a run, taken out of the world until this value is dropped.
struct Lent(Option<Box<Trace>>);

impl Lent {
    fn from_the_world() -> Self {
        Self(with_world(|world| world.ledger.take_trace()))
    }

    fn events(&self) -> &[TraceEvent] {
        let trace = self.0.as_ref();
        trace.expect("this run is not traced: there is no history to look at").events()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(trace) = self.0.take() {
            with_world(|world| world.ledger.put_back(trace));
        }
    }
}

impl Control<'_> {
    /// Virtual time.
    pub fn now(&self) -> Duration {
        now()
    }

    /// Whether nothing will ever happen unless the director changes something.
    pub fn is_quiescent(&self) -> bool {
        self.quiescent
    }

    /// Whether the software of every client has ended.
    pub fn clients_are_done(&self) -> bool {
        with_world(|world| world.clients_are_done())
    }

    /// Whether every fault that struck has ended by itself, except those that never will.
    pub fn faults_have_ended(&self) -> bool {
        with_world(|world| world.event_queue.is_empty())
    }

    /// The number of required faults that have not struck.
    pub fn required_faults_waiting(&self) -> usize {
        with_world(|world| world.plan.waiting(true))
    }

    /// The number of faults of any kind that have not struck.
    pub fn faults_waiting(&self) -> usize {
        with_world(|world| world.plan.waiting(false))
    }

    /// Reads the trace so far.
    ///
    /// The world is not borrowed meanwhile: a check is foreign code, and may draw randomness implicitly, as with a
    /// `HashMap`. Events that it records are discarded.
    ///
    /// # Panics
    ///
    /// If the run is not traced.
    pub fn read<R>(&self, read: impl FnOnce(&[TraceEvent]) -> R) -> R {
        read(Lent::from_the_world().events())
    }

    /// Ends every fault: links are repaired, stalled hosts and delayed steps resume, and crashed hosts restart unless
    /// they never do.
    pub fn heal(&mut self) {
        handle::heal(self.network);
    }

    /// Records a phase of the run.
    pub fn phase(&mut self, phase: Phase<'_>) {
        handle::note_of_harness(&phase);
    }
}
