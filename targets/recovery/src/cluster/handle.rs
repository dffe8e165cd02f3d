//! A handle on a cluster: where its objects are, and how one actor works on them.

use chaosdrill_rt::time::Duration;

use super::{files::Files, model::SIDECAR_VERSION};

/// A cluster, as one actor works on it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its objects.
    pub files: Files,
    /// Who works on it.
    pub actor: String,
    /// Whether commands take the lock; without it only the compare-and-swap protects the ledger.
    pub locking: bool,
    /// The age from which on an operator may take a lock away.
    pub lease: Duration,
    /// The version of sidecars that it writes, and the newest that it reads.
    pub sidecar_version: u32,
    /// Whether it writes the profile of embeddings down; older releases did not.
    pub writes_profiles: bool,
}

impl Cluster {
    /// The cluster in this store, with the lock, as this release works on it.
    pub fn new(files: Files, actor: &str) -> Self {
        Self {
            files,
            actor: actor.to_owned(),
            locking: true,
            lease: Duration::from_secs(300),
            sidecar_version: SIDECAR_VERSION,
            writes_profiles: true,
        }
    }
}
