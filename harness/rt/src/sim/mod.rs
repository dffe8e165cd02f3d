//! The simulation engine beneath the facade. Only the harness calls into this module; a target never does.
//!
//! One simulation runs on one fresh thread ([`run`]), and shares no state with any other. It is one value,
//! `simulation`, whose core is the `world`: hosts, links, the armed plan, scheduled events. Every task is wrapped in a
//! `gate`. Every step that touches the outside passes a `boundary`, where faults may strike. The world returns changes
//! outside itself as `effect`s; host code reaches the world through `handle`. A simulator (`turmoil`, `madsim`)
//! provides clock, hosts, sockets and tasks, and a driver that runs them.

pub(crate) mod boundary;
pub(crate) mod client;
mod config;
pub(crate) mod context;
pub(crate) mod database;
mod databases;
mod delay;
mod director;
mod director_schedule;
mod effect;
mod event_queue;
pub mod failpoint;
mod finished;
pub(crate) mod gate;
pub(crate) mod handle;
pub(crate) mod host;
pub(crate) mod injected_errors;
pub(crate) mod inspector;
mod ledger;
pub(crate) mod link;
mod measure;
mod objects;
pub(crate) mod order;
pub(crate) mod plan;
mod profile;
mod remains;
mod requests;
pub(crate) mod simulation;
#[cfg_attr(not(madsim), path = "turmoil/mod.rs")]
#[cfg_attr(madsim, path = "madsim/mod.rs")]
pub(crate) mod simulator;
pub(crate) mod sqlite;
mod stop;
pub(crate) mod stores;
mod strike;
pub(crate) mod travel;
mod untraced;
pub(crate) mod world;

use std::path::Path;

pub use chaosdrill_core::run::{database_url, store_url};
use chaosdrill_core::{Stream, duration, limits, trace::EventKind};
use serde_json::Value;
pub(crate) use simulator::clock;

pub use chaosdrill_core::Profile;

pub use self::{
    config::{
        Bounds, BoxError, Config, DATABASE_HOST, Ended, Host, Latency, Machine, STORE_HOST,
        StoreWatch, Watch,
    },
    director::{Control, Director, Next},
    finished::{Executed, Finished},
    objects::StoredObject,
    plan::can_run,
    stop::Stop,
    untraced::{Untraced, run_untraced},
};
use self::{
    databases::Databases,
    ledger::Tracing,
    objects::Objects,
    profile::{Part, Totals},
    remains::Remains,
    simulation::Simulation,
    sqlite::row_watches::RowWatches,
    world::World,
};

/// The name of this simulator, as it is in records.
pub const SIMULATOR: &str = simulator::NAME;

/// The name of the other simulator, which is in another build of the same program.
pub const OTHER_SIMULATOR: &str = simulator::OTHER;

/// The unskewed wall clock, in milliseconds since 1970.
pub(crate) fn true_unix_ms() -> i64 {
    duration::WALL_START_MS.saturating_add_unsigned(clock::now_ns() / 1_000_000)
}

/// Runs one simulation on a fresh thread, and waits for it.
///
/// # Errors
///
/// Returns the panic message if the harness itself panicked, the problem with the folder for the databases, or the part
/// of the plan that this engine cannot run.
pub fn run<D>(config: Config, director: D) -> Result<Finished, String>
where
    D: Director + Send + 'static,
{
    run_on_a_thread(config, Tracing::On, director)
}

fn run_on_a_thread<D>(config: Config, tracing: Tracing, director: D) -> Result<Finished, String>
where
    D: Director + Send + 'static,
{
    can_run(&config.plan)?;
    // Not on the simulation's thread: `fail` creates a hash map at its first use, and with it the thread's hash keys.
    failpoint::register(&config.failpoints);
    let thread = std::thread::Builder::new()
        .name(format!("simulation {}", config.seed))
        .stack_size(limits::SIMULATION_STACK_BYTES)
        .spawn(move || run_here(&config, tracing, director))
        .map_err(|why| format!("failed to start a thread for the simulation: {why}"))?;
    thread.join().unwrap_or_else(|panic| Err(chaosdrill_core::check::panic_message(&*panic)))
}

/// Runs one simulation under the simulator's own check of determinism, if it has one. The results of the runs are
/// discarded.
///
/// madsim runs the simulation twice, and compares every draw of randomness and its virtual time. `begin` creates the
/// simulation for each run, because a host must keep nothing from the run before. Draws of tokio itself, such as which
/// waiter its `watch` channel wakes first, are seeded in a run, but not in this check.
///
/// # Errors
///
/// Says how the runs differed, that the harness itself panicked, or which part of the plan this engine cannot run.
pub fn check_determinism<D>(
    mut begin: impl FnMut() -> (Config, D) + Send + 'static,
) -> Result<(), String>
where
    D: Director + Send + 'static,
{
    can_run(&begin().0.plan)?;
    simulator::check_determinism(move || {
        let (config, director) = begin();
        failpoint::register(&config.failpoints);
        (config, director)
    })
}

fn run_here<D: Director>(
    config: &Config,
    tracing: Tracing,
    mut director: D,
) -> Result<Finished, String> {
    std::fs::create_dir_all(&config.folder)
        .map_err(|why| format!("failed to create the folder {}: {why}", config.folder.display()))?;
    Ok(simulator::run_here(config, tracing, &mut director))
}

/// Installs a simulation for its simulator to run. Returns the kernel's time if the run is profiled.
fn begin(config: &Config, tracing: Tracing) -> Option<u64> {
    let began = config.profile.then(simulator::kernel_ns);
    fastrand::seed(config.seed.stream("fastrand").next_u64());
    gate::panics::install_hook();
    simulation::install(Simulation {
        world: World::new(config, tracing, simulator::order(config.plan.order)).into(),
        databases: Databases::new(config.folder.clone(), config.record_statements).into(),
        objects: Objects::default().into(),
        row_watches: RowWatches::new(config.folder.clone(), &config.watches).into(),
        remains: Remains::default().into(),
        tasks: 1.into(),
        strike: None.into(),
        totals: config.profile.then(Totals::default),
        simulator: simulator::Local::default(),
    });
    began
}

/// Takes down the simulation that [`begin`] installed, and returns its results.
fn end(began: Option<u64>, stop: Option<Stop>, steps: u64) -> Finished {
    database::close_all();
    inspector::close();
    let objects = stores::all_objects();
    let simulation = simulation::take();
    let left = simulation.world.into_inner().into_left();
    let profile = began.zip(simulation.totals).map(|(began, totals)| {
        totals.add(Part::Run, simulator::kernel_ns() - began);
        totals.profile()
    });
    let events = left.ledger.length();
    let run = chaosdrill_core::run::Finished {
        trace: left.ledger.into_trace().unwrap_or_default(),
        hit_classes: left.hit_classes,
        sites: left.sites,
        faults: left.faults,
        clients_done: left.clients_done,
        stop,
        elapsed: left.elapsed,
        casualties: left.casualties,
        sites_never_passed: left.sites_never_passed,
        profile,
    };
    let statements = simulation.databases.into_inner().take_statements();
    Finished { run, events, steps, statements, objects }
}

/// Copies the databases from a run's folder; a single database is named `db.sqlite`.
///
/// # Errors
///
/// Returns the file system's error.
pub fn keep_databases(folder: &Path, to: &Path) -> std::io::Result<()> {
    sqlite::keep(folder, to)
}

/// Writes the objects of a run below a folder, as `store/<name>/<path>`.
///
/// # Errors
///
/// Returns the file system's error.
pub fn keep_objects(objects: &[StoredObject], to: &Path) -> std::io::Result<()> {
    objects::keep(objects, to)
}

/// Records an event of the workload on the current host: an invocation, or its result.
///
/// In an untraced run, the event is only counted, and its data is not produced.
pub fn record(kind: EventKind, name: &str, data: impl FnOnce() -> Value) -> u64 {
    client::record(kind, name, data)
}

/// A stream of randomness for the current workload, derived from the seed by label.
///
/// # Panics
///
/// If it is called outside a simulation.
pub fn stream(label: &str) -> Stream {
    client::seed().stream(label)
}

/// Caps the workload's step count at the plan's `workload_max`.
///
/// # Panics
///
/// If it is called outside a simulation.
pub fn workload_steps(wanted: usize) -> usize {
    client::workload_max().map_or(wanted, |most| wanted.min(most as usize))
}
