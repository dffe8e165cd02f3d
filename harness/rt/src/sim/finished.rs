//! What a run leaves behind.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_core::{HitClass, Trace, record::FaultRecord};

#[cfg(doc)]
use crate::sim::config::Config;
use crate::sim::{objects::StoredObject, profile::Profile, stop::Stop};

/// What a run left behind.
pub struct Finished {
    /// Everything that happened.
    pub trace: Trace,
    /// How many events there were, traced or not.
    pub(crate) events: u64,
    /// The boundaries that were passed, in classes.
    pub hit_classes: Vec<HitClass>,
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
