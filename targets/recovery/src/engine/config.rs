//! How a program of the engine works.

use chaosdrill_rt::time::Duration;

use super::model::SIDECAR_VERSION;

/// How a program of the engine works.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Where the graph is.
    pub store_url: String,
    /// The name of the program, the same over its restarts, and of no other.
    pub process: String,
    /// The form in which it writes sidecars: an older release writes older ones, a newer one newer ones.
    pub writes_sidecars_of: u32,
    /// The newest form of sidecar that it understands.
    pub reads_sidecars_up_to: u32,
    /// After this long nobody works on an operation any more, and whoever opens the graph may take it back.
    pub abandoned_after: Duration,
    /// Whether a writer heals before it writes. Tools of old do not, and build upon what is published.
    pub heals_first: bool,
}

impl EngineConfig {
    /// A program of this release.
    pub fn new(process: impl Into<String>, store_url: impl Into<String>) -> Self {
        Self {
            store_url: store_url.into(),
            process: process.into(),
            writes_sidecars_of: SIDECAR_VERSION,
            reads_sidecars_up_to: SIDECAR_VERSION,
            abandoned_after: Duration::from_secs(30),
            heals_first: true,
        }
    }
}
