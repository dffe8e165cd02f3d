//! Replaces the engine in a program that was built without one: it refuses every run.

use std::{io, path::Path};

use chaosdrill_core::{Plan, run::Finished};

use super::{NoEngine, Simulation};
use crate::topology::Ended;

/// The name of this program's simulator in records.
pub(crate) const SIMULATOR: &str = "none";

/// The name of the other build's simulator in records.
pub(crate) const OTHER_SIMULATOR: &str = "none";

/// The leftovers of a run; never created, because nothing runs.
pub(crate) enum Leftovers {}

impl Leftovers {
    pub(crate) fn keep(&self, _: &Path) -> io::Result<()> {
        match *self {}
    }
}

pub(crate) fn run(_: Simulation) -> Result<(Finished, Leftovers), String> {
    Err(NoEngine.to_string())
}

/// Accepts every plan; the missing engine is reported elsewhere.
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
