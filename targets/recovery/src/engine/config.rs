//! The configuration of a program that opens a graph.

use chaosdrill_rt::time::Duration;

use super::model::SIDECAR_VERSION;

/// The configuration of a program that opens a graph.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The name of the program, unique and stable across restarts.
    pub process: String,
    /// The version of the sidecars that it writes; other releases write other versions.
    pub writes_sidecars_of: u32,
    /// The newest version of sidecars that it understands.
    pub reads_sidecars_up_to: u32,
    /// The age at which an operation counts as abandoned, so that any open may roll it back.
    pub abandoned_after: Duration,
    /// Whether a writer heals before it writes. Old tools do not, and build upon the published state.
    pub heals_first: bool,
}

impl EngineConfig {
    /// The configuration of this release.
    pub fn new(process: impl Into<String>) -> Self {
        Self {
            process: process.into(),
            writes_sidecars_of: SIDECAR_VERSION,
            reads_sidecars_up_to: SIDECAR_VERSION,
            abandoned_after: Duration::from_secs(30),
            heals_first: true,
        }
    }
}
