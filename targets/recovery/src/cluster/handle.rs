//! A handle on a cluster: its object store, and the settings of one actor.

use chaosdrill_rt::time::Duration;

use super::{files::Files, graph::Graph, model::SIDECAR_VERSION};

/// A cluster, as one actor uses it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its object store.
    pub files: Files,
    /// The name of the actor. For the engine it is the name of the program, so no two that run at a time may share it.
    pub actor: String,
    /// Whether commands acquire the lock; without it, only the compare-and-swap protects the ledger.
    pub locking: bool,
    /// The age from which an operator may break a lock.
    pub lease: Duration,
    /// The version of sidecars that it writes, and the newest that it reads.
    pub sidecar_version: u32,
    /// Whether it records the embedding profile; older releases did not.
    pub writes_profiles: bool,
}

impl Cluster {
    /// The cluster in this store, with the lock and the settings of this release.
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

    /// The graph of that id, which need not exist.
    pub(crate) fn graph(&self, id: &str) -> Graph {
        Graph::new(self.files.clone(), id, &self.actor)
    }
}
