//! What a command may be asked to do.

use std::collections::BTreeSet;

use super::model::Config;

/// What a command is to do.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Make the cluster what the configuration says.
    Apply(Config),
    /// Look at every graph, and say how it stands.
    Refresh,
    /// Begin a ledger where there is none, and record these graphs, which are there and not recorded.
    Import(BTreeSet<String>),
}

impl Ask {
    /// Its name in locks and observations.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Apply(_) => "apply",
            Self::Refresh => "refresh",
            Self::Import(_) => "import",
        }
    }

    /// The graphs that are to be recorded because somebody says so.
    pub(crate) fn imported(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Import(graphs) => Some(graphs),
            Self::Apply(_) | Self::Refresh => None,
        }
    }
}
