//! The values that an engine and the command line exchange about a run, besides its plan: watches, latencies, wake-ups,
//! and the result.
//!
//! Engines run scenarios, and the command line judges the runs. Both use these types, so that neither depends on the
//! other.

use std::{collections::BTreeMap, time::Duration};

use crate::{hit_class::HitClass, profile::Profile, record::FaultRecord, trace::Trace};

/// The name of the first database among the hosts.
pub const DATABASE_HOST: &str = "db";

/// The name of the first object storage among the hosts.
pub const STORE_HOST: &str = "store";

/// The kind of the databases on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// SQLite, with its file on that machine.
    Sqlite,
}

impl DatabaseKind {
    /// The scheme of the URLs, without the colon.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
        }
    }
}

/// The service of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Any number of databases of one kind.
    Database(DatabaseKind),
    /// Any number of object stores.
    Store,
}

/// A machine that serves the hosts of a run and runs none of their software. It has a link to each of them, and can be
/// cut off or down like any other host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The name among the hosts.
    pub name: String,
    /// The service.
    pub service: Service,
    /// The latency of a request to it, and of an answer back.
    pub latency: Latency,
}

impl Machine {
    /// A machine with databases.
    pub fn database(name: &str, kind: DatabaseKind) -> Self {
        let service = Service::Database(kind);
        Self { name: name.to_owned(), service, latency: Latency::DATABASE }
    }

    /// A machine with object stores.
    pub fn store(name: &str) -> Self {
        Self { name: name.to_owned(), service: Service::Store, latency: Latency::STORE }
    }

    /// Sets the latency of a request and of an answer, in whole milliseconds, both ends included.
    #[must_use]
    pub fn latency_ms(self, ms_min: u64, ms_max: u64) -> Self {
        Self { latency: Latency { ms_min, ms_max }, ..self }
    }

    /// The machines of every run: SQLite on `db`, and object storage on `store`.
    pub fn of_every_run() -> Vec<Self> {
        vec![Self::database(DATABASE_HOST, DatabaseKind::Sqlite), Self::store(STORE_HOST)]
    }

    /// The URL of one of its databases or stores: `sqlite://ledger/accounts.db`.
    pub fn url(&self, name: &str) -> String {
        match self.service {
            Service::Database(kind) => format!("{}://{}/{name}.db", kind.scheme(), self.name),
            Service::Store => format!("memory://{}/{name}", self.name),
        }
    }
}

/// The URL of a database on the first machine with databases.
pub fn database_url(name: &str) -> String {
    format!("{}:{name}.db", DatabaseKind::Sqlite.scheme())
}

/// The URL of a store on the first machine with stores.
pub fn store_url(name: &str) -> String {
    format!("memory:{name}")
}

/// The machine, if any, and the database or store that a URL names; the machine is the URL's host.
///
/// `sqlite://ledger/accounts.db` is `accounts` on `ledger`. In production the same URL is a file in the folder
/// `ledger`, so the caller must know which machines exist.
pub fn parts_of_url(url: &str) -> (Option<&str>, String) {
    let rest = url.split_once(':').map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default().trim_end_matches('/');
    let authority = rest.strip_prefix("//").and_then(|rest| rest.split_once('/'));
    let machine = authority.map(|(machine, _)| machine).filter(|machine| !machine.is_empty());
    let last = rest.rsplit('/').next().unwrap_or_default();
    let stem = last.strip_suffix(".db").unwrap_or(last);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = stem.chars().map(plain).collect();
    (machine, if name.is_empty() { "main".to_owned() } else { name })
}

/// A query whose rows the harness itself reads after every committed write, outside virtual time.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The name in the history.
    pub name: String,
    /// The database: its name, or `machine/name` if it is not on the first machine with databases.
    pub database: String,
    /// The query; its first column is the key of a row.
    pub sql: String,
}

/// Objects whose paths have a prefix, shown to checks at every change.
#[derive(Clone, Debug)]
pub struct StoreWatch {
    /// The name in the history.
    pub name: String,
    /// The store: its name, or `machine/name` if it is not on the first machine with stores.
    pub store: String,
    /// The prefix of the paths, as text; empty for all.
    pub prefix: String,
}

/// How long a message or statement travels, each way, in whole milliseconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The shortest.
    pub ms_min: u64,
    /// The longest.
    pub ms_max: u64,
}

impl Latency {
    /// The default between hosts.
    pub const NETWORK: Self = Self { ms_min: 1, ms_max: 10 };
    /// The default between a host and the database.
    pub const DATABASE: Self = Self { ms_min: 0, ms_max: 3 };
    /// The default between a host and object storage.
    pub const STORE: Self = Self { ms_min: 1, ms_max: 8 };
}

/// When the director of a run is to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At this instant at the latest; earlier, but not before `not_before`, if the history has grown.
    Wake {
        /// Virtual time before which new events do not wake the director.
        not_before: Duration,
        /// Virtual time of the next wake-up.
        at: Duration,
    },
    /// The run is over.
    Finish,
}

/// Why a run ended before its director finished it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// A host was polled again and again while virtual time stood still.
    Spinning {
        /// The host.
        host: String,
    },
    /// A bound was exceeded.
    Bound {
        /// The bound, in words.
        which: String,
    },
    /// Code outside the hosts panicked.
    Panicked {
        /// The message of the panic.
        message: String,
    },
}

/// The result of a run, as far as it is judged.
pub struct Finished {
    /// Everything that happened.
    pub trace: Trace,
    /// The hits of boundaries, in classes.
    pub hit_classes: Vec<HitClass>,
    /// How often each boundary site was passed.
    pub sites: BTreeMap<String, u64>,
    /// The plan's faults, and whether and where they struck.
    pub faults: Vec<FaultRecord>,
    /// Whether the software of every client had ended.
    pub clients_done: bool,
    /// Why the run ended early; `None` if its director ended it.
    pub stop: Option<Stop>,
    /// Virtual time of the whole run.
    pub elapsed: Duration,
    /// Hosts that ended by themselves or panicked: (host, how).
    pub casualties: Vec<(String, String)>,
    /// Faults at a site that no host passed, with the sites that were passed.
    pub sites_never_passed: Vec<String>,
    /// What the run cost, without its checks; `None` unless it was asked for.
    pub profile: Option<Profile>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_machine_and_a_name() {
        let cases = [
            ("sqlite:outbox.db", None, "outbox"),
            ("sqlite:outbox.db?mode=rwc", None, "outbox"),
            ("sqlite://outbox.db", None, "outbox"),
            ("sqlite:///var/lib/outbox.db", None, "outbox"),
            ("sqlite://ledger/outbox.db", Some("ledger"), "outbox"),
            ("sqlite::memory:", None, "_memory_"),
            ("sqlite:", None, "main"),
            ("memory:a", None, "a"),
            ("memory://archive/a b", Some("archive"), "a_b"),
            ("file:///srv/objects/", None, "objects"),
        ];
        for (url, machine, name) in cases {
            assert_eq!(parts_of_url(url), (machine, name.to_owned()), "{url}");
        }
        let ledger = Machine::database("ledger", DatabaseKind::Sqlite);
        assert_eq!(parts_of_url(&ledger.url("accounts")), (Some("ledger"), "accounts".to_owned()));
        let archive = Machine::store("archive");
        assert_eq!(parts_of_url(&archive.url("sent")), (Some("archive"), "sent".to_owned()));
    }
}
