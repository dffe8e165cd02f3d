//! Carries a request to a machine that the simulator does not know, or its answer back.
//!
//! Databases and object stores are not machines of the simulator: requests to them are function calls. On their way
//! they meet what a message would meet: latency, a clogged link, a cut link.

use std::task::Poll;

use crate::sim::{host::Here, host::MachineId, link::Pair, simulation::with_world};

/// The request or answer was lost, and its sender's connection is reset.
#[derive(Debug)]
pub(crate) struct Lost;

/// Travels one way between a host and a machine.
pub(crate) async fn travel(here: Here, machine: MachineId) -> Result<(), Lost> {
    let latency = with_world(|world| world.draw_latency(machine));
    if !latency.is_zero() {
        crate::time::sleep(latency).await;
    }
    let pair = with_world(|world| Pair::of(here.host, world.place_of(machine)));
    std::future::poll_fn(|cx| {
        with_world(|world| {
            if world.links.is_clogged(pair) && !world.links.is_cut(pair) {
                world.links.wait(pair, cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(())
        })
    })
    .await;
    let is_lost = with_world(|world| {
        let is_down = world.machine(machine).down > 0;
        is_down || world.links.is_cut(pair)
    });
    if is_lost { Err(Lost) } else { Ok(()) }
}
