//! The commands of a cluster.

use std::collections::BTreeSet;

use super::model::Config;

/// A command.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Bring the cluster to this configuration.
    Apply(Config),
    /// Check the status of every graph.
    Refresh,
    /// Create a ledger if there is none, and record these existing graphs.
    Import(BTreeSet<String>),
}

impl Ask {
    /// The name of the command in locks and observations.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Apply(_) => "apply",
            Self::Refresh => "refresh",
            Self::Import(_) => "import",
        }
    }

    /// The graphs to import, if it is an import.
    pub(crate) fn imported(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Import(graphs) => Some(graphs),
            Self::Apply(_) | Self::Refresh => None,
        }
    }
}
