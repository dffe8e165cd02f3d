//! `drill shrink`: finds the smallest plan that violates the same check.

use std::path::{Path, PathBuf};

use chaosdrill_core::{Plan, Record, Verdict, record::Triage};
use clap::Args;
use serde_json::json;

use crate::{
    campaign::{
        engine::{Engine, Enough},
        kept, triage,
    },
    campaign_dir,
    cli::{
        args::{MessageFormat, WorkerArgs},
        console::{self, Bar},
        error::ExpectedError,
        replay,
    },
    measure::Stopwatch,
    ours::{self, Kind},
    registry::Registry,
    run_bundle,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// The plan, the record of a run, or the folder of a run.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The check that must stay violated [default: the one that the run is reported under].
    #[arg(long, value_name = "NAME")]
    check: Option<String>,
    /// The output file for the smallest plan [default: plan.min.toml beside the plan].
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
    let to = args.to.clone().unwrap_or_else(|| path.with_file_name(ours::MINIMAL));
    ours::may_write(&to, Kind::Minimal)
        .map_err(|why| ExpectedError::Usage(format!("{why}; name another file with --to")))?;
    let job = replay::job_of_plan(registry, plan.clone())?;
    let mut bar = Bar::of_search("shrink", "shrinking the plan");
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
            "there is nothing to shrink: the run of {} violates {which}; its verdict is {}",
            path.display(),
            record.verdict.name()
        )));
    };
    let bundle = bundle_of(&path, &plan, &record);
    let headline = bundle.as_ref().and_then(|(_, own)| Some(own.headline()?.name.clone()));
    if let Some(headline) = headline.filter(|it| args.to.is_none() && *it != check) {
        return Err(ExpectedError::Usage(format!(
            "the run is reported under {headline}, and the smallest plan in its folder is for that check; name a file for \
             {check} with --to"
        )));
    }
    let (shrunk, runs) = match (&args.to, bundle) {
        (None, Some((bundle, mut own))) => {
            let found = triage::shrink(&mut engine, &own.run, &plan, &check, &bundle);
            let Some((shrunk, minimal)) = found.filter(|_| !is_broken_off(&engine)) else {
                return Err(failure(&mut engine));
            };
            let runs = minimal.runs;
            // One replay that was the same does not undo one that was not.
            let (same_again, divergence) =
                own.triage.take().map_or((true, None), |it| (it.same_again, it.divergence));
            let (check, minimal) = (check.clone(), Some(minimal));
            own.triage = Some(Triage { check, same_again, divergence, minimal });
            let page = |own: &Record| {
                campaign_dir::rewrite_record(&bundle, own)?;
                run_bundle::write_page(&bundle, own, &registry.program)
            };
            page(&own).map_err(|why| unwritten(&bundle, &why))?;
            (shrunk, runs)
        }
        _ => {
            let shrunk = triage::smallest(&mut engine, &run, &plan, &check);
            if is_broken_off(&engine) {
                // An untried plan may have been smaller.
                return Err(failure(&mut engine));
            }
            ours::write(&to, Kind::Minimal, triage::minimal_text(&shrunk, &check))
                .map_err(|why| unwritten(&to, &why))?;
            (shrunk.plan, shrunk.runs)
        }
    };
    bar.finish();
    let (from, left) = (plan.faults.len(), shrunk.faults.len());
    match format {
        MessageFormat::Json => console::print_json(&json!({
            "check": check, "plan": shrunk, "runs": runs, "file": to,
        })),
        MessageFormat::Human => console::print(&format!(
            "{}\n{left} of {from} faults needed for {check}, after {runs} runs: {}\n",
            shrunk.to_toml(),
            to.display()
        )),
    }
    Ok(Status::Valid)
}

/// The folder of the run whose plan this is, with its record; `None` if the plan lies elsewhere.
fn bundle_of(path: &Path, plan: &Plan, again: &Record) -> Option<(PathBuf, Record)> {
    let bundle = path.parent()?;
    let text = std::fs::read_to_string(bundle.join("record.json")).ok()?;
    let own: Record = serde_json::from_str(&text).ok()?;
    let is_plan = (&own.run.scenario, own.run.seed) == (&plan.scenario, plan.seed);
    (is_plan && triage::is_same(&own, again)).then(|| (bundle.to_owned(), own))
}

fn is_broken_off(engine: &Engine<'_>) -> bool {
    engine.is_over() || !engine.broken.is_empty()
}

fn unwritten(path: &Path, why: &std::io::Error) -> ExpectedError {
    ExpectedError::Usage(format!("failed to write {}: {why}", path.display()))
}

/// Why a run has no record.
fn failure(engine: &mut Engine<'_>) -> ExpectedError {
    match engine.lost() {
        Some(lost) => lost.into(),
        None => ExpectedError::Harness(engine.broken.join("; ")),
    }
}
