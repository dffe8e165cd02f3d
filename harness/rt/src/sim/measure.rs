//! Measures the real time of each part of a run, if the run is profiled.

use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use crate::sim::{profile::Part, simulation, simulator};

fn is_on() -> bool {
    simulation::try_with(|simulation| simulation.totals.is_some()) == Some(true)
}

/// Measures a part of the current simulation.
pub(crate) fn measure<T>(part: Part, work: impl FnOnce() -> T) -> T {
    if !is_on() {
        return work();
    }
    let start = simulator::kernel_ns();
    let output = work();
    let took = simulator::kernel_ns() - start;
    simulation::try_with(|simulation| simulation.totals.as_ref().map(|it| it.add(part, took)));
    output
}

/// Measures a pass of a site, if it has a name from [`measured_site`]: the real time of its polls, and not that between
/// them.
pub(crate) async fn measure_pass<T>(site: Option<String>, pass: impl Future<Output = T>) -> T {
    let Some(site) = site else { return pass.await };
    let mut pass = pin!(pass);
    let mut took = 0;
    let output = poll_fn(|cx| {
        let start = simulator::kernel_ns();
        let polled = pass.as_mut().poll(cx);
        took += simulator::kernel_ns() - start;
        polled
    })
    .await;
    simulation::try_with(|it| it.totals.as_ref().map(|totals| totals.add_pass(&site, took)));
    output
}

/// The name of a site, if its passes are measured.
pub(crate) fn measured_site(site: &str) -> Option<String> {
    is_on().then(|| site.to_owned())
}
