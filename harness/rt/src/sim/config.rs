//! The configuration of one run: hosts, plan, watches, latencies and bounds. With the code, it determines the run.

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

pub use chaosdrill_core::run::{DATABASE_HOST, Latency, Machine, STORE_HOST, StoreWatch, Watch};
use chaosdrill_core::{Plan, Seed, Swarm, limits};

/// The error of a host's software.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a host's software.
pub type Ended = Result<(), BoxError>;

pub(crate) type Software =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Ended> + Send>> + Send + Sync>;

/// A simulated machine that runs software.
#[derive(Clone)]
pub struct Host {
    pub(crate) name: String,
    pub(crate) software: Software,
    pub(crate) is_client: bool,
    pub(crate) supervised: Option<Duration>,
}

impl Host {
    /// A machine that runs `software` at each start. The software is expected to run until the machine crashes.
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

    /// The name of the machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the machine is part of the workload.
    pub fn is_client(&self) -> bool {
        self.is_client
    }

    /// Makes the machine part of the workload: the run waits until its software ends.
    #[must_use]
    pub fn client(mut self) -> Self {
        self.is_client = true;
        self
    }

    /// Restarts software that ends by itself after this much virtual time, as a supervisor would.
    #[must_use]
    pub fn supervised(mut self, after: Duration) -> Self {
        self.supervised = Some(after);
        self
    }
}

/// The configuration of one run, which determines everything in it except the code.
#[derive(Clone)]
pub struct Config {
    /// The seed of everything the plan does not fix.
    pub seed: Seed,
    /// The faults.
    pub plan: Plan,
    /// Adds random faults to the plan during the run.
    pub swarm: Option<Swarm>,
    /// The planted defect that is enabled; several are joined by commas.
    pub defect: Option<String>,
    /// The machines that run software, in the order in which they start.
    pub hosts: Vec<Host>,
    /// The machines that serve the hosts: databases and stores.
    pub machines: Vec<Machine>,
    /// The catalogue of failpoint names of the targets.
    pub failpoints: Vec<&'static str>,
    /// The rows the harness watches.
    pub watches: Vec<Watch>,
    /// The objects the harness watches.
    pub store_watches: Vec<StoreWatch>,
    /// Latency between hosts.
    pub network: Latency,
    /// The folder for the databases of this run. The run creates it and leaves it to the caller.
    pub folder: PathBuf,
    /// The bounds of this run.
    pub bounds: Bounds,
    /// Whether to measure the profile of the run.
    pub profile: bool,
    /// Whether to record [`Finished::statements`](crate::sim::Finished::statements).
    pub record_statements: bool,
    /// Whether idle time is skipped; only a test of the skip itself disables this.
    pub skip_idle: bool,
}

impl Config {
    /// A configuration with these hosts and faults, and the default for everything else.
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

/// The bounds of one run. If one is exceeded, the run ends as unknown and names it.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The maximum virtual time.
    pub virtual_max: Duration,
    /// The maximum number of executed simulator steps.
    pub steps_max: u64,
    /// The maximum number of events in the trace.
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
