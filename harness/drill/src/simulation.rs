//! The engine that runs scenarios, as the rest of this crate sees it.
//!
//! A [`Simulation`] goes in, and plain values come back. Only the adapter to an engine names its types; no other module
//! of this crate does.

mod in_process;

use std::path::PathBuf;

use chaosdrill_core::{Plan, Swarm};

pub use self::in_process::rt;
pub(crate) use self::in_process::{
    Leftovers, OTHER_SIMULATOR, SIMULATOR, check_determinism, run, write_notes,
};
use crate::{director::ScenarioDirector, topology::Topology};

/// One run, ready to be simulated.
pub(crate) struct Simulation {
    /// The hosts, which have kept nothing from another run.
    pub(crate) topology: Topology,
    /// The faults, and the seed.
    pub(crate) plan: Plan,
    /// Dice that add faults to the plan while the run goes on.
    pub(crate) swarm: Option<Swarm>,
    /// The planted defect that is enabled.
    pub(crate) defect: Option<String>,
    /// The catalogue of failpoint names of the target.
    pub(crate) failpoints: Vec<&'static str>,
    /// What decides when chaos ends, and when the run is over.
    pub(crate) director: ScenarioDirector,
    /// Folder for the databases of the run.
    pub(crate) folder: PathBuf,
}
