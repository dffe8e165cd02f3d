//! The interface to the engine that simulates scenarios.
//!
//! It takes a [`Simulation`] and returns plain values. Only the adapter to an engine names its types; no other module
//! of this crate does.

#[cfg_attr(feature = "in-process", path = "simulation/in_process.rs")]
#[cfg_attr(not(feature = "in-process"), path = "simulation/absent.rs")]
mod engine;

use std::path::PathBuf;

use chaosdrill_core::{Plan, Swarm};

#[cfg(feature = "in-process")]
pub use self::engine::rt;
pub(crate) use self::engine::{
    Leftovers, OTHER_SIMULATOR, SIMULATOR, can_run, check_determinism, run, write_notes,
};
use crate::{director::ScenarioDirector, topology::Topology};

/// One run, ready to be simulated.
#[cfg_attr(not(feature = "in-process"), expect(dead_code, reason = "only an engine reads it"))]
pub(crate) struct Simulation {
    /// The hosts, fresh for this run.
    pub(crate) topology: Topology,
    /// The faults, and the seed.
    pub(crate) plan: Plan,
    /// Adds faults to the plan during the run.
    pub(crate) swarm: Option<Swarm>,
    /// The planted defect that is enabled.
    pub(crate) defect: Option<String>,
    /// The catalogue of failpoint names of the target.
    pub(crate) failpoints: Vec<&'static str>,
    /// Decides when chaos ends, and when the run ends.
    pub(crate) director: ScenarioDirector,
    /// The folder for the databases of the run.
    pub(crate) folder: PathBuf,
    /// Whether to measure what the run costs.
    pub(crate) profile: bool,
}

/// This program cannot run anything.
#[derive(Debug, thiserror::Error)]
#[error(
    "this program was built without an engine, so it cannot run scenarios; enable the feature `in-process` of the \
     package `chaosdrill`, which is a default feature"
)]
pub(crate) struct NoEngine;

/// Returns an error if this program was built without an engine.
pub(crate) fn require_engine() -> Result<(), NoEngine> {
    if cfg!(feature = "in-process") { Ok(()) } else { Err(NoEngine) }
}
