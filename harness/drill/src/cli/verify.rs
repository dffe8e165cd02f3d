//! `drill verify`: runs everything twice, the second time in other processes and in reverse order.

use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};

use chaosdrill_core::{Divergence, RunId};
use clap::Args;
use serde_json::json;

use crate::{
    campaign::{engine::Progress, kept, roots::Roots},
    campaign_dir::read_trace,
    cli::{
        args::{self, DefectArgs, MessageFormat, RunChoice, SeedArgs},
        console::{self, Bar},
        error::ExpectedError,
    },
    job::Job,
    registry::Registry,
    scratch::{self, Scratch},
    status::Status,
    workers::{self, JobEnd, Workers},
};

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    choice: RunChoice,
    #[command(flatten)]
    seeds: SeedArgs,
    #[command(flatten)]
    defect: DefectArgs,
}

/// The traces of both passes, while they are compared.
struct Traces(Scratch);

impl Traces {
    fn trace(&self, pass: &str, run: &RunId) -> PathBuf {
        self.0.path().join(pass).join(format!("{}.jsonl", run.folder().replace('/', "_")))
    }
}

/// The digests of one pass. An error if the run died, or if the simulator's own check saw it differ.
type Digests = BTreeMap<RunId, Result<String, String>>;

pub(crate) fn verify(
    registry: &Registry,
    args: &VerifyArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let config = args::campaign_config(registry, &args.choice, &args.seeds, &args.defect)?;
    let kept = kept::kept_plans(registry, config.filter.as_deref())?;
    let roots = Roots::new(registry, &config, config.settings(None), &kept);
    let traces = Traces(scratch::folder().map_err(|why| ExpectedError::Harness(why.to_string()))?);
    let mut bar = Bar::new(roots.len() * 2, "verify");
    let first = pass(registry, &traces, "first", roots.jobs(), config.workers, &mut bar)?;
    // Other processes and another order, with several workers also other neighbours; and the simulator's own check, if
    // it has one.
    let again = |job: Job| Job { checked: true, ..job };
    let reversed = roots.jobs().rev().map(again);
    let second = pass(registry, &traces, "second", reversed, config.workers, &mut bar)?;
    bar.finish();
    let different: Vec<&RunId> =
        first.keys().filter(|run| first.get(*run) != second.get(*run)).collect();
    for run in &different {
        let why = [&first, &second].into_iter().find_map(|pass| pass.get(*run)?.clone().err());
        show_difference(&traces, run, why, format);
    }
    match format {
        MessageFormat::Json => {
            console::print_json(&json!({ "verified": first.len(), "different": different.len() }));
        }
        MessageFormat::Human => console::print(&format!(
            "verify: {} runs repeated, {} with equal digests, {} with different digests\n",
            first.len(),
            first.len() - different.len(),
            different.len()
        )),
    }
    Ok(if different.is_empty() { Status::Valid } else { Status::Nondeterminism })
}

fn pass(
    registry: &Registry,
    traces: &Traces,
    name: &str,
    jobs: impl Iterator<Item = Job>,
    workers: Workers,
    bar: &mut Bar,
) -> Result<Digests, ExpectedError> {
    let jobs = jobs.map(|job| Job { trace: Some(traces.trace(name, &job.run)), ..job });
    let mut digests = Digests::new();
    let mut broken = None;
    workers::run_all(registry, jobs, workers, |_, end| match end {
        JobEnd::Recorded { record, complaints, .. } => {
            complaints.iter().for_each(|complaint| bar.complain(complaint));
            bar.run_is_over(&record);
            let why = record.checks.first().map_or_else(String::new, |check| check.why.clone());
            digests.insert(record.run, record.digest.ok_or(why));
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => {
            broken = Some(why);
            ControlFlow::Break(())
        }
    })?;
    match broken {
        Some(why) => Err(ExpectedError::Harness(why)),
        None => Ok(digests),
    }
}

fn show_difference(traces: &Traces, run: &RunId, why: Option<String>, format: MessageFormat) {
    let read = |pass| read_trace(&traces.trace(pass, run)).unwrap_or_default();
    let divergence = Divergence::first(&read("first"), &read("second"));
    match format {
        MessageFormat::Json => {
            console::print_json(&json!({ "run": run, "divergence": divergence, "why": why }));
        }
        MessageFormat::Human => {
            let text = match (divergence, why) {
                (_, Some(why)) => format!("  one of the two runs has no digest: {why}"),
                (Some(at), None) => at.to_string(),
                (None, None) => "  one of the two runs has no trace".to_owned(),
            };
            console::print(&format!(
                "NONDETERMINISM  {}\n{}\n",
                console::redacted(&run.to_string()),
                console::redacted(&text)
            ));
        }
    }
}
