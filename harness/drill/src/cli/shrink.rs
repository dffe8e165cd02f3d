//! `drill shrink`: finds the smallest plan that violates the same check.

use std::path::PathBuf;

use chaosdrill_core::Verdict;
use clap::Args;
use serde_json::json;

use crate::{
    campaign::{
        engine::{Engine, Enough},
        kept, triage,
    },
    cli::{
        args::{MessageFormat, WorkerArgs},
        console::{self, Bar},
        error::ExpectedError,
        replay,
    },
    measure::Stopwatch,
    ours::{self, Kind},
    registry::Registry,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// The plan, the record of a run, or the folder of a run.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The check that must stay violated [default: the one that speaks for the run].
    #[arg(long, value_name = "NAME")]
    check: Option<String>,
    /// Where the smallest plan is written [default: plan.min.toml beside the plan].
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    workers: WorkerArgs,
}

pub(crate) fn shrink(
    registry: &Registry,
    args: &ShrinkArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let path = if args.plan.is_dir() { kept::plan_in(&args.plan) } else { args.plan.clone() };
    let plan = kept::read_plan(registry, &path)?;
    let to = args.to.clone().unwrap_or_else(|| path.with_file_name(triage::MINIMAL));
    ours::may_write(&to, Kind::Minimal)
        .map_err(|why| ExpectedError::Usage(format!("{why}; name another file with --to")))?;
    let job = replay::job_of_plan(registry, plan.clone())?;
    let mut bar = Bar::new(1, "shrink");
    let mut engine = Engine::new(
        registry,
        args.workers.workers(),
        Enough::default(),
        Stopwatch::start(),
        &mut bar,
    );
    let run = job.run.clone();
    let record = engine.aside(&[job]).pop().flatten();
    let Some(record) = record else {
        return Err(failure(&mut engine));
    };
    let violated = match &args.check {
        Some(check) => record.violated().find(|violated| violated == check),
        None => record.headline().filter(|_| record.verdict == Verdict::Invalid).map(|c| &*c.name),
    };
    let Some(check) = violated.map(str::to_owned) else {
        let which =
            args.check.as_deref().map_or("no check".to_owned(), |check| format!("not {check}"));
        return Err(ExpectedError::Usage(format!(
            "nothing to make smaller: the run of {} violates {which}; it is {}",
            path.display(),
            record.verdict.name()
        )));
    };
    let shrunk = triage::smallest(&mut engine, &run, &plan, &check);
    if engine.is_over() || !engine.broken.is_empty() {
        // An untried plan may have been smaller.
        return Err(failure(&mut engine));
    }
    ours::write(&to, Kind::Minimal, triage::minimal_text(&shrunk, &check))
        .map_err(|why| ExpectedError::Usage(format!("failed to write {}: {why}", to.display())))?;
    bar.finish();
    let (from, left) = (plan.faults.len(), shrunk.plan.faults.len());
    match format {
        MessageFormat::Json => console::print_json(&json!({
            "check": check, "plan": shrunk.plan, "runs": shrunk.runs, "file": to,
        })),
        MessageFormat::Human => console::print(&format!(
            "{}\n{left} of {from} faults needed for {check}, after {} runs: {}\n",
            shrunk.plan.to_toml(),
            shrunk.runs,
            to.display()
        )),
    }
    Ok(Status::Valid)
}

/// Why a run has no record.
fn failure(engine: &mut Engine<'_>) -> ExpectedError {
    match engine.lost() {
        Some(lost) => lost.into(),
        None => ExpectedError::Harness(engine.broken.join("; ")),
    }
}
