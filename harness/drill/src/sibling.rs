//! The same program, built on the other simulator: one binary has one simulator in it.

use std::path::{Path, PathBuf};

use chaosdrill_rt::sim;

use crate::cli::ExpectedError;

/// The folder below cargo's target folder in which the program on madsim is built.
const MADSIM_FOLDER: &str = "madsim";

/// Finds the program on the other simulator, for the rest of this process.
pub(crate) fn find(named: Option<&Path>) -> Result<&'static Path, ExpectedError> {
    let own = std::env::current_exe()
        .map_err(|why| ExpectedError::Harness(format!("this program has no path: {why}")))?;
    let path = match named {
        Some(path) => path.to_owned(),
        None => place_beside(&own).unwrap_or_default(),
    };
    if !path.is_file() {
        let command = program_on("cargo drill", sim::OTHER_SIMULATOR);
        let place = path.display();
        return Err(ExpectedError::Usage(format!(
            "there is no program on {} at `{place}`; `{command} list scenarios` builds it, or --other names it",
            sim::OTHER_SIMULATOR
        )));
    }
    Ok(Box::leak(path.into_boxed_path()))
}

/// `target/release/drill` and `target/madsim/release/drill` stand beside each other.
fn place_beside(own: &Path) -> Option<PathBuf> {
    let name = own.file_name()?;
    let profile = own.parent()?.file_name()?;
    let target = own.parent()?.parent()?;
    let is_madsim = sim::SIMULATOR == "madsim";
    let folder = if is_madsim { target.parent()?.to_owned() } else { target.join(MADSIM_FOLDER) };
    Some(folder.join(profile).join(name))
}

/// How people start a program on a simulator; a program of their own they build as they like.
pub(crate) fn program_on(program: &str, simulator: &str) -> String {
    match (program, simulator) {
        ("cargo drill", "madsim") => "cargo drill-madsim".to_owned(),
        ("cargo drill-madsim", "turmoil") => "cargo drill".to_owned(),
        _ => program.to_owned(),
    }
}

/// Refuses to be taken for a program on another simulator than this one's.
pub(crate) fn refuse_to_be(simulator: &str) -> Result<(), ExpectedError> {
    if simulator == sim::SIMULATOR {
        return Ok(());
    }
    let own = sim::SIMULATOR;
    if simulator != sim::OTHER_SIMULATOR {
        return Err(ExpectedError::Usage(format!(
            "no simulator `{simulator}`; there are {own} and {}",
            sim::OTHER_SIMULATOR
        )));
    }
    Err(ExpectedError::Usage(format!(
        "this program was built on {own}, not on {simulator}. `cargo drill` is built on turmoil and `cargo drill-madsim` \
         on madsim, by flags in .cargo/config.toml, which the environment variable RUSTFLAGS replaces silently: unset it"
    )))
}
