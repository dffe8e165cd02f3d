//! What stands in for the engine in a program that was built without one: it refuses everything.

use std::{io, path::Path};

use chaosdrill_core::{Plan, run::Finished};

use super::{NoEngine, Simulation};
use crate::topology::Ended;

/// What records call the simulator of this program.
pub(crate) const SIMULATOR: &str = "none";

/// What they call that of the other build.
pub(crate) const OTHER_SIMULATOR: &str = "none";

/// Nothing, since nothing was run.
pub(crate) enum Leftovers {}

impl Leftovers {
    pub(crate) fn keep(&self, _: &Path) -> io::Result<()> {
        match *self {}
    }
}

pub(crate) fn run(_: Simulation) -> Result<(Finished, Leftovers), String> {
    Err(NoEngine.to_string())
}

/// Which plans it cannot run is not for it to say: that it runs none is said elsewhere.
pub(crate) fn can_run(_: &Plan) -> Result<(), String> {
    Ok(())
}

pub(crate) fn check_determinism(
    _: impl FnMut() -> Simulation + Send + 'static,
) -> Result<(), String> {
    Err(NoEngine.to_string())
}

pub(crate) async fn write_notes(_: String, _: i64, _: &'static str) -> Ended {
    Err(NoEngine.into())
}
