//! The results of a run.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_core::{HitClass, Trace, record::FaultRecord};

#[cfg(doc)]
use crate::sim::config::Config;
use crate::sim::{objects::StoredObject, profile::Profile, stop::Stop};

/// The results of a run.
pub struct Finished {
    /// The trace, with every event.
    pub trace: Trace,
    /// The number of events, traced or not.
    pub(crate) events: u64,
    /// The boundaries that were passed, grouped into classes.
    pub hit_classes: Vec<HitClass>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// The plan's faults, and whether they struck.
    pub faults: Vec<FaultRecord>,
    /// Whether the software of every client had ended.
    pub clients_done: bool,
    /// Why the run ended early; `None` if it did not.
    pub stop: Option<Stop>,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// The number of executed simulator steps; skipped idle time is not counted.
    pub steps: u64,
    /// The real time by part; `None` without [`Config::profile`].
    pub profile: Option<Profile>,
    /// Every statement in the order of execution; empty without [`Config::record_statements`].
    pub statements: Vec<Statement>,
    /// Every object in object storage at the end of the run.
    pub objects: Vec<StoredObject>,
    /// Hosts that ended by themselves or panicked: (host, how).
    pub casualties: Vec<(String, String)>,
    /// Faults at a site that no host ever passed, with the sites that were passed.
    pub sites_never_passed: Vec<String>,
}

/// One executed statement, so that a benchmark can execute the same one without a simulation.
pub struct Statement {
    /// The number of the connection, counted over the whole run.
    pub connection: u64,
    /// The database.
    pub database: String,
    /// The SQL.
    pub sql: String,
    /// Creates its arguments; may be called repeatedly.
    pub arguments: Option<Box<dyn Fn() -> sqlx::any::AnyArguments + Send>>,
}
