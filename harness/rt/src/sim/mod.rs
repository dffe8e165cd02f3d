//! The simulation beneath the facade. Only the harness calls into this module; a target never does.
//!
//! One simulation lives on one fresh thread ([`run`]), and shares nothing with any other. Its state is the
//! `world`; every task is wrapped in a `gate`; every step that touches the outside passes a `boundary`,
//! where the armed `plan` may strike; `driver` turns the crank of the simulator.

pub(crate) mod agenda;
mod attention;
pub(crate) mod boundary;
pub(crate) mod database;
mod delay;
pub mod failpoint;
pub(crate) mod faulty;
pub(crate) mod gate;
pub(crate) mod inspector;
mod ledger;
pub(crate) mod link;
pub(crate) mod order;
pub(crate) mod plan;
mod profile;
#[cfg_attr(not(madsim), path = "turmoil/mod.rs")]
#[cfg_attr(madsim, path = "madsim/mod.rs")]
pub(crate) mod simulator;
pub(crate) mod stores;
pub(crate) mod travel;
mod untraced;
pub(crate) mod world;

use std::{
    collections::BTreeMap,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use chaosdrill_core::{
    Passage, Plan, Seed, Stream, Swarm, Trace, duration, limits,
    record::FaultRecord,
    trace::{EventKind, TraceEvent},
};
use ledger::Tracing;
use link::Pair;
use profile::Part;
pub use profile::Profile;
use serde_json::Value;
pub(crate) use simulator::clock;
pub use stores::{StoreWatch, StoredObject};
pub use untraced::{Untraced, run_untraced};

/// The name of this simulator, as records give it.
pub const SIMULATOR: &str = simulator::NAME;

/// The name of the other simulator, which another build of the same program has.
pub const OTHER_SIMULATOR: &str = simulator::OTHER;

/// The name under which the database stands among the hosts.
pub const DATABASE_HOST: &str = "db";

/// The name under which object storage stands among the hosts.
pub const STORE_HOST: &str = "store";

/// What a clock shows that nobody skews, in milliseconds since 1970.
pub(crate) fn true_unix_ms() -> i64 {
    duration::WALL_START_MS.saturating_add_unsigned(clock::now_ns() / 1_000_000)
}

/// Any error of a host's software.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a host's software ends.
pub type Ended = Result<(), BoxError>;

type Software = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Ended> + Send>> + Send + Sync>;

/// One simulated machine.
#[derive(Clone)]
pub struct Host {
    pub(crate) name: String,
    pub(crate) software: Software,
    pub(crate) is_client: bool,
    pub(crate) supervised: Option<Duration>,
}

impl Host {
    /// A machine that runs `software` at each start; it is expected to run until it crashes.
    pub fn new<F>(name: impl Into<String>, software: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        Self {
            name: name.into(),
            software: Arc::new(move || Box::pin(software())),
            is_client: false,
            supervised: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the machine is part of the workload.
    pub fn is_client(&self) -> bool {
        self.is_client
    }

    /// The machine is part of the workload: the run waits for its software to end.
    #[must_use]
    pub fn client(mut self) -> Self {
        self.is_client = true;
        self
    }

    /// Software that ends by itself is started again after this much virtual time, as a supervisor would.
    #[must_use]
    pub fn supervised(mut self, after: Duration) -> Self {
        self.supervised = Some(after);
        self
    }
}

/// A query whose rows the harness itself reads after every committed write, outside virtual time.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Name in the history.
    pub name: String,
    /// Which database, by the name in its URL.
    pub database: String,
    /// The query; its first column is the key of a row.
    pub sql: String,
}

/// How long a message or statement travels, each way, in whole milliseconds, both ends included.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Shortest.
    pub ms_min: u64,
    /// Longest.
    pub ms_max: u64,
}

/// Everything that determines one run, but for the code.
#[derive(Clone)]
pub struct Config {
    /// The seed of everything the plan does not fix.
    pub seed: Seed,
    /// The faults.
    pub plan: Plan,
    /// Dice that add faults to the plan while the run goes on.
    pub swarm: Option<Swarm>,
    /// The planted defect that is switched on.
    pub defect: Option<String>,
    /// The machines, in the order in which they start.
    pub hosts: Vec<Host>,
    /// The catalogue of failpoint names of the targets.
    pub failpoints: Vec<&'static str>,
    /// The rows the harness watches.
    pub watches: Vec<Watch>,
    /// The objects the harness watches.
    pub store_watches: Vec<StoreWatch>,
    /// Latency between machines.
    pub network: Latency,
    /// Latency between a machine and the database.
    pub database: Latency,
    /// Latency between a machine and object storage.
    pub store: Latency,
    /// Folder for the databases of this run; made by the run, and left to the caller.
    pub folder: PathBuf,
    /// Bounds of this run.
    pub bounds: Bounds,
    /// Whether [`Finished::profile`] is wanted.
    pub profile: bool,
    /// Whether [`Finished::statements`] are wanted.
    pub record_statements: bool,
    /// Whether idle time is skipped; only a test of the skip itself turns it off.
    pub skip_idle: bool,
}

impl Config {
    /// These hosts under these faults, and everything else as it is unless a scenario says otherwise.
    pub fn new(plan: Plan, hosts: Vec<Host>, folder: PathBuf) -> Self {
        Self {
            seed: plan.seed,
            plan,
            swarm: None,
            defect: None,
            hosts,
            failpoints: Vec::new(),
            watches: Vec::new(),
            store_watches: Vec::new(),
            network: Latency { ms_min: 1, ms_max: 10 },
            database: Latency { ms_min: 0, ms_max: 3 },
            store: Latency { ms_min: 1, ms_max: 8 },
            folder,
            bounds: Bounds::default(),
            profile: false,
            record_statements: false,
            skip_idle: true,
        }
    }
}

/// Bounds of one run; each ends it as unknown and says so.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Virtual time.
    pub virtual_max: Duration,
    /// Executed simulator steps.
    pub steps_max: u64,
    /// Events in the trace.
    pub events_max: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            virtual_max: limits::RUN_VIRTUAL_MAX,
            steps_max: limits::RUN_STEPS_MAX,
            events_max: limits::RUN_EVENTS_MAX,
        }
    }
}

/// Why a run ended before its director said so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// A host was polled over and over without virtual time going on.
    Spinning {
        /// Which host.
        host: String,
    },
    /// A bound was met.
    Bound {
        /// Which one, in words.
        which: String,
    },
    /// Code that belongs to no host of ours panicked.
    Panicked {
        /// What it said.
        message: String,
    },
}

/// When the director wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At this instant at the latest; earlier, but not before `not_before`, where the history has grown.
    Wake {
        /// Virtual time before which activity is of no interest.
        not_before: Duration,
        /// Virtual time of the next wake-up.
        at: Duration,
    },
    /// The run is over.
    Finish,
}

/// Decides when chaos ends and when the run is over; asked between steps, outside every host.
pub trait Director {
    /// Looks at the run and says what next.
    fn wake(&mut self, control: &mut Control<'_>) -> Next;
}

/// What a director may see and do.
pub struct Control<'a> {
    pub(crate) quiescent: bool,
    pub(crate) driver: &'a mut dyn Levers,
}

/// What the world asks of the simulator.
pub(crate) trait Levers {
    fn cut(&mut self, pair: Pair);
    fn repair(&mut self, pair: Pair);
    fn clog(&mut self, pair: Pair);
    fn release(&mut self, pair: Pair);
    fn restart(&mut self, host: usize);
}

impl Control<'_> {
    /// Virtual time.
    pub fn now(&self) -> Duration {
        world::now()
    }

    /// True where nothing will ever happen unless the director changes something.
    pub fn is_quiescent(&self) -> bool {
        self.quiescent
    }

    /// Whether the software of every client has ended.
    pub fn clients_are_done(&self) -> bool {
        world::with(|world| world.clients_are_done())
    }

    /// Whether every fault that struck has ended by itself, as far as it ever will.
    pub fn faults_have_ended(&self) -> bool {
        world::with(|world| world.agenda.is_empty())
    }

    /// Required faults that have not struck.
    pub fn required_faults_waiting(&self) -> usize {
        world::with(|world| world.plan.waiting(true))
    }

    /// Faults of any kind that have not struck.
    pub fn faults_waiting(&self) -> usize {
        world::with(|world| world.plan.waiting(false))
    }

    /// Reads the trace so far.
    ///
    /// # Panics
    ///
    /// In a run that is not traced.
    pub fn read<R>(&self, read: impl FnOnce(&[TraceEvent]) -> R) -> R {
        world::with(|world| read(world.ledger.events()))
    }

    /// Ends every fault: links are repaired, stalled hosts and delayed steps go on, crashed hosts come back unless they
    /// never do.
    pub fn heal(&mut self) {
        agenda::heal(self.driver);
    }

    /// Records a phase of the run.
    pub fn phase(&mut self, name: &str) {
        world::record_as("", EventKind::Phase, name, || Value::Null);
    }
}

/// What a run left behind.
pub struct Finished {
    /// Everything that happened.
    pub trace: Trace,
    /// How many events there were, traced or not.
    pub(crate) events: u64,
    /// The boundaries that were passed, in classes.
    pub passages: Vec<Passage>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// The plan's faults, and what became of them.
    pub faults: Vec<FaultRecord>,
    /// Whether the software of every client had ended.
    pub clients_done: bool,
    /// Why the run ended early, if it did.
    pub stop: Option<Stop>,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// Simulator steps that were really executed.
    pub steps: u64,
    /// Where the real time went, where [`Config::profile`] asked for it.
    pub profile: Option<Profile>,
    /// Every statement in the order of its execution, where [`Config::record_statements`] asked for it.
    pub statements: Vec<Statement>,
    /// Every object in object storage, as the run left it.
    pub objects: Vec<StoredObject>,
    /// What is left to say of hosts that ended by themselves or panicked: (host, how).
    pub casualties: Vec<(String, String)>,
    /// Faults that ask for a site no host ever passed, with the sites that were.
    pub sites_never_passed: Vec<String>,
}

/// One executed statement, so that a bench can execute the very same without a simulation.
pub struct Statement {
    /// Which connection, counted over the whole run.
    pub connection: u64,
    /// Which database.
    pub database: String,
    /// The text.
    pub sql: String,
    /// Makes its arguments, as often as they are needed.
    pub arguments: Option<Box<dyn Fn() -> sqlx::any::AnyArguments + Send>>,
}

/// Runs one simulation on a fresh thread of its own, and waits for it.
///
/// # Errors
///
/// The panic message where the harness itself broke, or what was wrong with the folder for the databases.
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
/// Where the runs differed, or the harness itself broke, in words.
pub fn check_determinism<D>(
    mut begin: impl FnMut() -> (Config, D) + Send + 'static,
) -> Result<(), String>
where
    D: Director + Send + 'static,
{
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
    profile::switch(config.profile);
    let mut finished = simulator::run_here(config, tracing, &mut director);
    finished.profile = profile::result();
    Ok(finished)
}

/// Measures a whole run, where somebody wants to know.
fn measured<T>(run: impl FnOnce() -> T) -> T {
    profile::measure(Part::Run, run)
}

/// Makes what a simulation is, for its simulator to run; the clock is virtual already.
fn begin(config: &Config, tracing: Tracing) {
    fastrand::seed(config.seed.stream("fastrand").next_u64());
    gate::panics::install_hook();
    gate::reset();
    world::install(config, tracing);
}

/// Takes down what [`begin`] made, and says what is left.
fn end(stop: Option<Stop>, steps: u64) -> Finished {
    database::close_all();
    world::take(stop, steps)
}

/// Copies the databases that a run left in its folder; one alone is called `db.sqlite`.
///
/// # Errors
///
/// The file system's.
pub fn keep_databases(folder: &Path, to: &Path) -> std::io::Result<()> {
    database::keep(folder, to)
}

/// Writes the objects that a run left below a folder, as `store/<name>/<path>`.
///
/// # Errors
///
/// The file system's.
pub fn keep_objects(objects: &[StoredObject], to: &Path) -> std::io::Result<()> {
    stores::keep(objects, to)
}

/// Whether the simulation at hand switched this defect on.
pub(crate) fn defect_is_on(id: &str) -> bool {
    world::try_with(|world| world.defect.as_deref() == Some(id)).unwrap_or(false)
}

/// Records what the workload did, on the host at hand: an invocation, or how it ended.
///
/// In a run that is not traced it is only counted, and its data is not made.
pub fn record(kind: EventKind, name: &str, data: impl FnOnce() -> Value) -> u64 {
    world::record(kind, name, data)
}

/// A stream of randomness for the workload at hand, derived from the seed by label.
///
/// # Panics
///
/// Outside a simulation.
pub fn stream(label: &str) -> Stream {
    world::with(|world| world.seed.stream(label))
}

/// How many of the steps that a workload wants the plan at hand lets it take.
///
/// # Panics
///
/// Outside a simulation.
pub fn workload_steps(wanted: usize) -> usize {
    let most = world::with(|world| world.workload_max);
    most.map_or(wanted, |most| wanted.min(most as usize))
}

/// The URL of a database of the simulation at hand.
pub fn database_url(name: &str) -> String {
    format!("sqlite:{name}.db")
}

/// The URL of a store of the simulation at hand.
pub fn store_url(name: &str) -> String {
    format!("memory:{name}")
}
