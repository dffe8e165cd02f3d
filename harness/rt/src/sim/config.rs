//! Everything that determines one run, but for the code: hosts, plan, watches, latencies and bounds.

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

pub use chaosdrill_core::run::{DATABASE_HOST, Latency, Machine, STORE_HOST, StoreWatch, Watch};
use chaosdrill_core::{Plan, Seed, Swarm, limits};

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
    /// The machines that run software, in the order in which they start.
    pub hosts: Vec<Host>,
    /// The machines that serve them: databases and stores.
    pub machines: Vec<Machine>,
    /// The catalogue of failpoint names of the targets.
    pub failpoints: Vec<&'static str>,
    /// The rows the harness watches.
    pub watches: Vec<Watch>,
    /// The objects the harness watches.
    pub store_watches: Vec<StoreWatch>,
    /// Latency between hosts.
    pub network: Latency,
    /// Folder for the databases of this run; made by the run, and left to the caller.
    pub folder: PathBuf,
    /// Bounds of this run.
    pub bounds: Bounds,
    /// Whether [`Finished::profile`](crate::sim::Finished::profile) is wanted.
    pub profile: bool,
    /// Whether [`Finished::statements`](crate::sim::Finished::statements) are wanted.
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
            machines: Machine::of_every_run(),
            failpoints: Vec::new(),
            watches: Vec::new(),
            store_watches: Vec::new(),
            network: Latency::NETWORK,
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
