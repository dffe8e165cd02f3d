//! Finds the same program built on the other simulator: one binary contains one simulator.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    program::{CARGO_DRILL, program_on},
    simulation,
};

/// The folder below cargo's target folder for the build on madsim.
const MADSIM_FOLDER: &str = "madsim";

/// Why there is no program for the requested simulator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OtherBuildError {
    #[error(
        "failed to find the program on the other simulator, because the path of this program is unknown: {0}; name it with \
         --other"
    )]
    NoPath(io::Error),
    #[error(
        "there is no program built on {simulator} at `{path}`; build it with `{command} list scenarios`, or name it with --other"
    )]
    Missing { simulator: &'static str, path: String, command: String },
    #[error("there is no simulator `{0}`; the simulators are {own} and {other}", own = simulation::SIMULATOR, other = simulation::OTHER_SIMULATOR)]
    NoSuchSimulator(String),
    #[error(
        "this program was built on {own}, not on {0}. `cargo drill` is built on turmoil and `cargo drill-madsim` on \
         madsim, by flags in .cargo/config.toml. The environment variable RUSTFLAGS replaces these flags: unset it",
        own = simulation::SIMULATOR
    )]
    BuiltOnAnother(String),
}

/// Finds the program on the other simulator, for the rest of this process.
pub(crate) fn find(named: Option<&Path>) -> Result<&'static Path, OtherBuildError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => {
            let own = std::env::current_exe().map_err(OtherBuildError::NoPath)?;
            place_beside(&own).unwrap_or_default()
        }
    };
    if !path.is_file() {
        return Err(OtherBuildError::Missing {
            simulator: simulation::OTHER_SIMULATOR,
            path: path.display().to_string(),
            command: program_on(CARGO_DRILL, simulation::OTHER_SIMULATOR),
        });
    }
    Ok(Box::leak(path.into_boxed_path()))
}

/// `target/release/drill` and `target/madsim/release/drill` are next to each other.
fn place_beside(own: &Path) -> Option<PathBuf> {
    let name = own.file_name()?;
    let profile = own.parent()?.file_name()?;
    let target = own.parent()?.parent()?;
    let is_madsim = simulation::SIMULATOR == "madsim";
    let folder = if is_madsim { target.parent()?.to_owned() } else { target.join(MADSIM_FOLDER) };
    Some(folder.join(profile).join(name))
}

/// Returns an error unless this program is built on that simulator.
pub(crate) fn refuse_to_be(simulator: &str) -> Result<(), OtherBuildError> {
    if simulator == simulation::SIMULATOR {
        Ok(())
    } else if simulator == simulation::OTHER_SIMULATOR {
        Err(OtherBuildError::BuiltOnAnother(simulator.to_owned()))
    } else {
        Err(OtherBuildError::NoSuchSimulator(simulator.to_owned()))
    }
}
