//! Measures the real time of each part of a run, if the run is profiled.

use crate::sim::{profile::Part, simulation, simulator};

/// Measures a part of the current simulation.
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
