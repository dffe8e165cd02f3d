//! One run as plain values, beside its plan: what is watched, how long messages travel, when the director is asked
//! again, and what the run leaves behind.
//!
//! Engines run scenarios, and the command line judges the runs. These are the words that both use, so that neither has
//! to know the other.

use std::{collections::BTreeMap, time::Duration};

use crate::{hit_class::HitClass, record::FaultRecord, trace::Trace};

/// The name under which the database stands among the hosts.
pub const DATABASE_HOST: &str = "db";

/// The name under which object storage stands among the hosts.
pub const STORE_HOST: &str = "store";

/// The URL of a database of the simulation at hand.
pub fn database_url(name: &str) -> String {
    format!("sqlite:{name}.db")
}

/// The URL of a store of the simulation at hand.
pub fn store_url(name: &str) -> String {
    format!("memory:{name}")
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

/// Objects whose path begins so, shown to checks at every change.
#[derive(Clone, Debug)]
pub struct StoreWatch {
    /// Name in the history.
    pub name: String,
    /// Which store, by the name in its URL.
    pub store: String,
    /// The beginning of the paths, as text; empty for all.
    pub prefix: String,
}

/// How long a message or statement travels, each way, in whole milliseconds, both ends included.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Shortest.
    pub ms_min: u64,
    /// Longest.
    pub ms_max: u64,
}

impl Latency {
    /// Between hosts, unless a scenario says otherwise.
    pub const NETWORK: Self = Self { ms_min: 1, ms_max: 10 };
    /// Between a host and the database, unless a scenario says otherwise.
    pub const DATABASE: Self = Self { ms_min: 0, ms_max: 3 };
    /// Between a host and object storage, unless a scenario says otherwise.
    pub const STORE: Self = Self { ms_min: 1, ms_max: 8 };
}

/// When the director of a run wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At this instant at the latest; earlier, but not before `not_before`, if the history has grown.
    Wake {
        /// Virtual time before which activity is of no interest.
        not_before: Duration,
        /// Virtual time of the next wake-up.
        at: Duration,
    },
    /// The run is over.
    Finish,
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

/// What a run left behind, as far as it is judged.
pub struct Finished {
    /// Everything that happened.
    pub trace: Trace,
    /// The boundaries that were passed, in classes.
    pub hit_classes: Vec<HitClass>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// The plan's faults, and what became of them.
    pub faults: Vec<FaultRecord>,
    /// Whether the software of every client had ended.
    pub clients_done: bool,
    /// Why the run ended early; `None` if its director ended it.
    pub stop: Option<Stop>,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// Hosts that ended by themselves or panicked: (host, how).
    pub casualties: Vec<(String, String)>,
    /// Faults that ask for a site no host ever passed, with the sites that were.
    pub sites_never_passed: Vec<String>,
}
