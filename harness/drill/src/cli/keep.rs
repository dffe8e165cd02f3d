//! `drill keep`: turns a violation into a plan that runs first, for good.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use chaosdrill_core::{Plan, Record, redact::redact};
use clap::Args;

use crate::{
    campaign::kept,
    cli::{args::MessageFormat, console, error::ExpectedError},
    ours,
    registry::Registry,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct KeepArgs {
    /// The folder of the run, its record, or a plan.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The reason to keep the plan: what went wrong, in one sentence.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// The name of the kept plan [default: made from the scenario, the check and the seed].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(crate) fn keep(
    registry: &Registry,
    args: &KeepArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let folder = registry.regressions_dir().ok_or_else(|| {
        ExpectedError::Usage(
            "this program has no folder for kept plans; call Registry::manifest_dir in its `main`"
                .to_owned(),
        )
    })?;
    let path = plan_in(&args.run);
    let plan = kept::read_plan(registry, &path)?;
    let check = check_of(&args.run);
    let name = args.name.clone().unwrap_or_else(|| name_of(&plan, check.as_deref()));
    let file = folder.join(format!("{}.toml", plain(&name)));
    if file.exists() {
        return Err(ExpectedError::Usage(format!(
            "{} already exists; choose another name with --name",
            file.display()
        )));
    }
    let text = format!("{}{}", head(&args.why, check.as_deref()), kept::as_kept(plan).to_toml());
    let text = redact(&text);
    let write = || {
        std::fs::create_dir_all(&folder)?;
        File::create_new(&file)?.write_all(text.as_bytes())
    };
    write().map_err(|why: std::io::Error| {
        ExpectedError::Usage(format!("failed to write {}: {why}", file.display()))
    })?;
    match format {
        MessageFormat::Json => console::print_json(&serde_json::json!({ "kept": file })),
        MessageFormat::Human => console::print(&format!("kept {}\n", file.display())),
    }
    Ok(Status::Valid)
}

/// The smallest plan of a run if there is one, otherwise its whole plan.
fn plan_in(run: &Path) -> PathBuf {
    if !run.is_dir() {
        return run.to_owned();
    }
    let minimal = run.join(ours::MINIMAL);
    if minimal.is_file() { minimal } else { kept::plan_in(run) }
}

/// The headline check of the run; `None` if it has no record.
fn check_of(run: &Path) -> Option<String> {
    let path = if run.is_dir() { run.join("record.json") } else { run.to_owned() };
    let text = std::fs::read_to_string(path).ok()?;
    let record: Record = serde_json::from_str(&text).ok()?;
    record.headline().map(|check| check.name.clone())
}

fn name_of(plan: &Plan, check: Option<&str>) -> String {
    let parts = [plan.scenario.as_str(), check.unwrap_or("plan"), &plan.seed.to_string()];
    parts.join("-")
}

/// Makes a name valid as a file name on every system.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    name.chars().map(plain).collect()
}

/// The comments at the head of the plan file.
fn head(why: &str, check: Option<&str>) -> String {
    let mut head: String = why.lines().map(|line| format!("# {}\n", line.trim_end())).collect();
    if let Some(check) = check {
        head.push_str(&format!("{}{check}\n", kept::VIOLATED));
    }
    if let Some(commit) = crate::git::head() {
        head.push_str(&format!("{}{commit}\n", kept::AT_COMMIT));
    }
    head
}
