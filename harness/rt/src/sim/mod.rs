//! The simulation beneath the facade. Only the harness calls into this module; a target never does.
//!
//! One simulation lives on one fresh thread ([`run`]), and shares nothing with any other. It is one value,
//! `simulation`, whose heart is the `world`: hosts, links, the armed plan, the events to come. Every task is wrapped in
//! a `gate`; every step that touches the outside passes a `boundary`, where faults may strike. What the world wants
//! done outside it returns as `effect`s; `handle` is how the code of hosts reaches it. A simulator (`turmoil`,
//! `madsim`) brings clock, hosts, sockets and tasks, and a driver that turns its crank.

pub(crate) mod boundary;
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
pub(crate) mod inline;
pub(crate) mod inspector;
mod ledger;
pub(crate) mod link;
mod measure;
mod objects;
pub(crate) mod order;
mod ordered_error;
pub(crate) mod plan;
mod profile;
mod remains;
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

pub use self::{
    config::{
        Bounds, BoxError, Config, DATABASE_HOST, Ended, Host, Latency, Machine, STORE_HOST,
        StoreWatch, Watch,
    },
    director::{Control, Director, Next},
    finished::{Finished, Statement},
    objects::StoredObject,
    plan::can_run,
    profile::Profile,
    stop::Stop,
    untraced::{Untraced, run_untraced},
};
use self::{
    databases::Databases,
    ledger::Tracing,
    objects::Objects,
    profile::{Part, Totals},
    remains::Remains,
    simulation::{Simulation, try_with_world, with_world},
    sqlite::row_watches::RowWatches,
    world::World,
};

/// The name of this simulator, as records give it.
pub const SIMULATOR: &str = simulator::NAME;

/// The name of the other simulator, which another build of the same program has.
pub const OTHER_SIMULATOR: &str = simulator::OTHER;

/// What a clock shows that nobody skews, in milliseconds since 1970.
pub(crate) fn true_unix_ms() -> i64 {
    duration::WALL_START_MS.saturating_add_unsigned(clock::now_ns() / 1_000_000)
}

/// Runs one simulation on a fresh thread of its own, and waits for it.
///
/// # Errors
///
/// The panic message where the harness itself broke, what was wrong with the folder for the databases, or which part of
/// the plan this engine cannot run.
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
    // Not on the simulation's thread: `fail` makes a hash map the first time, and with it the thread's hash keys.
    failpoint::register(&config.failpoints);
    let thread = std::thread::Builder::new()
        .name(format!("simulation {}", config.seed))
        .stack_size(limits::SIMULATION_STACK_BYTES)
        .spawn(move || run_here(&config, tracing, director))
        .map_err(|why| format!("failed to start a thread for the simulation: {why}"))?;
    thread.join().unwrap_or_else(|panic| Err(chaosdrill_core::check::panic_message(&*panic)))
}

/// Runs one simulation under the simulator's own check of determinism, where it has one; nothing is left of the runs.
///
/// madsim runs it twice, and compares every draw of randomness and the virtual time at which it was drawn. `begin`
/// makes the simulation anew for each: nothing that a host keeps may come from the one before. What tokio draws by
/// itself, such as whom its `watch` channel wakes first, is the seed's in a run, and nobody's in this check.
///
/// # Errors
///
/// Where the runs differed, the harness itself broke, or which part of the plan this engine cannot run, in words.
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
        .map_err(|why| format!("failed to make the folder {}: {why}", config.folder.display()))?;
    Ok(simulator::run_here(config, tracing, &mut director))
}

/// Makes what a simulation is, for its simulator to run; returns the kernel's time, if it is wanted.
fn begin(config: &Config, tracing: Tracing) -> Option<u64> {
    let began = config.profile.then(simulator::kernel_ns);
    fastrand::seed(config.seed.stream("fastrand").next_u64());
    gate::panics::install_hook();
    sqlx::any::install_default_drivers();
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

/// Takes down what [`begin`] made, and says what is left.
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
    Finished {
        events: left.ledger.length(),
        trace: left.ledger.into_trace().unwrap_or_default(),
        hit_classes: left.hit_classes,
        sites: left.sites,
        faults: left.faults,
        clients_done: left.clients_done,
        stop,
        elapsed: left.elapsed,
        steps,
        profile,
        statements: simulation.databases.into_inner().take_statements(),
        objects,
        casualties: left.casualties,
        sites_never_passed: left.sites_never_passed,
    }
}

/// Copies the databases that a run left in its folder; one alone is called `db.sqlite`.
///
/// # Errors
///
/// The file system's.
pub fn keep_databases(folder: &Path, to: &Path) -> std::io::Result<()> {
    sqlite::keep(folder, to)
}

/// Writes the objects that a run left below a folder, as `store/<name>/<path>`.
///
/// # Errors
///
/// The file system's.
pub fn keep_objects(objects: &[StoredObject], to: &Path) -> std::io::Result<()> {
    objects::keep(objects, to)
}

/// Whether the simulation at hand switched this defect on.
pub(crate) fn defect_is_on(id: &str) -> bool {
    try_with_world(|world| world.defect.as_deref() == Some(id)).unwrap_or(false)
}

/// Records what the workload did, on the host at hand: an invocation, or how it ended.
///
/// In a run that is not traced it is only counted, and its data is not made.
pub fn record(kind: EventKind, name: &str, data: impl FnOnce() -> Value) -> u64 {
    handle::record(kind, name, data)
}

/// A stream of randomness for the workload at hand, derived from the seed by label.
///
/// # Panics
///
/// Outside a simulation.
pub fn stream(label: &str) -> Stream {
    with_world(|world| world.seed.stream(label))
}

/// How many of the steps that a workload wants the plan at hand lets it take.
///
/// # Panics
///
/// Outside a simulation.
pub fn workload_steps(wanted: usize) -> usize {
    let most = with_world(|world| world.workload_max);
    most.map_or(wanted, |most| wanted.min(most as usize))
}
