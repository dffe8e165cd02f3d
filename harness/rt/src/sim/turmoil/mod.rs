//! The turmoil backend of a simulation: clock, hosts, sockets, tasks. `sim/madsim` is the same for madsim.

mod arrivals;
mod card;
pub(crate) mod clock;
mod driver;
mod eye;
mod libc_override;
pub(crate) mod net;
pub(crate) mod task;
mod timers;
mod wire;

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

use chaosdrill_core::plan::Order;

use crate::sim::{self, config::Config, director::Director, finished::Finished, ledger::Tracing};

/// The state of turmoil's driver: the timers and tasks that tokio has reported.
pub(crate) use timers::Timers as Local;

/// The name of this simulator, as it is in records.
pub(crate) const NAME: &str = "turmoil";

/// The name of the other simulator.
pub(crate) const OTHER: &str = "madsim";

/// tokio drops the tasks of a host by shards of ids that count over the whole process.
pub(crate) const DROPS_TASKS_BY_SEED: bool = false;

pub(crate) use libc_override::kernel_ns;

/// Runs one simulation on the current thread, which must be fresh.
pub(crate) fn run_here(config: &Config, tracing: Tracing, director: &mut dyn Director) -> Finished {
    let guard = clock::start(config.seed.stream("entropy").next_u64());
    let began = sim::begin(config, tracing);
    let (stop, steps) = driver::run(config, director);
    let finished = sim::end(began, stop, steps);
    drop(guard);
    finished
}

/// The part of the task order that turmoil does not draw: all of it, because tokio runs tasks in the order of their
/// wake-ups, whatever the seed.
pub(crate) fn order(wanted: Order) -> Order {
    wanted
}

/// turmoil has no check of its own.
pub(crate) fn check_determinism<D>(_: impl FnMut() -> (Config, D)) -> Result<(), String> {
    Ok(())
}

/// Called after each poll of a host's task. The driver looks between steps anyway.
pub(crate) fn polled() {}

/// Wakes a task after all other ready tasks have come to their turn. tokio first polls tasks that its own tasks woke,
/// and then tasks that were woken from outside, such as by a host that resumes; a task that yields comes after both.
pub(crate) fn wake_after_all(waker: &Waker) {
    let is_over = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(waker));
    debug_assert!(is_over.is_pending(), "who yields waits once");
}
