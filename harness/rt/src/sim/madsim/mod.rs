//! The madsim backend of a simulation: clock, hosts, sockets, tasks, timers. `sim/turmoil` is the same for turmoil.
//!
//! madsim skips idle time by itself, runs ready tasks in an order that its seed decides, and replaces libc's clock and
//! entropy itself. It forbids new threads while it runs.

pub(crate) mod clock;
mod driver;
mod local;
pub(crate) mod net;
pub(crate) mod task;
pub(crate) mod time;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::Waker,
    time::Duration,
};

use ::madsim::runtime::Runtime;
use chaosdrill_core::{check::panic_message, plan::Order};
use tokio::{
    runtime::{Builder, RngSeed},
    task::unconstrained,
};

use crate::sim::{
    self,
    config::{Config, Latency},
    director::Director,
    finished::Finished,
    ledger::Tracing,
};

/// The name of this simulator, as it is in records.
pub(crate) const NAME: &str = "madsim";

/// The name of the other simulator.
pub(crate) const OTHER: &str = "turmoil";

/// madsim drops the tasks of a host in an order that its seed decides.
pub(crate) const DROPS_TASKS_BY_SEED: bool = true;

pub(crate) use driver::polled;
pub(crate) use local::Local;

/// The kernel's monotonic clock, in nanoseconds, even while madsim replaces libc's.
pub(crate) fn kernel_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Runs one simulation on the current thread, which must be fresh.
pub(crate) fn run_here(config: &Config, tracing: Tracing, director: &mut dyn Director) -> Finished {
    // The runtime comes first, before any hash map, because it seeds the thread's hash keys.
    let runtime = Runtime::with_seed_and_config(seed(config), settings(config));
    let simulation = || runtime.block_on(simulate(config, tracing, director));
    with_tokio_seeded(config, simulation)
}

/// Seeds tokio's own draws too: they decide which waiter a channel wakes first, and the first branch of
/// `tokio::select!`. Only a tokio runtime seeds them, for the thread that it blocks.
fn with_tokio_seeded<T>(config: &Config, run: impl FnOnce() -> T) -> T {
    let seed = RngSeed::from_bytes(&config.seed.stream("tokio").next_u64().to_le_bytes());
    let runtime = Builder::new_current_thread().rng_seed(seed).build();
    let runtime = runtime.expect("without drivers there is nothing to fail");
    // The whole run is one poll for tokio, so it must not use up a poll's budget.
    runtime.block_on(unconstrained(async { run() }))
}

async fn simulate(config: &Config, tracing: Tracing, director: &mut dyn Director) -> Finished {
    let guard = clock::start();
    let began = sim::begin(config, tracing);
    let (stop, steps) = driver::run(config, director).await;
    let finished = sim::end(began, stop, steps);
    drop(guard);
    finished
}

type Simulation = Pin<Box<dyn Future<Output = ()>>>;

/// The run that madsim's check executes twice. The check takes a plain function, which finds the run here.
static CHECKED: Mutex<Option<Box<dyn FnMut() -> Simulation + Send>>> = Mutex::new(None);

fn checked() -> Simulation {
    let mut begin = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    (begin.as_mut().expect("the check says what it runs"))()
}

/// Runs a simulation twice, and compares every draw of madsim's randomness and its virtual time.
pub(crate) fn check_determinism<D>(
    mut make: impl FnMut() -> (Config, D) + Send + 'static,
) -> Result<(), String>
where
    D: Director + Send + 'static,
{
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (config, _) = make();
    let (madsim_seed, settings) = (seed(&config), settings(&config));
    let folder = config.folder;
    let mut passes = 0;
    let begin = move || -> Simulation {
        passes += 1;
        let (mut config, mut director) = make();
        config.folder = config.folder.join(format!("checked-{passes}"));
        Box::pin(async move {
            std::fs::create_dir_all(&config.folder).expect("a run has a folder");
            simulate(&config, Tracing::On, &mut director).await;
        })
    };
    *CHECKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(begin));
    let check = || Runtime::check_determinism(madsim_seed, settings, checked);
    let result = catch_unwind(AssertUnwindSafe(check));
    CHECKED.lock().unwrap_or_else(PoisonError::into_inner).take();
    let _ = std::fs::remove_dir_all(folder);
    result.map_err(|panic| format!("madsim's own check: {}", panic_message(&*panic)))
}

fn seed(config: &Config) -> u64 {
    config.seed.stream("madsim").next_u64()
}

/// madsim itself draws the latency of messages, over the whole range, and delivers messages in order.
fn settings(config: &Config) -> ::madsim::Config {
    let Latency { ms_min, ms_max } = config.network;
    let [shortest, longest] = [ms_min, ms_max.max(ms_min)].map(Duration::from_millis);
    let mut settings = ::madsim::Config::default();
    settings.net.send_latency = shortest..longest + Duration::from_nanos(1);
    settings
}

/// The part of the task order that madsim does not draw: it already randomises ready tasks by its seed.
pub(crate) fn order(wanted: Order) -> Order {
    if wanted == Order::Random { Order::Fifo } else { wanted }
}

/// Wakes a task. madsim draws the next task among all that are ready.
pub(crate) fn wake_after_all(waker: &Waker) {
    waker.wake_by_ref();
}
