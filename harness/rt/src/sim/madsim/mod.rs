//! The parts of a simulation that madsim brings: clock, hosts, sockets, tasks, timers. `sim/turmoil` is the same for
//! turmoil.
//!
//! madsim jumps through idle time by itself, runs ready tasks in an order that its seed decides, and replaces libc's
//! clock and entropy itself. It forbids new threads while it runs, so sqlx's are started by the `helper`.

pub(crate) mod clock;
mod driver;
mod helper;
pub(crate) mod net;
pub(crate) mod task;
pub(crate) mod time;

use std::time::Duration;

use ::madsim::runtime::Runtime;

use crate::sim::{self, Config, Director, Finished};

/// The name of this simulator, as records give it.
pub(crate) const NAME: &str = "madsim";

/// madsim drops the tasks of a host in an order that its seed decides.
pub(crate) const DROPS_TASKS_BY_SEED: bool = true;

pub(crate) use driver::polled;
pub(crate) use helper::on_any_thread;

/// The kernel's monotonic clock, in nanoseconds, also while madsim has replaced libc's.
pub(crate) fn kernel_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Runs one simulation on the thread at hand, which is fresh.
pub(crate) fn run_here(config: &Config, director: &mut dyn Director) -> Finished {
    helper::start();
    // First of all, before any hash map: it seeds the thread's hash keys.
    let runtime = Runtime::with_seed_and_config(seed(config), settings(config));
    sim::measured(|| runtime.block_on(simulate(config, director)))
}

async fn simulate(config: &Config, director: &mut dyn Director) -> Finished {
    let guard = clock::start();
    sim::begin(config);
    let (stop, steps) = driver::run(config, director).await;
    let finished = sim::end(stop, steps);
    drop(guard);
    finished
}

fn seed(config: &Config) -> u64 {
    config.seed.stream("madsim").next_u64()
}

/// Messages travel in the shortest time; what they take besides is drawn where they arrive.
fn settings(config: &Config) -> ::madsim::Config {
    let shortest = Duration::from_millis(config.network.ms_min);
    let mut settings = ::madsim::Config::default();
    settings.net.send_latency = shortest..shortest + Duration::from_nanos(1);
    settings
}
