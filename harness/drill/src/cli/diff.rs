//! `drill diff`: the first event in which two traces differ.

use std::path::{Path, PathBuf};

use chaosdrill_core::{Divergence, TraceEvent};
use clap::Args;

use crate::{
    campaign_dir::read_trace,
    cli::{args::MessageFormat, console, error::ExpectedError},
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct DiffArgs {
    /// The first trace: a `trace.jsonl`, or a folder that contains one.
    a: PathBuf,
    /// The second trace.
    b: PathBuf,
}

pub(crate) fn diff(args: &DiffArgs, format: MessageFormat) -> Result<Status, ExpectedError> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let divergence = Divergence::first(&a, &b);
    match (format, &divergence) {
        (MessageFormat::Json, _) => console::print_json(&divergence),
        (MessageFormat::Human, None) => console::print(&format!("equal: {} events\n", a.len())),
        (MessageFormat::Human, Some(found)) => {
            console::print(&format!("{}\n", console::redacted(&found.to_string())));
        }
    }
    Ok(if divergence.is_none() { Status::Valid } else { Status::Violation })
}

fn read(path: &Path) -> Result<Vec<TraceEvent>, ExpectedError> {
    let file = if path.is_dir() { path.join("trace.jsonl") } else { path.to_owned() };
    read_trace(&file).map_err(ExpectedError::Usage)
}
