//! Measures the parts of a run, if somebody wants to know.

use crate::sim::{profile::Part, simulation, simulator};

/// Measures a part of the simulation at hand.
pub(crate) fn measure<T>(part: Part, work: impl FnOnce() -> T) -> T {
    let is_on = simulation::try_with(|simulation| simulation.totals.is_some());
    if is_on != Some(true) {
        return work();
    }
    let start = simulator::kernel_ns();
    let output = work();
    let took = simulator::kernel_ns() - start;
    simulation::try_with(|simulation| simulation.totals.as_ref().map(|it| it.add(part, took)));
    output
}
